"""Write requirements.lock: every dependency of maxstim, its extras, its build and its tests, pinned.

    python scripts/lock.py

Resolves the dependencies of pyproject.toml as for an empty environment, without installing anything.
Run it with Python 3.11, the oldest that maxstim supports, so that every newer one can install the
result too.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"

TORCH = "torch==2.13.0"
"""The one version chosen by hand: stimuli and losses are compared with flyvis's under it."""

TRITON = "3.7.1"
"""What this torch asks for where it brings CUDA; elsewhere it interprets kernels for tests."""

GPU_LIBRARIES = re.compile(r"nvidia-|cuda-")
"""What torch asks for itself, by exact version, on the platforms that need it."""

ONLY_ON = {"triton": "sys_platform == 'linux' and python_version < '3.15'"}
"""Where to install what not every platform has."""

HEADER = """\
# Every dependency of maxstim and of its tests, pinned. Made by `make lock`; do not edit by hand.
# No local version tags, hashes or addresses, so that any platform finds its own build; torch brings
# its GPU libraries along where there are any."""


def main() -> None:
    """Resolve, and write the lock file."""
    if sys.version_info[:2] != (3, 11):
        sys.exit("The lock file is made with Python 3.11; run: make lock PYTHON=python3.11")
    described = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    project, build = described["project"], described["build-system"]["requires"]
    extras = [one for each in project["optional-dependencies"].values() for one in each]
    wanted = [*project["dependencies"], *extras, *build, TORCH]
    lines = [HEADER, *pins({**resolve(wanted), "triton": TRITON}), ""]
    LOCK.write_text("\n".join(lines), encoding="utf-8")
    print(f"{LOCK.name} written.")


def resolve(requirements: list[str]) -> dict[str, str]:
    """Return the version of each distribution that pip would install into an empty environment."""
    pip = [sys.executable, "-m", "pip", "install", "-qq", "--dry-run", "--ignore-installed"]
    command = [*pip, "--report", "-", *requirements]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit("pip could not resolve the dependencies; the lock file is unchanged.")
    installed = (item["metadata"] for item in json.loads(done.stdout)["install"])
    return {item["name"]: item["version"] for item in installed}


def pins(versions: dict[str, str]) -> list[str]:
    """Return sorted ``name==version`` lines, names normalised, without local version tags."""
    normal = {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in versions.items()}
    return [
        f"{name}=={version.partition('+')[0]}" + (f"; {ONLY_ON[name]}" if name in ONLY_ON else "")
        for name, version in sorted(normal.items())
        if not GPU_LIBRARIES.match(name)
    ]


if __name__ == "__main__":
    main()
