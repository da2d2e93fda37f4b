"""What a wheel puts where, and that maxstim installed from it works from any folder.

The environment of the tests has maxstim installed as editable: here it is built, installed into an
environment of its own, which borrows everything else, and started in a folder of another project that
has a package called ``dashboard`` too.
"""

import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest
from serving import free_port, run_apart

from benchmarks.page_server import Visitor

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("maxstim_core", "dashboard")
WINDOWS = os.name == "nt"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """What the wheel is made of, copied: building leaves traces beside it."""
    folder = tmp_path_factory.mktemp("source")
    for package in PACKAGES:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / package, folder / package, ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    return folder


@pytest.fixture(scope="module")
def wheel(source, tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    files = {path for path in source.rglob("*") if path.is_file()}
    run(
        sys.executable, "-m", "pip", "wheel", *OFFLINE, "--no-build-isolation", "-w", folder, source
    )
    for made in {path for path in source.rglob("*") if path.is_file()} - files:
        made.unlink()
    (found,) = folder.glob("*.whl")
    return found


OFFLINE = ("--no-deps", "--no-index", "--quiet", "--disable-pip-version-check")


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """The folder of an environment's programs, with maxstim from the wheel and nothing editable."""
    home = tmp_path_factory.mktemp("environment")
    venv.create(home, with_pip=False)
    programs = home / ("Scripts" if WINDOWS else "bin")
    python = programs / ("python.exe" if WINDOWS else "python")
    own = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
    borrowed = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    # Folders named in a .pth file are searched, their own .pth files, such as editable's, are not read.
    Path(own, "borrowed.pth").write_text("\n".join(sorted(borrowed)), encoding="utf-8")
    run(sys.executable, "-m", "pip", "--python", python, "install", *OFFLINE, wheel)
    return programs


@pytest.fixture
def elsewhere(tmp_path):
    """A folder of another project, whose package ``dashboard`` comes first on the path."""
    package = tmp_path / "dashboard"
    package.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError('another dashboard')\n")
    (package / "main.py").write_text("raise RuntimeError('another page')\n")
    return tmp_path


def environment(folder):
    return {**os.environ, "PYTHONPATH": str(folder), "MAXSTIM_DATA_DIR": str(folder / "data")}


def run(*command, **settings):
    command = list(map(str, command))
    done = subprocess.run(command, capture_output=True, text=True, check=False, **settings)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_top_level_holds_two_packages_and_no_more(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    top = {name.partition("/")[0] for name in names}
    (about,) = (name for name in top if name.endswith(".dist-info"))
    assert about.startswith("maxstim-")
    assert top == {*PACKAGES, about}


def test_everything_is_inside(source, wheel):
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    there = {
        path.relative_to(source).as_posix()
        for package in PACKAGES
        for path in (source / package).rglob("*")
        if path.is_file()
    }
    assert names == there
    assert {"maxstim_core/__init__.pyi", "maxstim_core/py.typed"} <= names
    assert {".js", ".css", ".nc", ".json"} <= {Path(name).suffix for name in names}


def test_it_searches_and_generates_from_another_folder(installed, elsewhere):
    (elsewhere / "story.py").write_text(
        f"""
import maxstim_core as ms
assert {str(ROOT)!r} not in ms.__file__, ms.__file__
network = ms.open_network("prior", extent=5)
clips = ms.open_clips("probes", extent=5)
best = ms.replay(network, "T4c", clips, ms.finish(ms.search(network, clips)))
answer = ms.finish(ms.generate(network, "T4c", ms.GenerateConfig(t_stim=0.05, n_iters=2)))
ms.strip(answer).save("t4c.png")
print(best.attrs["source"])
"""
    )
    where = {"cwd": elsewhere, "env": environment(elsewhere)}
    assert "edge" in run(installed / "python", "story.py", **where)
    assert (elsewhere / "t4c.png").read_bytes()[1:4] == b"PNG"
    few = ("--network", "prior", "--t-stim", "0.05", "--iterations", "2", "--output", "t4c.nc")
    assert "t4c.nc" in run(installed / "maxstim", "generate", "T4c", *few, **where)
    assert "default" in run(installed / "maxstim", "models", "list", **where)


def test_it_serves_its_own_page_from_another_folder(installed, elsewhere):
    port = free_port()
    server = subprocess.Popen(
        [str(installed / "maxstim"), "serve", "--port", str(port)],
        cwd=elsewhere,
        env=environment(elsewhere),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert f"localhost:{port}/dashboard" in server.stdout.readline()
        shown = run_apart(Visitor.arrive(f"http://localhost:{port}/dashboard")).document
    finally:
        server.send_signal(signal.SIGINT)
        said = server.communicate()[1]
    assert "another" not in said and "Traceback" not in said, said
    assert "HexPlayer" in shown and "T4c" in shown, "our own components, with our own words"
