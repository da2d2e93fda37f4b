"""A network as a module of torch: the same numbers, and derivatives of any order where asked for."""

import numpy as np
import pytest
import torch

import maxstim_core as ms
from maxstim_core.errors import MaxstimError

TYPES = ["T4c", "Mi1", "T5c"]


@pytest.fixture(scope="module")
def network():
    return ms.open_network("prior", extent=2)


def some_movie(network, n_samples=2, dtype=torch.float32):
    shape = n_samples, 1, 6, network.lattice.n_columns
    drawn = np.random.default_rng(0).uniform(0.2, 0.8, shape)
    return torch.tensor(drawn, dtype=dtype, requires_grad=True)


@pytest.mark.parametrize("twice", [False, True])
def test_it_computes_what_simulate_does(network, twice):
    model = ms.as_torch_module(network, TYPES, twice_differentiable=twice)
    movie = some_movie(network)
    cells = network.layout.central_cells[[network.cell_type(name) for name in TYPES]]
    known = ms.simulate(network, movie[:, 0].detach().numpy(), 0.01, cells=cells).values
    assert model(movie).shape == (2, 3, 6)
    assert np.allclose(model(movie).detach().numpy(), known.swapaxes(1, 2), atol=1e-5)
    assert not list(model.parameters()) and not model.training


def test_both_ways_have_the_same_gradient(network):
    movie = some_movie(network)
    gradients = []
    for twice in (False, True):
        model = ms.as_torch_module(network, TYPES, twice_differentiable=twice)
        total = (model(movie) ** 2).sum()
        gradients.append(torch.autograd.grad(total, movie)[0])
    assert torch.allclose(*gradients, atol=1e-5 * float(gradients[0].abs().max()))


def test_derivatives_of_derivatives_are_those_of_finite_differences(network):
    model = ms.as_torch_module(network, TYPES, twice_differentiable=True, dtype="float64")
    movie = some_movie(network, 1, torch.float64)
    direction = torch.tensor(np.random.default_rng(1).normal(size=movie.shape))

    def gradient(at):
        return torch.autograd.grad((model(at) ** 2).sum(), at, create_graph=True)[0]

    second = torch.autograd.grad((gradient(movie) * direction).sum(), movie)[0]
    step = 1e-6
    ends = [
        gradient((movie.detach() + sign * step * direction).requires_grad_()).detach()
        for sign in (1, -1)
    ]
    known = (ends[0] - ends[1]) / (2 * step)
    assert float(second.abs().max()) > 0
    assert torch.allclose(second, known, atol=1e-5 * float(known.abs().max()))


def test_forward_mode_is_the_way_back_turned_round(network):
    model = ms.as_torch_module(network, TYPES, twice_differentiable=True, dtype="float64")
    movie = some_movie(network, 1, torch.float64)
    direction = torch.tensor(np.random.default_rng(1).normal(size=movie.shape))
    with torch.autograd.forward_ad.dual_level():
        dual = torch.autograd.forward_ad.make_dual(movie.detach(), direction)
        forward = torch.autograd.forward_ad.unpack_dual(model(dual)).tangent
    response = model(movie)
    weights = torch.tensor(np.random.default_rng(2).normal(size=response.shape))
    backward = torch.autograd.grad((response * weights).sum(), movie)[0]
    assert float((forward * weights).sum()) == pytest.approx(float((backward * direction).sum()))


def test_what_is_no_movie_is_refused(network):
    for twice in (False, True):
        model = ms.as_torch_module(network, TYPES, twice_differentiable=twice)
        with pytest.raises(MaxstimError, match="the shape"):
            model(torch.full((6, network.lattice.n_columns), 0.5))
        with pytest.raises(MaxstimError, match="must have shape"):
            model(torch.full((1, 1, 6, 7), 0.5))
        with pytest.raises(MaxstimError, match="finite"):
            model(torch.full((1, 1, 6, network.lattice.n_columns), float("nan")))
