"""`maxstim sweep`, as a person calls it."""

import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
import xarray as xr

from maxstim_core.cli import main

SHORT = ("--t-stim", "0.05", "--iterations", "3", "--networks", "none", "--device", "cpu")


def sweep(*words, output):
    return main(["sweep", "Mi1", *SHORT, *map(str, words), "--output", str(output)])


def test_a_sweep_is_kept_and_its_front_printed(tmp_path, capsys):
    store = tmp_path / "s.zarr"
    assert sweep("--vary", "lr=0.01,0.1", "--vary", "weight-mei=log:1:100:2", output=store) == 0
    told = capsys.readouterr()
    assert told.out.splitlines()[0].startswith("Mi1 in default: 4 answers; on the Pareto front:")
    assert told.out.splitlines()[1].split()[:4] == ["setting", "seed", "lr", "weight_mei"]
    assert "4/4" in told.err and f"Written: {store}" in told.err
    found = xr.open_zarr(store, chunks=None)
    assert found.sizes["setting"] == 4 and (found.status == 1).all()


def test_again_says_the_same_at_once_as_json(tmp_path, capsys):
    words = ("--vary", "lr=0.01,0.1", "--seeds", 2, "--goals", "counted_response,contrast_energy")
    assert sweep(*words, output=tmp_path / "s.zarr") == 0
    capsys.readouterr()
    assert sweep(*words, "--json", output=tmp_path / "s.zarr") == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["complete"], report["missing"], report["failed"]) == (4, 0, 0)
    found = xr.open_zarr(tmp_path / "s.zarr", chunks=None)
    assert len(report["pareto"]) == int(found.pareto.sum())
    best = report["pareto"][0]
    at = found.sel(setting=best["setting"], seed=best["seed"])
    assert at.counted_response.item() == best["counted_response"] == found.counted_response.max()


def test_what_was_begun_with_something_else_is_told(tmp_path, capsys):
    assert sweep("--vary", "lr=0.01,0.1", output=tmp_path / "s.zarr") == 0
    capsys.readouterr()
    assert sweep("--vary", "lr=0.02,0.1", "--seeds", 2, output=tmp_path / "s.zarr") == 2
    said = capsys.readouterr().err
    assert "was begun with another number of seeds and other values to vary; give" in said


def test_trials(tmp_path, capsys):
    words = ("--vary", "lr=log:0.01:0.3", "--trials", 3)
    assert sweep(*words, output=tmp_path / "s.zarr") == 0
    lr = xr.open_zarr(tmp_path / "s.zarr", chunks=None).lr.values
    assert len(np.unique(lr)) == 3 and ((lr >= 0.01) & (lr <= 0.3)).all()


WRONG = [
    (("--vary", "lr=0.1:"), "must be a number"),
    (("--vary", "lr"), "is a setting and its values"),
    (("--vary", "=1"), "is a setting and its values"),
    (("--vary", "lrr=1,2"), "did you mean lr?"),
    (("--vary", "lr=log:1:0.1:5"), "upside down"),
    (("--vary", "lr=0.1", "--vary", "lr=0.2"), "varied twice"),
    (("--vary", "lr=0.1", "--lr", "0.2"), "both varied and given"),
    (("--vary", "iterations=2,3"), "The setting n_iters is both varied and given"),
    (("--vary", "network=maxstim/000;maxstim/001"), "A sweep asks one network"),
    (("--vary", "seed=1,2"), "--seeds N"),
    (("--vary", "lr=0.1", "--trials", "3"), "There are 1 settings to propose"),
    (("--vary", "objective=drive;suppress", "--trials", "2"), "make a sweep for each objective"),
    (("--vary", "lr=lin:0.01:0.1:1000", "--seeds", "1000"), "1,000,000 answers"),
    (("--vary", "lr=0.1", "--goals", "energy"), "There is no goal 'energy'"),
    (("--vary", "lr=0.1", "--goals", "transfer"), "There is no transfer"),
    (("--vary", "lr=0.1", "--networks", "nobody"), "There is no network 'nobody'"),
    (("--vary", "energy=1e6,2e6"), "The contrast energy must lie between"),
    ((), "Say what to vary"),
]


@pytest.mark.parametrize(("words", "said"), WRONG, ids=str)
def test_what_makes_no_sense_is_refused_before_any_work(tmp_path, capsys, words, said):
    assert sweep(*words, output=tmp_path / "s.zarr") == 2
    told = capsys.readouterr().err
    assert told.startswith("maxstim: ") and told.count("\n") == 1
    assert said in told
    assert not list(tmp_path.iterdir())


def test_an_output_that_cannot_be(tmp_path, capsys):
    (tmp_path / "file").write_text("mine")
    for output in (tmp_path / "file", tmp_path / "no" / "s.zarr", tmp_path / "d4.nc"):
        assert sweep("--vary", "lr=0.1", output=output) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 3 and "call it d4.zarr" in told
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_where_no_other_network_is_left_it_says_so(tmp_path, capsys):
    words = ("--vary", "lr=0.1", "--networks", "maxstim/001", "--network", "maxstim/001")
    assert sweep(*words, output=tmp_path / "s.zarr") == 0
    assert "No other network is left of maxstim/001" in capsys.readouterr().err


def test_a_sweep_that_was_stopped_before_an_answer_tells_no_front(tmp_path, capsys, monkeypatch):
    def stopped(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("maxstim_core.sweeps.sweep.descent", stopped)
    assert sweep("--vary", "lr=0.01,0.1", output=tmp_path / "s.zarr") == 130
    told = capsys.readouterr()
    assert told.out == "" and "Written" not in told.err
    assert told.err.endswith(
        "maxstim: Stopped after 0 of 2 answers; the same command goes on from there.\n"
    )
    assert sweep("--vary", "lr=0.01,0.1", "--json", output=tmp_path / "s.zarr") == 130
    assert json.loads(capsys.readouterr().out)["missing"] == 2


def test_a_damaged_store_is_one_sentence(tmp_path, capsys):
    store = tmp_path / "s.zarr"
    assert sweep("--vary", "lr=0.01,0.1", output=store) == 0
    capsys.readouterr()
    (file,) = (path for path in (store / "status" / "c").rglob("*") if path.is_file())
    file.write_bytes(b"junk")
    assert sweep("--vary", "lr=0.01,0.1", output=store) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1 and f"The file {file} is damaged; remove it" in told


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is sent otherwise there.")
def test_ctrl_c_keeps_what_is_done(tmp_path):
    store = tmp_path / "s.zarr"
    words = ["sweep", "Mi1", *SHORT, "--iterations", "200", "--vary", "lr=lin:0.01:0.1:24"]
    command = [sys.executable, "-m", "maxstim_core.cli", *words, "--output", str(store)]
    process = subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}
    )
    for line in process.stderr:
        if not line.startswith("Mi1 on cpu: 0/"):
            break
    process.send_signal(signal.SIGINT)
    told = process.stderr.read()
    assert process.wait() == 130, told
    assert "the same command goes on from there" in told and "Traceback" not in told
    done = int((xr.open_zarr(store, chunks=None).status == 1).sum())
    assert 0 < done < 24 and f"Stopped after {done} of 24 answers" in told
