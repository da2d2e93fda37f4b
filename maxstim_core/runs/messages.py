"""The messages between the server and a worker, and how they travel.

Messages are pickled, each after its length, over the two pipes of a child process that the server
has started itself; nothing else can write to them.
"""

from __future__ import annotations

import pickle
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np

from maxstim_core.optimal.configs import GenerateConfig
from maxstim_core.runs.request import RunRequest
from maxstim_core.runs.snapshot import Preview

_LENGTH = struct.Struct("!Q")


@dataclass(frozen=True)
class RunTask:
    """Server to worker: do this run."""

    job_id: str
    key: str
    request: RunRequest


@dataclass(frozen=True)
class FunctionTask:
    """Server to worker: call this function, as `maxstim_core.runs.task.TaskRequest` says.

    ``turn`` counts how often this has been asked of the job.
    """

    job_id: str
    turn: int
    function: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True)
class LiveTask:
    """Server to worker of live runs: do this run beside the others, and let it be steered.

    ``pause_at`` is the iteration to pause at, 0 for none; ``catch_up`` that to come to before anything
    is done to it; ``device`` is where to compute.
    """

    job_id: str
    request: RunRequest
    key: str
    device: str
    pause_at: int = 0
    catch_up: int = 0


@dataclass(frozen=True)
class LiveAct:
    """Server to worker of live runs: what a person does to one.

    Attributes:
        job_id: Which.
        kind: A member of `LIVE_ACTS`.
        values: To steer: new values by setting.
        iteration: To go back: where to.
        per_second: To go on: most steps a second; 0 for as many as there can be.
    """

    job_id: str
    kind: str
    values: Mapping[str, Any] = field(default_factory=dict)
    iteration: int = 0
    per_second: float = 0.0


LIVE_ACTS = ("steer", "back", "pause", "go", "step")
"""What can be done to a live run, besides cancelling it."""


PAUSE_MINUTES = 10
"""How long a live run may be paused: then it ends, with the best so far kept, and makes room."""


@dataclass(frozen=True)
class LiveReport:
    """Worker of live runs to server: where one stands.

    Attributes:
        progress: As of any run; its losses come after ``n_kept`` rows that were sent before.
        n_kept: How many of the rows sent before still hold.
        config: The settings it began with, and the schedule of all changes.
        paused: Whether it is paused.
        per_second: Most steps a second; 0 for as many as there can be.
        problem: Why the last act was refused, or nothing.
    """

    progress: Progress
    n_kept: int
    config: GenerateConfig
    paused: bool
    per_second: float
    problem: str


@dataclass(frozen=True)
class OfLive:
    """Worker of live runs to server: a report on one of them, or how it ended."""

    job_id: str
    message: LiveReport | Done | Cancelled | Failed


@dataclass(frozen=True)
class Warm:
    """Server to worker: get ready for runs on a network, while there is nothing else to do."""

    network: str


@dataclass(frozen=True)
class SearchAhead:
    """Server to worker: find the natural answers of all cell types, while nothing else is to do."""

    network: str
    clips: str


@dataclass(frozen=True)
class RestAhead:
    """Server to worker: let the search ahead rest, or go on; live runs have another process.

    Attributes:
        rests: Whether it shall rest.
    """

    rests: bool


@dataclass(frozen=True)
class AheadReport:
    """Worker to server: how far it is with that.

    Attributes:
        network: Name of the network that is asked.
        clips: Name of the set that is searched.
        done: Clips that have been shown to the network.
        n_clips: Clips in all.
        n_answers: Cell types whose answer is in the store.
        n_types: Cell types in all.
    """

    network: str
    clips: str
    done: int
    n_clips: int
    n_answers: int
    n_types: int

    @property
    def is_over(self) -> bool:
        """Whether all answers are there."""
        return self.n_answers == self.n_types


@dataclass(frozen=True)
class Cancel:
    """Server to worker: stop this job, and keep the best so far under the id of a run.

    ``by_server`` says that nobody asked for it: the server is being stopped.
    """

    job_id: str
    run_id: str
    by_server: bool = False


@dataclass(frozen=True)
class GiveWay:
    """Server to worker: end this turn of a job after the part that is being done; others wait."""

    job_id: str
    turn: int


@dataclass(frozen=True)
class Hello:
    """Worker to server: ready. All devices that it sees, and the one that it computes on."""

    devices: tuple[str, ...]
    device: str


@dataclass(frozen=True)
class Progress:
    """Worker to server: where the run stands; also the sign that it lives.

    ``losses`` are the rows since the last message, shape (step, term); ``preview`` is None where
    there is nothing new to see.
    """

    step: int
    n_steps: int
    terms: tuple[str, ...]
    losses: np.ndarray
    preview: Preview | None
    message: str


@dataclass(frozen=True)
class StageReport:
    """Worker to server: what a function begins to do, in a few words; also the sign that it lives."""

    stage: str


@dataclass(frozen=True)
class Stopping:
    """Worker to server: the cancel was seen; the best so far is being saved."""


@dataclass(frozen=True)
class Done:
    """Worker to server: the answer of a run is in the store, or a function has ended.

    ``request`` is what the answer is to, where that is not what was asked for at first.
    """

    result: Path | None = None
    request: RunRequest | None = None


@dataclass(frozen=True)
class Cancelled:
    """Worker to server: stopped; what was there is in the store, if anything was.

    ``reason`` is why, where nobody asked for it.
    """

    result: Path | None = None
    reason: str = ""


@dataclass(frozen=True)
class GaveWay:
    """Worker to server: this turn of a job is over, the job is not."""


@dataclass(frozen=True)
class Failed:
    """Worker to server: why nothing came of it, as one sentence.

    ``replace`` says that the worker should not be trusted with another run.
    """

    reason: str
    replace: bool = False


def write(stream: IO[bytes], message: Any) -> None:
    """Send one message; raises OSError where the other side is gone."""
    body = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    stream.write(_LENGTH.pack(len(body)) + body)
    stream.flush()


def read(stream: IO[bytes]) -> Any:
    """Wait for one message; raises EOFError where the other side is gone."""
    (length,) = _LENGTH.unpack(_exactly(stream, _LENGTH.size))
    return pickle.loads(_exactly(stream, length))


def _exactly(stream: IO[bytes], length: int) -> bytes:
    body = stream.read(length)
    if len(body) < length:
        raise EOFError
    return body
