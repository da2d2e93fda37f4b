"""An atlas of toy networks: the same bits whoever computes, and nothing lost whoever is killed."""

import gc
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path

import dask
import distributed
import numpy as np
import psutil
import pytest
import xarray as xr
from solvable_networks import linear_network

import maxstim_core as ms
from maxstim_core.atlas.cluster import connected, spread
from maxstim_core.atlas.plan import AtlasPlace, atlas_question, atlas_versions
from maxstim_core.atlas.run import AtlasRun, atlas_status
from maxstim_core.atlas.worker import AtlasWorker, answer_place, begin_work, end_work
from maxstim_core.storage.grid_store import COMPLETE, GridStore

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ms.GenerateConfig(t_stim=0.06, n_iters=100, objective="drive", energy=5.0)


def networks():
    """Two linear cells' networks, which differ in the surround."""
    one = linear_network()
    strength = one.parameters.synapse_strength * np.float32([1.0, 1.7, 1.0])
    two = replace(one.parameters, synapse_strength=strength)
    return [one, ms.Network("two", one.layout, two)]


def question():
    return atlas_question(None, networks(), CONFIG, objectives=["drive", "suppress"], seeds=2)


def run(store, **given):
    return AtlasRun(question(), store, **given)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    store = tmp_path_factory.mktemp("atlas") / "a.zarr"
    made = run(store, workers=2)
    for _ in made:
        pass
    assert made.problems == []
    return xr.open_zarr(store, chunks=None).load()


def assert_same(one, two):
    assert set(one.variables) == set(two.variables)
    for name in one.variables:
        np.testing.assert_array_equal(one[name].values, two[name].values, err_msg=name)


def assert_nothing_wrong(store, undisturbed):
    """What is there is what an undisturbed run has."""
    left = xr.open_zarr(store, chunks=None).load()
    there = left.status.values == COMPLETE
    for name in set(left.data_vars) - {"status"}:
        np.testing.assert_array_equal(
            left[name].values[there], undisturbed[name].values[there], err_msg=name
        )
    return int(there.sum())


def test_an_atlas_is_whole(undisturbed):
    assert (undisturbed.status == COMPLETE).all()
    assert dict(undisturbed.sizes) == {
        **{"cell_type": 3, "network": 2, "objective": 2, "seed": 2, "shown_to": 2},
        **{"frame": 6, "column": 19, "family": 5, "shown": 2},
    }
    assert not undisturbed.isnull().any().to_array().any()


def test_every_answer_is_that_of_generate_to_the_bit(undisturbed):
    for place in (AtlasPlace(2, 1, 0, 1), AtlasPlace(1, 0, 1, 0)):
        network = networks()[place.network]
        config = question().config_at(place)
        cell_type = network.connectome.names[place.cell_type]
        alone = ms.finish(ms.generate(network, cell_type, config))
        here = undisturbed.isel(
            cell_type=place.cell_type,
            network=place.network,
            objective=place.objective,
            seed=place.seed,
        )
        np.testing.assert_array_equal(here.stimulus, alone.best_stimulus)
        np.testing.assert_array_equal(here.central_response, alone.best_central_response)
        assert here.contrast_energy.item() == pytest.approx(5.0)


def test_controls_are_those_of_the_controls(undisturbed):
    network = networks()[0]
    here = undisturbed.sel(cell_type="L2", network="toy", objective="drive", seed=0)
    config = replace(CONFIG, random_seed=0)
    answer = ms.finish(ms.generate(network, "L2", config))
    answer = answer.assign(stimulus=answer.best_stimulus)
    flashes = ms.ArrayClips("grey", ("a",), [np.full((6, 19), 0.5)], 0.01)
    found = ms.finish(ms.controls(answer, network, clips=flashes))
    for row in range(found.sizes["control"]):
        family, shown = str(found.family[row].values), str(found.shown[row].values)
        if family in here.family.values:
            expected = found.control_response[row].item()
            assert here.control_response.sel(family=family, shown=shown).item() == expected
    assert here.transfer_response[0].item() == pytest.approx(here.counted_response.item())
    units, kind = ms.response_units(network), network.cell_type("L2")
    most = (units.greatest[kind] - units.grey[kind]) / units.rms[kind]
    assert here.natural_response.item() == pytest.approx(most)


