"""The clip set that comes with maxstim: scenes under a moving camera, and textbook stimuli.

Made by code, the same everywhere, rendered in seconds: 704 clips of 0.8 s, 576 of them scenes.
Directions are spread evenly, speeds evenly in their logarithm from 2 to 40 columns per second.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np

from maxstim_core.errors import MaxstimError, shown
from maxstim_core.lattice import Lattice
from maxstim_core.stimuli.clip_set import Recipe, RenderedClips, checked_index
from maxstim_core.stimuli.synthetic.probes import flash, grating, moving_edge
from maxstim_core.stimuli.synthetic.scenes import Scene, moving_scene

SECONDS = 0.8
VERSION = 3

FADE = 0.2
"""Seconds in which a scene comes out of grey: else its sudden appearance would excite many cells more
than anything that moves in it."""

_EDGES = {
    "ON": (0.5, 1.0),
    "OFF": (0.5, 0.0),
    "dark to bright": (0.0, 1.0),
    "bright to dark": (1.0, 0.0),
}
_EDGE_DIRECTIONS = tuple(range(0, 360, 30))
_DIRECTIONS = tuple(range(0, 360, 15))
_SPEEDS = tuple(float(f"{s:.3g}") for s in np.geomspace(2, 40, 6))
_GROUND_SPEEDS = tuple(float(f"{s:.3g}") for s in np.geomspace(2, 16, 4))


def made_clips(lattice: Lattice, dt: float = 0.01) -> RenderedClips:
    """Return the made set for an eye.

    Args:
        lattice: The eye to render for.
        dt: Seconds per frame.
    """
    return RenderedClips("made", VERSION, (*_probes(), *_scenes()), lattice, dt)


def scene_clips(lattice: Lattice, dt: float = 0.01) -> RenderedClips:
    """Return the scenes of the made set alone; arguments as of `made_clips`."""
    return RenderedClips("scenes", VERSION, tuple(_scenes()), lattice, dt)


def probe_clips(lattice: Lattice, dt: float = 0.01) -> RenderedClips:
    """Return the textbook stimuli of the made set alone; arguments as of `made_clips`."""
    return RenderedClips("probes", VERSION, tuple(_probes()), lattice, dt)


MADE_SETS = {"scenes": scene_clips, "made": made_clips, "probes": probe_clips}
"""The clip sets that come with maxstim, by name; the first is searched unless another is asked for."""


def flow(clips: RenderedClips, index: int) -> np.ndarray:
    """Return the optic flow of a clip of the made set.

    Args:
        clips: As from `made_clips`, `scene_clips` or `probe_clips`.
        index: Which clip, from 0.

    Returns:
        Columns per second, x rightward and y upward, shape (frame, column, 2). Of an edge or grating:
        its velocity, everywhere and always. Of a flash: 0.

    Raises:
        MaxstimError: if the set does not come with maxstim, or has no such clip.

    Example:
        >>> import maxstim_core as ms
        >>> clips = ms.open_clips("probes", extent=5)
        >>> ms.flow(clips, ms.clip_named(clips, "ON edge, 90°, 19 col/s"))[0, 0].round().tolist()
        [0.0, 19.0]
    """
    if not isinstance(clips, RenderedClips):
        raise MaxstimError(
            "Optic flow is known here of the sets that come with maxstim, such as open_clips('scenes'), "
            f"not of {shown(getattr(clips, 'name', clips))}."
        )
    index = checked_index(clips, index)
    recipe = clips.recipes[index]
    settings = dict(recipe.settings)
    seconds = settings.pop("seconds")
    settings.pop("fade", None)
    if recipe.render is moving_scene:
        return Scene(**settings).flow(clips.lattice, clips.dt, seconds)
    speed = settings.get("speed", settings.get("wavelength", 0) * settings.get("frequency", 0))
    direction = np.deg2rad(settings.get("angle", 0))
    velocity = speed * np.array([np.cos(direction), np.sin(direction)])
    return np.broadcast_to(velocity, (*clips[index].shape, 2))


def _probes() -> Iterator[Recipe]:
    yield from _edges()
    yield from _gratings()
    yield from _flashes()


def _edges() -> Iterator[Recipe]:
    for kind, (before, after) in _EDGES.items():
        for speed, angle in product((9.7, 19.0), _EDGE_DIRECTIONS):
            # The edge crosses the centre half-way through the clip.
            settings = {"seconds": SECONDS, "angle": angle, "speed": speed}
            settings |= {"before": before, "after": after, "start": -speed * SECONDS / 2}
            yield Recipe(f"{kind} edge, {angle}°, {speed:g} col/s", moving_edge, settings)


def _gratings() -> Iterator[Recipe]:
    for wavelength, angle in product((5.0, 9.0), _EDGE_DIRECTIONS):
        settings = {"seconds": SECONDS, "angle": angle, "wavelength": wavelength}
        settings |= {"frequency": 2.0}
        yield Recipe(f"grating, {angle}°, {wavelength:g} col, 2 Hz", grating, settings)


def _flashes() -> Iterator[Recipe]:
    for kind, luminance in (("bright", 1.0), ("dark", 0.0)):
        for radius in (0, 1, 2, 6):
            settings = {"seconds": SECONDS, "radius": radius, "luminance": luminance}
            settings |= {"onset": 0.3, "duration": 0.3}
            yield Recipe(f"{kind} disc, radius {radius}", flash, settings)


def _scenes() -> Iterator[Recipe]:
    """Each scene with textures, places, light and contrast of its own."""
    random = np.random.default_rng(0)
    for seed, (name, settings) in enumerate(_camera_paths(random)):
        contrast = float(np.exp(random.normal(-0.1, 0.3)))
        scene = {"seed": seed, **settings, "contrast": round(contrast, 3)}
        yield Recipe(
            f"scene {seed}: {name}", moving_scene, {"seconds": SECONDS, "fade": FADE, **scene}
        )


def _camera_paths(random: np.random.Generator) -> Iterator[tuple[str, dict]]:
    for angle, speed in product(_DIRECTIONS, _SPEEDS):
        settings = {"angle": angle, "speed": speed, "foliage": 1}
        yield f"turn, {angle}°, {speed:g} col/s", settings
    for angle, speed in product(_DIRECTIONS, _GROUND_SPEEDS):
        settings = {"angle": angle, "speed": speed, "foliage": 2, "parallax": 1.6}
        yield f"travel, {angle}°, {speed:g} col/s and parallax", settings
    for angle, speed in product(_DIRECTIONS, _SPEEDS):
        settings = {"angle": _any_angle(random), "speed": float(random.choice([0.0, 2.0, 4.0]))}
        settings |= {"objects": 2, "object_angle": angle, "object_speed": speed}
        yield f"objects, {angle}°, {speed:g} col/s", settings
    # Six columns from the centre the picture moves at the speeds above.
    for speed, sign, k in product(_SPEEDS, (1, -1), range(4)):
        roll = sign * round(float(np.rad2deg(speed / 6)), 1)
        yield f"roll {roll:g}°/s, {k}", {"roll": roll, "foliage": k % 2, "objects": k // 2}
    for rate, sign, k in product((0.3, 0.42, 0.6, 0.85, 1.1, 1.4), (1, -1), range(4)):
        settings = {"expansion": sign * rate, "foliage": k % 2, "objects": k // 2}
        settings |= {"parallax": 1.3 if k % 2 else 1.0}
        yield f"{'approach' if sign > 0 else 'retreat'}, {rate:g}/s, {k}", settings
    for angle, speed in product(_DIRECTIONS, _GROUND_SPEEDS):
        settings = {"angle": angle, "speed": speed, "foliage": 1, "parallax": 1.6, "objects": 1}
        settings |= {
            "object_angle": _any_angle(random),
            "object_speed": float(random.choice(_SPEEDS)),
        }
        settings |= {"roll": round(float(random.normal(0, 45)), 1)}
        settings |= {"expansion": round(float(random.normal(0, 0.4)), 3)}
        yield f"flight, {angle}°, {speed:g} col/s", settings


def _any_angle(random: np.random.Generator) -> float:
    return round(float(random.uniform(0, 360)), 1)
