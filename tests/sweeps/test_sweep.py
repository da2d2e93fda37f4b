"""Many settings at once against each alone; stores that are stopped, killed, full, or another's."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from solvable_networks import linear_network, network

import maxstim_core as ms
from maxstim_core.optimal import generated
from maxstim_core.storage.atomic import locked
from maxstim_core.storage.grid_store import COMPLETE, FAILED, MISSING, read_store
from maxstim_core.sweeps.report import sweep_front, sweep_lines, sweep_report

CONFIG = ms.GenerateConfig(t_stim=0.06, n_iters=5, lr=0.05)
VARY = {"lr": [0.02, 0.1], "t_stim": [0.06, 0.03], "weight_mei": "log:1:100:2"}
GOALS = ["counted_response", "contrast_energy"]
PROPOSED = {"lr": "log:0.01:0.3", "weight_mei": "log:1:1000"}
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def net():
    return linear_network()


@pytest.fixture(scope="module")
def other():
    """The same cells, but for a stronger surround."""
    one = linear_network()
    strength = one.parameters.synapse_strength * np.float32([1.0, 1.7, 1.0])
    return ms.Network("other", one.layout, replace(one.parameters, synapse_strength=strength))


@pytest.fixture(scope="module")
def found(net, other):
    return ms.finish(ms.sweep(net, "L2", VARY, CONFIG, seeds=2, others=[other]))


def assert_same(one, two):
    assert set(one.variables) == set(two.variables)
    for name in one.variables:
        np.testing.assert_array_equal(one[name].values, two[name].values, err_msg=name)


def test_every_answer_is_to_the_bit_that_of_its_setting_alone(net, found):
    assert (found.status == COMPLETE).all()
    assert found.sizes["setting"] == 8
    for setting in range(8):
        for seed in range(2):
            here = found.isel(setting=setting, seed=seed)
            values = {name: here[name].item() for name in VARY}
            alone = ms.finish(ms.generate(net, "L2", replace(CONFIG, random_seed=seed, **values)))
            n_frames = alone.sizes["frame"]
            for name in ("stimulus", "best_stimulus", "central_response", "best_central_response"):
                np.testing.assert_array_equal(here[name][:n_frames], alone[name])
                assert np.isnan(here[name][n_frames:]).all()


def test_cell_types_are_silenced_in_every_answer_and_every_network(net, other):
    config = replace(CONFIG, silence="L1")
    found = ms.finish(ms.sweep(net, "L2", {"lr": [0.02, 0.1]}, config, others=[other]))
    alone = ms.finish(ms.generate(net, "L2", replace(config, lr=0.1)))
    np.testing.assert_array_equal(found.best_stimulus[1, 0], alone.best_stimulus)
    elsewhere = ms.finish(ms.sweep(ms.silenced(other, "L1"), "L2", {"lr": [0.02]}, CONFIG))
    assert found.sizes["network"] == 1 and np.isfinite(elsewhere.counted_response).all()
    with pytest.raises(ms.MaxstimError, match="leave L2 out"):
        ms.sweep(net, "L2", {"lr": [0.02, 0.1]}, replace(CONFIG, silence="L2"))


def test_goals_are_what_they_say(net, other, found):
    here = found.isel(setting=0, seed=1)
    movie = here.best_stimulus.values

    def rms_above_grey(net):
        kind, units = net.cell_type("L2"), ms.response_units(net)
        cell = net.layout.central_cells[[kind]]
        voltage = ms.simulate(net, movie, 0.01, cells=cell).values[-1, 0]
        return (voltage - units.grey[kind]) / units.rms[kind]

    assert here.counted_response.item() == pytest.approx(rms_above_grey(net), rel=1e-5)
    assert here.transfer.item() == pytest.approx(rms_above_grey(other), rel=1e-5)
    assert here.transfer_response.values.tolist() == pytest.approx([here.transfer.item()])
    energy = np.square(movie.astype(float) - 0.5).sum()
    assert here.contrast_energy.item() == pytest.approx(energy)
    steps = np.diff(movie.astype(float), axis=0)
    assert here.roughness_time.item() == pytest.approx(np.square(steps).mean())


def test_the_order_of_values_does_not_matter(net, other, found):
    turned = {"weight_mei": [100, 1], "lr": [0.1, 0.02], "t_stim": [0.03, 0.06]}
    again = ms.finish(ms.sweep(net, "L2", turned, CONFIG, seeds=2, others=[other]))
    for setting in range(8):
        here = again.isel(setting=setting)
        same = (found.lr == here.lr) & (found.t_stim == here.t_stim)
        same &= found.weight_mei == here.weight_mei
        there = found.isel(setting=int(np.flatnonzero(same)[0]))
        for name in ("best_stimulus", "counted_response", "transfer", "pareto"):
            np.testing.assert_array_equal(here[name], there[name])


@pytest.mark.parametrize("threads", ["1", "2"])
@pytest.mark.parametrize("trials", [None, 11])
def test_the_same_bits_on_any_number_of_threads(net, monkeypatch, threads, trials):
    vary = VARY if trials is None else PROPOSED

    def swept():
        run = ms.sweep(net, "L1", vary, CONFIG, seeds=2, trials=trials, goals=GOALS)
        return ms.finish(run)

    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    expected = swept()
    monkeypatch.setenv("OMP_NUM_THREADS", threads)
    assert_same(swept(), expected)


def test_an_answer_that_fails_leaves_the_others(tmp_path):
    """Voltages in the hundreds, whose exponential is no number."""
    loud = network([("R1", "input"), ("L1", "output")], [("R1", "L1", 1, 0, 0, 500.0)], [1.0, 0.0])
    vary = {"objective": ["flyvis", "drive"]}
    run = ms.sweep(loud, "L1", vary, CONFIG, store=tmp_path / "s.zarr")
    found = ms.finish(run)
    assert found.status.values.tolist() == [[FAILED], [COMPLETE]]
    assert np.isnan(found.counted_response[0]) and not found.pareto[0] and found.pareto[1]
    assert len(run.problems) == 1 and "loss" in run.problems[0].lower()
    again = ms.sweep(loud, "L1", vary, CONFIG, store=tmp_path / "s.zarr")
    assert again.n_done == again.n_steps == 2


# -- stores


@pytest.mark.parametrize("trials", [None, 11])
def test_a_sweep_that_was_stopped_goes_on_where_it_was(net, other, tmp_path, trials):
    vary = VARY if trials is None else PROPOSED
    shared = {"seeds": 2, "others": [other], "trials": trials, "goals": GOALS}
    expected = ms.finish(ms.sweep(net, "L2", vary, CONFIG, **shared))
    done = []
    for _ in range(50):
        run = ms.sweep(net, "L2", vary, CONFIG, store=tmp_path / "s.zarr", **shared)
        before = run.n_done
        reports = iter(run)
        for report in reports:
            if report.step > before:
                break
        reports.close()
        done.append(run.n_done)
        if run.n_done == run.n_steps:
            break
    assert len(done) > 1 and sorted(done) == done
    ms.finish(ms.sweep(net, "L2", vary, CONFIG, store=tmp_path / "s.zarr", **shared))
    stored = xr.open_zarr(tmp_path / "s.zarr", chunks=None)
    assert_same(stored.load(), expected)
    assert set(stored.coords) == set(expected.coords)
    assert [path.name for path in tmp_path.iterdir()] == ["s.zarr"], "nothing is left beside it"


SWEEPS = """
import sys
sys.path.insert(0, "tests")
import maxstim_core as ms
from solvable_networks import linear_network
config = ms.GenerateConfig(t_stim=0.06, n_iters=300, lr=0.05)
vary = {"lr": "log:0.01:0.1:12"}
for report in ms.sweep(linear_network(), "L2", vary, config, store=sys.argv[1]):
    print(report.step, flush=True)
