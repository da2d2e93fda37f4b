"""Sweeps that the worker makes: asked for from a page, kept, found again, and gone on with.

A sweep takes its turn among the runs, gives way to whatever else comes, and goes on afterwards. What it
asks lies in ``sweeps/KEY.json`` of the data directory, its answers in ``sweeps/KEY.zarr`` beside it:
docs/sweeps.md. Any thread may call `SweepMaker`; nobody is called back, pages ask.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from maxstim_core.errors import MaxstimError
from maxstim_core.networks.bundled import ENSEMBLE
from maxstim_core.networks.catalog import ensemble_members
from maxstim_core.networks.network import Network
from maxstim_core.optimal.configs import GenerateConfig
from maxstim_core.runs.queue import RunQueue
from maxstim_core.runs.request import RunRequest, opened_network
from maxstim_core.runs.snapshot import TaskSnapshot
from maxstim_core.runs.store import RunStore
from maxstim_core.runs.task import TaskRequest
from maxstim_core.runs.unfinished import Unfinished
from maxstim_core.runs.waiting import work
from maxstim_core.storage.atomic import write_whole
from maxstim_core.storage.grid_store import MISSING, checked_store_path, read_store
from maxstim_core.sweeps.varied import Listed, read_varied, settings_of

if TYPE_CHECKING:
    import xarray as xr

    from maxstim_core.sweeps.plan import SweepQuestion
    from maxstim_core.sweeps.sweep import Sweep

_FORMAT = 1
"""Part of every key: to be raised when the same sweep would have other answers."""

_COMPUTE = f"{__name__}:compute_sweep"
"""What the worker calls to make a sweep."""

_NOT_HERE = "This sweep is not on this server any more; start it again."

_REPORT_EVERY = 2
"""Iterations between two reports, at each of which a sweep can give way or be cancelled."""


@dataclass(frozen=True)
class SweepRequest:
    """A sweep as it is asked for: hashable, and the same after a round trip through JSON.

    Attributes:
        cell_type: For example ``T4c``.
        config: The settings that stay; its seed is the first.
        vary: Names of settings, each with its values in the words of `maxstim_core.sweeps.varied`.
        seeds: Seeds for each setting.
        network: As `maxstim_core.networks.catalog.open_network` takes it.
        transfer: Whether every answer is shown to the networks that come with maxstim.
        device: As in `maxstim_core.runs.request.RunRequest`; it is no part of what is asked.
    """

    cell_type: str
    config: GenerateConfig
    vary: tuple[tuple[str, str], ...]
    seeds: int = 1
    network: str = "default"
    transfer: bool = False
    device: str = "auto"

    def to_json(self) -> str:
        """Return the request as JSON text with sorted keys."""
        return json.dumps({**vars(self), "config": self.config.to_dict()}, sort_keys=True)

    @classmethod
    def from_json(cls, text: str | bytes) -> SweepRequest:
        """Read what `to_json` wrote.

        Raises:
            MaxstimError: if the text is no request, or a value is out of its bounds.
        """
        try:
            values = json.loads(text)
            vary = tuple((str(name), str(words)) for name, words in values.pop("vary"))
            return cls(config=GenerateConfig(**values.pop("config")), vary=vary, **values)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise MaxstimError(
                "The text is no description of a sweep; start the sweep again."
            ) from None

    @property
    def n_answers(self) -> int:
        """How many answers it asks for.

        Raises:
            MaxstimError: if it makes no sense.
        """
        varied = read_varied(dict(self.vary), self.config, trials=False)
        return prod(len(each.values) for each in varied if isinstance(each, Listed)) * self.seeds

    def configs(self) -> list[GenerateConfig]:
        """Return the settings of its answers to the first seed, in order.

        Raises:
            MaxstimError: if it makes no sense.
        """
        varied = read_varied(dict(self.vary), self.config, trials=False)
        return [replace(self.config, **values) for values in settings_of(varied, self.config)]

    @property
    def work(self) -> float:
        """How much there is to do: a number to be compared between sweeps.

        Raises:
            MaxstimError: if it makes no sense.
        """
        runs = (RunRequest(self.cell_type, config) for config in self.configs())
        return self.seeds * sum(work(run) for run in runs)

    def question(self, network: Network, device: str = "cpu") -> SweepQuestion:
        """Return what the core is asked, once it is sure that it makes sense.

        Args:
            network: The network, opened.
            device: Where to compute, resolved.

        Raises:
            MaxstimError: if it makes no sense.
        """
        from maxstim_core.sweeps.sweep import sweep_question

        names = ensemble_members(ENSEMBLE) if self.transfer else ()
        return sweep_question(
            network,
            self.cell_type,
            dict(self.vary),
            self.config,
            seeds=self.seeds,
            others=[opened_network(name) for name in names],
            device=device,
        )


def sweep_key(request: SweepRequest, network: Network) -> str:
    """Return the hexadecimal SHA-256 of everything that determines the answers of a sweep."""
    asked = {**json.loads(request.to_json()), "network_hash": network.content_hash}
    del asked["device"]
    return hashlib.sha256(json.dumps([_FORMAT, asked], sort_keys=True).encode()).hexdigest()


def settings_of_sweep(
    request: SweepRequest, setting: int, seed: int, found: xr.Dataset
) -> RunRequest:
    """Return the run that makes one answer of a sweep.

    Args:
        request: What the sweep asks.
        setting: Place of the setting.
        seed: Place of the seed.
        found: What is stored of the sweep.
    """
    names = json.loads(found.attrs["varied"])
    values = {name: GenerateConfig.taken(name, found[name].values[setting]) for name in names}
    values["random_seed"] = request.config.random_seed + seed
    config = GenerateConfig(**{**request.config.to_dict(), **values})
    return RunRequest(request.cell_type, config, request.network, device=request.device)


class SweepMaker:
    """Lets a queue make sweeps; of one queue, all know the same.

    Args:
        queue: Whose worker makes them, and in whose data directory they are kept.
    """

    def __init__(self, queue: RunQueue) -> None:
        self._queue = queue
        self.folder: Path = queue.store.root / "sweeps"
        """Where they are kept; need not exist."""

    def make(self, request: SweepRequest, session: str) -> str:
        """Let a sweep be made, or what is missing of it, and return its key; opens the network.

        Args:
            request: What is asked.
            session: Who asks, as in `RunQueue.submit`.

        Raises:
            MaxstimError: if the sweep makes no sense, an extra is not installed, nothing can be stored,
                the session has too many tasks waiting, or the server is shutting down.
        """
        network = opened_network(request.network)
        request.question(network)
        key = sweep_key(request, network)
        self._queue.store.check_writable()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise MaxstimError(
                f"Sweeps cannot be kept in {self.folder} ({error.strerror or error}); make it writable "
                "or name another folder in MAXSTIM_DATA_DIR."
            ) from error
        checked_store_path(self.store(key))
        write_whole(self._asked(key), "sweep", request.to_json().encode())
        arguments = {"key": key, "data": str(self._queue.store.root)}
        task = TaskRequest(
            _COMPUTE,
            arguments,
            _task(key),
            request.device,
            gives_way=True,
            what="sweep",
            work=self._missing(key) * request.work,
        )
        self._queue.submit_task(task, session)
        return key

    def usual_seconds(self, request: SweepRequest) -> float | None:
        """Return about how long a whole sweep takes, by what the last sweeps of the queue took.

        Returns:
            None where none has ended yet.

        Raises:
            MaxstimError: if it makes no sense.
        """
        return self._queue.usual_task_seconds(_COMPUTE, request.work)

    def go_on(self, key: str, session: str) -> str:
        """Let what is missing of a sweep be made, and return its key; opens the network.

        Args:
            key: Of the sweep.
            session: Who asks, as in `RunQueue.submit`.

        Raises:
            MaxstimError: as `make`, or if it is not here, or its network has changed.
        """
        request = self.request(key)
        if request is None:
            raise MaxstimError(_NOT_HERE)
        _check_unchanged(key, request, opened_network(request.network))
        return self.make(request, session)

    def cancel(self, key: str, session: str) -> None:
        """Stop a sweep for those who asked for it; what is finished is kept.

        Raises:
            MaxstimError: if somebody else asked for it.
        """
        task = self.progress(key)
        if task is None:
            return
        if task.session != session:
            raise MaxstimError("Somebody else has started this sweep; they alone can cancel it.")
        self._queue.cancel(task.task_id)

    def progress(self, key: str) -> TaskSnapshot | None:
        """Return how the making of a sweep stands; None if it was not asked for, or long ago."""
        return self._queue.newest_task(_task(key))

    def request(self, key: str) -> SweepRequest | None:
        """Return what a sweep asks; None where there is none of this key that can be read."""
        try:
            return SweepRequest.from_json(self._asked(key).read_bytes())
        except (OSError, MaxstimError):
            return None

    def keys(self) -> list[str]:
        """Return the keys of all sweeps that are kept, the one begun last first."""
        try:
            found = [(path.stat().st_mtime, path.stem) for path in self.folder.glob("*.json")]
        except OSError:  # one was removed meanwhile
            return []
        return [key for _, key in sorted(found, reverse=True)]

    def begun(self, key: str) -> float | None:
        """Return when a sweep was begun, or gone on with, last: seconds since 1970; None if unknown."""
        try:
            return self._asked(key).stat().st_mtime
        except OSError:
            return None

    def store(self, key: str) -> Path:
        """Return the folder of the answers of a sweep; need not exist."""
        return self.folder / f"{key}.zarr"

    def found(self, key: str) -> xr.Dataset | None:
        """Return what is stored of a sweep by now; None where nothing is.

        Raises:
            MaxstimError: if it cannot be read here.
        """
        path = self.store(key)
        return read_store(path, "sweep") if path.exists() else None

    def _missing(self, key: str) -> float:
        """Return the share of the answers of a sweep that is not there; 1 where nothing can be read."""
        try:
            found = self.found(key)
        except MaxstimError:  # which its task will report
            found = None
        done, total = (0, 1) if found is None else count_of(found)
        return 1 - done / total

    def _asked(self, key: str) -> Path:
        return self.folder / f"{key}.json"


def compute_sweep(
    key: str,
    data: str,
    *,
    device: str,
    report_stage: Callable[[str], None] = lambda stage: None,
) -> None:
    """Make what is missing of a sweep; called in the worker.

    Where `report_stage` raises, a later call with the same arguments goes on from there.

    Args:
        key: Of the sweep.
        data: The data directory.
        device: Where to compute: ``cpu``, or a GPU such as ``cuda:0``.
        report_stage: Called with a few words before each part.

    Raises:
        MaxstimError: if the sweep or its network is not there any more, the network has changed, or what
            was found cannot be stored.
    """
    folder = RunStore(data).root / "sweeps"
    name = (data, key, device)
    _unfinished.go_on(name, lambda: _SweepWork(folder, key, device), report_stage)


class _SweepWork:
    """What is missing of a sweep, part by part.

    Args:
        folder: Where sweeps are kept.
        key: Of the sweep.
        device: Where to compute, resolved.
    """

    def __init__(self, folder: Path, key: str, device: str) -> None:
        self._folder, self._key, self._device = folder, key, device
        self._run: Sweep | None = None
        self._parts = self._answers()

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        return next(self._parts)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Write to the store within; between turns others can, such as the command line."""
        if self._run is not None:
            self._run.resume()
        try:
            yield
        finally:
            if self._run is not None:
                self._run.rest()

    def _answers(self) -> Iterator[str]:
        from maxstim_core.sweeps.sweep import Sweep

        yield "Opening the network."
        try:
            request = SweepRequest.from_json((self._folder / f"{self._key}.json").read_bytes())
        except OSError:
            raise MaxstimError(_NOT_HERE) from None
        network = opened_network(request.network)
        _check_unchanged(self._key, request, network)
        question = request.question(network, self._device)
        store = self._folder / f"{self._key}.zarr"
        self._run = Sweep(question, store, report_every=_REPORT_EVERY)
        for report in self._run:
            yield f"{report.step} of {report.n_steps} answers."


_unfinished = Unfinished(_SweepWork.turn)
"""What is left of each, by data directory, key and device; in the worker process."""


def _check_unchanged(key: str, request: SweepRequest, network: Network) -> None:
    if sweep_key(request, network) != key:
        raise MaxstimError(
            f"The network {request.network} has changed since this sweep was begun; start another."
        )


def count_of(found: xr.Dataset) -> tuple[int, int]:
    """Return how many answers of a sweep there are, failed ones among them, and how many in all."""
    status: Any = found["status"].values
    return int((status != MISSING).sum()), int(status.size)


def _task(key: str) -> str:
    return f"sweep {key}"
