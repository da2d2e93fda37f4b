"""The best clips of a natural set to compare an answer with, found among all of them.

What every clip does to every cell type is measured once for a network, from grey on. From that follows
for any objective where each clip has to be cut so that what counts of it is most; the cuts are then
shown again, at full contrast and at equal energy: docs/controls.md#the-controls.

The many are tried on a smaller eye, at a third of the cost: what is further from the central cells
hardly reaches them while a clip goes on. The few that are chosen are shown to the whole eye.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from itertools import chain, islice
from typing import Any, NamedTuple

import numpy as np

from maxstim_core.comparison.equal_energy import BEGINNINGS, Trial
from maxstim_core.conventions import GREY
from maxstim_core.lattice import Lattice, ring_distance
from maxstim_core.optimal.constraints import contrast_energy
from maxstim_core.optimal.measured_response import Measured, central_voltages
from maxstim_core.simulation.choose_engine import make_engine
from maxstim_core.simulation.engine import Engine
from maxstim_core.stimuli.clip_set import ClipSet
from maxstim_core.stimuli.resample import resampled

_FULL, _EQUAL = 12, 8
"""How many of the best clips are handed on: at full contrast, and by each of the ways to be weak."""

SMALL = 8
"""Rings of the eye on which all clips are tried. Of the clips of the default set that do most there, or
least, 12 hold one that does as much as any to a cell type on the whole eye, in all bundled networks."""

NARROW = 3
"""Rings of the aperture behind which all clips are shown at equal energy, besides none."""

_LEAST = 1e-12
"""Contrast energy below which a clip is grey."""

_AT_ONCE = 48
"""Clips that are shown between two looks at whether somebody else waits, about a second on one core."""

_MOST_SETS, _MOST_BANKS = 1, 4
"""Sets whose luminance is kept, 33 MB for 576 clips of 80 frames, and responses, 12 MB each."""


class ClipResponses(NamedTuple):
    """What all cell types do, on a small eye, while it watches the clips of a set, whole, from grey on.

    Attributes:
        luminance: Of each clip, shape (frame, column), uint8, 255 is white: exact enough to choose by.
        voltage: Of the central cells, shape (frame, cell_type), for each clip.
    """

    luminance: list[np.ndarray]
    voltage: list[np.ndarray]


class Cut(NamedTuple):
    """Which part of a clip is shown, and what came of it.

    Attributes:
        clip: Number of the clip.
        stop: The frame of the clip behind the last that is shown.
        response: What counts of the response, in RMS above grey.
    """

    clip: int
    stop: int
    response: float


class Chosen(NamedTuple):
    """The clips that do most of all in a set, the best first.

    Attributes:
        full: At full contrast.
        equal: At equal energy: those that do most at full contrast, that would if responses were
            proportional to contrast, and that do behind an aperture, shown late.
    """

    full: list[Trial]
    equal: list[Trial]


_luminance: dict[tuple, dict[int, np.ndarray]] = {}
"""Luminance of the clips of a set, by its hash and seconds per frame, then by number."""

_voltage: dict[tuple, dict[int, np.ndarray]] = {}
"""Responses to clips, by network, set, seconds per frame, device and precision, then by number."""


def clip_parts(engine: Engine, clips: ClipSet, dt: float) -> Iterator[None]:
    """Show a network all clips part by part, each about a second; none if that was done before.

    Whoever stops iterating leaves what has been computed to those who ask for the same later.

    Args:
        engine: The network, ready to simulate.
        clips: The set.
        dt: Seconds per frame.

    Raises:
        MaxstimError: if a voltage does not stay finite.
    """
    engine = small_eye(engine)
    shown, voltage = _kept(engine, clips, dt)
    cells, columns = engine.layout.central_cells, columns_of(engine, clips.lattice)
    missing = [k for k in range(len(clips)) if k not in voltage or k not in shown]
    for first in range(0, len(missing), _AT_ONCE):
        part = missing[first : first + _AT_ONCE]
        movies = {k: resampled(clips[k], clips.dt, dt).astype(np.float32) for k in part}
        lacking = [k for k in part if k not in voltage]
        for length in {len(movies[k]) for k in lacking}:
            these = [k for k in lacking if len(movies[k]) == length]
            seen = np.stack([movies[k][:, columns] for k in these])
            found = central_voltages(engine, seen, dt, cells)
            voltage.update(zip(these, found, strict=True))
        shown.update((k, _bytes_of(movie)) for k, movie in movies.items())
        yield


def clip_responses(engine: Engine, clips: ClipSet, dt: float) -> ClipResponses:
    """Return what a network does while it watches all clips: at once if it was asked for before.

    Args:
        engine: The network, ready to simulate.
        clips: The set.
        dt: Seconds per frame.

    Raises:
        MaxstimError: if a voltage does not stay finite.
    """
    for _ in clip_parts(engine, clips, dt):
        pass
    shown, voltage = _kept(small_eye(engine), clips, dt)
    numbers = range(len(clips))
    return ClipResponses([shown[k] for k in numbers], [voltage[k] for k in numbers])


def small_eye(engine: Engine) -> Engine:
    """Return an engine for the same network on the eye where many clips are tried."""
    network = engine.network
    if network.lattice.extent <= SMALL:
        return engine
    settings: dict[str, Any] = {
        name: getattr(engine, name) for name in ("device", "dtype", "threads")
    }
    return make_engine(network.on_eye(SMALL), **settings)


def columns_of(engine: Engine, lattice: Lattice) -> np.ndarray:
    """Return which columns of an eye those of an engine's eye are, shape (column,)."""
    return np.flatnonzero(ring_distance(lattice.u, lattice.v) <= engine.network.lattice.extent)


