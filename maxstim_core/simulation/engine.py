"""The narrow interface that every simulation engine stands behind.

An engine knows two things: how to roll a network out over a movie, and how to carry a cotangent of
the recorded activity back to the movie, the initial state and the free parameters. Everything else,
torch's automatic differentiation included, is built on these two and shared.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor

from maxstim_core.conventions import GREY, checked_dt, frames_in
from maxstim_core.errors import MaxstimError, shown
from maxstim_core.networks.network import Network

InitialState = Literal["grey", "rest"] | Tensor

GREY_SECONDS = 1.0
"""Grey that precedes a movie, flyvis's choice: docs/numerics.md#grey-and-fades."""


class FreeParameters(NamedTuple):
    """The parameters that can be fitted, as tensors: 734 numbers for the published connectome.

    Attributes:
        resting_potential: Shape (cell_type,).
        time_constant: Shape (cell_type,), seconds.
        synapse_strength: Shape (pair,).
    """

    resting_potential: Tensor
    time_constant: Tensor
    synapse_strength: Tensor


@dataclass(frozen=True)
class Rollout:
    """What a forward pass leaves.

    Attributes:
        activity: Voltage of the recorded cells, shape (sample, frame, recorded cell).
        final_state: Voltage of all cells after the last frame, shape (sample, cell).
        tape: What the engine's own adjoint needs, or None if it was not asked for.
    """

    activity: Tensor
    final_state: Tensor
    tape: Any


@dataclass(frozen=True)
class Gradients:
    """What an adjoint pass gives: cotangents of the inputs of a rollout.

    Attributes:
        movie: Shape (sample, frame, column).
        initial_state: Shape (sample, cell).
        parameters: As `FreeParameters`, or None if they were not asked for.
    """

    movie: Tensor
    initial_state: Tensor
    parameters: FreeParameters | None


