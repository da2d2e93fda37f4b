"""The frame of the project holds together: what is pinned, and what an import does."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.version import Version

from maxstim_core import __version__

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
PINS = dict(
    line.partition(";")[0].split("==")
    for line in LOCK.splitlines()
    if line.strip() and not line.startswith("#")
)
REQUIREMENTS = [
    Requirement(text)
    for text in (
        *PROJECT["project"]["dependencies"],
        *(one for each in PROJECT["project"]["optional-dependencies"].values() for one in each),
        *PROJECT["build-system"]["requires"],
    )
]

TEXT = {".cff", ".css", ".js", ".md", ".py", ".toml", ".yaml", ".yml"}

PAGE_LIBRARIES = ("panel", "bokeh", "holoviews", "param", "panel_material_ui")


def test_lock_holds_nothing_but_pins():
    for line in LOCK.splitlines():
        pin, _, marker = line.partition("; ")
        assert re.fullmatch(r"#.*|[a-z0-9-]+==[0-9][0-9a-z.]*", pin), line
        assert not marker or line.startswith(("#", "triton==")), line
    assert "://" not in LOCK
    assert not [name for name in PINS if name.startswith(("nvidia", "cuda"))]


def test_torch_is_pinned_for_every_platform():
    assert PINS["torch"] == "2.13.0"
    # Another Triton than torch with CUDA asks for could not be installed beside it.
    assert PINS["triton"] == "3.7.1"


@pytest.mark.parametrize("requirement", REQUIREMENTS, ids=str)
def test_every_dependency_has_a_fitting_pin(requirement):
    name = re.sub(r"[-_.]+", "-", requirement.name).lower()
    assert requirement.specifier.contains(Version(PINS[name]))


def test_bokeh_is_safe():
    bokeh = next(r for r in REQUIREMENTS if r.name == "bokeh")
    assert not bokeh.specifier.contains("3.8.1"), "CVE-2026-21883"


def test_conda_environment_is_the_locked_one():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    *from_conda, pip = environment["dependencies"]
    python = next(
        item.partition("=")[2] for item in from_conda if item.partition("=")[0] == "python"
    )
    assert python in Requirement(f"python{PROJECT['project']['requires-python']}").specifier
    assert "pip" in from_conda
    assert pip == {"pip": ["-r requirements.lock", "-e ."]}


def test_every_module_of_the_core_imports_without_the_page_libraries():
    code = f"""
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {PAGE_LIBRARIES!r}:
            raise ModuleNotFoundError(f"{{name}} is blocked", name=name)

sys.meta_path.insert(0, Blocked())
root = Path({str(ROOT)!r})
for path in sorted(root.glob("maxstim_core/**/*.py")):
    parts = path.relative_to(root).with_suffix("").parts
    if parts[-1] != "kernels" or find_spec("triton"):  # the one module that needs an optional package
        import_module(".".join(part for part in parts if part != "__init__"))
"""
    _python(code)


@pytest.mark.parametrize("package", ["maxstim_core", "dashboard"])
def test_importing_leaves_no_trace(package, tmp_path):
    home, here = tmp_path / "home", tmp_path / "here"
    home.mkdir()
    here.mkdir()
    before = _files()
    # What other libraries do on their own when imported is theirs: they come first.
    libraries = ["numba", "torch", "xarray", "h5netcdf"]
    libraries += ["panel", "panel_material_ui"] * (package == "dashboard")
    code = f"""
import logging
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

for library in {libraries!r}:
    import_module(library)
def handlers():
    names = [None, *logging.root.manager.loggerDict]
    return {{(name, type(h)) for name in names for h in logging.getLogger(name).handlers}}
before = handlers()
root = Path({str(ROOT)!r})
for path in sorted(root.glob("{package}/**/*.py")):
    parts = path.relative_to(root).with_suffix("").parts
    is_script = parts[1:] in {{("main",), ("warm",)}}  # that Panel runs
    if not is_script and (parts[-1] != "kernels" or find_spec("triton")):
        import_module(".".join(part for part in parts if part != "__init__"))
assert handlers() == before, handlers() - before
assert not logging.root.handlers
"""
    names = ("HOME", "USERPROFILE", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME")
    _python(code, cwd=here, **{name: str(home) for name in names})
    assert not list(here.iterdir())
    assert not [path for path in home.rglob("*") if "maxstim" in path.name.lower()]
    assert _files() == before


def test_numbers_cite_what_readers_have():
    """A private page is cited nowhere, and every section cited is in docs/numerics.md."""
    page = (ROOT / "docs" / "numerics.md").read_text(encoding="utf-8")
    headings = re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```$", "", page, flags=re.M | re.S), re.M)
    sections = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    assert len(sections) == len(headings)
    assert set(re.findall(r"\]\(#([\w-]+)\)", page)) <= sections
    cited = set()
    for path in _texts():
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"\bspec\b.{0,4}\u00a7", text, re.I | re.S), path
        for section in re.findall(r"docs/numerics\.md#([\w-]+)", text):
            assert section in sections, f"{path} cites {section}"
            cited.add(section)
    assert len(cited) > 15


def test_what_contributors_are_told_is_there():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    paths = re.findall(r"`((?:maxstim_core|dashboard|tests|docs|benchmarks)/[\w./]*)`", text)
    assert len(paths) > 20
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_citation_is_of_this_version_and_of_the_paper():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["cff-version"] == "1.2.0"
    assert citation["version"] == __version__
    doi = citation["preferred-citation"]["doi"]
    assert PROJECT["project"]["urls"]["Paper"] == f"https://doi.org/{doi}"
    assert doi in (ROOT / "README.md").read_text(encoding="utf-8")


def test_hooks_fetch_nothing():
    """Every hook is a tool of the environment that `make` makes."""
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    assert [repo["repo"] for repo in config["repos"]] == ["local"]
    (repo,) = config["repos"]
    entries = {hook["entry"].partition(" --")[0] for hook in repo["hooks"]}
    assert entries == {
        ".venv/bin/ruff check",
        ".venv/bin/ruff format",
        ".venv/bin/mypy maxstim_core",
        ".venv/bin/lint-imports",
    }


def _texts():
    """All texts of the project; neither what hides behind a dot nor what was built from them."""
    for top in ROOT.iterdir():
        if top.name.startswith(".") or top.name in ("build", "dist"):
            continue
        for path in [top, *top.rglob("*")]:
            if path.suffix in TEXT and path.is_file():
                yield path


def _files():
    folders = (ROOT / "maxstim_core", ROOT / "dashboard")
    return {
        path for folder in folders for path in folder.rglob("*") if "__pycache__" not in path.parts
    }


def _python(code, cwd=ROOT, **environment):
    done = subprocess.run(
        [sys.executable, "-W", "error:::maxstim_core", "-c", code],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
