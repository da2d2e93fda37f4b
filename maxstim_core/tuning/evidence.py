"""What a network does with stimuli beyond the two published protocols: discs, gratings and scenes.

Nobody has fitted a bundled or published network to a grating, to most of the discs, nor to any of these
scenes: where the known tuning holds for these too, it is more than the answer that was asked for.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np

from maxstim_core.conventions import frames_in
from maxstim_core.simulation.engine import Engine
from maxstim_core.stimuli.synthetic.probes import grating
from maxstim_core.stimuli.synthetic.scenes import translating_scene
from maxstim_core.stimuli.synthetic.textures import (
    SIDE,
    cloud_texture,
    natural_texture,
    plain_texture,
)
from maxstim_core.tuning.facts import ANGLES, KNOWN_POLARITY, PREFERRED_DIRECTION
from maxstim_core.tuning.measures import angular_distance, peak_response, preferred_direction
from maxstim_core.tuning.protocol import DT, central_voltage, flash_indices, voltage_after_grey

RADII = (1, 3, 9, 12)
"""Rings of the discs that are flashed besides those of the protocol."""

WAVELENGTHS, FREQUENCIES, CONTRASTS = (6.0, 9.0), (1.0, 4.0), (0.5, 1.0)
"""Of the sine gratings: columns per cycle, cycles per second, Michelson contrast."""

PICTURES: dict[str, Callable[[int], np.ndarray]] = {
    "plain leaves": lambda seed: plain_texture(500 + seed),
    "natural leaves": lambda seed: natural_texture("ground", 500 + seed).values,
    "clouds": cloud_texture,
}
"""What moves over the eye in the scenes. Fits are shown leaves of other seeds, and never clouds."""

_N_SCENES, N_TEXTURES, SCENE_SPEEDS = 48, 16, (4.0, 25.0)
"""Of each kind: scenes, different textures, and least and greatest speed, columns per second."""

CENTRAL_RINGS = 2
"""Rings of columns around the centre whose T4 and T5 cells are asked for the flow of a scene."""

_SCENE_SECONDS, _APPEARED = 0.8, 0.25
"""Duration of a scene, and of its first part, which is left out: the response to its onset."""

_GRATING_SECONDS, _SETTLED = 2.0, 1.0
"""Duration of a grating, and of its first part, which is left out: the response to its onset."""


@dataclass(frozen=True)
class FlashEvidence:
    """Polarity from discs of one radius.

    Attributes:
        radius: Rings of columns.
        index: Flash response index of each cell type whose polarity is known.
    """

    radius: int
    index: dict[str, float]


@dataclass(frozen=True)
class GratingEvidence:
    """Preferred directions from one drifting grating.

    Attributes:
        wavelength: Columns per cycle.
        frequency: Cycles per second (Hz).
        contrast: Michelson contrast.
        direction: Degrees, of each T4 and T5; NaN where it never rises above zero.
    """

    wavelength: float
    frequency: float
    contrast: float
    direction: dict[str, float]

    @property
    def errors(self) -> list[float]:
        """Degrees from the direction of each cell type in flies."""
        known = PREFERRED_DIRECTION.items()
        return [float(angular_distance(self.direction[name], angle)) for name, angle in known]


@dataclass(frozen=True)
class SceneEvidence:
    """How well T4 and T5 together tell the flow of moving scenes.

    The signals are (T4b - T4a + T5b - T5a) and (T4c - T4d + T5c - T5d), rectified, means over the
    central columns and over time; each is correlated, over scenes, with the velocity along its axis.

    Attributes:
        picture: What moves: see `PICTURES`.
        horizontal: Correlation of the rightward signal with the rightward velocity.
        vertical: Correlation of the upward signal with the upward velocity.
        largest_voltage: Largest absolute voltage of any central cell at any time.
    """

    picture: str
    horizontal: float
    vertical: float
    largest_voltage: float


def flash_evidence(engine: Engine) -> list[FlashEvidence]:
    """Return the polarities that discs of other radii show.

    Raises:
        MaxstimError: if a voltage does not stay finite.
    """
    cell_type = engine.network.cell_type
    return [
        FlashEvidence(radius, {name: float(indices[cell_type(name)]) for name in KNOWN_POLARITY})
        for radius, indices in zip(RADII, flash_indices(engine, RADII), strict=True)
    ]


def grating_evidence(engine: Engine) -> list[GratingEvidence]:
    """Return the directions that gratings show, for every wavelength, frequency and contrast.

    Raises:
        MaxstimError: if a voltage does not stay finite.
    """
    return [
        GratingEvidence(*settings, _grating_directions(engine, *settings))
        for settings in product(WAVELENGTHS, FREQUENCIES, CONTRASTS)
    ]


def scene_evidence(
    engine: Engine, pictures: Mapping[str, Callable[[int], np.ndarray]] = PICTURES
) -> list[SceneEvidence]:
    """Return what T4 and T5 tell of the flow of scenes of each kind.

    Args:
        engine: The network, ready to simulate.
        pictures: By name, what makes a texture from the numbers 0 to 15: on a torus, luminance as
            columns see it, shape (row, column) of pixels.

    Raises:
        MaxstimError: if a voltage does not stay finite.
    """
    return [_scene_evidence(engine, name, texture) for name, texture in pictures.items()]


def _scene_evidence(
    engine: Engine, name: str, texture: Callable[[int], np.ndarray]
) -> SceneEvidence:
    layout, random = engine.layout, np.random.default_rng(0)
    angles = np.arange(_N_SCENES) * 360 / _N_SCENES
    speeds = random.permutation(np.geomspace(*SCENE_SPEEDS, _N_SCENES))
    movies = [
        translating_scene(
            layout.lattice,
            dt=DT,
            seconds=_SCENE_SECONDS,
            texture=texture(k % N_TEXTURES),
            angle=angle,
            speed=speed,
            place=tuple(random.uniform(0, SIDE, 2)),
        )
        for k, (angle, speed) in enumerate(zip(angles, speeds, strict=True))
    ]
    near = np.flatnonzero(layout.lattice.ring <= CENTRAL_RINGS)
    types = [engine.network.cell_type(name) for name in PREFERRED_DIRECTION]
    cells = np.concatenate([layout.central_cells, *(layout.cells(kind)[near] for kind in types)])
    voltage = voltage_after_grey(engine, np.stack(movies), cells)
    central, tuned = np.split(voltage, [len(layout.central_cells)], axis=2)
    loud = tuned[:, frames_in(_APPEARED, DT) :].clip(0).mean(1)
    per_type = loud.reshape(_N_SCENES, len(types), -1).mean(2)
    direction = np.deg2rad([*PREFERRED_DIRECTION.values()])
    way = np.deg2rad(angles)
    return SceneEvidence(
        name,
        _correlation(per_type @ np.cos(direction), speeds * np.cos(way)),
        _correlation(per_type @ np.sin(direction), speeds * np.sin(way)),
        float(np.abs(central).max()),
    )


def _correlation(signal: np.ndarray, flow: np.ndarray) -> float:
    """Pearson's correlation, NaN where there is no signal."""
    return float(np.corrcoef(signal, flow)[0, 1]) if np.ptp(signal) > 0 else math.nan


def _grating_directions(
    engine: Engine, wavelength: float, frequency: float, contrast: float
) -> dict[str, float]:
    drift = {"wavelength": wavelength, "frequency": frequency, "contrast": contrast}
    lattice, timing = engine.layout.lattice, {"dt": DT, "seconds": _GRATING_SECONDS}
    movies = [grating(lattice, angle=angle, **drift, **timing) for angle in ANGLES]
    voltage = central_voltage(engine, np.stack(movies))[:, frames_in(_SETTLED, DT) :]
    direction = preferred_direction(peak_response(voltage)[None, :, None], ANGLES)[0]
    return {name: float(direction[engine.network.cell_type(name)]) for name in PREFERRED_DIRECTION}
