"""Every term: its gradient against finite differences, and the same numbers in numpy and in torch."""

import numpy as np
import pytest
import torch

from maxstim_core.optimal.adam import Adam
from maxstim_core.optimal.objectives.across import AcrossNetworks
from maxstim_core.optimal.objectives.cells import (
    Contrast,
    Drive,
    Quiet,
    ReachLevel,
    Suppress,
    Watched,
)
from maxstim_core.optimal.objectives.counted import Counted
from maxstim_core.optimal.objectives.response import Excite, KeepResponse
from maxstim_core.optimal.objectives.stimulus import GreyPenalty, SlowInTime, SmoothInSpace

RANDOM = np.random.default_rng(0)
STIMULUS, RESPONSE = RANDOM.random((2, 5, 7)), RANDOM.normal(size=(2, 4, 5))
WATCHED = Watched(grey=(0.1, -0.2, 0.3, 0.0), rms=(0.5, 1.5, 1.0, 2.0), n_named=3)
ALONE = Watched(grey=(0.1,), rms=(0.5,), n_named=1)
LAST, MEAN, PEAK = Counted("last"), Counted("mean", 1, 4), Counted("peak", 1)

TERMS = [
    Excite(last_only=True),
    Excite(last_only=False),
    KeepResponse(np.linspace(-1, 1, 5)),
    GreyPenalty("sum"),
    GreyPenalty("mean"),
    *(Drive(ALONE, counted) for counted in (LAST, MEAN, PEAK)),
    *(Suppress(ALONE, counted) for counted in (LAST, MEAN, PEAK)),
    *(Drive(WATCHED.named, counted) for counted in (LAST, MEAN, PEAK)),
    *(ReachLevel(ALONE, counted, -0.7) for counted in (LAST, MEAN, PEAK)),
    *(Contrast(WATCHED.named, counted, 0.3) for counted in (LAST, MEAN, PEAK)),
    Quiet(WATCHED),
    *(
        AcrossNetworks((Drive(ALONE, LAST), Drive(Watched((0.2,), (0.8,), 1), LAST)), how)
        for how in ("mean", "least", "disagreement")
    ),
    AcrossNetworks((Contrast(Watched((0.1, -0.2), (0.5, 1.5), 2), PEAK, 0.3),) * 2, "mean"),
    SlowInTime(),
    SmoothInSpace(),
]


@pytest.mark.parametrize("term", TERMS, ids=str)
def test_the_gradient_equals_finite_differences(term):
    loss, step = 2.5 * term, 1e-6
    gradients = loss.gradient(STIMULUS, RESPONSE)
    for which, (gradient, at) in enumerate(zip(gradients, (STIMULUS, RESPONSE), strict=True)):
        direction = RANDOM.normal(size=at.shape)

        def total(by, which=which, at=at, direction=direction):
            moved = [STIMULUS, RESPONSE]
            moved[which] = at + by * direction
            return loss(*moved)[:, 0]

        slope = (total(step) - total(-step)) / (2 * step)
        found = (gradient * direction).reshape(2, -1).sum(1)
        np.testing.assert_allclose(found, slope, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("term", TERMS, ids=str)
def test_numpy_and_torch_agree_and_torch_differentiates_it_so(term):
    stimulus, response = (torch.tensor(x, requires_grad=True) for x in (STIMULUS, RESPONSE))
    if isinstance(term, KeepResponse):
        there = 2.5 * KeepResponse(torch.tensor(term.target))
    else:
        there = 2.5 * term
    here, values = 2.5 * term, there(stimulus, response)
    np.testing.assert_allclose(values.detach(), here(STIMULUS, RESPONSE), rtol=1e-12)
    expected = torch.autograd.grad(values[:, 0].sum(), (stimulus, response), allow_unused=True)
    with torch.no_grad():
        in_torch = there.gradient(stimulus, response)
    for found, also, right in zip(
        here.gradient(STIMULUS, RESPONSE), in_torch, expected, strict=True
    ):
        right = np.zeros(found.shape) if right is None else right.numpy()
        np.testing.assert_allclose(found, right, rtol=1e-12)
        np.testing.assert_allclose(also, right, rtol=1e-12)


@pytest.mark.parametrize("rate", [0.001, 0.01, 0.3])
def test_adam_is_torch_s(rate):
    start = RANDOM.random((2, 5, 7)).astype(np.float32)
    ours, theirs = start.copy(), torch.tensor(start, requires_grad=True)
    in_torch = torch.tensor(start)
    adam, also = Adam(ours, rate), Adam(in_torch, rate)
    expected = torch.optim.Adam([theirs], lr=rate)
    for _ in range(50):
        gradient = RANDOM.normal(size=start.shape).astype(np.float32)
        adam.step(gradient)
        also.step(torch.tensor(gradient))
        theirs.grad = torch.tensor(gradient)
        expected.step()
    np.testing.assert_allclose(ours, theirs.detach(), rtol=0, atol=2e-6 * max(1, 50 * rate))
    np.testing.assert_allclose(in_torch, theirs.detach(), rtol=0, atol=2e-6 * max(1, 50 * rate))
