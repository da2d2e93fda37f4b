"""A file that arrives in chunks, kept in a temporary folder and never in memory."""

from __future__ import annotations

import re
import secrets
import tempfile
from functools import lru_cache
from pathlib import Path

from dashboard.guard.allowance import UPLOADS
from maxstim_core.errors import MaxstimError
from maxstim_core.stimuli.files.detect import HEAD, check_bytes, kind_of_head
from maxstim_core.storage.atomic import part_name, sweep_parts_of_ended

CHUNK_BYTES = 1_000_000
"""Bytes of a chunk: far below the 20 MB of a message that would close the connection."""


_LONGEST_NAME = 140
"""Bytes of a file's name: letters take up to four, and a disk that encrypts names takes 143."""


class UploadFile:
    """Takes one file at a time; its folder goes away with `clear`, at the latest with this object.

    Args:
        visitor: Whose allowance the files count against; by default that of somebody new.
    """

    def __init__(self, visitor: str = "") -> None:
        _sweep(tempfile.gettempdir())
        self._visitor, self._is_counted = visitor or secrets.token_hex(16), False
        self._folder: tempfile.TemporaryDirectory | None = None
        self.path: Path | None = None
        self.n_bytes = self.received = 0

    @property
    def is_complete(self) -> bool:
        """Whether the whole file is there."""
        return self.path is not None and self.received == self.n_bytes

    def expect(self, name: str, n_bytes: int) -> None:
        """Prepare for a file, before anything of it is sent.

        Args:
            name: What it is called at the sender's; its characters are not trusted.
            n_bytes: How large it is.

        Raises:
            MaxstimError: if it is empty or too large, there is no room for it, or the visitor has sent
                too many.
        """
        self.clear()
        name = safe_file_name(name)
        check_bytes(name, n_bytes)
        UPLOADS.begin(self._visitor, n_bytes)
        self._is_counted = True
        try:
            self._folder = tempfile.TemporaryDirectory(
                # As a part, so that what a server leaves that is killed is known by its name.
                prefix=part_name().removesuffix(".part"),
                suffix=".part",
                ignore_cleanup_errors=True,
            )
            path = Path(self._folder.name) / name
            path.touch()
        except OSError as error:
            self.clear()
            raise self._no_room(name, error) from error
        self.path, self.n_bytes, self.received = path, n_bytes, 0

    def take(self, chunk: bytes) -> None:
        """Add the next chunk.

        Raises:
            MaxstimError: if the file turns out to be no movie, or there is no room for it; then it is
                forgotten.
        """
        if self.path is None or not 0 < len(chunk) <= self.n_bytes - self.received:
            self.clear()
            raise MaxstimError("The file changed while it was sent; choose it again.")
        name = self.path.name
        try:
            if not self.received:
                kind_of_head(
                    name, bytes(chunk[:HEAD])
                )  # of a text of 1 GB, no more than this is sent
            with self.path.open("ab") as file:
                file.write(chunk)
        except OSError as error:
            self.clear()
            raise self._no_room(name, error) from error
        except MaxstimError:
            self.clear()
            raise
        self.received += len(chunk)

    def clear(self) -> None:
        """Forget the file, and remove what there is of it."""
        if self._is_counted:
            UPLOADS.end(self._visitor)
        self._is_counted = False
        if self._folder is not None:
            self._folder.cleanup()
        self._folder = self.path = None
        self.n_bytes = self.received = 0

    @staticmethod
    def _no_room(name: str, error: OSError) -> MaxstimError:
        return MaxstimError(
            f"The server has no room for {name} ({error.strerror or error}); choose a smaller file, "
            "or ask who runs it."
        )


@lru_cache(maxsize=1)
def _sweep(folder: str) -> None:
    """Remove, once in a server's life, what others have left: of movies, that may be much."""
    sweep_parts_of_ended(folder)


def safe_file_name(name: str) -> str:
    """Return what a sent file is called here: like at its sender's, but one name and no path."""
    last = re.split(r"[/\\]", name)[-1]
    safe = re.sub(r"[^\w .()+&,-]", "_", last)[-80:]
    while len(safe.encode()) > _LONGEST_NAME:
        safe = safe[1:]
    return safe.lstrip(". ") or "movie"
