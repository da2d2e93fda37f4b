"""The best textbook stimuli of each kind to compare an answer with."""

from __future__ import annotations

import numpy as np

from maxstim_core.comparison.equal_energy import Found, Trial, best_shown
from maxstim_core.comparison.textbook import FAMILIES, textbook_bank
from maxstim_core.optimal.measured_response import Measured
from maxstim_core.simulation.engine import Engine

CANDIDATES = 12
"""How many of the best textbook stimuli, or clips, of a family are handed on."""


def textbook_trials(
    engine: Engine, measured: Measured, n_frames: int, dt: float
) -> dict[str, list[Trial]]:
    """Return textbook stimuli by family, each begun when it does most, the best first.

    Args:
        engine: The network, ready to simulate.
        measured: What counts of the response.
        n_frames: Frames of each.
        dt: Seconds per frame.

    Raises:
        MaxstimError: if a voltage does not stay finite.
    """
    found: dict[str, list[Trial]] = {family: [] for family in FAMILIES}
    for begun in textbook_bank(engine, n_frames, dt).begun(measured):
        of_family = found[begun.stimulus.family]
        if len(of_family) < CANDIDATES:
            of_family.append(Trial(begun.stimulus.name, begun.movie, begun.end))
    return found


def textbook_controls(
    engine: Engine, measured: Measured, stimulus: np.ndarray, dt: float, energy: float
) -> list[tuple[Found, Found]]:
    """Return the best stimulus of each family, at full contrast and at equal energy.

    Args:
        engine: The network, ready to simulate.
        measured: What counts of the response.
        stimulus: The answer, luminance, shape (frame, column).
        dt: Seconds per frame.
        energy: Contrast energy of the answer.

    Raises:
        MaxstimError: if a voltage does not stay finite.
    """
    trials = textbook_trials(engine, measured, len(stimulus), dt)
    return [
        (
            best_shown(engine, measured, dt, trials[family], None),
            best_shown(engine, measured, dt, trials[family], energy),
        )
        for family in FAMILIES
    ]
