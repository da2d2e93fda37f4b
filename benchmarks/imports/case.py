"""One file with what is right for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Case:
    """A file that was made or mutated.

    Attributes:
        kind: What it is, for example ``npy``.
        change: What was done to it.
        read: Gives it to maxstim, and returns the numbers that come, any shape.
        allowed: What may come; none if it must be refused.
        refused: Whether it may, or must, be refused.
        tolerance: How far numbers may be from those allowed.
        any_luminance: Whether any finite numbers in [0, 1] may come: of pictures that are compressed
            with loss and without sums, nobody knows what changed bytes become.
    """

    kind: str
    change: str
    read: Callable[[], np.ndarray]
    allowed: Sequence[np.ndarray] = ()
    refused: bool = False
    tolerance: float = 1e-6
    any_luminance: bool = False

    @property
    def outcome(self) -> str:
        """What is stated of it: ``same`` (or changed to what is known), ``refused``, or ``either``."""
        if self.any_luminance:
            return "luminance or refused"
        if not self.allowed:
            return "refused"
        return "either" if self.refused else "same"

    def is_right(self, got: np.ndarray) -> bool:
        """Tell whether numbers that came are among those that may."""
        if self.any_luminance:
            return bool(np.isfinite(got).all() and got.min() >= 0 and got.max() <= 1)
        return any(
            got.shape == one.shape and np.allclose(got, one, atol=self.tolerance, equal_nan=True)
            for one in self.allowed
        )


def flipped(content: bytes, rng: np.random.Generator, count: int = 1) -> bytes:
    """Return content with some bits the other way round."""
    changed = bytearray(content)
    for at in rng.integers(0, len(content), count):
        changed[at] ^= 1 << int(rng.integers(8))
    return bytes(changed)


def cut(content: bytes, rng: np.random.Generator) -> bytes:
    """Return the beginning of content, at least one byte short."""
    return content[: int(rng.integers(0, len(content)))]