def test_one_worker_makes_the_same(undisturbed, tmp_path):
    for _ in run(tmp_path / "a.zarr", workers=1):
        pass
    assert_same(xr.open_zarr(tmp_path / "a.zarr", chunks=None), undisturbed)


def test_a_second_call_makes_what_is_missing_and_no_more(undisturbed, tmp_path):
    store = tmp_path / "a.zarr"
    first = run(store, workers=2)
    reports = iter(first)
    while next(reports).step < 5:
        pass
    reports.close()
    done = assert_nothing_wrong(store, undisturbed)
    assert 5 <= done < 24 and atlas_status(store)["missing"] == 24 - done
    written = {path: path.stat().st_mtime_ns for path in (store / "stimulus").rglob("*")}
    second = run(store, workers=2)
    assert second.n_done == done
    steps = [report.step for report in second]
    assert (steps[0], steps[-1]) == (done, 24)
    files = {path: when for path, when in written.items() if path.is_file()}
    assert all(path.stat().st_mtime_ns == when for path, when in files.items())
    assert_same(xr.open_zarr(store, chunks=None), undisturbed)
    begun = time.monotonic()
    assert [report.step for report in run(store, workers=2)] == [24]
    assert time.monotonic() - begun < 5, "no worker was started"


def workers_of(pid):
    found = []
    for child in psutil.Process(pid).children(recursive=True):
        with suppress(psutil.Error):  # it has ended meanwhile
            found += [child] if "spawn_main" in " ".join(child.cmdline()) else []
    return found


@pytest.mark.slow
def test_workers_that_are_killed_cost_nothing(undisturbed, tmp_path):
    made, kills = run(tmp_path / "a.zarr", workers=2), 0
    for report in made:
        found = workers_of(os.getpid())
        if found and kills < 4 and 0 < report.step < 24:
            found[kills % len(found)].kill()
            kills += 1
    assert kills >= 2 and made.problems == []
    assert_same(xr.open_zarr(tmp_path / "a.zarr", chunks=None), undisturbed)


@pytest.mark.slow
def test_workers_that_dask_gives_up_are_started_anew(undisturbed, tmp_path):
    """It does, 15 s after one was lost, if that is starting then; here soon after, and both."""
    made, killed = run(tmp_path / "a.zarr", workers=2), False
    with dask.config.set({"distributed.deploy.lost-worker-timeout": "50ms"}):
        for report in made:
            if report.step and not killed:
                killed = bool([worker.kill() for worker in workers_of(os.getpid())])
    assert killed and made.problems == [] and not made.lacks_workers
    assert_same(xr.open_zarr(tmp_path / "a.zarr", chunks=None), undisturbed)


@pytest.mark.slow
def test_a_worker_that_is_killed_before_any_work_is_one_sentence(tmp_path):
    def kill():
        while not (found := workers_of(os.getpid())):
            time.sleep(0.01)
        found[0].kill()

    killer = threading.Thread(target=kill)
    killer.start()
    with pytest.raises(ms.MaxstimError, match="A worker was lost as it started"):
        list(run(tmp_path / "a.zarr", workers=2))
    killer.join()
    assert not workers_of(os.getpid())


