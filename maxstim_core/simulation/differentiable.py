"""Simulations within torch's automatic differentiation, by any engine: for fits, and for other tools."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from maxstim_core.simulation.engine import (
    GREY_SECONDS,
    Engine,
    FreeParameters,
    InitialState,
)
from maxstim_core.simulation.torch_engine import TorchEngine


def simulate_differentiably(
    engine: Engine,
    movie: Tensor | np.ndarray,
    dt: float,
    *,
    initial_state: InitialState = "grey",
    cells: np.ndarray | None = None,
    parameters: FreeParameters | None = None,
) -> Tensor:
    """Return the voltage of cells while they watch a movie, as `Engine.simulate` does, as a tensor.

    Differentiable with respect to the movie, the initial state and the parameters, once.

    Args:
        engine: Simulates.
        movie: Luminance, shape (frame, column) or (sample, frame, column).
        dt: Seconds per frame, and per Euler step.
        initial_state: ``grey``, ``rest``, or a state of shape (cell,) or (sample, cell).
        cells: Numbers of the cells to record, shape (recorded cell,); all if None.
        parameters: Free parameters in place of the network's own, as tensors.

    Returns:
        Voltage *after* each frame, shape (frame, cell) or (sample, frame, cell), arbitrary units.

    Raises:
        MaxstimError: if the movie does not fit the eye or is not finite.
    """
    own = parameter_tensors(engine)
    tensors = FreeParameters(*(parameters or own))
    shown = torch.as_tensor(movie).to(own.time_constant)
    batch = shown if shown.ndim == 3 else shown[None]
    engine.check(batch.detach(), dt)
    if isinstance(initial_state, str) and initial_state == "rest":
        state = tensors.resting_potential[torch.as_tensor(engine.layout.cell_type_of)]
    elif isinstance(initial_state, Tensor):
        state = initial_state
    else:
        given = engine.parameters if parameters is None else _parameters_for(engine, tensors)
        state = _tensor(engine.start_state(initial_state, len(batch), dt, given))
    state = state.expand(len(batch), -1)
    cells = engine.index(engine.checked_cells(cells))
    activity = _Rollout.apply(engine, dt, cells, batch, state, *tensors)
    return activity if shown.ndim == 3 else activity[0]


def parameter_tensors(engine: Engine) -> FreeParameters:
    """Return the free parameters of an engine's network as tensors where it computes."""
    return FreeParameters(*map(_tensor, engine.parameters))


def steady_state_of(
    engine: Engine, dt: float, parameters: FreeParameters, *, seconds: float = GREY_SECONDS
) -> Tensor:
    """Return `Engine.steady_state` for parameters that are tensors, without gradient.

    Args:
        engine: Simulates.
        dt: Seconds per frame.
        parameters: Free parameters in place of the network's own.
        seconds: How long grey is shown.

    Returns:
        Shape (1, cell).
    """
    given = _parameters_for(engine, parameters)
    return _tensor(engine.steady_state(dt, seconds=seconds, parameters=given))


def _parameters_for(engine: Engine, tensors: FreeParameters) -> FreeParameters:
    return FreeParameters(*(_for(engine, values) for values in tensors))


def _tensor(values: Any) -> Tensor:
    """Return an array of an engine as a tensor, numpy's as a copy: it may be one that others read."""
    return torch.tensor(values) if isinstance(values, np.ndarray) else values


def _for(engine: Engine, tensor: Tensor) -> Any:
    """Return a tensor as an array of the engine."""
    values = tensor.detach()
    return values if isinstance(engine, TorchEngine) else values.numpy()


class _Rollout(torch.autograd.Function):
    """An engine's rollout and adjoint as one step of torch's automatic differentiation."""

    @staticmethod
    def forward(
        ctx: Any,
        engine: Engine,
        dt: float,
        cells: Any,
        movie: Tensor,
        state: Tensor,
        *parameters: Tensor,
    ) -> Tensor:
        needs = ctx.needs_input_grad
        rollout = engine.rollout(
            _for(engine, movie),
            _for(engine, state),
            dt,
            cells=cells,
            parameters=_parameters_for(engine, FreeParameters(*parameters)),
            tape=any(needs),
            with_parameters=any(needs[5:]),
        )
        ctx.engine, ctx.tape, ctx.with_parameters = engine, rollout.tape, any(needs[5:])
        return torch.as_tensor(rollout.activity)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, cotangent: Tensor) -> tuple[Tensor | None, ...]:
        gradients = ctx.engine.adjoint(
            ctx.tape, _for(ctx.engine, cotangent), with_parameters=ctx.with_parameters
        )
        parameters = gradients.parameters or (None, None, None)
        found = (gradients.movie, gradients.initial_state, *parameters)
        return None, None, None, *(None if g is None else torch.as_tensor(g) for g in found)
