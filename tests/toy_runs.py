"""Small real optimisations for a worker to run: one for each thing that can happen to a run.

The seed of the request chooses. All pull noise on an eye of seven columns to grey. Below them is what
tests need to watch a queue that runs them.
"""

import json
import os
import time
from functools import partial

import numpy as np

from maxstim_core.errors import MaxstimError
from maxstim_core.lattice import Lattice
from maxstim_core.optimal.configs import GenerateConfig
from maxstim_core.optimal.result import answer
from maxstim_core.optimal.run import StepReport
from maxstim_core.runs.messages import AheadReport
from maxstim_core.runs.queue import RunQueue
from maxstim_core.runs.request import RunRequest
from maxstim_core.runs.store import RunStore
from maxstim_core.runs.task import TaskRequest

QUICK, SLOW, HANGING, DEAF, CRASHING, HUNGRY, REFUSING, BROKEN, UNWRITABLE, CHATTY = range(10)

FOREVER = 100_000
"""Iterations of a run that is meant to be cancelled."""

LATTICE = Lattice(1)
N_FRAMES = 4


def toy_request(behavior=QUICK, n_iters=5, cell_type="T4c", **changes):
    config = GenerateConfig(random_seed=behavior, n_iters=n_iters)
    return RunRequest(cell_type, config, **changes)


def available_devices():
    return ("cpu",)


class Toy:
    """Gradient descent on the mean squared distance from grey."""

    terms = ("total", "grey")
    message = "Pulling noise to grey."

    def __init__(self, request, device, store):
        self.n_steps = request.config.n_iters
        self._behavior, self._request = request.config.random_seed, request
        self._device, self._store = device, store
        self._stimulus = np.random.default_rng(0).random((N_FRAMES, LATTICE.n_columns))
        self._losses = []

    def __iter__(self):
        for step in range(1, self.n_steps + 1):
            distance = self._stimulus - 0.5
            losses = np.full((1, 2), np.mean(distance**2), np.float32)
            self._stimulus = self._stimulus - 0.05 * distance
            self._losses.append(losses)
            respond = partial(self._response, self._stimulus)
            yield StepReport(step, self.n_steps, losses, self._stimulus, respond, LATTICE)
            self._happen()

    def _happen(self):
        if self._behavior == SLOW:
            time.sleep(0.02)
        if self._behavior in (HANGING, DEAF):
            time.sleep(3600)
        if self._behavior == CRASHING:
            os._exit(7)
        if self._behavior == HUNGRY:
            raise MemoryError
        if self._behavior == REFUSING:
            raise MaxstimError("The loss is no longer a number; lower the learning rate.")
        if self._behavior == BROKEN:
            raise ZeroDivisionError("a defect")
        if self._behavior == CHATTY:
            print("a library prints this")
            os.system("echo and its child that")

    def _response(self, stimulus):
        return np.cumsum(stimulus, axis=0)

    def result(self):
        if self._behavior == UNWRITABLE:  # the folder turns into a file while the run goes on
            self._store.results.rename(self._store.root / "away")
            self._store.results.write_text("")
        losses = np.concatenate(self._losses)
        return answer(
            lattice=LATTICE,
            dt=self._request.config.dt,
            stimulus=self._stimulus,
            response=self._response(self._stimulus),
            variables={"loss": (("iteration", "term"), losses), "term": ("term", list(self.terms))},
            attributes={
                "method": self._request.method,
                "cell_type": self._request.cell_type,
                "network": self._request.network,
                "network_hash": "toy",
                **networks_asked(self._request),
                "config": self._request.config.to_json(),
                "device": self._device,
                "status": "complete" if len(losses) == self.n_steps else "cancelled",
            },
        )


def networks_asked(request):
    """Attributes that an answer of several networks has."""
    names = request.networks
    return {"networks": json.dumps(names), "network_hashes": "[]"} if len(names) > 1 else {}


def run(request, key, device, store):
    return Toy(request, device, store)


def toy_task(behavior=QUICK, **changes):
    """A task that counts its calls in the file that the environment names."""
    return TaskRequest("toy_runs:call", {"behavior": behavior}, key=f"toy {behavior}", **changes)


def call(behavior, *, device, report_stage):
    report_stage("the first part")
    if behavior == CRASHING:
        os._exit(7)
    if behavior == HANGING:
        time.sleep(3600)
    if behavior == REFUSING:
        raise MaxstimError("The film has no frames; choose another.")
    if behavior == BROKEN:
        raise ZeroDivisionError("a defect")
    for k in range(FOREVER if behavior == SLOW else 2):
        time.sleep(0.02)
        report_stage(f"part {k} on {device}")
    if counted := os.environ.get("TOY_COUNTED"):
        with open(counted, "a") as file:
            file.write("x")


def toy_parts(count, **changes):
    """A task of so many parts that gives way, and counts its parts in the file that is named."""
    return TaskRequest(
        "toy_runs:call_in_parts", {"count": count}, key=f"parts {count}", gives_way=True, **changes
    )


_parts_left = {}


def call_in_parts(count, *, device, report_stage):
    """Go on where the last call was left."""
    while _parts_left.setdefault(count, count):
        report_stage(f"{_parts_left[count]} left")
        time.sleep(0.02)
        _parts_left[count] -= 1
        with open(os.environ["TOY_COUNTED"], "a") as file:
            file.write(".")
    del _parts_left[count]


def search_ahead(network, clips, device, store):
    """Take 40 parts of a tenth of a second; what is called "damaged" is."""
    for done in range(1, 41):
        time.sleep(0.1)
        if network == "damaged":
            raise MaxstimError("The network is damaged.")
        yield AheadReport(network, clips, done, 40, done // 40, 1)


def warm(network, device):
    """Note in the file that the environment names what there was to get ready for."""
    noted = os.environ.get("TOY_WARMED")
    if noted:
        time.sleep(0.3)
        with open(noted, "a") as file:
            file.write(f"{network}\n")
    if network == "damaged":
        raise MaxstimError("The network is damaged.")


def toy_queue(folder, runner="toy_runs:run", most_live=0, **settings):
    """A queue of toys; live runs, which are no toys, are runs as all others unless some are let go."""
    store = RunStore(folder / "data")
    return RunQueue(runner=runner, store=store, most_live=most_live, **settings)


def when(queue, run_id, is_so):
    """The first snapshot seen of a run for which something is so."""
    give_up = time.monotonic() + 120
    while not is_so(snapshot := queue.snapshot(run_id)):
        assert time.monotonic() < give_up, snapshot
        time.sleep(0.01)
    return snapshot


def ended(queue, run_id):
    return when(queue, run_id, lambda run: run.state in ("done", "cancelled", "failed"))


def stepping(queue, run_id):
    return when(queue, run_id, lambda run: run.step > 0)