def started(store, folder):
    """A client in a process group of its own, as a terminal starts it."""
    script = folder / "client.py"
    script.write_text(
        "import sys\n"
        f"sys.path[:0] = [{str(ROOT)!r}, {str(ROOT / 'tests')!r}, {str(ROOT / 'tests/atlas')!r}]\n"
        "from maxstim_core.cli.interrupts import OneInterrupt\n"
        "import test_atlas\n"
        "if __name__ == '__main__':\n"
        "    with OneInterrupt():\n"
        "        try:\n"
        f"            for report in test_atlas.run({str(store)!r}, workers=2):\n"
        "                print(report.step, flush=True)\n"
        "        except KeyboardInterrupt:\n"
        "            print('stopped', flush=True)\n"
    )
    return subprocess.Popen(
        [sys.executable, script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def until(process, step):
    for line in process.stdout:
        if int(line) >= step:
            return


@pytest.mark.slow
def test_a_client_that_is_killed_goes_on_where_it_was(undisturbed, tmp_path):
    store = tmp_path / "a.zarr"
    for k in range(3):
        client = started(store, tmp_path)
        until(client, 4 * (k + 1))
        workers = workers_of(client.pid)
        client.kill()
        client.communicate()
        _, alive = psutil.wait_procs(workers, timeout=60)
        assert workers and not alive, "workers end with their client"
        assert assert_nothing_wrong(store, undisturbed) >= 4 * (k + 1)
    for _ in run(store, workers=2):
        pass
    assert_same(xr.open_zarr(store, chunks=None), undisturbed)
    assert not list(store.rglob("*.partial"))
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is sent otherwise there.")
def test_ctrl_c_in_a_terminal_ends_all_and_keeps_what_is_done(undisturbed, tmp_path):
    store = tmp_path / "a.zarr"
    client = started(store, tmp_path)
    until(client, 2)
    workers = workers_of(client.pid)
    os.killpg(client.pid, signal.SIGINT)
    told, problems = client.communicate(timeout=120)
    assert client.returncode == 0 and told.endswith("stopped\n"), problems
    assert "Traceback" not in problems
    assert not psutil.wait_procs(workers, timeout=60)[1]
    assert assert_nothing_wrong(store, undisturbed) >= 2


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is sent otherwise there.")
@pytest.mark.parametrize("send", [os.kill, os.killpg])
def test_ctrl_c_while_workers_start_ends_all_quietly(tmp_path, send):
    client = started(tmp_path / "a.zarr", tmp_path)
    while not (workers := workers_of(client.pid)):
        time.sleep(0.01)
    send(client.pid, signal.SIGINT)
    told, problems = client.communicate(timeout=120)
    assert client.returncode == 0 and told.endswith("stopped\n"), problems
    assert problems == ""
    assert not psutil.wait_procs(workers, timeout=60)[1]


def test_an_atlas_of_another_version_is_refused_before_any_work(tmp_path):
    store, asked = tmp_path / "a.zarr", question()
    with GridStore(store, asked.plan()).writing():
        pass
    about = store / "zarr.json"
    for name in ("maxstim", "numpy", "numba"):
        held = json.loads(about.read_text())
        before, held["attributes"][f"{name}_version"] = (
            held["attributes"][f"{name}_version"],
            "0.0.7",
        )
        about.write_text(json.dumps(held))
        with pytest.raises(ms.MaxstimError, match=f"begun with {name} 0.0.7, .*finish it"):
            run(store)
        held["attributes"][f"{name}_version"] = before
        about.write_text(json.dumps(held))
    assert run(store).n_done == 0


def test_a_worker_of_another_version_answers_nothing():
    units = [ms.response_units(each) for each in networks()]
    asked = {"question": question(), "units": units}
    begin_work("same", versions=atlas_versions(), **asked)
    begin_work("other", versions={**atlas_versions(), "numba_version": "0.0.7"}, **asked)
    try:
        assert isinstance(answer_place("same", AtlasPlace(2, 0, 0, 0)), dict)
        with pytest.raises(ms.MaxstimError, match=r"and the atlas is made with numba 0\.0\.7"):
            answer_place("other", AtlasPlace(2, 0, 0, 0))
    finally:
        end_work("same")
        end_work("other")


class Elsewhere:
    """A scheduler and a worker that were started by commands of Dask's, as on a cluster."""

    def __init__(self, folder):
        self._folder, self.address, self.worker = folder, "", None
        self.scheduler = self._start(
            "scheduler", "--port", "0", "--no-dashboard", "--host", "127.0.0.1"
        )
        for line in self.scheduler.stderr:
            if "Scheduler at:" in line:
                self.address = line.split()[-1]
                break

    def start_worker(self):
        self.worker = self._start("worker", self.address, "--nthreads", "1", "--no-dashboard")

    def _start(self, *words):
        return subprocess.Popen(
            [sys.executable, "-m", "dask", *words],
            stderr=subprocess.PIPE if words[0] == "scheduler" else subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            text=True,
            cwd=self._folder,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])},
        )

    def end(self):
        for process in filter(None, (self.scheduler, self.worker)):
            for child in psutil.Process(process.pid).children(recursive=True):
                child.kill()
            process.kill()
            process.communicate()


