"""What a stimulus must satisfy after every step, whatever the loss says."""

from __future__ import annotations

from collections.abc import Callable

from maxstim_core.arrays import Array

Projection = Callable[[Array], Array]
"""Takes stimuli of shape (..., frame, column), each by itself, to the nearest that are allowed."""


def displayable(stimulus: Array) -> Array:
    """Return the nearest stimulus, of any shape, with luminance between 0 (black) and 1 (white)."""
    return stimulus.clip(0, 1)


def unconstrained(stimulus: Array) -> Array:
    """Return the stimulus, of any shape, as it is."""
    return stimulus
