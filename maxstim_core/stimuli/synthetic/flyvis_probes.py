"""Moving edges, moving bars, flashes and impulses exactly as flyvis shows them.

See docs/numerics.md#moving-edges-and-bars and docs/numerics.md#flashes-and-impulses. Each function
returns a clip set whose recipes are the table of the data set: the settings of clip k, its angle,
width, intensity and speed, are ``clips.recipes[k].settings``, in flyvis's order. A moving stimulus is
drawn on a monitor at 21 offsets, turned there with 8 bits per pixel, and looked at by hexagons of
pixels: so its background is 127/255, not 1/2, for every angle but 0.

flyvis pads all movies with NaN to the length of the longest; here each ends where it ends.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from itertools import product

import numpy as np

from maxstim_core.conventions import GREY, frames_in
from maxstim_core.errors import MaxstimError
from maxstim_core.lattice import DEGREES_PER_COLUMN, Lattice
from maxstim_core.stimuli.clip_set import Recipe, RenderedClips
from maxstim_core.stimuli.synthetic.flyvis_monitor import (
    MONITOR,
    PIXELS_PER_COLUMN,
    PUBLISHED_EYE,
    bars_seen,
)

DEGREES_PER_LED = 2.25
"""Width of a light of the monitor; widths, heights and offsets of bars are counted in these."""

_ANGLES = tuple(range(0, 360, 30))
SPEEDS = (2.4, 4.8, 9.7, 13.0, 19.0, 25.0)
"""Columns of 5.8° per second, although flyvis's documentation calls them otherwise."""

OFFSETS = np.arange(-10, 11)
"""Places that a bar or edge visits, in lights from its middle place."""

EDGE_WIDTH = 80
"""An edge is the front of a bar of this width, which starts at the left border of the monitor."""

IMPULSE_SECONDS = (0.005, 0.02, 0.05, 0.1, 0.2, 0.3)

_VERSION = 1


def flyvis_moving_edges(
    lattice: Lattice,
    dt: float = 1 / 200,
    *,
    angles: Iterable[float] = _ANGLES,
    intensities: Iterable[float] = (0.0, 1.0),
    speeds: Iterable[float] = SPEEDS,
    height: int = 80,
    t_pre: float = 1.0,
    t_post: float = 1.0,
) -> RenderedClips:
    """Return flyvis's moving edges: grey, an edge that crosses the eye, and what it leaves behind.

    Args:
        lattice: The eye; one smaller than the published sees the middle of what that sees.
        dt: Seconds per frame.
        angles: Directions of motion, degrees counter-clockwise from rightward.
        intensities: Luminances behind the edge.
        speeds: Columns per second.
        height: Length of the edge in lights of 2.25°: 80 in flyvis's analysis, 9 in its class.
        t_pre: Seconds of grey before.
        t_post: Seconds that the last frame stays.

    Returns:
        Clips ordered by angle, intensity and speed, the speed fastest: 144 by default.

    Raises:
        MaxstimError: if the eye is larger than the monitor, or a size or time makes no sense.
    """
    fixed = {"height": height, "middle": 0, "stays": True, "t_pre": t_pre, "t_post": t_post}
    table = product(angles, (EDGE_WIDTH,), intensities, speeds)
    return _moving("flyvis moving edges", lattice, dt, table, fixed)


def flyvis_moving_bars(
    lattice: Lattice,
    dt: float = 1 / 200,
    *,
    angles: Iterable[float] = _ANGLES,
    widths: Iterable[int] = (1, 2, 4),
    intensities: Iterable[float] = (0.0, 1.0),
    speeds: Iterable[float] = SPEEDS,
    height: int = 9,
    t_pre: float = 1.0,
    t_post: float = 1.0,
) -> RenderedClips:
    """Return flyvis's moving bars: grey, a bar that crosses the middle of the eye, and grey.

    Args:
        lattice: The eye; one smaller than the published sees the middle of what that sees.
        dt: Seconds per frame.
        angles: Directions of motion, degrees counter-clockwise from rightward.
        widths: Widths of the bars in lights of 2.25°.
        intensities: Luminances of the bars.
        speeds: Columns per second.
        height: Length of the bars in lights.
        t_pre: Seconds of grey before.
        t_post: Seconds of grey after.

    Returns:
        Clips ordered by angle, width, intensity and speed, the speed fastest: 432 by default.

    Raises:
        MaxstimError: if the eye is larger than the monitor, or a size or time makes no sense.
    """
    fixed = {"height": height, "middle": 90, "stays": False, "t_pre": t_pre, "t_post": t_post}
    table = product(angles, widths, intensities, speeds)
    return _moving("flyvis moving bars", lattice, dt, table, fixed)


