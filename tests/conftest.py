"""What all tests share: where reference arrays lie, what a GPU needs, and how strict to be.

``MAXSTIM_STRICT=1`` turns every skip but that of a missing GPU into a failure, so that no check is
left out unseen.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

for ahead in ("MAXSTIM_SEARCH_AHEAD", "MAXSTIM_CONTROLS_AHEAD"):
    os.environ.setdefault(ahead, "0")  # it would take its time from the tests

STRICT = os.environ.get("MAXSTIM_STRICT", "") not in ("", "0")

SHARED = Path(
    os.environ.get("MAXSTIM_SHARED") or Path(__file__).resolve().parents[1] / ".." / "shared"
)
"""Arrays computed by flyvis and published networks: beside the checkout, not part of it."""


hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


def pytest_configure() -> None:
    """Heed Ctrl-C, which tests send to programs that they start.

    A shell makes what it starts in the background deaf to it, and programs inherit that.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def scheduling() -> Iterator[None]:
    """No test leaves its thread with another scheduling, which all that is started later inherits."""
    if not hasattr(os, "sched_getscheduler"):
        yield
        return
    before = os.sched_getscheduler(0)
    yield
    assert os.sched_getscheduler(0) == before


@pytest.fixture(scope="session")
def shared_reference() -> Path:
    """Folder of the arrays that flyvis computed; skips where it is absent."""
    return _shared("reference")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the published networks; skips where it is absent."""
    return _shared("data")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one megabyte; skips where none can be mounted."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        pytest.skip("Only root can mount a small disk.")
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", place], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("A small disk cannot be mounted here.")
    yield place
    subprocess.run(["umount", place], check=True)


def _shared(name: str) -> Path:
    folder = (SHARED / name).resolve()
    if not folder.is_dir():
        pytest.skip(f"There is no folder ../shared/{name}; MAXSTIM_SHARED can name another place.")
    return folder


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test marked ``gpu`` where torch sees no GPU."""
    if item.get_closest_marker("gpu"):
        import torch  # only here: it takes seconds to load

        if not torch.cuda.is_available():
            pytest.skip("There is no GPU here.")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item):
    """Fail what is skipped without need for a GPU or a program from outside, if strict."""
    report = yield
    if not any(item.get_closest_marker(name) for name in ("gpu", "outside", "peers")):
        _fail_if_skipped(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report():
    """Fail a module that is skipped as a whole, if strict."""
    report = yield
    _fail_if_skipped(report)
    return report


def _fail_if_skipped(report: pytest.TestReport | pytest.CollectReport) -> None:
    if STRICT and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"MAXSTIM_STRICT allows no skip: {reason}"
