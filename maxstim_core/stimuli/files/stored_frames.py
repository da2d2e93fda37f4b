"""Frames of an open HDF5 file, read when they are asked for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

import h5py
import numpy as np

from maxstim_core.errors import MaxstimError
from maxstim_core.stimuli.files.frames import BLOCK_BYTES
from maxstim_core.stimuli.files.packing import Packing
from maxstim_core.storage.hdf5 import as_damaged


class StoredFrames:
    """A variable of an open file as frames; a block that the file stores in one piece is kept.

    Args:
        variable: The variable.
        axes: Its axes in the order of a film; others have one entry.
        picks: By place in that order, the indices of the entries to take, each of shape (entry,).
        what: What to call the file in a refusal.
        opened: What keeps the file open, as long as this is there.

    Raises:
        MaxstimError: if so many frames are stored in one piece that none can be read alone.
    """

    def __init__(
        self,
        variable: h5py.Dataset,
        axes: tuple[int, ...],
        picks: Mapping[int, np.ndarray],
        what: str,
        opened: ExitStack,
    ) -> None:
        self._opened = opened
        self._variable, self._axes, self._picks, self._what = variable, axes, picks, what
        self._packing = Packing.of(variable, what)
        self._block: tuple[int, np.ndarray] | None = None
        chunks, time = variable.chunks, axes[0]
        if chunks is not None:
            self._length = chunks[time]
        else:  # not packed: pieces of any length, if frames lie one after the other
            self._length = 1 if time == 0 else variable.shape[time]
        frame = variable.size // variable.shape[time] * variable.dtype.itemsize
        piece = 0 if chunks is None else math.prod(chunks) * variable.dtype.itemsize
        if max(min(self._length, len(self)) * frame, piece) > BLOCK_BYTES:
            raise MaxstimError(
                f"{what} stores its frames across one another, so that none can be read alone; write it "
                "again with time as the first dimension."
            )

    @property
    def shape(self) -> tuple[int, ...]:
        """As of `maxstim_core.stimuli.files.frames.Frames`."""
        return tuple(self._variable.shape[axis] for axis in self._axes)

    @property
    def dtype(self) -> np.dtype:
        """Of the numbers that are meant."""
        return self._packing.dtype

    def __len__(self) -> int:
        return self._variable.shape[self._axes[0]]

    def __getitem__(self, frames: slice) -> np.ndarray:
        start, stop, _ = frames.indices(len(self))
        if self._length == 1:
            return self._read(start, stop)
        parts = []
        while start < stop:
            first = start - start % self._length
            if self._block is None or self._block[0] != first:
                self._block = None
                self._block = first, self._read(first, min(first + self._length, len(self)))
            part = self._block[1][start - first : stop - first]
            parts.append(part)
            start += len(part)
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _read(self, start: int, stop: int) -> np.ndarray:
        with as_damaged(self._what):
            chosen: list[Any] = [0] * self._variable.ndim
            for axis in self._axes:
                chosen[axis] = slice(None)
            chosen[self._axes[0]] = slice(start, stop)
            values = self._variable[tuple(chosen)]
        left = sorted(self._axes)
        values = values.transpose([left.index(axis) for axis in self._axes])
        for place, where in self._picks.items():
            values = np.take(values, where, axis=place)
        return self._packing.unpacked(values)