"""


def started(store):
    return subprocess.Popen(
        [sys.executable, "-c", SWEEPS, str(store)], cwd=ROOT, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip


@pytest.mark.slow
def test_who_is_killed_loses_nothing_that_was_finished(net, tmp_path):
    config = ms.GenerateConfig(t_stim=0.06, n_iters=300, lr=0.05)
    expected = ms.finish(ms.sweep(net, "L2", {"lr": "log:0.01:0.1:12"}, config))
    store, kills = tmp_path / "s.zarr", 0
    for k in range(8):
        process = started(store)
        process.stdout.readline()
        time.sleep(0.02 * k)
        kills += process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        left = xr.open_zarr(store, chunks=None).load()
        there = left.status.values == COMPLETE
        for name in ("best_stimulus", "counted_response", "contrast_energy"):
            np.testing.assert_array_equal(left[name].values[there], expected[name].values[there])
    assert kills > 1
    run = ms.sweep(net, "L2", {"lr": "log:0.01:0.1:12"}, config, store=store)
    assert_same(ms.finish(run).load(), expected)
    assert not list(store.rglob("*.partial"))


def test_a_store_says_what_it_holds_and_xarray_opens_it(net, tmp_path, recwarn):
    ms.finish(ms.sweep(net, "L2", {"lr": "0.02,0.1"}, CONFIG, store=tmp_path / "s.zarr"))
    found = xr.open_zarr(tmp_path / "s.zarr", chunks=None)
    assert not [
        w for w in recwarn if "maxstim" in str(w.filename) or "onsolidated" in str(w.message)
    ]
    assert found.stimulus.dims == ("setting", "seed", "frame", "column")
    assert found.lr.dims == ("setting",) and found.stimulus.attrs["units"] == "1"
    assert found.attrs["cell_type"] == "L2"
    assert ms.GenerateConfig(**json.loads(found.attrs["config"])) == CONFIG
    files = [path for path in (tmp_path / "s.zarr" / "stimulus" / "c").rglob("*") if path.is_file()]
    assert len(files) == 2, "a chunk for each answer"


def in_store(store, net, vary=None, **changes):
    return ms.sweep(net, "L2", vary or {"lr": "0.02,0.1"}, CONFIG, store=store, **changes)


def test_another_sweep_is_refused_before_any_work(net, other, tmp_path):
    store = tmp_path / "s.zarr"
    ms.finish(in_store(store, net))
    for changed, said in [
        ({"vary": {"lr": "0.02,0.2"}}, "values to vary"),
        ({"seeds": 2}, "number of seeds"),
        ({"others": [other]}, "other networks"),
        ({"dtype": "float64"}, "precision"),
    ]:
        with pytest.raises(ms.MaxstimError, match=said):
            in_store(store, net, **changed)


def test_what_is_no_store_of_ours_is_left_alone(net, tmp_path):
    (tmp_path / "file.zarr").write_text("mine")
    (tmp_path / "folder.zarr").mkdir()
    xr.Dataset({"a": ("x", [1])}).to_zarr(tmp_path / "foreign.zarr", consolidated=False)
    for name in ("file.zarr", "folder.zarr", "foreign.zarr"):
        with pytest.raises(ms.MaxstimError, match="is no sweep"):
            in_store(tmp_path / name, net)
    with pytest.raises(ms.MaxstimError, match="There is no folder"):
        in_store(tmp_path / "no" / "s.zarr", net)
    with pytest.raises(ms.MaxstimError, match=r"d4.nc is the name of a file; call it d4.zarr"):
        in_store(tmp_path / "d4.nc", net)
    assert (tmp_path / "file.zarr").read_text() == "mine"


def test_a_store_of_another_version_is_refused(net, tmp_path):
    ms.finish(in_store(tmp_path / "s.zarr", net))
    about = tmp_path / "s.zarr" / "zarr.json"
    about.write_text(about.read_text().replace('"store_version": 1', '"store_version": 99'))
    with pytest.raises(ms.MaxstimError, match="is of version 99"):
        in_store(tmp_path / "s.zarr", net)


def begun(store, net, **changes):
    """Begin a sweep of six answers, and stop it after the first."""
    run = in_store(store, net, {"lr": "log:0.01:0.1:6"}, **changes)
    reports = iter(run)
    next(report for report in reports if report.step)
    reports.close()
    assert 0 < run.n_done < 6


def told_otherwise(store, name, value):
    about = store / "zarr.json"
    held = json.loads(about.read_text())
    assert name in held["attributes"]
    held["attributes"][name] = value
    about.write_text(json.dumps(held))


@pytest.mark.parametrize("name", ["maxstim_version", "numpy_version", "numba_version"])
def test_what_is_missing_is_not_made_by_another_version(net, tmp_path, name):
    store = tmp_path / "s.zarr"
    begun(store, net)
    told_otherwise(store, name, "0.0.7")
    with pytest.raises(
        ms.MaxstimError, match=f"begun with {name.split('_')[0]} 0.0.7, .*finish it"
    ):
        in_store(store, net, {"lr": "log:0.01:0.1:6"})
    assert xr.open_zarr(store, chunks=None).attrs[name] == "0.0.7"


def test_what_is_complete_may_be_read_by_any_version(net, tmp_path):
    ms.finish(in_store(tmp_path / "s.zarr", net))
    told_otherwise(tmp_path / "s.zarr", "numba_version", "0.0.7")
    found = ms.finish(in_store(tmp_path / "s.zarr", net))
    assert (found.status == COMPLETE).all() and found.attrs["numba_version"] == "0.0.7"


# -- what was damaged or removed


def chunks_of(store, name):
    return sorted(path for path in (store / name / "c").rglob("*") if path.is_file())


@pytest.mark.parametrize("name", ["status", "counted_response", "pareto"])
@pytest.mark.parametrize("junk", [b"", b"junk" * 20])
def test_a_damaged_chunk_is_one_sentence_and_what_it_says_helps(net, tmp_path, name, junk):
    store = tmp_path / "s.zarr"
    expected = ms.finish(in_store(store, net)).load()
    (file,) = chunks_of(store, name)
    file.write_bytes(junk)
    for ask in (lambda: in_store(store, net), lambda: read_store(store, "sweep").load()):
        with pytest.raises(ms.MaxstimError) as refused:
            ask()
        said = str(refused.value)
        assert f"The file {file} is damaged; remove it" in said and "\n" not in said
    file.unlink()
    assert_same(ms.finish(in_store(store, net)).load(), expected)


def test_a_damaged_movie_is_told_once_it_is_looked_at(net, tmp_path):
    store = tmp_path / "s.zarr"
    expected = ms.finish(in_store(store, net)).load()
    file = chunks_of(store, "best_stimulus")[1]
    file.write_bytes(b"junk")
    found = read_store(store, "sweep")
    np.testing.assert_array_equal(found.best_stimulus[0, 0], expected.best_stimulus[0, 0])
    with pytest.raises(ms.MaxstimError, match=f"The file {file} is damaged; remove it"):
        found.best_stimulus.isel(setting=1).load()
    file.unlink()
    assert (read_store(store, "sweep").status.values.ravel() == [COMPLETE, MISSING]).all()
    assert in_store(store, net).n_done == 1
    assert_same(ms.finish(in_store(store, net)).load(), expected)


def test_coordinates_that_are_damaged_or_gone_have_to_be_put_back(net, tmp_path):
    store = tmp_path / "s.zarr"
    ms.finish(in_store(store, net))
    (file,) = chunks_of(store, "lr")
    file.write_bytes(b"junk")
    for said in ("is damaged; put back", "lacks lr"):
        for ask in (lambda: in_store(store, net), lambda: read_store(store, "sweep").load()):
            with pytest.raises(ms.MaxstimError, match=said):
                ask()
        shutil.rmtree(store / "lr" / "c", ignore_errors=True)


@pytest.mark.parametrize("name", ["best_stimulus", "status", "lr"])
def test_a_store_without_one_of_its_arrays_is_refused(net, tmp_path, name):
    store = tmp_path / "s.zarr"
    ms.finish(in_store(store, net))
    shutil.rmtree(store / name)
    for ask in (lambda: in_store(store, net), lambda: read_store(store, "sweep")):
        with pytest.raises(ms.MaxstimError, match=f"lacks {name}, .*put back"):
            ask()


# -- goals and fronts


def test_other_goals_mark_other_answers_and_compute_nothing(net, tmp_path, recwarn):
    store = tmp_path / "s.zarr"
    begun(store, net, goals=["counted_response"])
    written = {path: path.stat().st_mtime_ns for path in chunks_of(store, "stimulus")}
    vary = {"lr": "log:0.01:0.1:6"}
    for goals in (GOALS, GOALS[::-1], ["roughness_time"], None):
        found = ms.finish(in_store(store, net, vary, goals=goals))
        expected = ms.finish(in_store(None, net, vary, goals=goals))
        assert_same(found.load(), expected)
        assert found.attrs["goals"] == expected.attrs["goals"]
    assert all(path.stat().st_mtime_ns == when for path, when in written.items())
    xr.open_zarr(store, chunks=None)
    assert not [each for each in recwarn if "onsolidated" in str(each.message)]


def test_trials_are_proposed_by_their_goals_and_keep_them(net, tmp_path):
    given = {"trials": 2, "store": tmp_path / "s.zarr"}
    ms.finish(ms.sweep(net, "L2", PROPOSED, CONFIG, goals=GOALS, **given))
    with pytest.raises(ms.MaxstimError, match="another choice of goals"):
        ms.sweep(net, "L2", PROPOSED, CONFIG, goals=GOALS[:1], **given)


def test_each_objective_has_a_front_of_its_own(net, tmp_path):
    vary = {"objective": ["drive", "suppress", "level:0.5"], "lr": [0.02, 0.1]}
    given = {"goals": ["counted_response"], "store": tmp_path / "s.zarr"}
    found = ms.finish(ms.sweep(net, "L2", vary, CONFIG, **given)).load()
    response = found.counted_response.values.reshape(3, 2)
    front = found.pareto.values.reshape(3, 2)
    for one, worth in zip(front, (response[0], -response[1], -abs(response[2] - 0.5)), strict=True):
        np.testing.assert_array_equal(one, worth == worth.max())
    np.testing.assert_array_equal(found.pareto, sweep_front(found))


def test_trials_of_several_objectives_are_refused(net):
    with pytest.raises(ms.MaxstimError, match="make a sweep for each objective"):
        ms.sweep(net, "L2", {**PROPOSED, "objective": ["drive", "suppress"]}, CONFIG, trials=3)


def test_more_trials_than_settings_are_refused(net):
    for vary, n in (({"lr": [0.02]}, 1), ({"lr": [0.02, 0.1], "n_iters": "lin:2:4"}, 6)):
        with pytest.raises(ms.MaxstimError, match=f"There are {n} settings to propose"):
            ms.sweep(net, "L2", vary, CONFIG, trials=n + 1)


@pytest.mark.parametrize("stored", [False, True])
def test_what_is_proposed_again_is_not_computed_again(net, tmp_path, monkeypatch, stored):
    computed = []

    def counted(engine, cell_type, config, **given):
        computed.append(config)
        return generated.descent(engine, cell_type, config, **given)

    monkeypatch.setattr("maxstim_core.sweeps.sweep.descent", counted)
    vary, store = {"lr": [0.02, 0.05, 0.1]}, tmp_path / "s.zarr" if stored else None
    run = ms.sweep(net, "L2", vary, CONFIG, seeds=2, trials=3, goals=GOALS, store=store)
    found = ms.finish(run).load()
    different = set(found.lr.values.tolist())
    assert len(different) < 3, "nothing was proposed twice: take another seed"
    assert len(computed) == 2 * len(different)
    assert (found.status == COMPLETE).all()
    for setting in range(3):
        first = int(np.flatnonzero(found.lr.values == found.lr.values[setting])[0])
        for name in ("best_stimulus", "counted_response", "pareto"):
            np.testing.assert_array_equal(found[name][setting], found[name][first])
    lines = sweep_lines(sweep_report(found))
    assert len({line.split(maxsplit=1)[1] for line in lines[2:]}) == len(lines[2:])


# -- how far it is


def test_iterations_count_as_progress_and_answers_come_one_by_one(net, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    run = ms.sweep(net, "L2", {"lr": "log:0.01:0.1:12"}, CONFIG, report_every=1)
    seen = [(report.step, run.share) for report in run]
    steps, shares = zip(*seen, strict=True)
    assert steps[0] == 0 < shares[0]
    assert list(shares) == sorted(shares) and shares[-1] == 1
    first = steps.index(1)
    assert shares[first] < 4 / 12, "others wait until there is a thread for them"
    assert {*steps} == {*range(13)}


def test_the_front_is_marked_as_answers_come(net, tmp_path):
    store = tmp_path / "s.zarr"
    reports = iter(in_store(store, net, {"lr": "log:0.01:0.1:40"}))
    next(report for report in reports if report.step)
    left = xr.open_zarr(store, chunks=None).load()  # as who is killed leaves it
    assert left.pareto.values.any()
    reports.close()


def test_one_process_writes(net, tmp_path):
    with locked(tmp_path / ".s.zarr.lock"), pytest.raises(ms.MaxstimError, match="Another process"):
        ms.finish(in_store(tmp_path / "s.zarr", net))


def test_who_rests_lets_others_write_and_goes_on_with_what_they_wrote(net, tmp_path):
    vary = {"lr": "log:0.01:0.1:20"}
    expected = ms.finish(in_store(None, net, vary))
    run = in_store(tmp_path / "s.zarr", net, vary)
    reports = iter(run)
    next(reports)
    with pytest.raises(ms.MaxstimError, match="Another process"):
        next(iter(in_store(tmp_path / "s.zarr", net, vary)))
    run.rest()
    run.rest()
    other = in_store(tmp_path / "s.zarr", net, vary)
    others = iter(other)
    next(others)
    with pytest.raises(ms.MaxstimError, match="Another process"):
        run.resume()
    list(others)
    run.resume()
    run.resume()
    assert run.n_done == 20
    list(reports)
    run.rest()
    stored = xr.open_zarr(tmp_path / "s.zarr", chunks=None)
    assert_same(stored.load(), expected)
    assert [path.name for path in tmp_path.iterdir()] == ["s.zarr"], "nobody writes any more"


def test_what_rests_says_which_answers_are_best_so_far(net, tmp_path):
    run = in_store(tmp_path / "s.zarr", net, {"lr": "log:0.01:0.1:40"})
    reports = iter(run)
    next(report for report in reports if report.step)
    assert run.n_done < run.n_steps
    run.rest()
    stored = xr.open_zarr(tmp_path / "s.zarr", chunks=None)
    assert stored.pareto.values.any()
    np.testing.assert_array_equal(stored.pareto, sweep_front(stored))


@pytest.mark.parametrize(
    ("module", "changes"), [("zarr", {"store": "s.zarr"}), ("optuna", {"trials": 3})]
)
def test_without_an_extra_one_sentence_says_so(net, monkeypatch, module, changes):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ms.MaxstimError, match=f"need.? {module}.*pip install"):
        ms.sweep(net, "L2", {"lr": [0.1]} if module == "zarr" else PROPOSED, CONFIG, **changes)
    ms.finish(ms.sweep(net, "L2", {"lr": [0.1]}, CONFIG))


@pytest.mark.outside
def test_a_full_disk_keeps_what_was_finished(net, small_disk):
    vary = {"lr": "log:0.01:0.1:6"}
    expected = ms.finish(ms.sweep(net, "L2", vary, CONFIG, seeds=2))
    store = small_disk / "s.zarr"
    run = ms.sweep(net, "L2", vary, CONFIG, seeds=2, store=store)
    reports = iter(run)
    next(reports)
    filler = small_disk / "filler"
    free = os.statvfs(small_disk)
    filler.write_bytes(b"0" * (free.f_bavail * free.f_frsize - 20_000))
    with pytest.raises(ms.MaxstimError, match="There is no room left"):
        list(reports)
    left = xr.open_zarr(store, chunks=None).load()
    there = left.status.values == COMPLETE
    assert (left.status.values == MISSING).any()
    np.testing.assert_array_equal(left.stimulus.values[there], expected.stimulus.values[there])
    filler.unlink()
    again = ms.finish(ms.sweep(net, "L2", vary, CONFIG, seeds=2, store=store))
    assert_same(again.load(), expected)
