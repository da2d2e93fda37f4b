"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import uuid
from contextlib import suppress
from pathlib import Path

from maxstim_core.errors import MaxstimError


def write_whole(path: str | os.PathLike, what: str, content: bytes) -> None:
    """Write a file; what was there stays until all of the new one is.

    Args:
        path: Where to write it.
        what: What it is, for the refusal.
        content: What to write.

    Raises:
        MaxstimError: if it cannot be written; nothing half-written stays.
    """
    path = Path(path)
    part = path.with_name(f".{uuid.uuid4().hex}.part")
    try:
        part.write_bytes(content)
        os.replace(part, path)
    except OSError as error:
        raise MaxstimError(
            f"The {what} could not be written to {path} ({error.strerror or error}); choose a folder "
            "that exists, is writable and has room."
        ) from error
    finally:
        with suppress(OSError):
            part.unlink()
