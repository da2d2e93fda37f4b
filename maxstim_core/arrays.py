"""Arrays of numpy and of torch, computed with by the same lines.

On a CPU a step of a descent is numpy and compiled kernels alone, so that nobody waits seconds for torch
to load; on a GPU it is torch. Both understand arithmetic, comparisons, indexing and assignment to an
index, and the methods ``sum``, ``mean``, ``clip``, ``max`` and ``argmax`` with axes as positions. For a
function, such as ``exp`` or ``where``, `library_of` says whose.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

Array = Any
"""A `numpy.ndarray` on a CPU, a `torch.Tensor` on a GPU and for the reference engine."""

QUIET = np.errstate(over="ignore", invalid="ignore")
"""Decorates what may run out of numbers, where who asks looks at the result: numpy then says nothing
of it, as torch does."""


def library_of(array: Array) -> Any:
    """Return the library that an array belongs to, numpy or torch, for functions of both."""
    return sys.modules[type(array).__module__.partition(".")[0]]


def copy_of(array: Array) -> Array:
    """Return an array of the same values that shares no memory with it."""
    return array.copy() if isinstance(array, np.ndarray) else array.clone()
