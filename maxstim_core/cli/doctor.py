"""``maxstim doctor``: what is here, what is missing, and what is wrong with it.

Each thing that a run needs is done once: a network is opened, a frame is simulated, and the data
directory is written to.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import platform
import re
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from maxstim_core import __version__
from maxstim_core.errors import MaxstimError

_PROBE = 65_536
"""Bytes that are written to see whether a disk takes any."""

_FOLDERS = ("results", "clips", "networks", "cards", "downloads", "flyvis")
"""What the data directory holds; none need be there."""

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


class Finding(NamedTuple):
    """One line of the report.

    Attributes:
        name: What was looked for.
        value: What was found.
        mark: ``ok``, ``note`` (something optional is missing), ``missing`` (maxstim cannot do
            without) or ``wrong`` (it is here, and hinders or slows runs; the value says what to do).
    """

    name: str
    value: str
    mark: str = "ok"


def doctor(arguments: argparse.Namespace) -> int:
    """Print the report; 0 if maxstim can be used here, else 1."""
    del arguments
    findings = []
    for title, examine in SECTIONS.items():
        print(title)
        for finding in examine():
            mark = "" if finding.mark == "ok" else f"   [{finding.mark}]"
            print(f"  {finding.name:<22}{finding.value}{mark}", flush=True)
            findings.append(finding)
        print()
    named = {
        title: ", ".join(finding.name for finding in findings if finding.mark == mark)
        for title, mark in (("Missing", "missing"), ("Wrong", "wrong"))
    }
    bad = " ".join(f"{title}: {names}." for title, names in named.items() if names)
    print(bad or "maxstim can be used here.")
    return 1 if bad else 0


def _versions() -> Iterator[Finding]:
    yield Finding("maxstim", __version__)
    supported = sys.version_info >= (3, 11)
    yield Finding("Python", platform.python_version(), "ok" if supported else "missing")
    from importlib import metadata  # takes a while to load, and every command names this module

    try:
        requirements = metadata.requires("maxstim") or []
    except metadata.PackageNotFoundError:
        yield Finding("dependencies", "unknown: maxstim runs uninstalled", "note")
        return
    named = {m[0]: text for text in requirements if (m := re.match(r"[\w.-]+", text))}
    for name, requirement in sorted(named.items()):
        for_tests = "extra ==" in requirement
        try:
            yield Finding(name, metadata.version(name) + (" (tests)" if for_tests else ""))
        except metadata.PackageNotFoundError:
            yield Finding(name, "not installed", "note" if for_tests else "missing")


def _devices() -> Iterator[Finding]:
    try:
        import torch
    except ImportError as error:
        yield Finding("devices", f"unknown without {error.name}", "missing")
        return
    from maxstim_core.devices import available_devices, usable_cores

    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    yield Finding("cpu", f"{usable} cores, {usable_cores()} threads")
    yield _compiled_code()
    gpus = available_devices()[1:]
    for gpu in gpus:
        name, reason = torch.cuda.get_device_name(gpu), _hindrance(gpu)
        if reason:
            yield Finding(gpu, f"{name}, through plain torch, which is slower: {reason}", "note")
        else:
            yield Finding(gpu, f"{name}, through Triton")
    if not gpus:
        yield Finding("GPU", "none found: runs use the CPU", "note")


def _hindrance(gpu: str) -> str:
    """Return why the CUDA engine does not work on a GPU; nothing if it does."""
    from maxstim_core.networks.unfitted import prior_network
    from maxstim_core.simulation.cuda import CudaEngine

    try:
        CudaEngine(prior_network(1), device=gpu)
    except MaxstimError as error:
        return str(error)
    return ""


def _compiled_code() -> Finding:
    """Simulate a frame on the CPU, and tell what is wrong with the cache of the code that does it."""
    import numpy as np

    from maxstim_core.networks.unfitted import prior_network
    from maxstim_core.simulation.compilation import COMPILING, report_compilation

    said: list[str] = []
    report_compilation(said.append)
    try:
        from maxstim_core.simulation.simulate import simulate

        network = prior_network(1)
        voltage = simulate(network, np.full((1, network.lattice.n_columns), 0.5), dt=0.01)
    except Exception as error:  # whatever it is, the report goes on
        told = str(error).partition("\n")[0]
        why = f"nothing can be simulated ({type(error).__name__}: {told}); install maxstim again"
        return Finding("compiled code", why, "wrong")
    troubles = [sentence for sentence in said if sentence != COMPILING]
    if troubles:
        return Finding("compiled code", troubles[0], "wrong")
    if not np.isfinite(voltage.values).all():
        return Finding(
            "compiled code", "computes no finite numbers; install maxstim again", "wrong"
        )
    return Finding("compiled code", "was made just now" if said else "is there")


def _data() -> Iterator[Finding]:
    from maxstim_core.networks.catalog import known_networks, open_network
    from maxstim_core.stimuli.catalog import clip_set_names

    try:
        network = open_network("default")
        yield Finding("eye", f"{network.lattice.n_columns} columns")
        count = Counter(known.source for known in known_networks())
        found = ", ".join(f"{number} {source}" for source, number in count.items())
        yield Finding("networks", f"{found} ({len(network.connectome.names)} cell types)")
    except (MaxstimError, OSError) as error:
        yield Finding("networks", str(error), "missing")
    try:
        yield Finding("clip sets", ", ".join(clip_set_names()))
        yield from _damaged_sets()
        yield _results_folder()
    except (MaxstimError, OSError) as error:
        yield Finding("results", str(error), "wrong")


def _damaged_sets() -> Iterator[Finding]:
    """Open each clip set of the data directory, and tell of those that cannot be."""
    from maxstim_core.stimuli.stored.clip_store import clips_folder, open_stored, stored_names

    for name in stored_names():
        try:
            open_stored(clips_folder(name))
        except MaxstimError as error:
            yield Finding("clip sets", str(error), "wrong")


def _results_folder() -> Finding:
    """Look whether results can be stored, without making a folder for them."""
    from maxstim_core.runs.store import ROOM
    from maxstim_core.storage.data_dir import data_directory

    folder = data_directory()
    there = next(parent for parent in (folder, *folder.parents) if os.path.lexists(parent))
    otherwise = "name another folder in MAXSTIM_DATA_DIR"
    inside = (folder / name for name in _FOLDERS)
    for place in (there, *(path for path in inside if os.path.lexists(path))):
        if not os.path.isdir(place):
            why = "is a link that leads nowhere" if os.path.islink(place) else "is a file"
            told = f"{place} {why}, not a folder; move it away, or {otherwise}"
            return Finding("results", told, "wrong")
    try:
        free = shutil.disk_usage(there).free
        with tempfile.TemporaryFile(
            dir=there
        ) as probe:  # permissions do not tell of read-only disks
            probe.write(bytes(_PROBE))
    except OSError as error:
        why = (
            f"{folder} cannot be written ({error.strerror or error}); make room or make it writable"
        )
        return Finding("results", f"{why}, or {otherwise}", "wrong")
    if free < ROOM:
        why = f"The disk of {folder} is full ({free / 1e6:.0f} MB left); make room"
        return Finding("results", f"{why}, or {otherwise}", "wrong")
    n_results = len(list((folder / "results").glob("*.nc")))
    return Finding("results", f"{folder} ({n_results} stored, {free / 1e9:.0f} GB free)")


def _page() -> Iterator[Finding]:
    from maxstim_core.cli.serve import page_folder

    panel = importlib.util.find_spec("panel") is not None
    # By its place: another package called dashboard would not do.
    for package, found in (("dashboard", page_folder().is_dir()), ("panel", panel)):
        yield Finding(package, "found" if found else "not installed", "ok" if found else "note")
    chromium = find_chromium()
    if chromium:
        yield Finding("Chromium", f"{chromium} (tests)")
    else:
        yield Finding("Chromium", "none found: browser tests are skipped", "note")


def find_chromium() -> Path | None:
    """Return the Chromium that ``CHROMIUM`` names, or else one that is on the path, or None."""
    named = os.environ.get("CHROMIUM")
    found = filter(None, map(shutil.which, (named,) if named else CHROMIUM_NAMES))
    return next(map(Path, found), None)


SECTIONS = {
    "Versions": _versions,
    "Devices": _devices,
    "Data": _data,
    "Dashboard": _page,
}
"""What is examined, in this order."""
