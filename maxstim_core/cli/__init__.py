"""The command line: ``maxstim generate | search | movies | …``.

Nothing heavy is loaded before a command needs it, so that help is instant. Options, their defaults
and their help come from the configurations in `maxstim_core.optimal.configs`.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence

from maxstim_core.cli.parser import make_parser
from maxstim_core.errors import MaxstimError

REFUSED = 2
"""Exit code of a command that a person can put right."""

INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells expect it."""


UNHEARD = 141
"""Exit code when nobody reads what is printed, as of a program that SIGPIPE ends."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    Args:
        argv: Arguments after the name of the program; those of the process if None.

    Returns:
        0 if it did what was asked, 2 after bad input (one sentence on standard error), 130 after
        Ctrl-C.
    """
    arguments = make_parser().parse_args(argv)
    try:
        code = arguments.run(arguments)
        sys.stdout.flush()
        return code
    except MaxstimError as error:
        print(f"maxstim: {error}", file=sys.stderr)
        return REFUSED
    except KeyboardInterrupt:
        print("\nmaxstim: Stopped before there was anything to keep.", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # who read has left, as `head` does
        _send_output_nowhere()
        return UNHEARD
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        _send_output_nowhere()
        print("maxstim: There is no room left to write to; make some.", file=sys.stderr)
        return REFUSED
    except (MemoryError, RuntimeError) as error:
        if not _is_out_of_memory(error):
            raise
        print(
            "maxstim: The memory did not suffice; choose fewer frames or another device.",
            file=sys.stderr,
        )
        return REFUSED


def _send_output_nowhere() -> None:
    """Keep Python from trying once more, and complaining, when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _is_out_of_memory(error: Exception) -> bool:
    """Tell whether an error is Python's, or torch's on a CPU or a GPU, for lack of memory."""
    text = str(error).lower()
    return isinstance(error, MemoryError) or "out of memory" in text or "can't allocate" in text
