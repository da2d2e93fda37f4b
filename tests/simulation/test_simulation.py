"""The reference engine against flyvis, finite differences and docs/numerics.md."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
import xarray as xr

from maxstim_core.conventions import frames_in
from maxstim_core.devices import available_devices, resolve_device
from maxstim_core.errors import MaxstimError
from maxstim_core.networks.catalog import open_network
from maxstim_core.networks.unfitted import flyvis_initial_network, prior_network
from maxstim_core.simulation.choose_engine import make_engine
from maxstim_core.simulation.differentiable import simulate_differentiably
from maxstim_core.simulation.engine import FreeParameters
from maxstim_core.simulation.reference import ReferenceEngine
from maxstim_core.simulation.simulate import simulate, simulate_ensemble

FIXTURE = Path(__file__).parents[1] / "data" / "default_init_random_movie.npz"
WORKED = ("R1", "L1", "L2", "Mi1", "Tm3", "Mi9", "T4a", "T4c", "T5a", "TmY18")


@cache
def flyvis_engine(extent):
    return make_engine(flyvis_initial_network(extent))


def central(engine, names=WORKED):
    return engine.layout.central_cells[[engine.network.cell_type(name) for name in names]]


@pytest.mark.parametrize(
    ("seconds", "dt", "frames"),
    [(0.29, 0.01, 28), (0.57, 0.01, 56), (0.25, 0.02, 12), (49 / 200, 0.01, 24)],
)
def test_frames_are_counted_as_flyvis_counts(seconds, dt, frames):
    assert frames_in(seconds, dt) == frames


@pytest.mark.parametrize(
    ("extent", "expected"),
    [
        (
            5,
            "0.954144 0.516468 0.411417 0.508848 0.686577 "
            "0.535489 0.261843 0.162283 0.346845 0.459216",
        ),
        (
            15,
            "0.954138 0.516858 0.411336 0.508644 0.686835 "
            "0.535431 0.280598 0.173779 0.335069 0.464172",
        ),
    ],
)
def test_grey_steady_state(extent, expected):
    engine = flyvis_engine(extent)
    found = engine.steady_state(0.01)[0, central(engine)]
    np.testing.assert_allclose(found, np.array(expected.split(), float), atol=1e-6)


def test_impulse():
    engine = flyvis_engine(5)
    movie = torch.full((20, 91), 0.5)
    movie[5:, engine.layout.lattice.center] = 1
    names = ("R1", "L1", "Mi1", "Mi9", "T4a", "T4c", "T5a")
    activity = engine.simulate(movie, 0.01, cells=central(engine, names))
    np.testing.assert_allclose(activity[4:6, 0], [0.954144, 1.054144], atol=1e-6)
    last = (1.436550, 0.487026, 0.512778, 0.535061, 0.262040, 0.162409, 0.346830)
    np.testing.assert_allclose(activity[19], last, atol=1e-6)


def test_edge_movie():
    engine = flyvis_engine(5)
    frames = torch.arange(40)[:, None]
    movie = torch.where(torch.as_tensor(engine.layout.lattice.v) <= frames // 2 - 8, 1.0, 0.5)
    activity = engine.simulate(movie, 0.01)
    expected = {
        "R1": (1.290304, 1.436548, 1.451774),
        "L1": (0.507248, 0.487098, 0.482353),
        "T4a": (0.261879, 0.262341, 0.262662),
        "T4c": (0.162344, 0.162683, 0.162851),
        "T5a": (0.346835, 0.346718, 0.346561),
    }
    found = activity[:, central(engine, tuple(expected))][[20, 30, 39]]
    np.testing.assert_allclose(found.T, list(expected.values()), atol=1e-6)
    assert activity.mean(dtype=float) == pytest.approx(0.60930079, abs=1e-6)
    assert activity[39].sum(dtype=float) == pytest.approx(3676.7612, abs=1e-2)


def test_full_field_step():
    engine = flyvis_engine(5)
    movie = torch.full((50, 91), 0.5)
    movie[10:] = 1
    names = ("R1", "L1", "Mi1", "T4a", "T4c", "T5a")
    last = engine.simulate(movie, 0.02, cells=central(engine, names))[49]
    expected = (1.454131, 0.481207, 0.513555, 0.262826, 0.162891, 0.346397)
    np.testing.assert_allclose(last, expected, atol=1e-6)


def test_long_frames_clamp_the_time_constant():
    engine = flyvis_engine(5)
    movie = torch.full((1, 91), 0.5)
    cells = central(engine, ("R1", "L1"))
    activity = engine.simulate(movie, 0.1, initial_state="rest", cells=cells)
    np.testing.assert_allclose(activity[0], [0.953508, 0.547412], atol=1e-6)


def test_activity_and_input_gradient_equal_flyvis():
    _compare_with_flyvis(flyvis_initial_network(), FIXTURE)


def test_every_cell_equals_flyvis(shared_reference):
    stored = np.load(shared_reference / "default_init_random_movie.npz")
    engine = flyvis_engine(15)
    np.testing.assert_allclose(engine.steady_state(0.01)[0], stored["steady_state"], atol=1e-5)
    last = engine.simulate(stored["movie"], 0.01)[-1]
    np.testing.assert_allclose(last, stored["last_frame_all_cells"], atol=1e-5)


@pytest.mark.parametrize("name", ["model000_random_movie", "model000_drift_movie_dt5ms"])
def test_published_model_equals_flyvis(shared_reference, shared_data, name):
    network = open_network(shared_data / "flyvis_pretrained" / "flow" / "0000" / "000")
    _compare_with_flyvis(network, shared_reference / f"{name}.npz")


def _compare_with_flyvis(network, file):
    stored = np.load(file)
    movie = torch.tensor(stored["movie"], requires_grad=True)
    engine = make_engine(network)
    cells = engine.layout.central_cells
    activity = simulate_differentiably(engine, movie, stored["dt"].item(), cells=cells)
    np.testing.assert_allclose(activity.detach(), stored["central"], atol=1e-5)
    activity[-1, network.cell_type(str(stored["grad_of"]))].backward()
    expected = stored["grad_last_frame_central"]
    assert np.abs(movie.grad.numpy() - expected).max() <= 1e-4 * np.abs(expected).max()


@pytest.mark.parametrize("dt", [0.01, 0.1])
def test_gradients_equal_finite_differences(dt):
    """With respect to movie, initial state and each parameter, in double precision."""
    engine = ReferenceEngine(prior_network(2), dtype="float64")
    random = np.random.default_rng(0)
    movie = torch.tensor(random.random((2, 6, 19)), requires_grad=True)
    state = torch.tensor(random.normal(0.2, 0.3, (2, engine.layout.n_cells)), requires_grad=True)
    # Scattered a little, or some resting potentials would sit exactly on the kink of the rectifier.
    scattered = [v + 0.003 * torch.tensor(random.random(v.shape)) for v in engine.parameters]
    parameters = FreeParameters(*(values.requires_grad_() for values in scattered))
    weights = torch.tensor(random.normal(size=(2, 6, 65)))
    cells = engine.layout.central_cells

    def objective(movie, state, *parameters):
        given = {"initial_state": state, "parameters": FreeParameters(*parameters)}
        activity = simulate_differentiably(engine, movie, dt, cells=cells, **given)
        return (activity.tanh() * weights).sum()

    inputs = (movie, state, *parameters)
    gradients = torch.autograd.grad(objective(*inputs), inputs)
    for position, gradient in enumerate(gradients):
        direction = torch.tensor(random.normal(size=gradient.shape))
        step = 1e-8  # short, so that no cell crosses the kink

        def moved(by, position=position, direction=direction):
            shifted = list(inputs)
            shifted[position] = shifted[position] + by * direction
            with torch.no_grad():
                return objective(*shifted)

        slope = (moved(step) - moved(-step)) / (2 * step)
        assert (gradient * direction).sum().item() == pytest.approx(
            slope.item(), rel=1e-6, abs=1e-6
        )


def test_parameters_reach_the_resting_start():
    engine = ReferenceEngine(prior_network(1), dtype="float64")
    parameters = FreeParameters(*(values.clone().requires_grad_() for values in engine.parameters))
    movie = torch.full((1, 7), 0.5, dtype=torch.float64)
    cells = engine.layout.central_cells[:1]
    # One frame of a photoreceptor with a step of tau: V = b + dt/tau (sum + x), so dV/db = 1.
    activity = simulate_differentiably(
        engine, movie, 0.01, initial_state="rest", cells=cells, parameters=parameters
    )
    (on_rest,) = torch.autograd.grad(activity.sum(), parameters.resting_potential)
    assert on_rest[0].item() == pytest.approx(1)


def test_last_two_frames_cannot_reach_t4():
    engine = flyvis_engine(5)
    movie = torch.rand(12, 91, generator=torch.Generator().manual_seed(1)).requires_grad_()
    cells = central(engine, ("T4c",))
    simulate_differentiably(engine, movie, 0.01, cells=cells)[-1].sum().backward()
    assert (movie.grad[-2:] == 0).all()
    assert (movie.grad[-3] != 0).any()


def test_a_batch_equals_its_samples_alone():
    engine = flyvis_engine(3)
    movies = torch.rand(3, 10, 37, generator=torch.Generator().manual_seed(2))
    together = engine.simulate(movies, 0.01)
    for movie, activity in zip(movies, together, strict=True):
        np.testing.assert_array_equal(engine.simulate(movie, 0.01), activity)


def test_same_bits_twice():
    engine = flyvis_engine(5)
    movie = torch.rand(20, 91, generator=torch.Generator().manual_seed(3))
    np.testing.assert_array_equal(engine.simulate(movie, 0.01), engine.simulate(movie, 0.01))


def test_steady_state_is_continued_grey():
    network = prior_network(3)
    grey = torch.full((100, 37), 0.5)
    continued = simulate(network, grey, 0.01, initial_state="rest")[-1]
    state = make_engine(network).steady_state(0.01)[0]
    np.testing.assert_allclose(state, continued, rtol=1.3e-6, atol=1e-5)


def test_fade_in_runs_from_grey_to_the_first_frame():
    engine = flyvis_engine(2)
    first = torch.rand(2, 19, generator=torch.Generator().manual_seed(4))
    share = torch.linspace(0, 1, 20)[None, :, None]
    movie = 0.5 + share * (first[:, None] - 0.5)
    expected = engine.simulate(movie, 0.01, initial_state="rest")[:, -1]
    np.testing.assert_allclose(engine.fade_in(0.2, 0.01, first), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("movie", "dt", "sentence"),
    [
        (np.zeros((5, 6)), 0.01, r"\(frame, 7\)"),
        (np.zeros((0, 7)), 0.01, r"\(frame, 7\)"),
        (np.zeros(7), 0.01, r"\(frame, 7\)"),
        (np.full((5, 7), np.nan), 0.01, "not finite"),
        (np.zeros((5, 7)), 0.0, "positive seconds"),
        (np.zeros((5, 7)), float("nan"), "positive seconds"),
        (np.zeros((5, 7)), "x", "positive seconds"),
        (np.zeros((5, 7), np.uint8), 0.01, "uint8 values"),
        (np.zeros((5, 7), bool), 0.01, "bool values"),
        (np.zeros((5, 7), complex), 0.01, "complex128 values"),
        (torch.zeros(5, 7, dtype=torch.int64), 0.01, "int64 values"),
        ("movie.npy", 0.01, "holds .* values"),
        (None, 0.01, "object values"),
        ([[0.5], [0.5, 0.5]], 0.01, "no array"),
    ],
)
def test_refuses_a_bad_movie(movie, dt, sentence):
    with pytest.raises(MaxstimError, match=sentence):
        simulate(prior_network(1), movie, dt)


@pytest.mark.parametrize(
    "turn",
    [
        lambda movie: movie.astype(">f8"),
        lambda movie: movie[::-1].copy()[::-1],
        lambda movie: movie.astype(np.longdouble),
        lambda movie: movie.T.copy().T,
        lambda movie: movie.tolist(),
    ],
    ids=["big-endian", "backwards", "long", "column by column", "list"],
)
def test_a_movie_is_the_same_however_it_lies_in_memory(turn):
    movie = np.random.default_rng(0).random((4, 7), np.float32)
    expected = simulate(prior_network(1), movie, 0.01)
    xr.testing.assert_identical(simulate(prior_network(1), turn(movie), 0.01), expected)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"cells": [10**9]}, "numbers from 0"),
        ({"cells": [-1]}, "numbers from 0"),
        ({"cells": ["T4c"]}, "numbers from 0"),
        ({"cells": 3}, "list of numbers"),
        ({"dtype": "float16"}, "'float32' or"),
        ({"dtype": torch.float64}, "a name"),
        ({"network": "default"}, "opened first"),
    ],
)
def test_refuses_other_arguments_that_make_no_sense(changes, says):
    given = {"network": prior_network(1), "movie": np.zeros((2, 7)), "dt": 0.01}
    with pytest.raises(MaxstimError, match=says):
        simulate(**{**given, **changes})


@pytest.mark.parametrize("state", ["dark", np.zeros(5), None])
def test_refuses_a_bad_initial_state(state):
    with pytest.raises(MaxstimError, match="initial state"):
        simulate(prior_network(1), np.zeros((2, 7)), 0.01, initial_state=state)


def test_refuses_a_device_that_is_not_there():
    with pytest.raises(MaxstimError, match="no device 'cuda:9'"):
        resolve_device("cuda:9")
    assert resolve_device("cpu") == "cpu"
    assert resolve_device("auto") in available_devices()


@pytest.mark.gpu
def test_gpu_equals_cpu():
    network = prior_network(5)
    movie = torch.rand(10, 91, generator=torch.Generator().manual_seed(5))
    on_gpu = simulate(network, movie, 0.01, device="cuda")
    np.testing.assert_allclose(on_gpu, simulate(network, movie, 0.01), rtol=0, atol=1e-5)


def test_voltages_are_labeled():
    network = prior_network(3)
    movie = np.random.default_rng(0).random((2, 6, 37))
    activity = simulate(network, movie, 0.01)
    assert activity.dims == ("sample", "frame", "cell") and activity.name == "voltage"
    np.testing.assert_allclose(activity.time, 0.01 * np.arange(6))
    numbers = network.layout.cells(network.cell_type("T4c"))
    t4c = activity.sel(cell=numbers)
    assert set(t4c.cell_type.values) == {"T4c"}
    np.testing.assert_array_equal(t4c.u, network.lattice.u)
    np.testing.assert_array_equal(t4c.v, network.lattice.v)
    expected = make_engine(network).simulate(movie, 0.01, cells=numbers)
    np.testing.assert_array_equal(t4c, expected)
    central = simulate(network, movie[0], 0.01, cells=network.layout.central_cells)
    assert central.dims == ("frame", "cell")
    assert list(central.cell_type.values) == list(network.connectome.names)
    assert not central.u.any() and not central.v.any()


def test_a_movie_goes_on_from_the_voltages_of_another():
    network = prior_network(2)
    movie = np.random.default_rng(1).random((2, 8, 19), np.float32)
    whole = simulate(network, movie, 0.01)
    first = simulate(network, movie[:, :5], 0.01)
    second = simulate(network, movie[:, 5:], 0.01, initial_state=first.isel(frame=-1))
    np.testing.assert_array_equal(second, whole.isel(frame=slice(5, None)))


def test_double_precision_by_name():
    network = prior_network(1)
    movie = np.random.default_rng(2).random((4, 7))
    double = simulate(network, movie, 0.01, dtype="float64")
    assert double.dtype == np.float64 and double.attrs["dtype"] == "float64"
    np.testing.assert_allclose(double, simulate(network, movie, 0.01), atol=2e-4)


def test_an_ensemble_is_each_of_its_networks():
    networks = [prior_network(3), open_network("default", 3)]
    movie = torch.rand(2, 6, 37, generator=torch.Generator().manual_seed(4))
    cells = networks[0].layout.central_cells
    together = simulate_ensemble(networks, movie, 0.01, cells=cells)
    assert together.dims == ("network", "sample", "frame", "cell")
    for network in networks:
        alone = simulate(network, movie, 0.01, cells=cells)
        np.testing.assert_array_equal(together.sel(network=network.name), alone)
        np.testing.assert_array_equal(together.cell_type, alone.cell_type)


@pytest.mark.parametrize(
    ("networks", "says"),
    [((), "at least one"), ((prior_network(3), prior_network(2)), "one by one")],
)
def test_an_ensemble_shares_a_connectome_and_an_eye(networks, says):
    with pytest.raises(MaxstimError, match=says):
        simulate_ensemble(networks, torch.rand(2, 37), 0.01)
