"""What a stimulus must satisfy after every step, whatever the loss says."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

Projection = Callable[[Tensor], Tensor]
"""Takes stimuli of shape (..., frame, column), each by itself, to the nearest that are allowed."""


def displayable(stimulus: Tensor) -> Tensor:
    """Return the nearest stimulus, of any shape, with luminance between 0 (black) and 1 (white)."""
    return stimulus.clamp(0, 1)


def unconstrained(stimulus: Tensor) -> Tensor:
    """Return the stimulus, of any shape, as it is."""
    return stimulus
