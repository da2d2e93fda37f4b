"""The film Sintel from its authors' server, resumed where an earlier try stopped."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from maxstim_core.storage.data_dir import data_directory
from maxstim_core.storage.download import Archive, obtain

_URL = "http://files.is.tue.mpg.de/sintel/MPI-Sintel-complete.zip"

_ROOM = 9_000_000_000
"""Bytes that must be free: the archive has 5.6 GB, and what is needed of it about 3 GB."""

_MOST = 12_000_000_000
"""Bytes that come in at most, and that what is needed of them takes."""


def download(url: str = _URL, room: int = _ROOM) -> Iterator[tuple[int, int]]:
    """Download and unpack the film into `film_folder`, unless it is there.

    Its authors publish no checksum.

    Args:
        url: Where the archive is.
        room: Bytes that must be free.

    Yields:
        As `maxstim_core.storage.download.obtain`.

    Raises:
        MaxstimError: as `maxstim_core.storage.download.obtain`.
    """
    return obtain(
        Archive(
            what="The film",
            url=url,
            folder=film_folder(),
            needed=("training/final/", "training/flow/"),
            otherwise="download it otherwise, unpack it, and name it: maxstim movies sintel PATH",
            most=_MOST,
            room=room,
        )
    )


def film_folder() -> Path:
    """Return where the film is unpacked to; it need not exist."""
    return data_directory() / "downloads" / "MPI-Sintel"
