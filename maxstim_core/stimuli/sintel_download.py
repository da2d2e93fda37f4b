"""The film Sintel from its authors' server, resumed where an earlier try stopped."""

from __future__ import annotations

import http.client
import os
import shutil
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path

from maxstim_core.errors import MaxstimError
from maxstim_core.places import data_directory

URL = "http://files.is.tue.mpg.de/sintel/MPI-Sintel-complete.zip"

_ROOM = 9_000_000_000
"""Bytes that must be free: the archive has 5.6 GB, and what is needed of it about 3 GB."""

_NEEDED = ("training/final/", "training/flow/")
_CHUNK = 1 << 20
_PATIENCE_SECONDS = 30


def download(url: str = URL, room: int = _ROOM) -> Iterator[tuple[int, int]]:
    """Download and unpack the film into `film_folder`, unless it is there.

    Args:
        url: Where the archive is.
        room: Bytes that must be free.

    Yields:
        Bytes that are here, and bytes that there are, while they come in.

    Raises:
        MaxstimError: if the network is closed, breaks off or brings no archive, or the disk is full.
            What has come in is kept for the next try.
    """
    if film_folder().is_dir():
        return
    archive = data_directory() / "downloads" / "MPI-Sintel-complete.zip"
    try:
        archive.parent.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(archive.parent).free < room and not archive.exists():
            raise MaxstimError(
                f"The film needs {room / 1e9:.0f} GB at {archive.parent}, which has less; make room or "
                "name another folder in MAXSTIM_DATA_DIR."
            )
        if not archive.exists():
            yield from _fetch(url, archive)
        _unpack(archive)
    except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
        raise MaxstimError(
            f"The film could not be downloaded from {url} ({reason}); try again to go on from where it "
            "stopped, or download it otherwise, unpack it, and name the folder: "
            "maxstim movies sintel PATH."
        ) from error


def film_folder() -> Path:
    """Return where the film is unpacked to; it need not exist."""
    return data_directory() / "downloads" / "MPI-Sintel"


def _fetch(url: str, archive: Path) -> Iterator[tuple[int, int]]:
    part = archive.with_suffix(".part")
    here = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={here}-"} if here else {})
    try:
        answering = urllib.request.urlopen(request, timeout=_PATIENCE_SECONDS)
    except urllib.error.HTTPError as error:
        if error.code != http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            raise
        os.replace(part, archive)  # there was no more to come
        return
    with answering as answer:
        if answer.status != http.HTTPStatus.PARTIAL_CONTENT:
            here = 0  # the server begins at the beginning again
        total = here + int(answer.headers["Content-Length"] or 0)
        with part.open("ab" if here else "wb") as file:
            while chunk := answer.read(_CHUNK):
                file.write(chunk)
                here += len(chunk)
                yield here, total
    if here < total:
        raise OSError("the connection broke off")
    os.replace(part, archive)


def _unpack(archive: Path) -> None:
    """Unpack what is needed, whole or not at all, and remove the archive."""
    folder = film_folder()
    part = folder.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        with zipfile.ZipFile(archive) as film:
            needed = [name for name in film.namelist() if name.startswith(_NEEDED)]
            film.extractall(part, needed)  # takes no member out of the folder, and checks each
    except (zipfile.BadZipFile, EOFError) as error:
        archive.unlink()
        shutil.rmtree(part, ignore_errors=True)
        raise MaxstimError(
            "What was downloaded is no archive, or a damaged one, and was removed; try again."
        ) from error
    os.replace(part, folder)
    archive.unlink()
