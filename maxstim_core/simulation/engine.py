"""The narrow interface that every simulation engine stands behind.

An engine knows two things: how to roll a network out over a movie, and how to carry a cotangent of
the recorded activity back to the movie, the initial state and the free parameters. Everything else is
built on these two and shared: what is here, the descents of `maxstim_core.optimal`, and torch's
automatic differentiation (`maxstim_core.simulation.differentiable`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from maxstim_core.arrays import Array, library_of
from maxstim_core.conventions import GREY, checked_dt, frames_in
from maxstim_core.errors import MaxstimError, shown
from maxstim_core.networks.network import Network

InitialState = str | Array
"""``grey``, ``rest``, or voltages of all cells, shape (cell,) or (sample, cell)."""

GREY_SECONDS = 1.0
"""Grey that precedes a movie, flyvis's choice: docs/numerics.md#grey-and-fades."""


class FreeParameters(NamedTuple):
    """The parameters that can be fitted, as arrays: 734 numbers for the published connectome.

    Attributes:
        resting_potential: Shape (cell_type,).
        time_constant: Shape (cell_type,), seconds.
        synapse_strength: Shape (pair,).
    """

    resting_potential: Array
    time_constant: Array
    synapse_strength: Array


@dataclass(frozen=True)
class Rollout:
    """What a forward pass leaves.

    Attributes:
        activity: Voltage of the recorded cells, shape (sample, frame, recorded cell).
        final_state: Voltage of all cells after the last frame, shape (sample, cell).
        tape: What the engine's own adjoint needs, or None if it was not asked for.
    """

    activity: Array
    final_state: Array
    tape: Any


@dataclass(frozen=True)
class Gradients:
    """What an adjoint pass gives: cotangents of the inputs of a rollout.

    Attributes:
        movie: Shape (sample, frame, column).
        initial_state: Shape (sample, cell).
        parameters: As `FreeParameters`, or None if they were not asked for.
    """

    movie: Array
    initial_state: Array
    parameters: FreeParameters | None


