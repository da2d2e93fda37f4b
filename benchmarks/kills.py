"""Commands that store something at the same moment, and commands that are killed while they store it.

``python -m benchmarks.kills`` runs true commands in a data directory of its own and says what came of
them: of two that import different networks under one name, exactly one must be stored and the other
must end in one sentence and exit status 2; of what is killed, the next start must leave nothing hidden,
and what is there must be whole.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from maxstim_core.networks.flyvis_format import write_ensemble
from maxstim_core.networks.network_file import write_network
from maxstim_core.networks.unfitted import flyvis_initial_network, prior_network

_PAUSE_SECONDS = 0.0005


def start(data: Path, *words: str | os.PathLike) -> subprocess.Popen:
    """Start a command with a data directory."""
    return subprocess.Popen(
        [sys.executable, "-m", "maxstim_core.cli", *map(str, words)],
        env={**os.environ, "MAXSTIM_DATA_DIR": str(data)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def race(data: Path, files: tuple[Path, Path], name: str) -> str:
    """Import two networks under one name at once; return what is wrong, or nothing."""
    both = [start(data, "models", "import", file, "--name", name) for file in files]
    told = [command.communicate() for command in both]
    codes = [command.returncode for command in both]
    if sorted(codes) != [0, 2]:
        return f"exit statuses {codes}: {told}"
    winner = codes.index(0)
    said = told[1 - winner][1]
    if (
        told[winner][0] != f"own/{name}\n"
        or not said.startswith("maxstim: ")
        or said.count("\n") > 1
    ):
        return f"what they said: {told}"
    stored = (data / "networks" / f"{name}.json").read_bytes()
    return "" if stored == files[winner].read_bytes() else "not the winner's network"


def kill(data: Path, seconds: float, *words: str | os.PathLike) -> tuple[bool, int]:
    """Kill a command so many seconds after it has begun to write in the data directory.

    Returns:
        Whether it was still running, and how many hidden parts it left.
    """
    before = set(_hidden(data))
    command = start(data, *words)
    while command.poll() is None and not set(_hidden(data)) - before:
        time.sleep(_PAUSE_SECONDS)
    time.sleep(seconds)
    running = command.poll() is None
    command.kill()
    command.communicate()
    return running, len(_hidden(data))


def problems(data: Path) -> list[str]:
    """Start two commands anew, and return what is wrong in the data directory then."""
    found = []
    for words in (("movies", "list"), ("models", "remove", "own/nothing")):
        command = start(data, *words)
        shown, said = command.communicate()
        if "damaged" in shown or "Traceback" in said:
            found.append(f"{' '.join(words)}: {shown}{said}")
    found += [f"hidden: {path}" for path in _hidden(data)]
    for file in (data / "networks").rglob("*.json"):
        try:
            json.loads(file.read_text(encoding="utf-8"))
        except ValueError:
            found.append(f"not whole: {file}")
    for name, kinds in (("mine", 1), ("lab", 1)):
        there = [(data / "networks" / f"{name}.json").exists(), (data / "networks" / name).exists()]
        if sum(there) > kinds:
            found.append(f"both a network and an ensemble {name}")
    for folder in (data / "networks" / "lab", data / "networks" / "mine"):
        if folder.exists() and len(list(folder.iterdir())) != 3:
            found.append(f"half an ensemble: {folder}")
    return found


def _hidden(data: Path) -> list[Path]:
    found = []
    for folder, folders, files in os.walk(data):
        found += [Path(folder, name) for name in (*folders, *files) if name.startswith(".")]
    return found


def main() -> None:
    """Run races and kills, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--races", type=int, default=30)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    chance = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as name:
        folder, wrong = Path(name), []
        files = (folder / "a.json", folder / "b.json")
        write_network(prior_network(), files[0], {"which": "a"})
        write_network(flyvis_initial_network(), files[1], {"which": "b"})
        for k in range(arguments.races):
            wrong += filter(None, [race(folder / "races", files, f"race-{k}")])
        print(f"{arguments.races} races, {len(wrong)} not as they must be", flush=True)
        write_ensemble(
            [prior_network(), flyvis_initial_network(), prior_network()], folder / "flow"
        )
        np.save(folder / "film.npy", np.random.default_rng(0).random((400, 721)))
        film = (folder / "film.npy", "--fps", "24", "--replace", "--name")
        imports = (
            ("movies", "import", *film, "walk"),
            ("models", "import", folder / "flow", "--name", "lab", "--replace"),
            ("models", "import", files[0], "--name", "mine", "--replace"),
            ("models", "import", folder / "flow", "--name", "mine", "--replace"),
        )
        running = left = 0
        for k in range(arguments.kills):
            was_running, hidden = kill(folder / "kills", chance.uniform(0, 0.1), *imports[k % 4])
            running += was_running
            left += hidden > 0
            wrong += problems(folder / "kills")
        print(
            f"{arguments.kills} kills, {running} of a command that still ran, {left} of which left "
            f"something hidden; wrong after the next start: {len(wrong)} in all"
        )
        print("\n".join(wrong))
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
