"""`maxstim atlas`, as a person calls it."""

import json
import shutil
import sys

import pytest
import xarray as xr
from small_atlas import made_store, toy_networks

from maxstim_core.cli import main

ASKED = ("--cell-types", "Mi1,T4c", "--networks", "maxstim/000", "--t-stim", "0.05")
SHORT = (*ASKED, "--iterations", "2", "--no-controls", "--workers", "1")


def atlas(*words):
    return main(["atlas", *map(str, words)])


def test_an_atlas_is_made_once_and_tells_how_far_it_is(tmp_path, capsys):
    store = tmp_path / "a.zarr"
    assert atlas("run", store, *SHORT) == 0
    told = capsys.readouterr()
    assert told.out == f"{store}\n" and "atlas: 2/2" in told.err
    assert atlas("run", store, *SHORT) == 0
    capsys.readouterr()
    found = xr.open_zarr(store, chunks=None)
    assert found.objective.values.tolist() == ["drive"] and (found.contrast_energy > 99).all()
    assert atlas("status", store, "--json") == 0
    status = json.loads(capsys.readouterr().out)
    assert (status["answers"], status["complete"], status["missing"]) == (2, 2, 0)
    assert status["by_network"] == {"maxstim/000": {"complete": 2, "failed": 0, "missing": 0}}
    assert atlas("status", store) == 0
    assert "2 cell types × 1 network × 1 objective × 1 seed" in capsys.readouterr().out
    assert atlas("run", store, *SHORT, "--seeds", 2) == 2
    assert "begun with another number of seeds" in capsys.readouterr().err


WRONG = [
    (("--cell-types", "T4x"), "T4x"),
    (("--networks", "nobody"), "There is no network 'nobody'"),
    (("--networks", ""), "at least one network"),
    (("--seeds", "100000"), "65,000,000 answers"),
    (("--objective", "drve"), "drve"),
    (("--scheduler", "tcp://127.0.0.1:1"), "There is no scheduler at"),
    (("--scheduler", "tcp://127.0.0.1:1", "--workers", "2"), "leave the number of workers out"),
    (("--workers", "0"), "The number of workers"),
    (("--lr", "0"), "must lie between"),
]


@pytest.mark.parametrize(("words", "said"), WRONG, ids=str)
def test_what_makes_no_sense_is_refused_before_any_work(tmp_path, capsys, words, said):
    assert atlas("run", tmp_path / "a.zarr", *words) == 2
    told = capsys.readouterr().err
    if said == "There is no scheduler at":
        sought, told = told.split("\n", 1)
        assert sought.startswith("Seeking the scheduler at tcp://127.0.0.1:1, for some")
    assert told.startswith("maxstim: ") and told.count("\n") == 1 and said in told
    assert not list(tmp_path.iterdir())


def test_what_is_no_atlas(tmp_path, capsys):
    (tmp_path / "file").write_text("mine")
    for store in ("file", "nothing.zarr", "no/folder/a.zarr"):
        assert atlas("status", tmp_path / store) == 2
    assert atlas("run", tmp_path / "file", *SHORT) == 2
    assert capsys.readouterr().err.count("\n") == 4


@pytest.mark.parametrize("module", ["distributed", "zarr"])
def test_without_an_extra_one_sentence_names_the_one_that_brings_all(
    tmp_path, capsys, monkeypatch, module
):
    monkeypatch.setitem(sys.modules, module, None)
    assert atlas("run", tmp_path / "a.zarr", *SHORT) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1 and "maxstim[cluster]" in told


@pytest.fixture
def made(tmp_path, monkeypatch):
    monkeypatch.setenv("MAXSTIM_DATA_DIR", str(tmp_path / "data"))
    made_store(tmp_path / "a.zarr", toy_networks(), missing={(2, 1)})
    return tmp_path / "a.zarr"


def test_what_an_atlas_says_is_written(made, tmp_path, capsys):
    assert atlas("report", made, "--output", tmp_path / "ATLAS.md") == 0
    told = capsys.readouterr()
    assert told.out == f"{tmp_path / 'ATLAS.md'}\n" and "comparing: 6/6" in told.err
    page = (tmp_path / "ATLAS.md").read_text()
    assert "Incomplete: 8 of 9 answers are there" in page and "| R1 | 3 |" in page
    assert atlas("report", made) == 0
    assert capsys.readouterr().out == page
    assert atlas("report", made, "--json") == 0
    assert [row["groups"] for row in json.loads(capsys.readouterr().out)["cell_types"]] == [
        [2, 1], [3], [2],
    ]  # fmt: skip


@pytest.mark.parametrize("command", ["status", "report", "pack"])
def test_a_damaged_atlas_is_one_sentence(made, capsys, command):
    name = "status" if command == "status" else "stimulus"
    file = next(path for path in (made / name / "c").rglob("*") if path.is_file())
    file.write_bytes(b"junk")
    words = ("--partial",) if command == "pack" else ()
    assert atlas(command, made, *words) == 2
    told = capsys.readouterr().err.splitlines()
    assert f"The file {file} is damaged; remove it" in told[-1]
    assert len([line for line in told if not line.startswith("comparing")]) == 1
    shutil.rmtree(made / name)
    assert atlas(command, made, *words) == 2
    assert f"lacks {name}" in capsys.readouterr().err


def test_answers_whose_movie_is_gone_are_missing(made, capsys):
    assert atlas("status", made, "--json") == 0
    assert json.loads(capsys.readouterr().out)["missing"] == 1
    next(path for path in (made / "stimulus" / "c").rglob("*") if path.is_file()).unlink()
    assert atlas("status", made, "--json") == 0
    assert json.loads(capsys.readouterr().out)["missing"] == 2


def test_an_atlas_is_packed_for_the_page(made, tmp_path, capsys):
    assert atlas("pack", made) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1 and "8 of 9 answers" in told and "--partial" in told
    assert atlas("pack", made, "--partial") == 0
    told = capsys.readouterr()
    path = tmp_path / "data" / "atlas" / "equal-energy.nc"
    assert told.out == f"{path}\n" and "Packed into 0.0" in told.err
    assert xr.open_dataset(path, engine="h5netcdf").sizes["network"] == 3
    assert atlas("pack", made, "--partial", "--output", tmp_path / "b.nc") == 0
    assert (tmp_path / "b.nc").is_file()


@pytest.mark.parametrize("command", ["report", "pack"])
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--objective", "suppress"), "no objective 'suppress'"),
        (("--seed", "7"), "no seed 7"),
        (("--output", "no/such/folder/file"), "There is no folder"),
    ],
)
def test_what_is_not_in_an_atlas_is_one_sentence(made, tmp_path, capsys, command, words, said):
    assert atlas(command, made, *words) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1 and said in told
    assert not (tmp_path / "data").exists()


def test_one_command_makes_the_atlas_of_the_page(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("MAXSTIM_DATA_DIR", str(tmp_path))
    assert atlas("make", *SHORT) == 0
    told = capsys.readouterr()
    assert told.out.splitlines() == [
        str(tmp_path / "atlas" / "equal-energy.zarr"),
        str(tmp_path / "atlas" / "equal-energy.nc"),
    ]
    assert "Packed into" in told.err
    assert atlas("make", *SHORT, "--store", tmp_path / "no" / "a.zarr") == 2