def _kept(engine: Engine, clips: ClipSet, dt: float) -> tuple[dict, dict]:
    """Return what there is of the luminance of a set and of the responses to it, by clip."""
    of_set = clips.content_hash, dt
    of_bank = engine.network.content_hash, *of_set, engine.device, engine.dtype
    for kept, key, most in ((_luminance, of_set, _MOST_SETS), (_voltage, of_bank, _MOST_BANKS)):
        while len(kept) >= most and key not in kept:
            kept.pop(next(iter(kept)))
    return _luminance.setdefault(of_set, {}), _voltage.setdefault(of_bank, {})


def forget_clips() -> None:
    """Let go of all clips and the responses to them, as at the start of a process."""
    _luminance.clear()
    _voltage.clear()


def chosen_clips(
    engine: Engine,
    measured: Measured,
    clips: ClipSet,
    stimulus: np.ndarray,
    dt: float,
    energy: float,
) -> Generator[bool, None, Chosen]:
    """Find the clips that do most, among all of a set.

    Args:
        engine: The network, ready to simulate.
        measured: What counts of the response.
        clips: The set.
        stimulus: The answer, luminance, shape (frame, column): clips are shown for as long.
        dt: Seconds per frame.
        energy: Contrast energy of the answer.

    Yields:
        False after each part of about a second.

    Returns:
        What was found.

    Raises:
        MaxstimError: if a voltage does not stay finite.
    """
    small = small_eye(engine)
    for _ in clip_parts(small, clips, dt):
        yield False
    seen = clip_responses(small, clips, dt)
    lattice = engine.network.lattice
    n_frames, end = len(stimulus), measured.end_of(len(stimulus))
    cuts = [best_cut(measured, k, voltage, end) for k, voltage in enumerate(seen.voltage)]
    yield False

    def movie(cut: Cut, clip: np.ndarray) -> Trial:
        return Trial(clips.names[cut.clip], shown_cut(clip, cut.stop, n_frames, end), end)

    def trial(k: int) -> Trial:
        return movie(cuts[k], _from_bytes(seen.luminance[k]))

    # Where a cut leaves the beginning of a clip out, the response is another than to the whole clip.
    shorter = [k for k, cut in enumerate(cuts) if cut.stop > end]
    again = yield from _shown(small, measured, lattice, dt, map(trial, shorter), None)
    responses = [cut.response for cut in cuts]
    for k, response in zip(shorter, again, strict=True):
        responses[k] = response
    ways = _narrow_ways(engine, measured)
    behind = (replace(trial(k), **ways) for k in range(len(cuts)))
    narrow = yield from _shown(small, measured, lattice, dt, behind, energy)
    weaker = [
        response * min(1.0, (energy / max(contrast_energy(trial(k).movie), _LEAST)) ** 0.5)
        for k, response in enumerate(responses)
    ]
    full = _best(measured, responses, _FULL)
    most = (_best(measured, each, _EQUAL) for each in (responses, narrow, weaker))
    equal = list(dict.fromkeys(chain.from_iterable(most)))
    exact = {
        k: movie(cuts[k], resampled(clips[k], clips.dt, dt).astype(np.float32))
        for k in {*full, *equal}
    }
    return Chosen([exact[k] for k in full], [exact[k] for k in equal])


