"""Movies in ``.npy`` files, as numpy writes them: luminance of shape (frame, column)."""

from __future__ import annotations

import os
import stat

import numpy as np

from maxstim_core.errors import MaxstimError


def read_movie(
    path: str | os.PathLike, n_columns: int, *, most_frames: int | None = None
) -> np.ndarray:
    """Read a movie without executing anything in its file.

    Args:
        path: A ``.npy`` file of a floating-point array of shape (frame, `n_columns`).
        n_columns: Columns of the eye that it is for.
        most_frames: Refuse longer movies; any length if None.

    Returns:
        Luminance, shape (frame, column), float32.

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
    with np.errstate(over="ignore"):  # what overflows becomes infinite and is refused below
        movie = np.array(stored, dtype=np.float32, order="C")
    if not np.isfinite(movie).all():
        raise MaxstimError(
            f"The movie {path} holds a value that is not finite; replace it or cut the frame out."
        )
    return movie


def open_array(path: str | os.PathLike) -> np.ndarray:
    """Return the array in a ``.npy`` file, still on disk, so that a header cannot fill the memory.

    Raises:
        MaxstimError: if the file is missing, no regular ``.npy`` file, damaged or a pickle.
    """
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise MaxstimError(
                f"The movie {path} cannot be read as it is no regular file; give a .npy file."
            )
        with open(path, "rb") as file:
            is_npy = file.read(len(np.lib.format.MAGIC_PREFIX)) == np.lib.format.MAGIC_PREFIX
        if is_npy:
            return np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError:
        raise MaxstimError(f"There is no movie {path}; check the path.") from None
    except OSError as error:
        raise MaxstimError(
            f"The movie {path} cannot be read ({error.strerror or error}); check the path."
        ) from error
    except (ValueError, OverflowError, EOFError, MemoryError) as error:
        raise MaxstimError(
            f"The movie {path} holds Python objects or is damaged; save it again with "
            "numpy.save(file, movie, allow_pickle=False)."
        ) from error
    raise MaxstimError(f"The movie {path} is no .npy file; save it with numpy.save.")