@pytest.fixture
def without_workers(tmp_path):
    found = Elsewhere(tmp_path)
    yield found
    found.end()


@pytest.fixture
def elsewhere(without_workers):
    without_workers.start_worker()
    return without_workers


@pytest.mark.slow
def test_workers_of_a_scheduler_make_the_same(undisturbed, tmp_path, elsewhere):
    for _ in run(tmp_path / "a.zarr", scheduler=elsewhere.address):
        pass
    assert_same(xr.open_zarr(tmp_path / "a.zarr", chunks=None), undisturbed)


@pytest.mark.slow
def test_a_scheduler_without_workers_is_told_and_waited_for(undisturbed, tmp_path, without_workers):
    made, lacked = run(tmp_path / "a.zarr", scheduler=without_workers.address), False
    for _ in made:
        if made.lacks_workers and not lacked:
            lacked = True
            without_workers.start_worker()
    assert lacked and not made.lacks_workers
    assert_same(xr.open_zarr(tmp_path / "a.zarr", chunks=None), undisturbed)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is sent otherwise there.")
def test_the_command_says_that_there_is_no_worker(tmp_path, without_workers):
    asked = "--cell-types T4c --networks maxstim/000 --no-controls --iterations 2 --t-stim 0.1"
    words = ["atlas", "run", str(tmp_path / "a.zarr"), *asked.split()]
    command = subprocess.Popen(
        [sys.executable, "-m", "maxstim_core.cli", *words, "--scheduler", without_workers.address],
        stderr=subprocess.PIPE,
        text=True,
    )
    told = []
    for line in command.stderr:
        told.append(line)
        if line == "No worker is there now; the atlas goes on as soon as one is.\n":
            command.send_signal(signal.SIGINT)
            break
    _, rest = command.communicate(timeout=60)
    assert command.returncode == 130, [*told, rest]
    assert "Stopped after 0 of 1 answers" in rest


@pytest.mark.slow
@pytest.mark.parametrize("count_seconds", [0.0, 60.0])
def test_a_scheduler_that_is_lost_costs_nothing(
    undisturbed, tmp_path, elsewhere, monkeypatch, count_seconds
):
    """Whether the loss is met by a question to it, or by answers that do not come."""
    monkeypatch.setattr("maxstim_core.atlas.cluster._COUNT_SECONDS", count_seconds)
    store = tmp_path / "a.zarr"
    made = run(store, scheduler=elsewhere.address)
    with pytest.raises(ms.MaxstimError, match="The scheduler was lost"):
        for report in made:
            if report.step >= 3:
                elsewhere.scheduler.send_signal(signal.SIGKILL)
    assert 3 <= assert_nothing_wrong(store, undisturbed) < 24


@pytest.mark.outside
def test_a_full_disk_keeps_what_was_finished(undisturbed, small_disk):
    store = small_disk / "a.zarr"
    reports = iter(run(store, workers=2))
    next(reports)
    filler, free = small_disk / "filler", os.statvfs(small_disk)
    filler.write_bytes(b"0" * (free.f_bavail * free.f_frsize - 60_000))
    with pytest.raises(ms.MaxstimError, match="There is no room left"):
        list(reports)
    assert assert_nothing_wrong(store, undisturbed) < 24
    filler.unlink()
    for _ in run(store, workers=2):
        pass
    assert_same(xr.open_zarr(store, chunks=None), undisturbed)


def test_workers_load_neither_torch_nor_xarray():
    with connected(None, 1) as client:
        place = AtlasPlace(2, 0, 0, 0)
        assert [*spread(client, _answered, [place])] == [[(place, [])]]


def _answered(place):
    """Answer, and return what of the heavy libraries was loaded for it."""
    asked = question()
    units = [ms.response_units(each) for each in asked.networks]
    before = {"torch", "xarray"} & sys.modules.keys()
    answer = AtlasWorker(asked, units).answer(place)
    assert isinstance(answer, dict), answer
    return sorted({"torch", "xarray"} & sys.modules.keys() - before)


