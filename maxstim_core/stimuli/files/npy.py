"""Movies in ``.npy`` files, as numpy writes them: luminance of shape (frame, column).

Columns are ordered by u, then v, where up on the eye is (u, v) = (-1, 0): see `maxstim_core.lattice`.
"""

from __future__ import annotations

import math
import os
import stat
from typing import IO, NamedTuple

import numpy as np

from maxstim_core.errors import MaxstimError
from maxstim_core.lattice import Lattice
from maxstim_core.stimuli.column_order import MAXSTIM, in_our_order

_DAMAGED = "is damaged; save it again with numpy.save(file, movie, allow_pickle=False)."


def read_movie(
    path: str | os.PathLike,
    n_columns: int,
    *,
    most_frames: int | None = None,
    order: str = MAXSTIM,
) -> np.ndarray:
    """Read a movie without executing anything in its file.

    Args:
        path: A ``.npy`` file of a floating-point array of shape (frame, `n_columns`).
        n_columns: Columns of the eye that it is for.
        most_frames: Refuse longer movies; any length if None.
        order: Whose order its columns are in: see `maxstim_core.stimuli.column_order`.

    Returns:
        Luminance, shape (frame, column), float32, columns in maxstim's order.

    Raises:
        MaxstimError: if the file is missing, no ``.npy`` file or a pickle, or if the movie has another
            shape or type or a value that is not finite.
    """
    stored = open_array(path)
    if stored.dtype.kind != "f":
        raise MaxstimError(
            f"The movie {path} holds {stored.dtype} values; save luminance between 0 (black) and 1 "
            "(white) as floating-point numbers."
        )
    if stored.ndim != 2 or stored.shape[1] != n_columns or not len(stored):
        raise MaxstimError(
            f"The movie {path} has shape {stored.shape}; it must be (frame, column) with {n_columns} "
            "columns and at least one frame."
        )
    if most_frames is not None and len(stored) > most_frames:
        raise MaxstimError(
            f"The movie {path} has {len(stored)} frames; cut it to {most_frames} or fewer."
        )
    with np.errstate(
        over="ignore", invalid="ignore"
    ):  # what overflows becomes infinite and is refused below
        movie = np.array(stored, dtype=np.float32, order="C")
    if not np.isfinite(movie).all():
        raise MaxstimError(
            f"The movie {path} holds a value that is not finite; replace it or cut the frame out."
        )
    return in_our_order(movie, Lattice.with_columns(n_columns), order)


def open_array(path: str | os.PathLike) -> np.ndarray:
    """Return the array in a ``.npy`` file, still on disk, so that a header cannot fill the memory.

    Raises:
        MaxstimError: if the file is missing, no regular ``.npy`` file, damaged, a pickle, or more than
            one array.
    """
    what = f"The movie {path}"
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise MaxstimError(f"{what} cannot be read as it is no regular file; give a .npy file.")
        with open(path, "rb") as file:
            if file.read(len(np.lib.format.MAGIC_PREFIX)) != np.lib.format.MAGIC_PREFIX:
                raise MaxstimError(
                    f"{what} is no .npy file; save it with numpy.save, or store it with maxstim movies "
                    "import, and name its clips with --clips and --clip."
                )
            file.seek(0)
            header = read_header(file, what)
            header.check_size(os.fstat(file.fileno()).st_size - file.tell(), what)
            start = file.tell()
        if 0 in header.shape:  # nothing to map
            return np.zeros(header.shape, header.dtype)
        return np.memmap(
            path, header.dtype, "r", start, header.shape, "F" if header.fortran_order else "C"
        )
    except FileNotFoundError:
        raise MaxstimError(f"There is no movie {path}; check the path.") from None
    except OSError as error:
        raise MaxstimError(
            f"{what} cannot be read ({error.strerror or error}); check the path."
        ) from error
    except (ValueError, OverflowError, TypeError) as error:  # a shape that can be none
        raise MaxstimError(f"{what} {_DAMAGED}") from error


class Header(NamedTuple):
    """What a ``.npy`` file says of its array."""

    shape: tuple[int, ...]
    fortran_order: bool
    dtype: np.dtype

    @property
    def n_bytes(self) -> int:
        """How many bytes the array takes."""
        return math.prod(self.shape) * self.dtype.itemsize

    def check_size(self, n_bytes: int, what: str) -> None:
        """Make sure that what follows is the array, all of it and nothing else.

        Raises:
            MaxstimError: if it is shorter or longer.
        """
        if n_bytes < self.n_bytes:
            raise MaxstimError(
                f"{what} is damaged or cut off: {n_bytes / 1e6:.6g} of {self.n_bytes / 1e6:.6g} MB are "
                "there; copy it again, whole."
            )
        if n_bytes > self.n_bytes:
            raise MaxstimError(
                f"{what} holds more than one array, or something behind it; save one array alone."
            )


def read_header(file: IO[bytes], what: str) -> Header:
    """Read the header of a ``.npy`` file from its beginning, without making anything of what it says.

    Raises:
        MaxstimError: if it is damaged, or announces Python objects.
    """
    try:
        version = np.lib.format.read_magic(file)
        read = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }
        header = Header(*read[version](file))
    except Exception as error:  # a damaged header raises whatever it is taken for
        raise MaxstimError(f"{what} {_DAMAGED}") from error
    if header.dtype.hasobject:
        raise MaxstimError(
            f"{what} holds Python objects, which are not read; save numbers with numpy.save(file, "
            "movie, allow_pickle=False)."
        )
    if any(length < 0 for length in header.shape):
        raise MaxstimError(f"{what} {_DAMAGED}")
    return header