class Engine(ABC):
    """A network on a device, ready to simulate.

    Attributes:
        network: The network.
        device: Where it computes.
        dtype: In which precision.
        parameters: The network's own free parameters.
        samples_at_once: How many stimuli to simulate together where there are many.
    """

    samples_at_once = 16

    def __init__(self, network: Network, *, device: str, dtype: torch.dtype) -> None:
        self.network = network
        self.layout = network.layout
        self.device = torch.device(device)
        self.dtype = dtype
        self.parameters = self.parameters_of(network)
        self._type_of_cell = torch.as_tensor(self.layout.cell_type_of, device=self.device)
        self._grey_states: dict[tuple[float, float, float], Tensor] = {}

    def parameters_of(self, network: Network) -> FreeParameters:
        """Return the free parameters of a network where and how this engine computes."""
        values = network.parameters
        return FreeParameters(
            self._tensor(values.resting_potential),
            self._tensor(values.time_constant),
            self._tensor(values.synapse_strength),
        )

    @abstractmethod
    def rollout(
        self,
        movie: Tensor,
        initial_state: Tensor,
        dt: float,
        *,
        cells: Tensor,
        parameters: FreeParameters,
        tape: bool,
        with_parameters: bool = False,
    ) -> Rollout:
        """Roll the network out over a movie, without automatic differentiation.

        Args:
            movie: Shape (sample, frame, column).
            initial_state: Shape (sample, cell).
            dt: Seconds per frame.
            cells: Numbers of the cells to record, shape (recorded cell,).
            parameters: What to compute with.
            tape: Whether an adjoint will follow.
            with_parameters: Whether that adjoint will be asked for the parameters.
        """

    @abstractmethod
    def adjoint(self, tape: Any, cotangent: Tensor, *, with_parameters: bool) -> Gradients:
        """Carry a cotangent of the activity, (sample, frame, recorded cell), back to the inputs."""

    def simulate(
        self,
        movie: Tensor | np.ndarray,
        dt: float,
        *,
        initial_state: InitialState = "grey",
        cells: Tensor | np.ndarray | None = None,
        parameters: FreeParameters | None = None,
    ) -> Tensor:
        """Return the voltage of cells while they watch a movie.

        Differentiable with respect to the movie, the initial state and `parameters`.

        Args:
            movie: Luminance, shape (frame, column) or (sample, frame, column).
            dt: Seconds per frame, and per Euler step.
            initial_state: ``grey`` (one second of grey), ``rest`` (the resting potentials), or a state
                of shape (cell,) or (sample, cell).
            cells: Numbers of the cells to record, shape (recorded cell,); all if None.
            parameters: Free parameters in place of the network's own.

        Returns:
            Voltage *after* each frame, shape (frame, cell) or (sample, frame, cell), arbitrary units.

        Raises:
            MaxstimError: if the movie does not fit the eye or is not finite, or the frame duration, the
                cells or the state to begin with are none.
        """
        movie = self.as_movie(movie)
        batch = movie if movie.ndim == 3 else movie[None]
        self._check(batch)
        dt = checked_dt(dt)
        parameters = parameters or self.parameters
        state = self._state(initial_state, len(batch), dt, parameters)
        cells = self._all_cells if cells is None else self._cells(cells)
        activity = self.respond(batch, state, dt, cells=cells, parameters=parameters)
        return activity if movie.ndim == 3 else activity[0]

    def as_movie(self, movie: Tensor | np.ndarray) -> Tensor:
        """Return a movie where and how this engine computes, a batch of movies likewise.

        Args:
            movie: Luminance in floating-point numbers of any precision and order of bytes, shape
                (frame, column) or (sample, frame, column).

        Raises:
            MaxstimError: if it holds anything else.
        """
        kind: torch.dtype | np.dtype
        if hasattr(movie, "data_vars"):
            raise MaxstimError(
                "The movie is a whole result; give what is to be shown of it, for example "
                "answer.stimulus or answer.best_stimulus."
            )
        if isinstance(movie, Tensor):
            is_luminance, kind = movie.is_floating_point(), movie.dtype
        else:
            movie = _as_array(movie, "movie", "luminance of shape (frame, column)")
            is_luminance, kind = movie.dtype.kind == "f", movie.dtype
            if is_luminance:  # torch knows no other order of bytes and no step backwards
                movie = np.ascontiguousarray(movie, f"=f{min(8, max(4, movie.itemsize))}")
        if not is_luminance:
            raise MaxstimError(
                f"The movie holds {kind} values; give luminance between 0 (black) and 1 (white) as "
                "floating-point numbers."
            )
        return self._tensor(movie)

    def respond(
        self,
        movie: Tensor,
        initial_state: Tensor,
        dt: float,
        *,
        cells: Tensor,
        parameters: FreeParameters | None = None,
    ) -> Tensor:
        """Do what `simulate` does with arguments that are known to fit: as for `rollout`.

        For loops: nothing here looks at a value, so that nothing waits for the device.
        """
        parameters = parameters or self.parameters
        return _Rollout.apply(self, dt, cells, movie, initial_state, *parameters)

    def repeated(self, step: Callable[[], Tensor]) -> Callable[[], Tensor]:
        """Return `step`, made faster to call many times where the device allows it.

        Args:
            step: Works in place on tensors that outlive it, and never waits for the device. The
                tensor that it returns is good until the next call.
        """
        return step

    @torch.no_grad()
    def steady_state(
        self,
        dt: float,
        *,
        seconds: float = GREY_SECONDS,
        value: float = GREY,
        parameters: FreeParameters | None = None,
    ) -> Tensor:
        """Return the state after uniform luminance from rest, shape (1, cell), without gradient.

        The state of the network's own parameters is kept for the next call.

        Args:
            dt: Seconds per frame.
            seconds: How long it is shown.
            value: The luminance.
            parameters: Free parameters in place of the network's own.
        """
        key = (dt, seconds, value)
        if parameters is None and key in self._grey_states:
            return self._grey_states[key]
        shape = (1, frames_in(seconds, dt), self.layout.lattice.n_columns)
        movie = torch.full(shape, value, device=self.device, dtype=self.dtype)
        state = self._final_state(movie, "rest", dt, parameters or self.parameters)
        if parameters is None:
            self._grey_states[key] = state
        return state

    @torch.no_grad()
    def fade_in(self, seconds: float, dt: float, first_frames: Tensor | np.ndarray) -> Tensor:
        """Return the states after fading from grey to the first frame of each movie.

        Starts from rest, as flyvis does for naturalistic stimuli (docs/numerics.md#grey-and-fades).

        Args:
            seconds: Duration of the fade.
            dt: Seconds per frame.
            first_frames: Luminance, shape (sample, column).

        Returns:
            Shape (sample, cell).
        """
        first = self._tensor(first_frames)
        steps = frames_in(seconds, dt)
        share = torch.arange(steps, device=self.device, dtype=self.dtype) / max(steps - 1, 1)
        movie = GREY + share[None, :, None] * (first[:, None] - GREY)
        return self._final_state(movie, "rest", dt, self.parameters)

    def _final_state(
        self, movie: Tensor, initial_state: InitialState, dt: float, parameters: FreeParameters
    ) -> Tensor:
        state = self._state(initial_state, len(movie), dt, parameters)
        no_cells = torch.empty(0, dtype=torch.long, device=self.device)
        return self.rollout(
            movie, state, dt, cells=no_cells, parameters=parameters, tape=False
        ).final_state

    def _state(
        self, initial_state: InitialState, n_samples: int, dt: float, parameters: FreeParameters
    ) -> Tensor:
        n_cells = self.layout.n_cells
        if isinstance(initial_state, str):
            if initial_state == "rest":
                state = parameters.resting_potential[self._type_of_cell]
            elif initial_state == "grey":
                own = parameters is self.parameters
                state = self.steady_state(dt, parameters=None if own else parameters)
            else:
                raise MaxstimError(
                    f"The initial state must be 'grey', 'rest' or an array, not {initial_state!r}."
                )
        elif isinstance(initial_state, Tensor):
            state = self._tensor(initial_state)
        else:
            given = _as_array(initial_state, "initial state", "a voltage for each cell")
            if given.dtype.kind not in "fiu" or not np.isfinite(given).all():
                raise MaxstimError(
                    "The initial state must be 'grey', 'rest' or an array of finite voltages, not "
                    f"{shown(initial_state)}."
                )
            state = self._tensor(given)
        if state.shape not in {(n_cells,), (1, n_cells), (n_samples, n_cells)}:
            raise MaxstimError(
                f"The initial state has shape {tuple(state.shape)}; it must be ({n_cells},) or "
                f"({n_samples}, {n_cells})."
            )
        return state.expand(n_samples, n_cells)

    def _check(self, movie: Tensor) -> None:
        n_columns = self.layout.lattice.n_columns
        if movie.ndim != 3 or movie.shape[2] != n_columns or 0 in movie.shape:
            raise MaxstimError(
                f"A movie must have shape (frame, {n_columns}) or (sample, frame, {n_columns}), "
                f"not {tuple(movie.shape)}."
            )
        if not torch.isfinite(movie).all():
            raise MaxstimError("The movie holds a value that is not finite; replace or cut it out.")

    def _cells(self, cells: Tensor | np.ndarray) -> Tensor:
        given = cells.cpu() if isinstance(cells, Tensor) else cells
        numbers = _as_array(given, "list of cells", "numbers")
        n_cells = self.layout.n_cells
        known = numbers.dtype.kind in "iu" and numbers.ndim == 1 and numbers.size > 0
        if not known or not 0 <= numbers.min() <= numbers.max() < n_cells:
            raise MaxstimError(
                f"The cells must be a list of numbers from 0 to {n_cells - 1}, for example "
                "network.layout.central_cells; leave them out to record all."
            )
        return self._index(numbers)

    @property
    def _all_cells(self) -> Tensor:
        return torch.arange(self.layout.n_cells, device=self.device)

    def _index(self, cells: Tensor | np.ndarray) -> Tensor:
        return torch.as_tensor(cells, dtype=torch.long, device=self.device)

    def _tensor(self, values: Tensor | np.ndarray) -> Tensor:
        if isinstance(values, np.ndarray) and not values.flags.writeable:
            values = values.copy()
        return torch.as_tensor(values, dtype=self.dtype, device=self.device)


