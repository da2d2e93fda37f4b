"""Archives from other servers: fetched with resumption, checked, unpacked whole or not at all."""

from __future__ import annotations

import errno
import hashlib
import http.client
import os
import shutil
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from maxstim_core.errors import MaxstimError
from maxstim_core.storage.atomic import aside, free_bytes, locked, sweep_parts_of_ended

_CHUNK = 1 << 20
_PATIENCE_SECONDS = 30

_LEAST_ON_DISK = 4096
"""Bytes that a file takes on a disk, however short it is."""


@dataclass(frozen=True)
class Archive:
    """A zip file on a server, and the folder that it becomes here.

    Attributes:
        what: What it is, as the subject of a refusal, for example ``The film``.
        url: Where it is.
        folder: Where it is unpacked to; what comes in meanwhile is kept beside it.
        needed: Beginnings of the names of what is unpacked of it.
        otherwise: What to do where the server cannot be reached, after "or".
        most: How many bytes may come in, and how many what is needed of it may take unpacked.
        sha256: Hexadecimal SHA-256 that its authors publish; empty if they do not.
        room: Bytes that must be free.
    """

    what: str
    url: str
    folder: Path
    needed: tuple[str, ...]
    otherwise: str
    most: int
    sha256: str = ""
    room: int = 0

    @property
    def part(self) -> Path:
        """What has come in so far."""
        return self.folder.with_name(f"{self.folder.name}.zip.part")


def obtain(archive: Archive) -> Iterator[tuple[int, int]]:
    """Download, check and unpack an archive, unless its folder is there.

    Yields:
        Bytes that are here, and bytes that there are (0 if the server does not tell), while they
        come in.

    Raises:
        MaxstimError: if the server cannot be reached, breaks off or brings something else, the disk is
            full, or another process is at it. What has come in of an archive is kept for the next try.
    """
    if os.path.isdir(archive.folder):
        return
    with ExitStack() as held:
        try:
            archive.folder.parent.mkdir(parents=True, exist_ok=True)
            sweep_parts_of_ended(archive.folder.parent)
            held.enter_context(locked(archive.part.with_suffix(".lock")))
        except BlockingIOError:
            raise MaxstimError(
                f"{archive.what} is being downloaded by another process; wait until it is done, or stop "
                "it."
            ) from None
        except OSError as error:
            raise _failed(archive, error) from error
        if not os.path.isdir(archive.folder):  # it may have come meanwhile
            yield from _obtain(archive)


def _obtain(archive: Archive) -> Iterator[tuple[int, int]]:
    whole = archive.part.with_suffix("")
    whole_is_here = os.path.isfile(whole)
    try:
        if shutil.disk_usage(whole.parent).free < archive.room and not whole_is_here:
            raise MaxstimError(
                f"{archive.what} needs {archive.room / 1e9:.2g} GB at {whole.parent}, which has less; "
                "make room or name another folder in MAXSTIM_DATA_DIR."
            )
        if not whole_is_here:
            yield from _fetch(archive)
            os.replace(archive.part, whole)
        _check(archive, whole)
        _unpack(archive, whole)
    except (urllib.error.URLError, http.client.HTTPException, OSError, ValueError) as error:
        raise _failed(archive, error) from error


def _failed(archive: Archive, error: Exception) -> MaxstimError:
    reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
    return MaxstimError(
        f"{archive.what} could not be downloaded from {archive.url} ({reason}); try again to go on "
        f"from where it stopped, or {archive.otherwise}."
    )


def _fetch(archive: Archive) -> Iterator[tuple[int, int]]:
    part = archive.part
    here = os.path.getsize(part) if os.path.isfile(part) else 0
    request = urllib.request.Request(
        archive.url, headers={"Range": f"bytes={here}-"} if here else {}
    )
    try:
        answering = urllib.request.urlopen(request, timeout=_PATIENCE_SECONDS)
    except urllib.error.HTTPError as error:
        if error.code != http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            raise
        return  # there was no more to come
    with answering as answer:
        if answer.status != http.HTTPStatus.PARTIAL_CONTENT:
            here = 0  # the server begins at the beginning again
        total = here + int(answer.headers["Content-Length"] or 0)
        _check_size(archive, total, "sends")
        with part.open("ab" if here else "wb") as file:
            while chunk := answer.read(_CHUNK):
                here += len(chunk)
                if here > archive.most:  # of a server that does not tell how much comes
                    part.unlink()
                _check_size(archive, here, "sends")
                file.write(chunk)
                yield here, total
    if here < total:
        raise OSError("the connection broke off")


def _check(archive: Archive, whole: Path) -> None:
    if not archive.sha256:
        return
    with whole.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != archive.sha256.lower():
        whole.unlink()
        raise MaxstimError(
            f"What {archive.url} sent has SHA-256 {found} instead of {archive.sha256} and was removed; "
            f"try again later, or {archive.otherwise}."
        )


def _check_size(archive: Archive, n_bytes: int, does: str) -> None:
    if n_bytes > archive.most:
        raise MaxstimError(
            f"{archive.url} {does} {n_bytes / 1e6:.3g} MB, more than {archive.what[0].lower()}"
            f"{archive.what[1:]} can have ({archive.most / 1e6:.3g} MB); name another address, or "
            f"{archive.otherwise}."
        )


def _unpack(archive: Archive, whole: Path) -> None:
    """Unpack what is needed, whole or not at all, and remove the archive."""
    with aside(archive.folder.parent) as part:
        try:
            with zipfile.ZipFile(whole) as packed:
                needed = _needed(archive, packed)
                # This takes no member out of the folder, checks each, and writes no more than declared.
                packed.extractall(part, needed)
        except OSError:
            raise
        except MaxstimError:
            whole.unlink()
            raise
        except Exception as error:  # a damaged archive raises whatever the damage leads to
            whole.unlink()
            raise MaxstimError(
                "What was downloaded is no archive, or a damaged one, and was removed; try again."
            ) from error
        os.replace(part, archive.folder)
    whole.unlink()


def _needed(archive: Archive, packed: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """The members that are needed, once it is sure that there are some and that they fit."""
    needed = [member for member in packed.infolist() if member.filename.startswith(archive.needed)]
    if not needed:
        raise MaxstimError(
            f"The archive from {archive.url} holds no {' or '.join(archive.needed)} and was removed; "
            f"name another address, or {archive.otherwise}."
        )
    unpacked = sum(max(member.file_size, _LEAST_ON_DISK) for member in needed)
    _check_size(archive, unpacked, "sends an archive that unpacks to")
    if free_bytes(archive.folder.parent) < unpacked:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    return needed


def report_tenths(
    progress: Iterator[tuple[int, int]], report_progress: Callable[[str], None]
) -> None:
    """Run a download to its end, and tell how far it is at every tenth."""
    tenth = 0
    for here, total in progress:
        if total and 10 * here // total > tenth:
            tenth = 10 * here // total
            scale, unit = (1e9, "GB") if total >= 1e9 else (1e6, "MB")
            report_progress(f"{here / scale:.1f} of {total / scale:.1f} {unit}")
