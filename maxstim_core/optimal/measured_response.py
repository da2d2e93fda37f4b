"""What counts of the response to a movie: one number that means the same for all cells and networks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from maxstim_core.errors import MaxstimError
from maxstim_core.networks.network import Network
from maxstim_core.optimal.generate_config import GenerateConfig
from maxstim_core.optimal.objectives.cells import CellsTerm, Contrast, Drive, Suppress, Watched
from maxstim_core.optimal.objectives.counted import Counted
from maxstim_core.optimal.possible import watched_types
from maxstim_core.optimal.response_units import response_units
from maxstim_core.simulation.engine import Engine


@dataclass(frozen=True)
class Measured:
    """The cells that an objective is about, and what counts of their responses.

    Attributes:
        kinds: Numbers of the cell types, the one that was asked for first.
        term: The objective, whose value is what counts, or less what counts.
        wants_less: Whether what counts should rather be low though the term does not say so: of a level
            below grey.
    """

    kinds: tuple[int, ...]
    term: CellsTerm
    wants_less: bool = False

    @classmethod
    def of(
        cls,
        network: Network,
        cell_type: str,
        config: GenerateConfig,
        counted: Counted | None = None,
    ) -> Measured:
        """Return what counts by the settings of a generated stimulus, in this network's own units.

        Of the objectives that drive the cell (flyvis's, drive and level) it is the response of the cell,
        of suppress the same where it is lowest; a group and a contrast count what they are about.

        Args:
            network: Whose units.
            cell_type: For example ``T4c``.
            config: Says the objective and which frames count.
            counted: Which frames count instead.

        Raises:
            MaxstimError: if a cell type does not exist, or has no unit.
        """
        kinds, n_named = watched_types(network, cell_type, config)
        kinds = kinds[:n_named]
        units = response_units(network)
        grey, rms = (tuple(each[kind] for kind in kinds) for each in (units.grey, units.rms))
        watched, counts = Watched(grey, rms, n_named), counted or config.counted
        if config.goal.kind == "contrast":
            return cls(tuple(kinds), Contrast(watched, counts, config.temperature))
        way = Suppress if config.goal.kind == "suppress" else Drive
        wants_less = config.goal.kind == "level" and config.goal.level < 0
        return cls(tuple(kinds), way(watched, counts), wants_less)

    @property
    def sign(self) -> int:
        """-1 of an objective that brings the response below grey, else 1: which way is better."""
        return -1 if self.wants_less else self.term.sign

    def end_of(self, n_frames: int) -> int:
        """Return the frame behind the last that counts, of a movie of so many frames."""
        stop = self.term.counted.stop
        return n_frames if stop is None else stop

    def numbers(self, voltage: np.ndarray) -> np.ndarray:
        """Return what counts of the response of each cell alone, (..., cell): arguments as `counted`."""
        return self.term.sign * self.term.numbers(voltage)

    def voltage(self, engine: Engine, movies: np.ndarray, dt: float) -> np.ndarray:
        """Return the voltage of the central cells of these types while they watch movies.

        Args:
            engine: The network, ready to simulate.
            movies: Luminance, shape (sample, frame, column).
            dt: Seconds per frame.

        Returns:
            Shape (sample, watched cell, frame).

        Raises:
            MaxstimError: if a voltage does not stay finite.
        """
        cells = engine.layout.central_cells[list(self.kinds)]
        return central_voltages(engine, movies, dt, cells).swapaxes(1, 2)

    def counted(self, voltage: np.ndarray) -> np.ndarray:
        """Return what counts, shape (...), of voltages (..., watched cell, frame), in RMS above grey.

        Of an objective that suppresses, it is below 0.
        """
        return -self.term.sign * self.term(voltage, voltage)

    def responses(self, engine: Engine, movies: np.ndarray, dt: float) -> np.ndarray:
        """Return what counts of the responses to movies, shape (sample,): see `voltage`, `counted`."""
        return self.counted(self.voltage(engine, movies, dt))

    def gradient(self, voltage: np.ndarray) -> np.ndarray:
        """Return the derivative of `counted` with respect to the voltages, of their shape."""
        on_response = self.term.gradient(voltage, voltage).response
        assert on_response is not None  # an objective on cells has one
        return -self.term.sign * np.asarray(on_response)


def central_voltages(
    engine: Engine, movies: np.ndarray, dt: float, cells: np.ndarray
) -> np.ndarray:
    """Show movies from grey on, as many at once as suit the engine, and record cells.

    Args:
        engine: The network, ready to simulate.
        movies: Luminance, shape (sample, frame, column).
        dt: Seconds per frame.
        cells: Numbers of the cells, shape (cell,).

    Returns:
        Voltage, shape (sample, frame, cell).

    Raises:
        MaxstimError: if a voltage does not stay finite.
    """
    at_once = engine.samples_at_once
    parts = [
        engine.simulate(movies[first : first + at_once], dt, cells=cells)
        for first in range(0, len(movies), at_once)
    ]
    voltage = np.concatenate(parts)
    if not np.isfinite(voltage).all():
        raise MaxstimError(
            f"The voltages of {engine.network.name} do not stay finite in frames of {dt:g} s; choose "
            "another network."
        )
    return voltage
