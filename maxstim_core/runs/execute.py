"""From a request to an optimisation, in the worker process.

The only module of `maxstim_core.runs` that leads to torch, and only when a run is started.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING

import numpy as np

from maxstim_core.devices import available_devices
from maxstim_core.errors import MaxstimError
from maxstim_core.networks.network import Network
from maxstim_core.optimal.configs import (
    GenerateConfig,
    RegularizeConfig,
    SearchConfig,
    starting_preset,
)
from maxstim_core.optimal.run import Optimization, StepReport
from maxstim_core.runs.messages import AheadReport
from maxstim_core.runs.request import RunRequest, content_key, opened, opened_network
from maxstim_core.runs.store import RunStore
from maxstim_core.runs.stored_search import StoredSearch
from maxstim_core.stimuli.catalog import DEFAULT_CLIPS, clip_named, open_clips
from maxstim_core.stimuli.clip_set import ClipSet
from maxstim_core.stimuli.resample import resampled

if TYPE_CHECKING:
    from maxstim_core.drawing.notebook import Result

__all__ = [
    "Natural",
    "Regularized",
    "available_devices",
    "execute",
    "search_ahead",
    "start",
    "warm",
]


def warm(network: str, device: str) -> None:
    """Get ready for runs on a network: open it, take one small step on the device, and write it.

    What is compiled or loaded for that stays for the run that follows, so that who is ready already
    does nothing.

    Raises:
        MaxstimError: if there is no such network.
    """
    _take_step(opened_network(network), device)


@lru_cache(maxsize=1)
def _take_step(network: Network, device: str) -> None:
    from maxstim_core.optimal.generated import generate

    small = GenerateConfig(t_stim=0.05, n_iters=1)
    run = generate(network, network.connectome.names[0], small, device=device)
    for _ in run:
        pass
    # And what it takes to store an answer: a server that is stopped leaves little time for that.
    run.result()[["stimulus"]].drop_attrs().to_netcdf(engine="h5netcdf")


def search_ahead(network: str, clips: str, device: str, store: RunStore) -> Iterator[AheadReport]:
    """Find the natural answers of all cell types by one search, and store those that are not there.

    They are the answers to what the dashboard asks for, with the settings that it starts with. After
    them come the responses to textbook stimuli and to clips that the controls of generated answers
    begin with.

    Args:
        network: As `maxstim_core.networks.catalog.open_network` takes it.
        clips: Name of the set to search.
        device: Where to compute.
        store: Where the search and the answers go.

    Yields:
        How far it is, about once a second, so that something else can be done in between.

    Raises:
        MaxstimError: if there is no such network or set, or an answer cannot be stored.
    """
    from maxstim_core.comparison.natural_clips import clip_parts
    from maxstim_core.comparison.textbook import bank_parts
    from maxstim_core.simulation.choose_engine import make_engine

    opened = opened_network(network)
    clip_set = open_clips(clips, opened.lattice.extent)
    for report in find_ahead(opened, clip_set, network, device, store):
        yield report
    usual = starting_preset(GenerateConfig)
    engine = make_engine(opened, device=device)
    for _ in bank_parts(engine, usual.n_frames, usual.dt):
        yield report
    for _ in clip_parts(engine, open_clips(DEFAULT_CLIPS, opened.lattice.extent), usual.dt):
        yield report


def find_ahead(
    opened: Network, clip_set: ClipSet, network: str, device: str, store: RunStore
) -> Iterator[AheadReport]:
    """Do what `search_ahead` does with a network and clips that are open already."""
    config, clips = starting_preset(SearchConfig), clip_set.name
    asked = [RunRequest(name, config, network, clips) for name in opened.connectome.names]
    keys = {request: content_key(request, opened, clip_set) for request in asked}
    lacking = [request for request in asked if not store.has(keys[request])]

    def report(done: int) -> AheadReport:
        answers = len(asked) - len(lacking)
        return AheadReport(network, clips, done, len(clip_set), answers, len(asked))

    if lacking:
        yield report(0)
        search = StoredSearch(opened, clip_set, config, device, store)
        for step in search:
            yield report(step.step)
    while lacking:
        request = lacking[0]
        answer = Natural(request, config, opened, clip_set, device, store).result()
        assert answer is not None  # the search is in the store
        store.save(keys[request], answer)
        del lacking[0]
        yield report(len(clip_set))
    yield report(len(clip_set))


def execute(request: RunRequest, key: str, device: str, store: RunStore) -> Optimization:
    """Start the run of a request.

    Args:
        request: What to compute.
        key: Its content key when it was submitted.
        device: Where to compute.
        store: Where the search of a clip set is kept for all cell types.

    Returns:
        An `Optimization`, with what it is doing as ``message``.

    Raises:
        MaxstimError: if a network or the clip set has changed since, or no longer exists.
    """
    network, clips, further = opened(request)
    if content_key(request, network, clips, further) != key:
        asked = f"network {request.network} or the clip set {request.clips}"
        if further:
            asked = f"network {' or '.join(request.networks)}"
        raise MaxstimError(f"The {asked} has changed while the run waited; submit it again.")
    return start(request, network, clips, device, store, further)


def start(
    request: RunRequest,
    network: Network,
    clips: ClipSet | None,
    device: str,
    store: RunStore,
    further: Sequence[Network] = (),
) -> Optimization:
    """Start the run of a request on networks and clips that are open already."""
    config = request.config
    if isinstance(config, GenerateConfig):
        from maxstim_core.optimal.generated import generate

        every = report_every(device)
        networks = [network, *further]
        return generate(networks, request.cell_type, config, device=device, report_every=every)
    assert clips is not None  # the other two begin from a set
    if isinstance(config, SearchConfig):
        return Natural(request, config, network, clips, device, store)
    return Regularized(request, config, network, clips, device, store)


def report_every(device: str) -> int:
    """Return the steps between reports: on a GPU, where steps are short, not one for each."""
    return 1 if device == "cpu" else 10


class Natural:
    """Searches the clips, unless a stored search can be used, and shows the best one again.

    Attributes:
        n_steps: Steps of the present stage.
        terms: Logged losses of the present stage.
        message: What is being done.
    """

    terms: tuple[str, ...] = ()

    def __init__(
        self,
        request: RunRequest,
        config: SearchConfig,
        network: Network,
        clips: ClipSet,
        device: str,
        store: RunStore,
    ) -> None:
        self.message = f"Searching the clips of '{clips.name}' for all cell types."
        self._request, self._network, self._clips = request, network, clips
        self._config, self._device = config, device
        self._search = StoredSearch(network, clips, config, device, store)
        self.n_steps = self._search.n_steps
        self._clip_movie = lru_cache(1)(self._movie)
        self._response = lru_cache(1)(self._respond)

    def __iter__(self) -> Iterator[StepReport]:
        """Search, and report the best clip so far; stop iterating to cancel."""
        cell_type, clip = self._request.cell_type, self._request.clip
        for report in self._search:
            search = self._search.going
            assert search is not None  # it has reported
            best = search.best_so_far(cell_type, clip)
            yield replace(
                report,
                stimulus=self._clip_movie(best),
                respond=partial(self._response, best),
                lattice=self._clips.lattice,
            )

    def _movie(self, index: int) -> np.ndarray:
        clips = self._clips
        movie = resampled(clips[index], clips.dt, self._config.dt)
        movie.setflags(write=False)
        return movie

    def _respond(self, index: int) -> np.ndarray:
        search = self._search.going
        assert search is not None
        return search.respond(self._request.cell_type, self._clip_movie(index))

    def result(self) -> Result | None:
        """Return the best clip so far and the response to it; None before the first report."""
        from maxstim_core.optimal.natural import replay

        found = self.found()
        if found is None:
            return None
        return replay(
            self._network,
            self._request.cell_type,
            self._clips,
            found,
            self._config,
            clip=self._request.clip,
            device=self._device,
        )

    def found(self) -> Result | None:
        """Return the best clips of each cell type so far; None before the first report."""
        return self._search.result()


class Regularized:
    """Pulls a clip to grey: the one that the request names, or else the best, which it searches first.

    The best clip is what the default `SearchConfig` finds at the frame duration of the run; every
    score finds the same.
    """

    def __init__(
        self,
        request: RunRequest,
        config: RegularizeConfig,
        network: Network,
        clips: ClipSet,
        device: str,
        store: RunStore,
    ) -> None:
        self._config = config
        self._request, self._network, self._clips, self._device = request, network, clips, device
        self._natural: Natural | None = None
        self._descent: Optimization | None = None
        if request.clip:
            self._descent = self._regularize(clip_named(clips, request.clip))
        else:
            searched = SearchConfig(dt=config.dt, silence=config.silence)
            asked = replace(request, config=searched)
            self._natural = Natural(asked, searched, network, clips, device, store)

    @property
    def n_steps(self) -> int:
        """Steps of the present stage."""
        return self._stage.n_steps

    @property
    def terms(self) -> tuple[str, ...]:
        """Logged losses of the present stage."""
        return self._stage.terms

    @property
    def message(self) -> str:
        """What is being done, where that needs saying."""
        return getattr(self._stage, "message", "")

    @property
    def _stage(self) -> Optimization:
        stage = self._descent or self._natural
        assert stage is not None  # it began with one of them
        return stage

    def __iter__(self) -> Iterator[StepReport]:
        """Search where no clip was named, then regularize; stop iterating to cancel."""
        if self._natural is not None:
            yield from self._natural
            found = self._natural.found()
            assert found is not None  # the search has come to its end
            best = found.sel(cell_type=self._request.cell_type).isel(rank=0)
            self._descent = self._regularize(int(best.clip_index))
        yield from self._stage

    def _regularize(self, index: int) -> Optimization:
        from maxstim_core.optimal.regularized import regularize

        clips, config = self._clips, self._config
        return regularize(
            self._network,
            self._request.cell_type,
            resampled(clips[index], clips.dt, config.dt),
            config,
            device=self._device,
            report_every=report_every(self._device),
            source=f"{clips.name}: {clips.names[index]}",
            clip_name=clips.names[index],
        )

    def result(self) -> Result | None:
        """Return the stimulus so far; None while the clip is still being searched."""
        result = None if self._descent is None else self._descent.result()
        if result is None:
            return None
        return result.assign_attrs(clips=self._clips.name, clip=self._request.clip)
