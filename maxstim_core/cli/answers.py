"""What commands share whose steps are answers, each kept as it is finished: sweep, atlas."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from maxstim_core.cli.interrupts import OneInterrupt
from maxstim_core.cli.progress import ProgressLine
from maxstim_core.cli.streams import print_message

if TYPE_CHECKING:
    from maxstim_core.atlas.run import AtlasRun
    from maxstim_core.sweeps.sweep import Sweep


def run_answers(
    run: Sweep | AtlasRun, what: str, hindrance: Callable[[], str | None] = lambda: None
) -> bool:
    """Run what is missing with a line of progress, and return whether Ctrl-C stopped it.

    Args:
        run: Not begun.
        what: What the line begins with.
        hindrance: Tells what it waits for, in a sentence, if for anything; said once for each time.

    Raises:
        MaxstimError: if it cannot go on.
    """
    with OneInterrupt() as interrupt, ProgressLine(what, run.terms) as progress:
        try:
            said = None
            for report in run:
                progress.show(report, run.share)
                now = hindrance()
                if now and now != said:
                    progress.say(now)
                said = now
            interrupt.ignore()
        except KeyboardInterrupt:
            print_message("Stopping; what is finished is kept …")
            return True
    return False


def print_problems(run: Sweep | AtlasRun) -> None:
    """Tell how many answers failed, if any, and why the first did."""
    if run.problems:
        print_message(f"maxstim: {len(run.problems)} answers failed; the first: {run.problems[0]}")


def stopped_status(run: Sweep | AtlasRun) -> int:
    """Tell how far a run was when it was stopped, and return the exit status of that."""
    print_message(
        f"maxstim: Stopped after {run.n_done} of {run.n_steps} answers; the same command goes on from "
        "there."
    )
    return 130
