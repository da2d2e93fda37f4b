"""The command line: ``maxstim generate | search | movies | …``.

Nothing heavy is loaded before a command needs it, so that help is instant. Options, their defaults
and their help come from the configurations in `maxstim_core.optimal.configs`.
"""

from __future__ import annotations

import errno
import gc
import sys
from collections.abc import Sequence

from maxstim_core.cli.interrupts import held_back
from maxstim_core.cli.streams import prepare_streams, print_message, send_nowhere
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
    often = gc.get_threshold()
    try:
        # What libraries make as they load stays: to look for garbage in it is a tenth of a short run.
        gc.set_threshold(50_000, *often[1:])
        prepare_streams()
        with held_back():
            from maxstim_core.cli.parser import make_parser
        arguments = make_parser().parse_args(argv)
        code = arguments.run(arguments)
        sys.stdout.flush()
        return code
    except MaxstimError as error:
        print_message(f"maxstim: {error}")
        return REFUSED
    except KeyboardInterrupt:
        print_message("\nmaxstim: Stopped before there was a result.")
        return INTERRUPTED
    except BrokenPipeError:  # who read has left, as `head` does
        send_nowhere(sys.stdout)
        return UNHEARD
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        send_nowhere(sys.stdout)
        print_message("maxstim: There is no room left to write to; make some.")
        return REFUSED
    except (MemoryError, RuntimeError) as error:
        if not _is_out_of_memory(error):
            raise
        print_message("maxstim: The memory did not suffice; choose fewer frames or another device.")
        return REFUSED
    finally:
        gc.set_threshold(*often)


def _is_out_of_memory(error: Exception) -> bool:
    """Tell whether an error is Python's, or torch's on a CPU or a GPU, for lack of memory."""
    text = str(error).lower()
    return isinstance(error, MemoryError) or "out of memory" in text or "can't allocate" in text
