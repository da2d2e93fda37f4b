"""The clip set that comes with maxstim: edges, gratings, flashes and textured scenes.

Made by code, the same everywhere, rendered in seconds: 188 clips of 0.8 s.
"""

from __future__ import annotations

import numpy as np

from maxstim_core.lattice import Lattice
from maxstim_core.stimuli.clips import Recipe, RenderedClips
from maxstim_core.stimuli.probes import flash, grating, moving_edge
from maxstim_core.stimuli.scenes import translating_scene

SECONDS = 0.8
DIRECTIONS = tuple(range(0, 360, 30))
VERSION = 1

_EDGES = {
    "ON": (0.5, 1.0),
    "OFF": (0.5, 0.0),
    "dark to bright": (0.0, 1.0),
    "bright to dark": (1.0, 0.0),
}
_N_SCENES, _N_TEXTURES = 60, 12


def made_clips(lattice: Lattice, dt: float = 0.01) -> RenderedClips:
    """Return the made set for an eye.

    Args:
        lattice: The eye to render for.
        dt: Seconds per frame.
    """
    recipes = (*_edges(), *_gratings(), *_flashes(), *_scenes())
    return RenderedClips("made", VERSION, recipes, lattice, dt)


def _edges():
    for kind, (before, after) in _EDGES.items():
        for speed in (9.7, 19.0):
            for angle in DIRECTIONS:
                # The edge crosses the centre half-way through the clip.
                settings = {"seconds": SECONDS, "angle": angle, "speed": speed}
                settings |= {"before": before, "after": after, "start": -speed * SECONDS / 2}
                yield Recipe(f"{kind} edge, {angle}°, {speed:g} col/s", moving_edge, settings)


def _gratings():
    for wavelength in (5.0, 9.0):
        for angle in DIRECTIONS:
            settings = {"seconds": SECONDS, "angle": angle, "wavelength": wavelength}
            settings |= {"frequency": 2.0}
            yield Recipe(f"grating, {angle}°, {wavelength:g} col, 2 Hz", grating, settings)


def _flashes():
    for kind, luminance in (("bright", 1.0), ("dark", 0.0)):
        for radius in (0, 1, 2, 6):
            settings = {"seconds": SECONDS, "radius": radius, "luminance": luminance}
            settings |= {"onset": 0.3, "duration": 0.3}
            yield Recipe(f"{kind} disc, radius {radius}", flash, settings)


def _scenes():
    random = np.random.default_rng(0)
    for k in range(_N_SCENES):
        angle, speed = float(random.uniform(0, 360)), float(np.exp(random.uniform(1.5, 3.4)))
        place = tuple(float(p) for p in random.uniform(0, 64, 2))
        settings = {"seconds": SECONDS, "texture": k % _N_TEXTURES, "angle": angle}
        settings |= {"speed": speed, "place": place}
        yield Recipe(f"scene {k}, {angle:.0f}°, {speed:.0f} col/s", translating_scene, settings)