def _as_array(given: Any, what: str, instead: str) -> np.ndarray:
    """Return what was given as an array.

    Raises:
        MaxstimError: if it is none, for example of rows of different length.
    """
    try:
        return np.asarray(given)
    except (ValueError, TypeError) as error:
        raise MaxstimError(f"The {what} is no array; give {instead}.") from error


class _Rollout(torch.autograd.Function):
    """An engine's rollout and adjoint as one step of torch's automatic differentiation."""

    @staticmethod
    def forward(
        ctx: Any,
        engine: Engine,
        dt: float,
        cells: Tensor,
        movie: Tensor,
        state: Tensor,
        *parameters: Tensor,
    ) -> Tensor:
        needs = ctx.needs_input_grad
        rollout = engine.rollout(
            movie,
            state,
            dt,
            cells=cells,
            parameters=FreeParameters(*parameters),
            tape=any(needs),
            with_parameters=any(needs[5:]),
        )
        ctx.engine, ctx.tape, ctx.with_parameters = engine, rollout.tape, any(needs[5:])
        return rollout.activity

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, cotangent: Tensor) -> tuple[Tensor | None, ...]:
        gradients = ctx.engine.adjoint(ctx.tape, cotangent, with_parameters=ctx.with_parameters)
        parameters = gradients.parameters or (None, None, None)
        return None, None, None, gradients.movie, gradients.initial_state, *parameters
