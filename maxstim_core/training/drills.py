"""The stimuli of one fitting step, drawn anew for every step from a seeded generator."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from maxstim_core.lattice import Lattice
from maxstim_core.network import GREY
from maxstim_core.stimuli.probes import flash, moving_edge
from maxstim_core.stimuli.scenes import translating_scene
from maxstim_core.training.published import ANGLES

EDGE_SPEEDS = (9.7, 13.0, 19.0, 25.0)
"""Columns per second; 2.4 and 4.8, which the published protocol has too, stay unseen."""

_REACH = 5.5
"""Columns from the centre at which an edge begins and ends."""

_EDGE_TAIL, _FLASH_ONSET, FLASH_SECONDS, _FLASH_TOTAL = 0.12, 0.05, 0.5, 0.9
_SCENE_SECONDS, _SCENE_SPEEDS, _TEXTURES = 0.6, (4.0, 25.0), range(100, 120)


@dataclass(frozen=True)
class Drills:
    """Movies of one step, each after a little grey, and what moves in them.

    Attributes:
        edges: ON then OFF edges in twelve directions, shape (2 * angle, frame, column).
        flashes: Bright and dark discs by turns, three radii, shape (6, frame, column).
        scenes: Textured scenes, shape (scene, frame, column).
        flow: Direction of motion of each scene as a unit vector, shape (2, scene).
        lead: Frames of grey before each movie.
    """

    edges: np.ndarray
    flashes: np.ndarray
    scenes: np.ndarray
    flow: np.ndarray
    lead: int


def draw(lattice: Lattice, dt: float, n_scenes: int, random: np.random.Generator) -> Drills:
    """Return the stimuli of a step.

    Args:
        lattice: The eye.
        dt: Seconds per frame.
        n_scenes: Number of textured scenes.
        random: Where chance comes from.
    """
    lead = round(0.15 / dt)
    angles = random.uniform(0, 360, n_scenes)
    return Drills(
        edges=_after_grey(_edges(lattice, dt, float(random.choice(EDGE_SPEEDS))), lead),
        flashes=_after_grey(_flashes(lattice, dt, random), lead),
        scenes=_after_grey([_scene(lattice, dt, angle, random) for angle in angles], lead)
        if n_scenes
        else np.empty((0, lead + 1, lattice.n_columns), np.float32),
        flow=np.stack([np.cos(np.deg2rad(angles)), np.sin(np.deg2rad(angles))]),
        lead=lead,
    )


def _edges(lattice: Lattice, dt: float, speed: float) -> list[np.ndarray]:
    seconds = 2 * _REACH / speed + _EDGE_TAIL
    timing = {"dt": dt, "seconds": seconds, "speed": speed, "start": -_REACH}
    return [
        moving_edge(lattice, angle=angle, before=GREY, after=after, **timing)
        for after in (1.0, 0.0)
        for angle in ANGLES
    ]


def _flashes(lattice: Lattice, dt: float, random: np.random.Generator) -> list[np.ndarray]:
    radii = (lattice.extent, min(6, lattice.extent - 1), random.integers(2, 6))
    timing = {"seconds": _FLASH_TOTAL, "onset": _FLASH_ONSET, "duration": FLASH_SECONDS}
    return [
        flash(lattice, dt=dt, radius=radius, luminance=luminance, **timing)
        for radius in radii
        for luminance in (1.0, 0.0)
    ]


def _scene(lattice: Lattice, dt: float, angle: float, random: np.random.Generator) -> np.ndarray:
    return translating_scene(
        lattice,
        dt=dt,
        seconds=_SCENE_SECONDS,
        texture=int(random.choice(_TEXTURES)),
        angle=angle,
        speed=float(np.exp(random.uniform(*np.log(_SCENE_SPEEDS)))),
        place=tuple(random.uniform(0, 64, 2)),
    )


def _after_grey(movies: list[np.ndarray], lead: int) -> np.ndarray:
    stacked = np.stack(movies).astype(np.float32)
    return np.pad(stacked, ((0, 0), (lead, 0), (0, 0)), constant_values=GREY)
