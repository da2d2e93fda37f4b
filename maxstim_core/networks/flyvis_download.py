"""flyvis's published networks from where its authors keep them, checked against their checksum.

flyvis 1.2.0 downloads this archive through Google's interface for programs, with a key that is its
own; here the same file is asked for as a browser does. The SHA-256 is the one in flyvis 1.2.0
(``flyvis_cli/download_pretrained_models.py``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from maxstim_core.errors import MaxstimError
from maxstim_core.storage.data_dir import data_directory

URL = (
    "https://drive.usercontent.google.com/download"
    "?id=13cJr2nMn89j-jBAd5RduYRJpBcXwoNrC&export=download&confirm=t"
)
"""Of ``results_pretrained_models.zip``, 3,417,042 bytes: 50 networks."""

SHA256 = "71c78d4070556a536b13b23ee3139cd2788aa2a9d07d430a223b4edead281db1"

_MOST = 500_000_000
"""Bytes that come in at most, and that they take unpacked: of far more networks than those 50."""


def fetch(url: str = URL, sha256: str = SHA256) -> Iterator[tuple[int, int]]:
    """Download the networks into `fetched_folder`, unless they are there.

    Args:
        url: Where the archive is.
        sha256: What its hexadecimal SHA-256 must be.

    Yields:
        As `maxstim_core.storage.download.obtain`.

    Raises:
        MaxstimError: if the checksum can be none, or as `maxstim_core.storage.download.obtain`.
    """
    from maxstim_core.storage.download import Archive, obtain  # brings what talks to servers

    if not re.fullmatch("[0-9a-fA-F]{64}", sha256):
        raise MaxstimError(f"A SHA-256 has 64 hexadecimal digits, not {sha256!r}; copy all of it.")
    return obtain(
        Archive(
            what="The archive of flyvis's networks",
            url=url,
            folder=fetched_folder(),
            needed=("results/",),
            otherwise="download it with flyvis, and name its folder in FLYVIS_ROOT_DIR",
            most=_MOST,
            sha256=sha256,
            room=20_000_000,
        )
    )


def fetched_folder() -> Path:
    """Return what would be ``FLYVIS_ROOT_DIR`` of the downloaded networks; it need not exist."""
    return data_directory() / "flyvis"
