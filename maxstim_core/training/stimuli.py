"""The stimuli of one fitting step, drawn anew for every step from a seeded generator."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from maxstim_core.conventions import GREY
from maxstim_core.lattice import Lattice
from maxstim_core.stimuli.synthetic.probes import flash, moving_edge
from maxstim_core.stimuli.synthetic.scenes import Scene, translating_scene
from maxstim_core.stimuli.synthetic.textures import SIDE, plain_texture
from maxstim_core.tuning.facts import ANGLES

EDGE_SPEEDS = (4.8, 9.7, 13.0, 19.0, 25.0)
"""Columns per second; 2.4, which the published protocol has too, stays unseen."""

_REACH = 5.5
"""Columns from the centre at which an edge begins and ends."""

_EDGE_TAIL, _FLASH_ONSET, FLASH_SECONDS, _FLASH_TOTAL = 0.12, 0.05, 0.5, 0.9
_SCENE_SECONDS, _SCENE_SPEEDS = 0.6, (4.0, 25.0)

TEXTURES = range(100, 120)
"""Seeds of the plain textures that are shown; all others stay unseen."""


@dataclass(frozen=True)
class FitStimuli:
    """Movies of one step, each after a little grey, and what moves in them.

    Attributes:
        angles: Index into `ANGLES` (degrees) of each direction of the edges, shape (angle,): every
            other one.
        edges: ON then OFF edges, shape (2 * angle, frame, column).
        flashes: Bright and dark discs by turns, three radii, shape (6, frame, column).
        scenes: Plain and natural textures that move over the eye, shape (scene, frame, column).
        flow: Their velocities in columns per second, shape (2, scene).
        lead: Frames of grey before each movie.
    """

    angles: np.ndarray
    edges: np.ndarray
    flashes: np.ndarray
    scenes: np.ndarray
    flow: np.ndarray
    lead: int


def draw(lattice: Lattice, dt: float, n_scenes: int, random: np.random.Generator) -> FitStimuli:
    """Return the stimuli of a step.

    Args:
        lattice: The eye.
        dt: Seconds per frame.
        n_scenes: Number of scenes.
        random: Where chance comes from.
    """
    lead = round(0.15 / dt)
    angles = np.arange(random.integers(2), len(ANGLES), 2)
    ways = random.uniform(0, 360, n_scenes)
    slowest, fastest = np.log(_SCENE_SPEEDS)
    speeds = np.exp(random.uniform(slowest, fastest, n_scenes))
    return FitStimuli(
        angles=angles,
        edges=_after_grey(
            _edges(lattice, dt, ANGLES[angles], float(random.choice(EDGE_SPEEDS))), lead
        ),
        flashes=_after_grey(_flashes(lattice, dt, random), lead),
        scenes=_after_grey(_scenes(lattice, dt, ways, speeds, random), lead)
        if n_scenes
        else np.empty((0, lead + 1, lattice.n_columns), np.float32),
        flow=speeds * np.stack([np.cos(np.deg2rad(ways)), np.sin(np.deg2rad(ways))]),
        lead=lead,
    )


def _edges(lattice: Lattice, dt: float, angles: np.ndarray, speed: float) -> list[np.ndarray]:
    seconds = 2 * _REACH / speed + _EDGE_TAIL
    timing = {"dt": dt, "seconds": seconds, "speed": speed, "start": -_REACH}
    return [
        moving_edge(lattice, angle=angle, before=GREY, after=after, **timing)
        for after in (1.0, 0.0)
        for angle in angles
    ]


def _flashes(lattice: Lattice, dt: float, random: np.random.Generator) -> list[np.ndarray]:
    radii = (lattice.extent, min(6, lattice.extent - 1), int(random.integers(2, 6)))
    return [
        flash(
            lattice,
            dt=dt,
            seconds=_FLASH_TOTAL,
            radius=radius,
            luminance=luminance,
            onset=_FLASH_ONSET,
            duration=FLASH_SECONDS,
        )
        for radius in radii
        for luminance in (1.0, 0.0)
    ]


def _scenes(
    lattice: Lattice, dt: float, ways: np.ndarray, speeds: np.ndarray, random: np.random.Generator
) -> list[np.ndarray]:
    """Plain textures and natural ones by turns, so that the network leans on the look of neither."""
    scenes = []
    for k, (angle, speed) in enumerate(zip(ways, speeds, strict=True)):
        if k % 2:
            world = Scene(
                int(random.integers(2**31)),
                angle,
                speed,
                foliage=int(random.integers(2)),
                contrast=float(np.exp(random.normal(0, 0.3))),
            )
            scenes.append(world.render(lattice, dt, _SCENE_SECONDS))
        else:
            texture = plain_texture(int(random.choice(TEXTURES)))
            place = tuple(random.uniform(0, SIDE, 2))
            plain = {"texture": texture, "angle": angle, "speed": speed, "place": place}
            scenes.append(translating_scene(lattice, dt=dt, seconds=_SCENE_SECONDS, **plain))
    return scenes


def _after_grey(movies: list[np.ndarray], lead: int) -> np.ndarray:
    stacked = np.stack(movies).astype(np.float32)
    return np.pad(stacked, ((0, 0), (lead, 0), (0, 0)), constant_values=GREY)