def flyvis_flashes(
    lattice: Lattice,
    dt: float = 1 / 200,
    *,
    intensities: Iterable[float] = (0.0, 1.0),
    radii: Iterable[int] = (-1, 6),
    t_stim: float = 1.0,
    t_pre: float = 1.0,
) -> RenderedClips:
    """Return flyvis's flashes: grey, a disc or the whole field, and grey for as long as before.

    Args:
        lattice: The eye.
        dt: Seconds per frame.
        intensities: Luminances of the flash.
        radii: Rings around the central column that flash; -1 is the whole field.
        t_stim: Seconds of the flash.
        t_pre: Seconds of grey before, and after.

    Returns:
        Clips ordered by intensity and radius, the radius fastest: 4 by default.

    Raises:
        MaxstimError: if a time makes no sense.
    """
    _check_times(dt, t_stim=t_stim, t_pre=t_pre)
    recipes = []
    for intensity, radius in product(intensities, radii):
        settings = {"intensity": float(intensity), "radius": int(radius)}
        name = f"flash to {intensity:g}, " + ("full field" if radius < 0 else f"radius {radius}")
        recipes.append(Recipe(name, _flash, settings | {"t_stim": t_stim, "t_pre": t_pre}))
    return RenderedClips("flyvis flashes", _VERSION, tuple(recipes), lattice, dt)


def flyvis_impulses(
    lattice: Lattice,
    dt: float = 1 / 200,
    *,
    reach: int = 0,
    intensities: Iterable[float] = (0.0, 1.0),
    durations: Iterable[float] = IMPULSE_SECONDS,
    t_stim: float = 2.0,
    t_pre: float = 1.0,
) -> RenderedClips:
    """Return flyvis's impulses: one column that lights up or goes dark on grey for a moment.

    With `reach` 0 these are its CentralImpulses; with `reach` 4 and durations of 5 and 20 ms its
    SpatialImpulses.

    Args:
        lattice: The eye.
        dt: Seconds per frame.
        reach: Rings around the central column in which each column has impulses of its own.
        intensities: Luminances of the column.
        durations: Seconds of the impulse.
        t_stim: Seconds from the impulse's onset to the end.
        t_pre: Seconds of grey before.

    Returns:
        Clips ordered by column, intensity and duration, the duration fastest.

    Raises:
        MaxstimError: if a time makes no sense.
    """
    durations = tuple(durations)
    _check_times(dt, t_stim=t_stim, t_pre=t_pre, duration=min(durations, default=dt))
    recipes = []
    near = np.flatnonzero(lattice.ring <= reach)
    for column, intensity, duration in product(near, intensities, durations):
        u, v = int(lattice.u[column]), int(lattice.v[column])
        settings = {"u": u, "v": v, "intensity": float(intensity), "duration": float(duration)}
        name = f"impulse to {intensity:g} at ({u}, {v}), {1e3 * duration:g} ms"
        recipes.append(Recipe(name, _impulse, settings | {"t_stim": t_stim, "t_pre": t_pre}))
    return RenderedClips("flyvis impulses", _VERSION, tuple(recipes), lattice, dt)


def seconds_of_motion(speed: float) -> float:
    """Return how long a moving edge or bar takes to visit all its places.

    Args:
        speed: Columns per second.
    """
    # In radians, as flyvis, so that the quotient by dt is cut at the same frame.
    return len(OFFSETS) * np.radians(DEGREES_PER_LED) / (speed * np.radians(DEGREES_PER_COLUMN))


def _moving(name: str, lattice: Lattice, dt: float, table: Iterable, fixed: dict) -> RenderedClips:
    if lattice.extent > PUBLISHED_EYE.extent:
        raise MaxstimError(
            f"flyvis's monitor covers {PUBLISHED_EYE.extent} rings of columns; choose an eye of extent "
            f"{PUBLISHED_EYE.extent} or less, not {lattice.extent}."
        )
    if not 1 <= fixed["height"] <= EDGE_WIDTH:
        raise MaxstimError(
            f"A moving bar or edge must be 1 to {EDGE_WIDTH} lights high, not {fixed['height']!r}."
        )
    _check_times(dt, t_pre=fixed["t_pre"], t_post=fixed["t_post"])
    recipes = []
    for angle, width, intensity, speed in table:
        if not speed > 0 or not 1 <= width <= EDGE_WIDTH:
            raise MaxstimError(
                f"Speeds must be positive and widths 1 to {EDGE_WIDTH}, not {speed!r} and {width!r}."
            )
        settings = {"angle": float(angle), "width": int(width)}
        settings |= {"intensity": float(intensity), "speed": float(speed), **fixed}
        label = f"{angle:g}°, width {width}, to {intensity:g}, {speed:g} col/s"
        recipes.append(Recipe(label, _moving_bar, settings))
    return RenderedClips(name, _VERSION, tuple(recipes), lattice, dt)


