"""Textbook stimuli to compare an answer with: edges, bars, gratings, flashes and discs.

Each is as long as the answer and begins from grey. When in that time something should move past the
cell is not known beforehand: what counts of the response is taken at the best of all later beginnings,
which needs no further simulation, since grey before a movie changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from typing import NamedTuple

import numpy as np

from maxstim_core.conventions import GREY
from maxstim_core.lattice import Lattice
from maxstim_core.optimal.measured_response import Measured, central_voltages
from maxstim_core.simulation.engine import Engine
from maxstim_core.stimuli.synthetic.probes import flash, grating, moving_bar, moving_edge

_ANGLES = tuple(range(0, 360, 30))
_EDGE_SPEEDS, _BAR_SPEEDS = (4.8, 9.7, 19.0, 38.0), (9.7, 19.0)
_BAR_WIDTHS = (1.0, 3.0)
_WAVELENGTHS, _FREQUENCIES = (4.0, 6.0, 9.0, 15.0), (2.0, 5.0)
_RADII = (0, 1, 2, 3, 4, 6, 9)
_DURATIONS = (0.04, 0.1, 0.3)
"""Directions in degrees, speeds in columns per second, widths and wavelengths in columns, temporal
frequencies in Hz, radii in rings of columns, durations in seconds."""

_REACHED = 0.6
"""Share of the time in which an edge or a bar gets to the center."""

_SIGNS = {"ON": 1.0, "OFF": 0.0}
_Drawn = partial[np.ndarray]
"""Draws a movie of a set eye, duration and frame."""

FAMILIES = ("edge", "bar", "grating", "flash", "disc")
"""Kinds of textbook stimuli."""


class Textbook(NamedTuple):
    """A textbook stimulus.

    Attributes:
        family: A name of `FAMILIES`.
        name: What it shows.
        draw: Draws its movie, which is kept nowhere: all of them would take 80 MB.
    """

    family: str
    name: str
    draw: Callable[[], np.ndarray]

    @property
    def movie(self) -> np.ndarray:
        """Luminance, shape (frame, column), float32."""
        return self.draw().astype(np.float32)


class Moment(NamedTuple):
    """When a movie has to begin to do most.

    Attributes:
        response: What counts of the response then, in RMS above grey.
        beginning: The frame at which it begins.
        end: The frame behind the last that what counts depends on.
    """

    response: float
    beginning: int
    end: int


class Begun(NamedTuple):
    """A textbook stimulus that begins when it does most.

    Attributes:
        stimulus: The stimulus.
        beginning: The frame at which it begins.
        end: The frame behind the last that what counts depends on.
    """

    stimulus: Textbook
    beginning: int
    end: int

    @property
    def movie(self) -> np.ndarray:
        """Luminance, shape (frame, column)."""
        return after_grey(self.stimulus.movie, self.beginning)


class Bank(NamedTuple):
    """What all cell types of a network do while it watches the textbook stimuli.

    Attributes:
        stimuli: The stimuli.
        voltage: Of the central cells, shape (stimulus, frame, cell_type).
    """

    stimuli: tuple[Textbook, ...]
    voltage: np.ndarray

    def begun(self, measured: Measured) -> Iterator[Begun]:
        """Yield all stimuli, each begun when it does most, the best first.

        Args:
            measured: What counts of the response.
        """
        voltages = self.voltage[:, :, list(measured.kinds)]
        moments = [best_beginning(measured, voltage) for voltage in voltages]
        worth = [-measured.sign * moment.response for moment in moments]
        for k in np.argsort(worth, kind="stable"):
            yield Begun(self.stimuli[k], moments[k].beginning, moments[k].end)


def textbook_stimuli(lattice: Lattice, n_frames: int, dt: float) -> Iterator[Textbook]:
    """Yield all textbook stimuli of full contrast.

    Args:
        lattice: The eye.
        n_frames: Frames of each.
        dt: Seconds per frame.
    """
    half_more = (n_frames + 0.5) * dt  # so that no frame is lost to rounding
    yield from _moving(
        partial(moving_edge, lattice, dt=dt, seconds=half_more),
        partial(moving_bar, lattice, dt=dt, seconds=half_more),
    )
    yield from _gratings(partial(grating, lattice, dt=dt, seconds=half_more))
    yield from _flashed(partial(flash, lattice, dt=dt, seconds=half_more), lattice.extent)


def _moving(edge: _Drawn, bar: _Drawn) -> Iterator[Textbook]:
    """Edges and bars in all directions, which get to the center after some time."""
    seconds = edge.keywords["seconds"]
    for (sign, luminance), speed, angle in product(_SIGNS.items(), _EDGE_SPEEDS, _ANGLES):
        start = -speed * seconds * _REACHED
        drawn = partial(edge, angle=angle, speed=speed, before=GREY, after=luminance, start=start)
        yield Textbook("edge", f"{sign} edge, {angle}°, {speed:g} col/s", drawn)
    for (sign, luminance), width, speed, angle in product(
        _SIGNS.items(), _BAR_WIDTHS, _BAR_SPEEDS, _ANGLES
    ):
        start = -speed * seconds * _REACHED
        drawn = partial(
            bar, angle=angle, speed=speed, width=width, luminance=luminance, start=start
        )
        yield Textbook("bar", f"{sign} bar, {angle}°, {speed:g} col/s, {width:g} col", drawn)


def _gratings(drifting: _Drawn) -> Iterator[Textbook]:
    for wavelength, frequency, angle in product(_WAVELENGTHS, _FREQUENCIES, _ANGLES):
        drawn = partial(drifting, angle=angle, wavelength=wavelength, frequency=frequency)
        name = f"grating, {angle}°, {wavelength:g} col, {frequency:g} Hz"
        yield Textbook("grating", name, drawn)


def _flashed(disc: _Drawn, extent: int) -> Iterator[Textbook]:
    """The whole field and discs, bright and dark, from the first frame on."""
    for (sign, luminance), duration in product(_SIGNS.items(), _DURATIONS):
        lit = partial(disc, luminance=luminance, onset=0.0, duration=duration)
        field = partial(lit, radius=extent)
        yield Textbook("flash", f"{sign} flash, {1e3 * duration:g} ms", field)
        for radius in _RADII:
            if radius < extent:
                name = f"{sign} disc, radius {radius}, {1e3 * duration:g} ms"
                yield Textbook("disc", name, partial(lit, radius=radius))


_banks: dict[tuple, Bank] = {}
"""The banks of this process: what they are of, and the bank."""

_begun: dict[tuple, dict[int, np.ndarray]] = {}
"""What there is of banks that are under way: voltages, by the first of the stimuli that were shown."""

_AT_ONCE = 48
"""Stimuli that are shown between two looks at whether somebody else waits."""

_MOST_BANKS, _MOST_BEGUN = 12, 3
"""Most that are kept: each takes some 7 MB where a movie has 80 frames."""


def textbook_bank(engine: Engine, n_frames: int, dt: float) -> Bank:
    """Return the responses of a network to all textbook stimuli: at once if they were asked for before.

    Args:
        engine: The network, ready to simulate.
        n_frames: Frames of each stimulus.
        dt: Seconds per frame.

    Raises:
        MaxstimError: if a voltage does not stay finite.
    """
    for _ in bank_parts(engine, n_frames, dt):
        pass
    return _banks[_bank_key(engine, n_frames, dt)]


def bank_parts(engine: Engine, n_frames: int, dt: float) -> Iterator[None]:
    """Compute what `textbook_bank` returns part by part, each about a second; none if it is there.

    Whoever stops iterating leaves what has been computed to those who ask for the same later.

    Args:
        engine: The network, ready to simulate.
        n_frames: Frames of each stimulus.
        dt: Seconds per frame.

    Raises:
        MaxstimError: if a voltage does not stay finite.
    """
    key = _bank_key(engine, n_frames, dt)
    if key in _banks:
        return
    stimuli = tuple(textbook_stimuli(engine.network.lattice, n_frames, dt))
    cells = engine.layout.central_cells
    while len(_begun) >= _MOST_BEGUN and key not in _begun:
        _begun.pop(next(iter(_begun)))
    voltage = _begun.setdefault(key, {})
    for first in range(0, len(stimuli), _AT_ONCE):
        if first not in voltage:
            movies = np.stack([each.movie for each in stimuli[first : first + _AT_ONCE]])
            voltage[first] = central_voltages(engine, movies, dt, cells)
            yield
    while len(_banks) >= _MOST_BANKS:
        _banks.pop(next(iter(_banks)))
    _banks[key] = Bank(stimuli, np.concatenate([voltage[first] for first in sorted(voltage)]))
    _begun.pop(key, None)


def _bank_key(engine: Engine, n_frames: int, dt: float) -> tuple:
    return engine.network.content_hash, n_frames, dt, engine.device, engine.dtype


def best_textbook(engine: Engine, measured: Measured, n_frames: int, dt: float) -> Begun:
    """Return the textbook stimulus of full contrast that does most.

    Args:
        engine: The network, ready to simulate.
        measured: What counts of the response.
        n_frames: Frames of the stimulus.
        dt: Seconds per frame.

    Raises:
        MaxstimError: if a voltage does not stay finite.
    """
    return next(textbook_bank(engine, n_frames, dt).begun(measured))


def best_beginning(measured: Measured, voltage: np.ndarray) -> Moment:
    """Return what counts of the response to a movie that begins when it does most.

    Args:
        measured: What counts.
        voltage: Response to the movie begun at once, shape (frame, watched cell).
    """
    n_frames = len(voltage)
    grey = np.asarray(measured.term.watched.grey, voltage.dtype)
    padded = np.concatenate([np.tile(grey, (n_frames, 1)), voltage]).T
    begun = np.lib.stride_tricks.sliding_window_view(padded, n_frames, axis=1)
    begun = begun[:, :0:-1].swapaxes(0, 1)  # (beginning, watched cell, frame), from at once on
    counts = measured.counted(begun)
    best = int(np.argmax(measured.sign * counts))
    counted = measured.term.counted
    end = measured.end_of(n_frames)
    if counted.how == "peak":
        first = counted.first
        traces = measured.term.sign * begun[best, 0, first:end]
        end = first + int(np.argmax(traces)) + 1
    return Moment(float(counts[best]), best, end)


def after_grey(movie: np.ndarray, beginning: int) -> np.ndarray:
    """Return a movie of the same length that begins later, with grey before.

    Args:
        movie: Luminance, shape (frame, column).
        beginning: The frame at which it begins.
    """
    grey = np.full((beginning, movie.shape[1]), GREY, np.float32)
    return np.concatenate([grey, movie[: len(movie) - beginning]])


def forget_banks() -> None:
    """Let go of all banks, as at the start of a process."""
    _banks.clear()
    _begun.clear()