def _narrow_ways(engine: Engine, measured: Measured) -> dict[str, Any]:
    """Return how clips spend their energy where and when the cell looks, as settings of `Trial`."""
    rings = NARROW if engine.network.lattice.extent > NARROW else None
    is_mean = measured.term.counted.how == "mean"
    return {"rings": rings, "seconds": None if is_mean else BEGINNINGS[-1]}


def best_cut(measured: Measured, clip: int, voltage: np.ndarray, end: int) -> Cut:
    """Return where a clip has to end so that what counts of the response to it is most.

    Args:
        measured: What counts.
        clip: Number of the clip.
        voltage: Response to the whole clip, shape (frame, cell_type).
        end: The frame of the movie behind the last that counts, where the clip is to end.
    """
    own = voltage[:, list(measured.kinds)]
    grey = np.asarray(measured.term.watched.grey, own.dtype)
    padded = np.concatenate([np.tile(grey, (end, 1)), own])
    # Shape (stop, watched cell, frame), of stops from the first frame on.
    windows = np.lib.stride_tricks.sliding_window_view(padded, end, axis=0)[1:]
    counts = measured.counted(windows)
    best = int(np.argmax(measured.sign * counts))
    return Cut(clip, best + 1, float(counts[best]))


def shown_cut(clip: np.ndarray, stop: int, n_frames: int, end: int) -> np.ndarray:
    """Return a clip as it is shown: so that it ends with what counts, grey before and after.

    Args:
        clip: Luminance, shape (frame, column).
        stop: The frame of the clip behind the last that is shown.
        n_frames: Frames of the movie.
        end: The frame of the movie behind the last that counts.

    Returns:
        Luminance, shape (n_frames, column).
    """
    movie = np.full((n_frames, clip.shape[1]), GREY, np.float32)
    length = min(stop, end)
    movie[end - length : end] = clip[stop - length : stop]
    return movie


def _shown(
    engine: Engine,
    measured: Measured,
    lattice: Lattice,
    dt: float,
    trials: Iterator[Trial],
    energy: float | None,
) -> Generator[bool, None, list[float]]:
    """Show movies of an eye, many at once, and return what counts of the responses, by `engine`.

    Grey that all of them begin with is not simulated: it changes nothing. Yields after each part.
    """
    columns, found = columns_of(engine, lattice), []
    while part := list(islice(trials, _AT_ONCE)):
        movies = np.stack([each.luminance(lattice, dt, energy) for each in part])
        begin = min(each.first_frame(dt) for each in part)
        voltage = measured.voltage(engine, movies[:, begin:, columns], dt)
        grey = np.asarray(measured.term.watched.grey, voltage.dtype)[:, None]
        before = np.broadcast_to(grey, (*voltage.shape[:2], begin))
        found += measured.counted(np.concatenate([before, voltage], -1)).tolist()
        yield False
    return found


def _best(measured: Measured, responses: Sequence[float], n_best: int) -> list[int]:
    order = np.argsort(-measured.sign * np.asarray(responses), kind="stable")
    return order[:n_best].tolist()


def _bytes_of(movie: np.ndarray) -> np.ndarray:
    return np.rint(255 * np.clip(movie, 0, 1)).astype(np.uint8)


def _from_bytes(movie: np.ndarray) -> np.ndarray:
    return movie.astype(np.float32) / np.float32(255)
