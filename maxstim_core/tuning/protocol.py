"""flyvis's own protocols, shown to a network: flashes and moving edges.

They are told in docs/numerics.md#tuning-protocols. Every movie follows two seconds of grey: one before
the dataset, one that the dataset begins with. The frames after the window in which peaks are taken are
left out: nothing in them enters a measure.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from maxstim_core.conventions import frames_in
from maxstim_core.errors import MaxstimError
from maxstim_core.simulation.engine import GREY_SECONDS, Engine
from maxstim_core.stimuli.synthetic.flyvis_probes import (
    SPEEDS,
    flyvis_moving_edges,
    seconds_of_motion,
)
from maxstim_core.stimuli.synthetic.probes import flash
from maxstim_core.tuning.facts import ANGLES, KNOWN_POLARITY, ON, PREFERRED_DIRECTION
from maxstim_core.tuning.measures import (
    angular_distance,
    direction_selectivity_index,
    flash_change,
    flash_response_index,
    peak_response,
    preferred_direction,
)

DT = 1 / 200
"""Seconds per frame of all protocols."""

FLASH_RADIUS = 6
"""Rings of columns of the disc that the flash index is quoted for."""

_FLASH_SECONDS = 1.0
"""Duration of a flash."""


class DirectionTuning(NamedTuple):
    """How a T4 or T5 answers to edges of the contrast that it answers to in flies.

    Attributes:
        direction: Its preferred direction, degrees; NaN without any response.
        error: Degrees from there to the direction that it prefers in flies.
        selectivity: Its direction selectivity index, mean over speeds.
        wrong_contrast: Its largest peak to edges of the other contrast over that to these; NaN without
            any response.
    """

    direction: float
    error: float
    selectivity: float
    wrong_contrast: float


@dataclass(frozen=True, eq=False)
class Tuning:
    """What the central cells of a network are tuned to.

    The first entry of the contrast axis is the bright (ON) edge, the second the dark one.

    Attributes:
        cell_types: Their names.
        flash_index: Flash response index to a disc of `FLASH_RADIUS`, shape (cell_type,).
        full_field_index: The same to a flash of the whole eye, shape (cell_type,).
        flash_change: Mean voltage during a bright disc of `FLASH_RADIUS` less that during a dark one,
            shape (cell_type,).
        speeds: Of the edges, columns per second, shape (speed,).
        edge_peaks: Peak responses to edges, shape (contrast, angle, speed, cell_type).
    """

    cell_types: tuple[str, ...]
    flash_index: np.ndarray
    full_field_index: np.ndarray
    flash_change: np.ndarray
    speeds: tuple[float, ...]
    edge_peaks: np.ndarray

    @property
    def selectivity(self) -> np.ndarray:
        """Direction selectivity index, mean over speeds, shape (contrast, cell_type)."""
        return direction_selectivity_index(self.edge_peaks, ANGLES)

    @property
    def direction(self) -> np.ndarray:
        """Preferred direction over all speeds, degrees, shape (contrast, cell_type)."""
        return preferred_direction(self.edge_peaks, ANGLES)

    def motion(self, cell_type: str) -> DirectionTuning:
        """Return how a T4 or T5 answers to moving edges."""
        k, known = self.cell_types.index(cell_type), PREFERRED_DIRECTION[cell_type]
        contrast = 0 if KNOWN_POLARITY[cell_type] == ON else 1
        right, wrong = (self.edge_peaks[c, ..., k].max() for c in (contrast, 1 - contrast))
        direction = float(self.direction[contrast, k])
        return DirectionTuning(
            direction,
            float(angular_distance(direction, known)),
            float(self.selectivity[contrast, k]),
            float(wrong / right) if right else math.nan,
        )

    def at_speed(self, speed: float) -> Tuning:
        """Return the tuning to edges of one speed alone, columns per second."""
        k = self.speeds.index(speed)
        return Tuning(
            self.cell_types,
            self.flash_index,
            self.full_field_index,
            self.flash_change,
            (speed,),
            self.edge_peaks[:, :, k : k + 1],
        )


def measure_tuning(
    engine: Engine, report_progress: Callable[[str], None] = lambda stage: None
) -> Tuning:
    """Show flashes and edges to a network, and measure the central cells.

    Args:
        engine: The network, ready to simulate.
        report_progress: Called with a few words before each stage.

    Raises:
        MaxstimError: if a voltage does not stay finite.
    """
    report_progress("flashes")
    disc, full_field = _flashed(engine, (FLASH_RADIUS, engine.layout.lattice.extent))
    peaks = []
    for speed in SPEEDS:
        report_progress(f"edges at {speed:g} columns/s")
        peaks.append(edge_peaks(engine, speed))
    return Tuning(
        engine.network.connectome.names,
        flash_response_index(*disc),
        flash_response_index(*full_field),
        flash_change(*disc),
        SPEEDS,
        np.stack(peaks, axis=2),
    )


def flash_indices(engine: Engine, radii: tuple[float, ...]) -> np.ndarray:
    """Return the flash response index of the central cells.

    Args:
        engine: The network, ready to simulate.
        radii: Rings of columns of each disc.

    Returns:
        Shape (radius, cell_type).

    Raises:
        MaxstimError: if a voltage does not stay finite.
    """
    return np.stack([flash_response_index(*pair) for pair in _flashed(engine, radii)])


def _flashed(engine: Engine, radii: tuple[float, ...]) -> np.ndarray:
    """Voltages during a bright and a dark flash, shape (radius, 2, frame, cell_type)."""
    lattice = engine.layout.lattice
    # The window closes with the flash; as in flyvis, the frame in which it does still counts.
    seconds = _FLASH_SECONDS + 1.5 * DT
    movies = [
        flash(
            lattice,
            dt=DT,
            seconds=seconds,
            radius=radius,
            luminance=luminance,
            onset=0,
            duration=_FLASH_SECONDS,
        )
        for radius in radii
        for luminance in (1.0, 0.0)
    ]
    voltage = central_voltage(engine, np.stack(movies))
    return voltage.reshape(len(radii), 2, *voltage.shape[1:])


def edge_peaks(engine: Engine, speed: float) -> np.ndarray:
    """Return the peak responses of the central cells to edges of one speed.

    Args:
        engine: The network, ready to simulate.
        speed: Columns per second.

    Returns:
        Bright and dark edges, shape (contrast, angle, cell_type).

    Raises:
        MaxstimError: if a voltage does not stay finite.
    """
    clips = flyvis_moving_edges(
        engine.layout.lattice,
        DT,
        angles=ANGLES,
        intensities=(1.0, 0.0),
        speeds=(speed,),
        t_pre=0.0,  # the grey before is the same for all
        t_post=2 * DT,
    )
    # The window closes with the motion; as in flyvis, the frame in which it does still counts.
    window = frames_in(seconds_of_motion(speed), DT) + 1
    voltage = central_voltage(engine, np.stack([clips[k][:window] for k in range(len(clips))]))
    return peak_response(voltage).reshape(len(ANGLES), 2, -1).swapaxes(0, 1)


def central_voltage(engine: Engine, movies: np.ndarray) -> np.ndarray:
    """Return `voltage_after_grey` of the central cells, shape (sample, frame, cell_type)."""
    return voltage_after_grey(engine, movies, engine.layout.central_cells)


def voltage_after_grey(engine: Engine, movies: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """Show movies after two seconds of grey, frame by frame of `DT`, and record cells.

    Args:
        engine: The network, ready to simulate.
        movies: Luminance, shape (sample, frame, column).
        cells: Numbers of the cells, shape (cell,).

    Returns:
        Shape (sample, frame, cell).

    Raises:
        MaxstimError: if a voltage does not stay finite.
    """
    grey = engine.steady_state(DT, seconds=2 * GREY_SECONDS)
    voltage = engine.simulate(movies, DT, initial_state=grey, cells=cells)
    if not np.isfinite(voltage).all():
        raise MaxstimError(
            f"The voltages of the network {engine.network.name} do not stay finite, so that its tuning "
            "cannot be measured; choose another network."
        )
    return voltage
