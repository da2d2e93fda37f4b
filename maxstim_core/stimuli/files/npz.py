"""Arrays in ``.npz`` archives, read frame by frame: none is ever in memory as a whole."""

from __future__ import annotations

import math
import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from maxstim_core.errors import MaxstimError
from maxstim_core.stimuli.files.frames import BLOCK_BYTES, MOST_GROWTH, SURE_BYTES
from maxstim_core.stimuli.files.npy import read_header
from maxstim_core.stimuli.limits import MOST_BYTES
from maxstim_core.storage.litter import is_litter

_MOST_ARRAYS = 1_000

_MOST_BESIDE = 1_000_000
"""Bytes of an array that stands beside a film."""


def open_npz(path: Path) -> Iterator[tuple[str, PackedFrames]]:
    """Yield the name and the frames of each array in an archive, as they stand in it.

    Raises:
        MaxstimError: if the archive is damaged, encrypted or beyond a limit, or if it holds anything but
            arrays.
    """
    what = f"The archive {path}"
    with _as_damaged(what):
        archive = zipfile.ZipFile(path)  # open until the last of its arrays is let go of
        members = [member for member in archive.infolist() if not is_litter(member.filename)]
        unpacked = sum(member.file_size for member in members)
        if unpacked > MOST_BYTES:
            raise MaxstimError(
                f"The arrays in {path} take {unpacked / 1e9:.1f} GB; "
                f"keep to {MOST_BYTES / 1e9:.0f} GB."
            )
        size = os.path.getsize(path)
        if unpacked > max(SURE_BYTES, MOST_GROWTH * size):
            raise MaxstimError(
                f"The arrays in {path} take {unpacked / 1e6:.0f} MB unpacked, far more than its "
                f"{size / 1e6:.3g} MB; save them as uint8, or with numpy.savez, which does not pack."
            )
        if not all(member.filename.endswith(".npy") for member in members):
            if any(member.filename.endswith("data.pkl") for member in members):
                raise MaxstimError(
                    f"{what} was saved by torch and may run code, so it is not read; save the array "
                    "with numpy.save(file, tensor.numpy())."
                )
            raise MaxstimError(f"{what} holds no numpy arrays alone; unpack it first.")
        names = {member.filename for member in members}
        if len(members) > _MOST_ARRAYS or len(names) < len(members):
            raise MaxstimError(
                f"{what} holds {len(members)} arrays of {len(names)} names; keep to {_MOST_ARRAYS}, "
                "each with a name of its own."
            )
        if any(member.flag_bits & 1 for member in members):
            raise MaxstimError(f"{what} is encrypted; unpack it, and zip it without a password.")
    for member in members:
        name = member.filename.removesuffix(".npy")
        try:
            frames = PackedFrames(archive, member, f"The array {name} in {path}")
        except MaxstimError:
            archive.close()
            raise
        yield name, frames


class PackedFrames:
    """An array in an archive, as `maxstim_core.stimuli.files.frames.Frames`.

    Who asks for frames before those that were read last lets it begin again.

    Args:
        archive: The archive, open.
        member: The array in it.
        what: What to call it in a refusal.

    Raises:
        MaxstimError: if its header is damaged, or announces something else than is there.
    """

    def __init__(self, archive: zipfile.ZipFile, member: zipfile.ZipInfo, what: str) -> None:
        self._archive, self._member, self._what = archive, member, what
        self._next = 0
        self._begin()
        self._header.check_size(member.file_size - self._file.tell(), what)
        if (
            self._header.fortran_order
            and len(self.shape) > 1
            and self._header.n_bytes > BLOCK_BYTES
        ):
            raise MaxstimError(
                f"{what} is stored column by column, so that no frame can be read alone; save "
                "numpy.ascontiguousarray of it."
            )
        self._whole: np.ndarray | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """As of `maxstim_core.stimuli.files.frames.Frames`."""
        return self._header.shape

    @property
    def dtype(self) -> np.dtype:
        """Type of the numbers."""
        return self._header.dtype

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, frames: slice) -> np.ndarray:
        start, stop, _ = frames.indices(len(self))
        if self._header.fortran_order and len(self.shape) > 1:
            if self._whole is None:
                self._whole = self._read(0, len(self), self.shape[::-1]).T
            return self._whole[start:stop]
        return self._read(start, stop, (stop - start, *self.shape[1:]))

    def whole(self) -> np.ndarray:
        """Return an array of no more than one dimension.

        Raises:
            MaxstimError: if it is larger, or damaged.
        """
        if self._header.n_bytes > _MOST_BESIDE:
            raise MaxstimError(f"{self._what} is larger than it can be; leave it out.")
        with _as_damaged(self._what):
            self._begin()
            content = self._file.read(
                self._header.n_bytes + 1
            )  # to the end, where its sum is checked
            return np.frombuffer(content, self.dtype).reshape(self.shape)

    def _read(self, start: int, stop: int, shape: tuple[int, ...]) -> np.ndarray:
        size = math.prod(self.shape[1:]) * self.dtype.itemsize
        with _as_damaged(self._what):
            if start < self._next:
                self._begin()
            while self._next < start:
                self._file.read(size)
                self._next += 1
            content = self._file.read((stop - start) * size)
            self._next = stop
            return np.frombuffer(content, self.dtype).reshape(shape)

    def _begin(self) -> None:
        with _as_damaged(self._what):
            self._file = self._archive.open(self._member)
            self._header = read_header(self._file, self._what)
        self._next = 0


@contextmanager
def _as_damaged(what: str) -> Iterator[None]:
    try:
        yield
    except MaxstimError:
        raise
    except OSError as error:
        raise MaxstimError(
            f"{what} cannot be read ({error.strerror or error}); copy it again."
        ) from error
    except Exception as error:  # a damaged archive raises whatever the damage leads to
        raise MaxstimError(
            f"{what} is damaged; zip images again, or save arrays again with numpy.savez."
        ) from error
