"""What is printed, and what becomes of it where nobody reads."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TextIO


def prepare_streams() -> None:
    """Let anything be printed: nowhere if a stream is closed, as by ``>&-``, else as it can be shown.

    What a stream has no character for, or is no character at all as in some names of files, is escaped.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w"))
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def print_message(text: str, end: str = "\n", stream: TextIO | None = None) -> None:
    """Print to standard error, or to another stream; that nobody can read it stops no work."""
    stream = stream or sys.stderr
    try:
        print(text, end=end, file=stream, flush=True)
    except OSError:  # who read has left, or the disk is full
        send_nowhere(stream)


def send_nowhere(stream: TextIO) -> None:
    """Keep Python from trying once more, and complaining, when it ends."""
    with suppress(OSError):  # no file
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
