"""Runs the cases, each in a process that may die, and prints what became of them."""

from __future__ import annotations

import argparse
import importlib
import json
import multiprocessing
import os
import pkgutil
import resource
import signal
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

import numpy as np

import benchmarks.imports
from benchmarks.imports.case import Case
from maxstim_core.errors import MaxstimError

_MOST_SECONDS, _MOST_MEGABYTES, _MOST_CHARACTERS = 10.0, 500.0, 500
_GIVE_UP = 30
"""Seconds after which a case that hangs is ended."""


class Ending(NamedTuple):
    """What became of a case: how it ended, and what it took."""

    case: str
    how: str
    seconds: float
    megabytes: float


def main() -> None:
    """Run all generators and print a table; exit status 1 if anything is wrong."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.imports")
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    found = (m.name for m in pkgutil.iter_modules(benchmarks.imports.__path__))
    modules = [
        importlib.import_module(f"benchmarks.imports.{name}") for name in found if name[0] != "_"
    ]
    modules = [module for module in modules if hasattr(module, "cases")]
    endings: list[Ending] = []
    left: list[str] = []
    total = sum(module.SHARE for module in modules)
    with tempfile.TemporaryDirectory() as work:
        os.environ["MAXSTIM_DATA_DIR"] = str(Path(work) / "data")
        scratch = Path(work) / "tmp"
        scratch.mkdir()
        tempfile.tempdir = str(scratch)
        for module in modules:
            folder = Path(work) / module.__name__.rpartition(".")[2]
            folder.mkdir()
            count, rng = asked.cases * module.SHARE // total, np.random.default_rng(asked.seed)
            made = list(module.cases(count, rng, folder))
            before = _files(Path(work))
            endings += _run(made)
            left += sorted(_files(Path(work)) - before)
    _report(endings, left)


def _files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def _run(made: list[Case]) -> Iterator[Ending]:
    """Run cases in a process; another goes on where one has died."""
    at = 0
    while at < len(made):
        ours, theirs = multiprocessing.Pipe(duplex=False)
        child = multiprocessing.get_context("fork").Process(target=_work, args=(made[at:], theirs))
        child.start()
        theirs.close()
        try:
            while at < len(made):
                yield Ending(*ours.recv())
                at += 1
        except EOFError:
            case = made[at]
            yield Ending(_name(case), "died", 0.0, 0.0)
            at += 1
        child.join()


def _name(case: Case) -> str:
    return f"{case.kind}, {case.change} → {case.outcome}"


def _work(made: list[Case], told: Connection) -> None:
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    for case in made:
        signal.alarm(_GIVE_UP)
        began, memory = time.perf_counter(), _megabytes()
        try:
            how = "right" if case.is_right(case.read()) else "wrong success"
        except MaxstimError as error:
            text = str(error)
            one_sentence = len(text) <= _MOST_CHARACTERS and "\n" not in text
            how = "right" if case.refused and one_sentence else f"refused: {text[:600]}"
        except BaseException:
            how = f"traceback: {traceback.format_exc()[-1500:]}"
        told.send((_name(case), how, time.perf_counter() - began, _megabytes() - memory))
    told.close()


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def _report(endings: list[Ending], left: list[str]) -> None:
    for kind in sorted({ending.case for ending in endings}):
        of_kind = [ending for ending in endings if ending.case == kind]
        counts = Counter(ending.how.partition(":")[0] for ending in of_kind)
        print(f"{kind:<55}", ", ".join(f"{n} {how}" for how, n in counts.items()))
    wrong = [ending for ending in endings if ending.how != "right"]
    for ending in wrong[:10]:
        print("\n", ending.case, "\n", ending.how)
    slow = max(ending.seconds for ending in endings)
    much = max(ending.megabytes for ending in endings)
    figures = {
        "cases": len(endings),
        "wrong": len(wrong),
        "files left": len(left),
        "most seconds": round(slow, 2),
        "most megabytes more": round(much, 1),
    }
    print(json.dumps(figures), *left[:5], sep="\n")
    if wrong or left or slow > _MOST_SECONDS or much > _MOST_MEGABYTES:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