def _check_times(dt: float, **times: float) -> None:
    if not dt > 0 or min(times.values()) < 0:
        listed = " and ".join(f"{name} {value!r}" for name, value in times.items())
        raise MaxstimError(f"Times must not be negative nor dt zero: dt {dt!r}, {listed}.")


def _moving_bar(
    lattice: Lattice,
    *,
    dt: float,
    angle: float,
    width: int,
    intensity: float,
    speed: float,
    height: int,
    middle: float,
    stays: bool,
    t_pre: float,
    t_post: float,
) -> np.ndarray:
    """A bar about the place `middle` (degrees from the left border), shape (frame, column)."""
    moving = seconds_of_motion(speed)
    places = _evenly(len(OFFSETS) - 1, frames_in(moving, dt)).astype(int)
    bars = _bars(angle, width, intensity, height, middle)
    movie = bars[places][:, PUBLISHED_EYE.index(lattice.u, lattice.v)]
    # Each padding fills up to a length that is cut anew, as in flyvis.
    before = frames_in(moving + t_pre, dt) - len(places)
    after = frames_in(moving + t_pre + t_post, dt) - len(places) - before
    movie = np.pad(movie, ((before, 0), (0, 0)), constant_values=GREY)
    ending = {"mode": "edge"} if stays else {"mode": "constant", "constant_values": GREY}
    return np.pad(movie, ((0, after), (0, 0)), **ending)


def _evenly(last: int, steps: int) -> np.ndarray:
    """Return the numbers of ``torch.linspace(0, last, steps)``, float32: half of them from each end."""
    step = np.float64(np.float32(last) / np.float32(max(steps - 1, 1)))
    k = np.arange(steps)
    return np.where(k < max(steps // 2, 1), step * k, last - step * (steps - 1 - k)).astype(
        np.float32
    )


@lru_cache(maxsize=512)
def _bars(angle: float, width: int, intensity: float, height: int, middle: float) -> np.ndarray:
    """A bar at all its places as the published eye sees it, shape (place, column), float32."""
    led = np.radians(DEGREES_PER_LED)
    wide, high = (
        int(led * size / np.radians(DEGREES_PER_COLUMN) * PIXELS_PER_COLUMN)
        for size in (width, height)
    )
    rows = int(MONITOR // 2 - high / 2), int(MONITOR // 2 + high / 2)
    across = MONITOR * (np.radians(middle) + OFFSETS * led) / np.radians(180)
    left = np.trunc(np.trunc(across) - wide / 2).astype(int)
    spans = [(first, first + wide) for first in left.tolist()]
    return bars_seen(angle, rows, spans, intensity).astype(np.float32)


def _flash(
    lattice: Lattice, *, dt: float, intensity: float, radius: int, t_stim: float, t_pre: float
) -> np.ndarray:
    """A disc that is switched on and off, shape (frame, column)."""
    before, during = frames_in(t_pre, dt), frames_in(t_stim, dt)
    movie = np.full((2 * before + during, lattice.n_columns), GREY, np.float32)
    lit = np.flatnonzero(lattice.ring <= radius) if radius >= 0 else slice(None)
    movie[before : before + during, lit] = intensity
    return movie


def _impulse(
    lattice: Lattice,
    *,
    dt: float,
    u: int,
    v: int,
    intensity: float,
    duration: float,
    t_stim: float,
    t_pre: float,
) -> np.ndarray:
    """One column that is lit for a moment, shape (frame, column)."""
    before = frames_in(t_stim + t_pre, dt) - frames_in(t_stim, dt)
    movie = np.full((frames_in(t_stim + t_pre, dt), lattice.n_columns), GREY, np.float32)
    movie[before : before + frames_in(duration, dt), lattice.index(u, v)] = intensity
    return movie