class Engine(ABC):
    """A network on a device, ready to simulate.

    What it takes and returns are its own arrays, `array`, but for movies and voltages of `simulate`,
    which are numpy's.

    Attributes:
        network: The network.
        device: Where it computes, for example ``cpu`` or ``cuda:0``.
        dtype: In which precision: ``float32`` or ``float64``.
        parameters: The network's own free parameters.
        samples_at_once: How many stimuli to simulate together where there are many.
        threads: On how many threads it computes, where that can be chosen.
        one_by_one: Whether descents that run together, each with settings of its own, are best stepped
            on threads of their own.
    """

    samples_at_once = 16
    threads: int | None = None
    one_by_one = False

    def __init__(self, network: Network, *, device: str, dtype: str) -> None:
        self.network = network
        self.layout = network.layout
        self.device = device
        self.dtype = dtype
        self.parameters = self.parameters_of(network)
        self._grey_states: dict[tuple[float, float, float], Array] = {}

    def parameters_of(self, network: Network) -> FreeParameters:
        """Return the free parameters of a network where and how this engine computes."""
        values = network.parameters
        return FreeParameters(
            self.array(values.resting_potential),
            self.array(values.time_constant),
            self.array(values.synapse_strength),
        )

    @property
    @abstractmethod
    def versions(self) -> dict[str, str]:
        """Versions of the libraries that it computes with, by the attribute that results keep."""

    @abstractmethod
    def array(self, values: Array) -> Array:
        """Return numbers where and how this engine computes."""

    @abstractmethod
    def index(self, numbers: np.ndarray) -> Array:
        """Return whole numbers, of any shape, where this engine computes: to index with."""

    @abstractmethod
    def host(self, values: Array) -> np.ndarray:
        """Return an array of this engine as numpy's, which may share its memory."""

    def batches(self, n_movies: int, at_once: int | None = None) -> list[list[int]]:
        """Split movies that descend with the same settings.

        Args:
            n_movies: How many there are.
            at_once: Most in a batch; what suits the device if None.

        Returns:
            Batches, one after the other, of groups, each stepped as one array and, where there are
            several, on a thread of its own: how many movies.
        """
        most = at_once or self.samples_at_once
        n_batches = -(-n_movies // most)
        bounds = [n_movies * k // n_batches for k in range(n_batches + 1)]
        return [[last - first] for first, last in pairwise(bounds)]

    @abstractmethod
    def rollout(
        self,
        movie: Array,
        initial_state: Array,
        dt: float,
        *,
        cells: Array,
        parameters: FreeParameters,
        tape: bool,
        with_parameters: bool = False,
    ) -> Rollout:
        """Roll the network out over a movie.

        Args:
            movie: Shape (sample, frame, column).
            initial_state: Shape (sample, cell).
            dt: Seconds per frame.
            cells: Numbers of the cells to record, shape (recorded cell,), as of `index`.
            parameters: What to compute with.
            tape: Whether an adjoint will follow.
            with_parameters: Whether that adjoint will be asked for the parameters.
        """

    @abstractmethod
    def adjoint(self, tape: Any, cotangent: Array, *, with_parameters: bool) -> Gradients:
        """Carry a cotangent of the activity, (sample, frame, recorded cell), back to the inputs."""

    def simulate(
        self,
        movie: np.ndarray,
        dt: float,
        *,
        initial_state: InitialState = "grey",
        cells: np.ndarray | None = None,
        parameters: FreeParameters | None = None,
    ) -> np.ndarray:
        """Return the voltage of cells while they watch a movie.

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
        dt = checked_dt(dt)
        self.check(batch, dt)
        parameters = parameters or self.parameters
        rollout = self.rollout(
            batch,
            self.start_state(initial_state, len(batch), dt, parameters),
            dt,
            cells=self.index(self.checked_cells(cells)),
            parameters=parameters,
            tape=False,
        )
        activity = self.host(rollout.activity)
        return activity if movie.ndim == 3 else activity[0]

    def as_movie(self, movie: Array) -> Array:
        """Return a movie where and how this engine computes, a batch of movies likewise.

        Args:
            movie: Luminance in floating-point numbers of any precision and order of bytes, shape
                (frame, column) or (sample, frame, column).

        Raises:
            MaxstimError: if it holds anything else.
        """
        if hasattr(movie, "data_vars"):
            raise MaxstimError(
                "The movie is a whole result; give what is to be shown of it, for example "
                "answer.stimulus or answer.best_stimulus."
            )
        values = _as_array(movie, "movie", "luminance of shape (frame, column)")
        if values.dtype.kind != "f":
            raise MaxstimError(
                f"The movie holds {values.dtype} values; give luminance between 0 (black) and 1 (white) "
                "as floating-point numbers."
            )
        # torch knows no other order of bytes and no step backwards
        native = np.ascontiguousarray(values, f"=f{min(8, max(4, values.itemsize))}")
        return self.array(native.reshape(values.shape))

    def repeated(self, step: Callable[[], Array]) -> Callable[[], Array]:
        """Return `step`, made faster to call many times where the device allows it.

        Args:
            step: Works in place on arrays that outlive it, and never waits for the device. The
                array that it returns is good until the next call.
        """
        return step

    def steady_state(
        self,
        dt: float,
        *,
        seconds: float = GREY_SECONDS,
        value: float = GREY,
        parameters: FreeParameters | None = None,
    ) -> Array:
        """Return the state after uniform luminance from rest, shape (1, cell).

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
        movie = self.array(np.full(shape, value, self.dtype))
        state = self._final_state(movie, dt, parameters or self.parameters)
        if parameters is None:
            self._grey_states[key] = state
        return state

    def fade_in(self, seconds: float, dt: float, first_frames: np.ndarray) -> Array:
        """Return the states after fading from grey to the first frame of each movie.

        Starts from rest, as flyvis does for naturalistic stimuli (docs/numerics.md#grey-and-fades).

        Args:
            seconds: Duration of the fade.
            dt: Seconds per frame.
            first_frames: Luminance, shape (sample, column).

        Returns:
            Shape (sample, cell).
        """
        first = np.asarray(first_frames, self.dtype)
        steps = frames_in(seconds, dt)
        share = np.arange(steps, dtype=self.dtype) / max(steps - 1, 1)
        movie = GREY + share[None, :, None] * (first[:, None] - GREY)
        return self._final_state(self.array(movie), dt, self.parameters)

    def _final_state(self, movie: Array, dt: float, parameters: FreeParameters) -> Array:
        state = self.start_state("rest", len(movie), dt, parameters)
        no_cells = self.index(np.empty(0, np.int64))
        return self.rollout(
            movie, state, dt, cells=no_cells, parameters=parameters, tape=False
        ).final_state

    def start_state(
        self, initial_state: InitialState, n_samples: int, dt: float, parameters: FreeParameters
    ) -> Array:
        """Return the state that each movie starts from, shape (sample, cell).

        Args:
            initial_state: As for `simulate`.
            n_samples: How many movies there are.
            dt: Seconds per frame.
            parameters: Free parameters, the network's own or others.

        Raises:
            MaxstimError: if it is no state, or of another shape.
        """
        n_cells = self.layout.n_cells
        if isinstance(initial_state, str) and initial_state == "rest":
            state = parameters.resting_potential[self.index(self.layout.cell_type_of)]
        elif isinstance(initial_state, str) and initial_state == "grey":
            own = parameters is self.parameters
            state = self.steady_state(dt, parameters=None if own else parameters)
        elif isinstance(initial_state, str) or not hasattr(initial_state, "shape"):
            raise MaxstimError(
                f"The initial state must be 'grey', 'rest' or an array, not {shown(initial_state)}."
            )
        else:
            state = self.array(initial_state)
        if tuple(state.shape) not in {(n_cells,), (1, n_cells), (n_samples, n_cells)}:
            raise MaxstimError(
                f"The initial state has shape {tuple(state.shape)}; it must be ({n_cells},) or "
                f"({n_samples}, {n_cells})."
            )
        return library_of(state).broadcast_to(state, (n_samples, n_cells))

    def check(self, movie: Array, dt: float) -> None:
        """Make sure that a batch of movies can be shown to the network.

        Args:
            movie: Luminance, shape (sample, frame, column).
            dt: Seconds per frame.

        Raises:
            MaxstimError: if it does not fit the eye or is not finite, or `dt` is no duration.
        """
        n_columns = self.layout.lattice.n_columns
        if movie.ndim != 3 or movie.shape[2] != n_columns or 0 in movie.shape:
            raise MaxstimError(
                f"A movie must have shape (frame, {n_columns}) or (sample, frame, {n_columns}), "
                f"not {tuple(movie.shape)}."
            )
        if not library_of(movie).isfinite(movie).all():
            raise MaxstimError("The movie holds a value that is not finite; replace or cut it out.")
        checked_dt(dt)

    def checked_cells(self, cells: np.ndarray | None) -> np.ndarray:
        """Return the numbers of cells to record.

        Args:
            cells: Numbers, shape (recorded cell,); all if None.

        Raises:
            MaxstimError: if they are no numbers of cells.
        """
        n_cells = self.layout.n_cells
        if cells is None:
            return np.arange(n_cells)
        numbers = _as_array(cells, "list of cells", "numbers")
        known = numbers.dtype.kind in "iu" and numbers.ndim == 1 and numbers.size > 0
        if not known or not 0 <= numbers.min() <= numbers.max() < n_cells:
            raise MaxstimError(
                f"The cells must be a list of numbers from 0 to {n_cells - 1}, for example "
                "network.layout.central_cells; leave them out to record all."
            )
        return numbers


def _as_array(given: Any, what: str, instead: str) -> np.ndarray:
    """Return what was given as an array.

    Raises:
        MaxstimError: if it is none, for example of rows of different length.
    """
    try:
        return np.asarray(given)
    except (TypeError, ValueError, RuntimeError) as error:
        raise MaxstimError(f"The {what} is no array; give {instead}.") from error
