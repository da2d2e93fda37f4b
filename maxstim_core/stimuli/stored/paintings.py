"""Paintings that are kept in the data directory, by the hash of what they hold.

One file each, `paintings/KEY.nc`, written whole and never changed. As a set of one clip a painting has
the name ``painted/KEY``: runs begin from it as they do from clips.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from maxstim_core.errors import MaxstimError, shown
from maxstim_core.lattice import Lattice
from maxstim_core.stimuli.clip_set import ArrayClips
from maxstim_core.stimuli.painting import WHITE_LEVEL, Painting
from maxstim_core.storage.data_dir import data_directory
from maxstim_core.storage.labeled import Labeled
from maxstim_core.storage.netcdf import read_dataset, save_labeled

PAINTED = "painted/"
"""What the name of a painting as a set of clips begins with."""

_LENGTH = 24
_PAINTING = re.compile(f"[0-9a-f]{{{_LENGTH}}}")


def painting_key(painting: Painting) -> str:
    """Return the key of a painting: the first 24 hexadecimal digits of its hash."""
    return painting.content_hash[:_LENGTH]


def check_painting_key(key: str) -> None:
    """Make sure that a text is empty or the key of a painting; whether there is one, is not looked at.

    Raises:
        MaxstimError: if it is neither.
    """
    if key and not _PAINTING.fullmatch(key):
        raise MaxstimError(
            f"A painting has a key of {_LENGTH} digits, such as {'0f' * (_LENGTH // 2)}, not "
            f"{shown(key)}; leave it out to start from noise."
        )


def store_painting(painting: Painting) -> str:
    """Keep a painting in the data directory, unless it is there, and return its key.

    Raises:
        MaxstimError: if it cannot be written; nothing half-written stays.
    """
    key, lattice = painting_key(painting), painting.lattice
    path = _path(key)
    if path.is_file():
        return key
    labeled = Labeled(
        variables={"stimulus": (("frame", "column"), painting.luminance)},
        coordinates={
            "time": ("frame", np.arange(painting.n_frames) * painting.dt, {"units": "s"}),
            "u": ("column", lattice.u),
            "v": ("column", lattice.v),
        },
        attrs={"dt": painting.dt, "painting": key},
    )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MaxstimError(
            f"The painting cannot be kept in {path.parent} ({error.strerror or error}); make it "
            "writable or name another folder in MAXSTIM_DATA_DIR."
        ) from error
    save_labeled(labeled, path)
    return key


def stored_painting(key: str) -> Painting:
    """Return a painting of the data directory.

    Args:
        key: As `painting_key` gives it.

    Raises:
        MaxstimError: if there is none of this key, or its file is damaged.
    """
    check_painting_key(key)
    path = _path(key)
    if not key or not path.is_file():
        raise MaxstimError(
            f"The painting {shown(key)} is not in the data directory of this computer; store it here "
            "again."
        )
    kept = read_dataset(path)
    try:
        lattice = Lattice.of(kept["u"].values, kept["v"].values)
        levels = np.rint(WHITE_LEVEL * kept["stimulus"].values).astype(np.uint8)
        painting = Painting(lattice, float(kept.attrs["dt"]), levels)
    except (KeyError, ValueError, TypeError, MaxstimError) as error:
        raise _spoilt(key) from error
    if painting_key(painting) != key:
        raise _spoilt(key)
    return painting


def painted_clips(name: str) -> ArrayClips:
    """Return a painting as a set of one clip.

    Args:
        name: ``painted/KEY``.

    Raises:
        MaxstimError: as `stored_painting`.
    """
    key = name.removeprefix(PAINTED)
    painting = stored_painting(key)
    return ArrayClips(f"{PAINTED}{key}", (painting_name(key),), [painting.luminance], painting.dt)


def painting_name(key: str) -> str:
    """Return what the one clip of a painting is called."""
    return f"painting {key[:6]}"


def _path(key: str) -> Path:
    return data_directory() / "paintings" / f"{key}.nc"


def _spoilt(key: str) -> MaxstimError:
    return MaxstimError(
        f"The file of the painting {key} is damaged; remove {_path(key)} and store it again."
    )
