"""What a network does with stimuli beyond the two published protocols: other radii, and gratings.

Nobody has fitted a bundled or published network to a grating, nor to most of the discs: where the known
tuning holds for these too, it is more than the answer that was asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

from maxstim_core.optimal.configs import frames_in
from maxstim_core.simulation.engine import Engine
from maxstim_core.stimuli.probes import grating
from maxstim_core.training.published import ANGLES
from maxstim_core.tuning.facts import KNOWN_POLARITY, PREFERRED_DIRECTION
from maxstim_core.tuning.measures import angular_distance, peak_response, preferred_direction
from maxstim_core.tuning.protocol import DT, central_voltage, flash_indices

RADII = (1, 3, 9, 12)
"""Rings of the discs that are flashed besides those of the protocol."""

WAVELENGTHS, FREQUENCIES, CONTRASTS = (6.0, 9.0), (1.0, 4.0), (0.5, 1.0)
"""Of the sine gratings: columns per cycle, cycles per second, Michelson contrast."""

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
        frequency: Cycles per second.
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


def _grating_directions(
    engine: Engine, wavelength: float, frequency: float, contrast: float
) -> dict[str, float]:
    drift = {"wavelength": wavelength, "frequency": frequency, "contrast": contrast}
    lattice, timing = engine.layout.lattice, {"dt": DT, "seconds": _GRATING_SECONDS}
    movies = [grating(lattice, angle=angle, **drift, **timing) for angle in ANGLES]
    voltage = central_voltage(engine, np.stack(movies))[:, frames_in(_SETTLED, DT) :]
    direction = preferred_direction(peak_response(voltage)[None, :, None], ANGLES)[0]
    return {name: float(direction[engine.network.cell_type(name)]) for name in PREFERRED_DIRECTION}
