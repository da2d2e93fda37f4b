"""The commands that silence cell types, and that take a response apart."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import maxstim_core as ms
from maxstim_core.cli import main
from maxstim_core.optimal.result import load, silence_of

EXAMPLE = Path(ms.__file__).parent / "data" / "examples" / "T4c-generated.nc"


def run(*arguments):
    return main([str(argument) for argument in arguments])


@pytest.fixture
def answer(tmp_path):
    return Path(shutil.copy(EXAMPLE, tmp_path / "t4c.nc"))


@pytest.fixture
def movie(tmp_path):
    path = tmp_path / "movie.npy"
    np.save(path, np.random.default_rng(1).random((6, 721), np.float32))
    return path


def test_the_table_of_an_answer(answer, capsys):
    assert run("contributions", answer) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("T4c of default: highest voltage 4.747 after the frame at 790 ms")
    assert [line.split("  ")[-1] for line in lines[3:6]] == [
        "T4c (excites)",
        "Tm3 (excites)",
        "Mi1 (excites)",
    ]


def test_json_and_netcdf_are_those_of_python(answer, tmp_path, capsys):
    output = tmp_path / "c.nc"
    assert run("contributions", answer, "--json", "--columns-of", "Mi9", "--output", output) == 0
    told, made = json.loads(capsys.readouterr().out), load(output)
    network, stimulus = ms.open_network("default"), load(answer).stimulus
    expected = ms.contributions(network, "T4c", stimulus, 0.01, columns_of="Mi9")
    np.testing.assert_allclose(made.contribution, expected.contribution, atol=1e-6)
    np.testing.assert_allclose(made.column_contribution, expected.column_contribution, atol=1e-6)
    mi9 = next(one for one in told["sources"] if one["source_type"] == "Mi9")
    assert mi9["sign"] == -1
    assert mi9["contribution"] == made.contribution.sel(source_type="Mi9").values.tolist()
    assert sum(one["contribution"][0] for one in told["columns"]) == pytest.approx(
        mi9["contribution"][0]
    )


def test_one_type_after_the_other(answer, tmp_path, capsys):
    output = tmp_path / "s.nc"
    assert run("contributions", answer, "--silenced", "--json", "--output", output) == 0
    told = json.loads(capsys.readouterr().out)["silenced"]
    assert told[0]["silenced"] == "none" and told[0]["share"] == 1
    assert [row["silenced"] for row in told] == load(output).silenced.values.tolist()
    mi1 = next(row for row in told if row["silenced"] == "Mi1")
    assert mi1["share"] < 0.1
    assert run("contributions", answer, "--silenced") == 0
    assert capsys.readouterr().out.splitlines()[4].endswith(" Mi1"), "what is missed most is first"


def test_what_was_silenced_in_a_run_stays_silenced(tmp_path, capsys):
    output = tmp_path / "without.nc"
    short = ("--t-stim", 0.05, "--iterations", 2, "--network", "prior")
    assert run("generate", "T4c", *short, "--silence", "Mi9,C3", "--output", output) == 0
    made = load(output)
    assert silence_of(made) == "C3,Mi9"
    assert made.attrs["network_hash"] == (
        ms.silenced(ms.open_network("prior"), "C3,Mi9").content_hash
    )
    capsys.readouterr()
    assert run("contributions", output, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["silence"] == "C3,Mi9"
    by_type = {one["source_type"]: one["contribution"] for one in told["sources"]}
    assert not any(by_type["Mi9"]) and any(by_type["Mi1"])
    assert told["peak_voltage"] == pytest.approx(float(made.central_response.max()), abs=1e-6)


def test_what_simulate_writes_is_taken_apart_for_a_cell_type_that_is_named(movie, tmp_path, capsys):
    output = tmp_path / "activity.nc"
    shown = ("--movie", movie, "--network", "prior", "--silence", "Tm3")
    assert run("simulate", *shown, "--output", output) == 0
    made = load(output)
    assert made.attrs["silence"] == "Tm3"
    assert run("contributions", output) == 2
    assert "name one with --cell-type" in capsys.readouterr().err
    assert run("contributions", output, "--cell-type", "T4c", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    np.testing.assert_allclose(
        told["central_response"], made.central.sel(cell_type="T4c"), atol=1e-6
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("contributions", "no.nc"), "There is no file"),
        (("contributions", "t4c.nc", "--cell-type", "T9"), "There is no cell type 'T9'"),
        (("contributions", "t4c.nc", "--columns-of", "R1"), "is not 'R1'; choose from C3"),
        (
            ("contributions", "t4c.nc", "--columns-of", "Mi9", "--silenced"),
            "Give --silenced or --columns-of",
        ),
        (("contributions", "t4c.nc", "--output", "t4c.nc"), "also reads or writes"),
        (("generate", "T4c", "--silence", "Mi99", "--output", "a.nc"), "no cell type 'Mi99'"),
        (("generate", "T4c", "--silence", "T4c", "--output", "a.nc"), "The response of T4c is"),
        (("search", "--silence", "Mi99", "--output", "a.nc"), "no cell type 'Mi99'"),
    ],
)
def test_what_makes_no_sense_is_refused(arguments, sentence, answer, capsys, monkeypatch):
    monkeypatch.chdir(answer.parent)
    before = sorted(answer.parent.iterdir())
    assert run(*arguments) == 2
    assert sentence in capsys.readouterr().err
    assert sorted(answer.parent.iterdir()) == before


def test_a_search_is_found_again_with_the_same_types_silenced(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("MAXSTIM_DATA_DIR", str(tmp_path / "data"))
    asked = ("search", "--clips", "probes", "--network", "prior", "--dt", 0.02)
    again = "This search was done before"
    assert run(*asked, "--silence", "Mi9", "--output", tmp_path / "a.nc") == 0
    assert again not in capsys.readouterr().err
    assert run(*asked, "--silence", "Mi9", "--output", tmp_path / "b.nc") == 0
    assert again in capsys.readouterr().err
    assert run(*asked, "--output", tmp_path / "c.nc") == 0
    assert again not in capsys.readouterr().err
    silent, plain = load(tmp_path / "b.nc"), load(tmp_path / "c.nc")
    assert silence_of(silent) == "Mi9" and silence_of(plain) == ""
    assert float(abs(silent.clip_peak - plain.clip_peak).max()) > 1e-3
