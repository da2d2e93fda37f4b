"""What the watched cells of one or several networks answer to movies, and the way back."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from maxstim_core.arrays import Array, library_of
from maxstim_core.simulation.engine import Engine, Rollout


class Recording:
    """Shows movies to networks, from grey, and records the cells that an objective watches.

    Args:
        engines: One for each network; their arrays are of one library and device.
        watched: Numbers of the cells to record, for each movie, the same in every network: shape
            (sample, watched cell).
        dt: Seconds per frame.
    """

    def __init__(self, engines: Sequence[Engine], watched: np.ndarray, dt: float) -> None:
        self._engines, self._dt = engines, dt
        first = engines[0]
        cells, place = np.unique(watched, return_inverse=True)
        self._cells, self._place = first.index(cells), first.index(place.reshape(watched.shape))
        self._sample = first.index(np.arange(len(watched))[:, None])
        self._n_watched = watched.shape[1]
        self._states = [
            engine.start_state("grey", len(watched), dt, engine.parameters) for engine in engines
        ]

    def response(self, movies: Array) -> Array:
        """Return the voltage of the watched cells, shape (sample, network by watched cell, frame).

        Args:
            movies: Luminance, shape (sample, frame, column).
        """
        return self._of_each([self._rollout(k, movies, tape=False) for k in self._networks])

    def with_way_back(self, movies: Array) -> tuple[Array, Callable[[Array], Array]]:
        """Return what `response` does, and what carries its cotangent back to the movies."""
        rollouts = [self._rollout(k, movies, tape=True) for k in self._networks]

        def back(on_response: Array) -> Array:
            on_movies = 0
            for k, (engine, rollout) in enumerate(zip(self._engines, rollouts, strict=True)):
                own = on_response[:, k * self._n_watched : (k + 1) * self._n_watched]
                on_activity = library_of(movies).zeros_like(rollout.activity)
                on_activity[self._sample, :, self._place] = own
                found = engine.adjoint(rollout.tape, on_activity, with_parameters=False)
                on_movies = on_movies + found.movie if k else found.movie
            return on_movies

        return self._of_each(rollouts), back

    @property
    def _networks(self) -> range:
        return range(len(self._engines))

    def _rollout(self, k: int, movies: Array, *, tape: bool) -> Rollout:
        engine = self._engines[k]
        return engine.rollout(
            movies,
            self._states[k],
            self._dt,
            cells=self._cells,
            parameters=engine.parameters,
            tape=tape,
        )

    def _of_each(self, rollouts: list[Rollout]) -> Array:
        each = [rollout.activity[self._sample, :, self._place] for rollout in rollouts]
        return each[0] if len(each) == 1 else library_of(each[0]).concatenate(each, 1)