def test_an_answer_that_fails_leaves_the_others(tmp_path):
    """The exponential of voltages in the hundreds is no number."""
    one = linear_network()
    loud = one.parameters.synapse_strength * np.float32([500.0, 1.0, 1.0])
    loud = ms.Network("loud", one.layout, replace(one.parameters, synapse_strength=loud))
    config = ms.GenerateConfig(t_stim=0.06, n_iters=3)
    asked = atlas_question(["L1", "R1"], [loud], config, controls=False)
    made = AtlasRun(asked, tmp_path / "a.zarr", workers=1)
    for _ in made:
        pass
    status = atlas_status(tmp_path / "a.zarr")
    assert (status["complete"], status["failed"], status["missing"]) == (1, 1, 0)
    assert len(made.problems) == 1 and "loss" in made.problems[0].lower()


WRONG = [
    ({"cell_types": ["T4c"]}, "T4c"),
    ({"cell_types": "L1"}, "as a list"),
    ({"cell_types": []}, "at least one cell type"),
    ({"cell_types": ["L1", "L1"]}, "once"),
    ({"networks": []}, "at least one network"),
    ({"networks": "maxstim"}, "as a list"),
    ({"networks": ["maxstim"]}, "open_network"),
    ({"networks": [linear_network(), linear_network()]}, "are the same"),
    ({"networks": [linear_network(), ms.open_network("prior", 2)]}, "other cell types or eyes"),
    ({"objectives": ["drve"]}, "drve"),
    ({"objectives": ["drive", "drive"]}, "once"),
    ({"seeds": 0}, "between 1"),
    ({"seeds": 10**6}, "between 1"),
    ({"seeds": 400_000}, "1,200,000 answers"),
    ({"config": {"lr": 1}}, "must be a GenerateConfig"),
    ({"config": ms.GenerateConfig(energy=1e6, objective="drive")}, "The contrast energy"),
]


@pytest.mark.parametrize(("changed", "said"), WRONG, ids=lambda each: str(each)[:40])
def test_what_makes_no_sense_is_one_sentence(changed, said):
    asked = {"cell_types": None, "networks": [linear_network()], "config": CONFIG, **changed}
    with pytest.raises(ms.MaxstimError) as refused:
        atlas_question(**asked)
    assert said in str(refused.value) and "\n" not in str(refused.value)


def test_what_answers_but_is_no_scheduler(tmp_path):
    def answer():
        with suppress(OSError):
            while True:
                with server.accept()[0] as connection:
                    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as server, ExitStack() as afterwards:
        answering = threading.Thread(target=answer)
        answering.start()
        afterwards.callback(answering.join)
        afterwards.callback(server.shutdown, socket.SHUT_RDWR)  # else it would wait for ever
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(ms.MaxstimError, match="There is no scheduler at"):
            list(run(tmp_path / "a.zarr", scheduler=address))
    assert not list(tmp_path.iterdir())
    assert not clients_left_open()


def clients_left_open():
    """What Dask closes as garbage may keep a client from starting that does so meanwhile."""
    objects = [each for each in gc.get_objects() if issubclass(type(each), distributed.Client)]
    return [client for client in objects if client.status != "closed"]


def test_schedulers_and_stores_that_are_not_there(tmp_path, monkeypatch):
    for address in ("tcp://127.0.0.1:1", "nonsense", "ftp://x:1"):
        with pytest.raises(ms.MaxstimError, match="There is no scheduler at"):
            list(run(tmp_path / "a.zarr", scheduler=address))
        assert not clients_left_open()
    assert not list(tmp_path.iterdir())
    with pytest.raises(ms.MaxstimError, match="leave the number of workers out"):
        run(tmp_path / "a.zarr", scheduler="tcp://127.0.0.1:1", workers=2)
    with pytest.raises(ms.MaxstimError, match="number of workers"):
        run(tmp_path / "a.zarr", workers=0)
    with pytest.raises(ms.MaxstimError, match="There is no atlas at"):
        atlas_status(tmp_path / "a.zarr")
    for module in ("distributed", "zarr"):
        with monkeypatch.context() as without:
            without.setitem(sys.modules, module, None)
            with pytest.raises(ms.MaxstimError, match="pip install"):
                run(tmp_path / "a.zarr")
