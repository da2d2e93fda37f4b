"""What is computed beside an answer, by the worker, and kept: its controls, curve and mechanism.

The first two take a few runs' time. All wait for their turn among the runs, give way to whatever else
comes, and go on afterwards. Any thread may call `ComparisonMaker`; nobody is called back, pages ask.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from maxstim_core.comparison.stage import stage_of
from maxstim_core.errors import MaxstimError
from maxstim_core.networks.bundled import ENSEMBLE
from maxstim_core.networks.catalog import ensemble_members, open_network
from maxstim_core.optimal.configs import GenerateConfig
from maxstim_core.optimal.result import fitted_hashes, load
from maxstim_core.runs.queue import RunQueue
from maxstim_core.runs.request import config_of
from maxstim_core.runs.shipped import bundled_answers
from maxstim_core.runs.snapshot import TaskSnapshot
from maxstim_core.runs.store import RunStore
from maxstim_core.runs.task import TaskRequest
from maxstim_core.runs.unfinished import Unfinished
from maxstim_core.stimuli.catalog import DEFAULT_CLIPS, open_clips

if TYPE_CHECKING:
    import xarray as xr

CONTROLS, CURVE, MECHANISM = "controls", "curve", "mechanism"
"""What can be computed beside an answer."""

CURVE_ENERGIES = 12
"""Movies of a curve."""

_FORMAT = 3
"""Part of every key: to be raised when the same answer would have other controls, or another curve."""

_CURVE_REPORTS = 5
"""Iterations of a curve between two reports, about a second on one core."""

_unfinished: Unfinished[Iterator[str]] = Unfinished()
"""What is left of each, by data directory, key and device; in the worker process."""


def comparison_key(kind: str, answer: xr.Dataset) -> str:
    """Return the key under which what is computed beside an answer is kept: a SHA-256.

    In it is what they depend on: the movie, what counts of its response, and the numbers of the network.

    Args:
        kind: `CONTROLS`, `CURVE` or `MECHANISM`.
        answer: With the stimulus that is to be compared as ``stimulus``.

    Raises:
        MaxstimError: if the answer does not say how it was made.
    """
    about = answer.attrs
    names = ("cell_type", "method", "config", "network_hash", "dt")
    try:
        parts = [_FORMAT, kind, *(str(about[name]) for name in names)]
        parts += sorted(fitted_hashes(answer) - {about["network_hash"]})
    except KeyError as error:
        raise MaxstimError("This answer does not say how it was made; run it again.") from error
    if kind == CURVE:  # it begins from noise: the movie has no part in it
        parts += [CURVE_ENERGIES, curve_config(answer).to_json()]
    digest = hashlib.sha256(json.dumps(parts).encode())
    if kind != CURVE:
        digest.update(np.ascontiguousarray(answer["stimulus"].values, "<f4").tobytes())
    return digest.hexdigest()


def curve_config(answer: xr.Dataset) -> GenerateConfig:
    """Return the settings of the curve of a generated answer: its own, with an objective in RMS.

    Where they changed on the way, these are the last.

    Raises:
        MaxstimError: if the answer has no curve.
    """
    config = config_of(answer)
    if not isinstance(config, GenerateConfig):
        raise MaxstimError("A curve is that of a generated movie; run the generated answer first.")
    config = stage_of(answer, config)
    if config.goal.kind == "level":
        raise MaxstimError(
            "A level takes the contrast energy that it needs, so that there is no curve of it; choose "
            "the objective drive."
        )
    objective = "drive" if config.goal.kind == "flyvis" else config.objective
    # Of the network whose response is shown, where the answer was made for several.
    return replace(config, objective=objective, energy=0.0, across=GenerateConfig.across)


class ComparisonMaker:
    """Lets a queue compute what stands beside answers; of one queue, all know the same.

    Args:
        queue: Whose worker computes it, and whose store keeps it.
    """

    def __init__(self, queue: RunQueue) -> None:
        self._queue = queue

    def make(
        self, kind: str, answer_key: str, answer: xr.Dataset, session: str, *, best: bool = False
    ) -> None:
        """Let one of them be computed; who asks meanwhile waits for the same ones.

        Args:
            kind: `CONTROLS`, `CURVE` or `MECHANISM`.
            answer_key: Where the answer is stored: a content key, a run id, or the name of an example.
            answer: That answer, with the stimulus that is to be compared as ``stimulus``.
            session: Who asks, as in `RunQueue.submit`.
            best: Whether that is the ``best_stimulus`` of the stored answer.

        Raises:
            MaxstimError: if the answer has no curve, the session has too many tasks waiting, nothing
                can be stored, or the server is shutting down.
        """
        key = comparison_key(kind, answer)
        self._queue.store.check_writable()
        arguments = {
            "kind": kind,
            "answer_key": answer_key,
            "best": best,
            "key": key,
            "data": str(self._queue.store.root),
        }
        request = TaskRequest(
            f"{__name__}:compute_comparison",
            arguments,
            key=_task(key),
            gives_way=True,
            what="comparison",
        )
        self._queue.submit_task(request, session)

    def progress(self, key: str) -> TaskSnapshot | None:
        """Return how a computation stands; None if it was not asked for, or long ago."""
        return self._queue.newest_task(_task(key))

    def find(self, key: str) -> xr.Dataset | None:
        """Return what was computed before, or None; reads a file."""
        return self._queue.store.find_comparison(key)


def compute_comparison(
    kind: str,
    answer_key: str,
    best: bool,
    key: str,
    data: str,
    *,
    device: str,
    report_stage: Callable[[str], None] = lambda stage: None,
) -> None:
    """Compute what stands beside an answer and store it, unless it is; called in the worker.

    Where `report_stage` raises, a later call with the same arguments goes on from there.

    Args:
        kind: `CONTROLS`, `CURVE` or `MECHANISM`.
        answer_key: Where the answer is stored.
        best: Whether its ``best_stimulus`` is to be compared.
        key: Its `comparison_key`.
        data: The data directory.
        device: Where to compute: ``cpu``, or a GPU such as ``cuda:0``.
        report_stage: Called with a few words before each part.

    Raises:
        MaxstimError: if the answer is not there any more, has changed, or is one of a network that has;
            or if what was found cannot be stored.
    """
    store = RunStore(data)

    def begin() -> Iterator[str] | None:
        if store.find_comparison(key) is not None:
            return None
        answer = _stored_answer(store, answer_key, best)
        if comparison_key(kind, answer) != key:
            raise MaxstimError("This answer has changed since it was opened; open it again.")
        work = {CONTROLS: _controls, CURVE: _curve, MECHANISM: _mechanism}[kind]
        return work(answer, key, device, store)

    _unfinished.go_on((data, key, device), begin, report_stage)


def _controls(answer: xr.Dataset, key: str, device: str, store: RunStore) -> Iterator[str]:
    """Compute and store controls; yield what each part is before it is begun."""
    from maxstim_core.comparison.controls import controls, network_of

    yield "Opening the networks."
    network = network_of(answer)
    extent = network.lattice.extent
    clips = open_clips(DEFAULT_CLIPS, extent)
    others = [open_network(name, extent) for name in ensemble_members(ENSEMBLE)]
    run = controls(answer, network, clips=clips, others=others, device=device)
    for report in run:
        yield f"Comparing: {report.step} of {report.n_steps}."
    store.save_comparison(key, run.result())


def _curve(answer: xr.Dataset, key: str, device: str, store: RunStore) -> Iterator[str]:
    """Compute and store a curve; yield what each part is before it is begun."""
    from maxstim_core.comparison.controls import network_of
    from maxstim_core.optimal.curve import curve

    yield "Opening the network."
    run = curve(
        network_of(answer),
        str(answer.attrs["cell_type"]),
        curve_config(answer),
        CURVE_ENERGIES,
        device=device,
        report_every=_CURVE_REPORTS,
    )
    for report in run:
        yield f"Iteration {report.step} of {report.n_steps}."
    store.save_comparison(key, run.result())


def _mechanism(answer: xr.Dataset, key: str, device: str, store: RunStore) -> Iterator[str]:
    """Compute and store contributions and what silencing does; yield what each part is before it."""
    from maxstim_core.comparison.controls import network_of
    from maxstim_core.mechanism.explained import explained

    yield "Opening the network."
    network = network_of(answer)
    yield "Taking the response apart."
    about, movie = answer.attrs, answer["stimulus"].values
    found = explained(network, str(about["cell_type"]), movie, float(about["dt"]), device=device)
    store.save_comparison(key, found)


def _stored_answer(store: RunStore, key: str, best: bool) -> xr.Dataset:
    """Return an answer of the store, or one that comes with maxstim.

    Raises:
        MaxstimError: if there is none.
    """
    found = store.find(key)
    shipped = bundled_answers() / f"{key}.nc"
    if found is None and not shipped.is_file():
        raise MaxstimError("The answer is not on this server any more; run it again.")
    answer = load(shipped) if found is None else found[1]
    return answer.assign(stimulus=answer["best_stimulus"]) if best else answer


def _task(key: str) -> str:
    return f"comparison {key}"
