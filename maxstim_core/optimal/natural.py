"""The first answer: the best clip of a natural set.

One pass over the clips measures what every cell type answers, from which
`maxstim_core.optimal.ranking` tells the best. The protocols: docs/numerics.md#the-natural-answer.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from maxstim_core.errors import MaxstimError
from maxstim_core.networks.network import Network, check_network
from maxstim_core.networks.silencing import silenced
from maxstim_core.optimal.configs import SearchConfig
from maxstim_core.optimal.prefetch import prefetch
from maxstim_core.optimal.ranking import check_search, with_ranks
from maxstim_core.optimal.result import answer, provenance
from maxstim_core.optimal.run import StepReport, check_not_begun
from maxstim_core.settings import checked
from maxstim_core.simulation.choose_engine import make_engine
from maxstim_core.simulation.engine import Engine, InitialState
from maxstim_core.stimuli.catalog import clip_named
from maxstim_core.stimuli.clip_set import ClipSet, check_clips
from maxstim_core.stimuli.resample import resampled
from maxstim_core.storage.meaning import documented

if TYPE_CHECKING:
    import xarray as xr

    from maxstim_core.drawing.notebook import Result

FADE_SECONDS = 2.0
"""Fade-in before each clip in flyvis's protocol."""

SHOWN = 12
"""Most clips that an answer carries, to look at them side by side."""


def search(
    network: Network,
    clips: ClipSet,
    config: SearchConfig | None = None,
    *,
    device: str = "cpu",
    dtype: str = "float32",
) -> Search:
    """Find the clips that excite the central cell of every cell type most.

    Args:
        network: The network to ask.
        clips: The set to search, for the network's eye.
        config: Protocol, score and number of clips to keep; the defaults if None.
        device: Where to compute: see `maxstim_core.devices.resolve_device`.
        dtype: Precision to compute in: ``float32`` or ``float64``.

    Returns:
        An `Optimization` whose steps are clips.

    Raises:
        MaxstimError: if the set is empty or of another eye, or the device does not exist.

    Example:
        >>> import maxstim_core as ms
        >>> network = ms.open_network("prior", extent=5)
        >>> clips = ms.open_clips("probes", extent=5, dt=0.02)
        >>> config = ms.SearchConfig(dt=0.02, n_best=3)
        >>> found = ms.finish(ms.search(network, clips, config))
        >>> found.clip_name.dims, found.clip_name.shape
        (('cell_type', 'rank'), (65, 3))
        >>> best = ms.replay(network, "T4c", clips, found, config)  # a notebook shows it
        >>> best.attrs["source"] == found.clip_name.sel(cell_type="T4c", rank=0).item()
        True
    """
    check_network(network)
    config = checked(config, SearchConfig)
    network = silenced(network, config.silence)
    check_clips(clips)
    if not len(clips):
        raise MaxstimError(f"The clip set {clips.name} is empty; give at least one clip.")
    if clips.lattice != network.lattice:
        raise MaxstimError(
            f"The clip set {clips.name} is for an eye of {clips.lattice.n_columns} columns, the network "
            f"has {network.lattice.n_columns}; render it again for this eye."
        )
    return Search(make_engine(network, device=device, dtype=dtype), clips, config)


class Search:
    """A pass over a clip set that finds the best clips of each cell type (an `Optimization`).

    Clips are measured by the highest voltage that the central cell reaches during each.
    """

    terms: tuple[str, ...] = ()

    def __init__(self, engine: Engine, clips: ClipSet, config: SearchConfig) -> None:
        self.n_steps = len(clips)
        self._engine, self._clips, self._config = engine, clips, config
        n_types = len(engine.network.connectome.names)
        self._peaks = np.full((n_types, len(clips)), np.nan, np.float32)
        self._frames = np.full((n_types, len(clips)), -1, np.int32)
        self._squares = np.zeros(n_types)
        self._lowest = np.full(n_types, np.nan, np.float32)
        self._n_done = self._n_frames = 0

    def __repr__(self) -> str:
        return f"<Run search of {self._clips.name!r}: {self._n_done} of {self.n_steps} clips>"

    def __iter__(self) -> Iterator[StepReport]:
        """Run through the clips, and report after each batch; stop iterating to cancel.

        Raises:
            MaxstimError: if a voltage does not stay finite, or it has been iterated before.
        """
        check_not_begun(self._n_done)
        no_losses = np.empty((0, 0), np.float32)
        for batch in prefetch(self._batches()):
            first = self._n_done
            activity = self._responses(np.stack(batch))
            self._check_finite(activity)
            self._n_done += len(batch)
            self._peaks[:, first : self._n_done] = activity.max(1).T
            self._frames[:, first : self._n_done] = activity.argmax(1).T
            self._squares += np.square(activity, dtype=np.float64).sum((0, 1))
            self._lowest = np.fmin(self._lowest, activity.min((0, 1)))
            self._n_frames += len(batch) * len(batch[0])
            yield StepReport(self._n_done, self.n_steps, no_losses)

    def result(self) -> Result:
        """Return the best clips of each cell type among those seen so far, best first.

        With all that was measured: see `maxstim_core.optimal.ranking.with_ranks`.
        """
        return with_ranks(self.measured(), self._clips, self._config)

    def measured(self) -> Result:
        """Return what the clips seen so far lead to; no score has a part in it."""
        from maxstim_core.drawing.notebook import Result  # brings xarray: not before it is needed

        engine, seen = self._engine, slice(self._n_done)
        grey = engine.host(engine.steady_state(self._config.dt))[0, engine.layout.central_cells]
        rms = np.sqrt(self._squares / max(self._n_frames, 1)).astype(np.float32)
        found = Result(
            data_vars={
                "clip_peak": (("cell_type", "clip"), self._peaks[:, seen]),
                "clip_peak_frame": (("cell_type", "clip"), self._frames[:, seen]),
                "grey_voltage": ("cell_type", grey),
                "rms_voltage": ("cell_type", rms),
                "lowest_voltage": ("cell_type", self._lowest.copy()),
            },
            coords={"cell_type": list(engine.network.connectome.names)},
            attrs={
                **provenance(engine, self._config),
                "dt": self._config.dt,
                "clips": self._clips.name,
                "clips_hash": self._clips.content_hash,
                "status": "complete" if self._n_done == self.n_steps else "cancelled",
            },
        )
        return documented(found)

    def best_so_far(self, cell_type: str, clip: str = "") -> int:
        """Return the place in the set of the best clip among those seen so far, or of a named one.

        Args:
            cell_type: For example ``T4c``.
            clip: Name of the clip that is wanted instead, or nothing.
        """
        if clip:
            return clip_named(self._clips, clip)
        seen = self._peaks[self._engine.network.cell_type(cell_type), : self._n_done]
        return int(np.argmax(seen))

    def respond(self, cell_type: str, movie: np.ndarray) -> np.ndarray:
        """Return the voltage of a cell type while the network watches a movie, both (frame, column)."""
        layout, index = self._engine.layout, self._engine.network.cell_type(cell_type)
        response = self._engine.simulate(movie, self._config.dt, cells=layout.cells(index))
        return layout.on_columns(index, response)

    def _batches(self) -> Iterator[list[np.ndarray]]:
        """Consecutive clips of equal length, a few at a time."""
        batch: list[np.ndarray] = []
        at_once = self._engine.samples_at_once
        for index in range(len(self._clips)):
            clip = resampled(self._clips[index], self._clips.dt, self._config.dt)
            if batch and (len(batch) == at_once or len(clip) != len(batch[0])):
                yield batch
                batch = []
            batch.append(clip)
        yield batch

    def _check_finite(self, activity: np.ndarray) -> None:
        if not np.isfinite(activity).all():
            raise MaxstimError(
                f"The voltages of {self._engine.network.name} do not stay finite in frames of "
                f"{self._config.dt:g} s, so that no clip is its best; choose shorter frames or another "
                "network."
            )

    def _responses(self, clips: np.ndarray) -> np.ndarray:
        """Central cells' voltage, shape (sample, frame, cell_type)."""
        engine, dt = self._engine, self._config.dt
        start: InitialState = "grey"
        if self._config.protocol == "flyvis":
            start = engine.fade_in(FADE_SECONDS, dt, clips[:, 0])
        cells = engine.layout.central_cells
        return engine.simulate(clips, dt, initial_state=start, cells=cells)


def replay(
    network: Network,
    cell_type: str,
    clips: ClipSet,
    found: xr.Dataset,
    config: SearchConfig | None = None,
    *,
    clip: str = "",
    device: str = "cpu",
    dtype: str = "float32",
) -> Result:
    """Show a cell type its best clips again, each after one second of grey.

    Args:
        network: The network that was asked.
        cell_type: For example ``T4c``.
        clips: The set that was searched.
        found: Result of `search`.
        config: That of the search, or with another score or list: these are made anew. As it was
            searched if None.
        clip: Name of the clip to show in full; the best one if empty.
        device: Where to compute: see `maxstim_core.devices.resolve_device`.
        dtype: Precision to compute in: ``float32`` or ``float64``.

    Returns:
        The natural answer: see `maxstim_core.optimal.result`.

    Raises:
        MaxstimError: if the cell type, the clip or the device does not exist, or the search is of
            another set or network, in other frames or by another protocol.
    """
    check_network(network)
    check_clips(clips)
    check_search(found, clips)
    searched = _searched(found)
    config = searched if config is None else checked(config, SearchConfig)
    if (config.dt, config.protocol) != (searched.dt, searched.protocol):
        raise MaxstimError(
            f"This search was made in frames of {searched.dt:g} s by protocol {searched.protocol!r}, "
            f"not of {config.dt:g} s by {config.protocol!r}; show it with the config of the search."
        )
    if config.silence != searched.silence:
        raise MaxstimError(
            f"This search was made with {_silenced_words(searched)}, not with "
            f"{_silenced_words(config)}; show it with the config of the search."
        )
    index = network.cell_type(cell_type)
    network = silenced(network, config.silence, cell_type=cell_type)
    if found.attrs.get("network_hash", network.content_hash) != network.content_hash:
        raise MaxstimError(
            f"This search was made of another network ({found.attrs.get('network', 'unknown')}) than "
            f"{network.name}; search with the network that is to be shown."
        )
    whole = found["clip_peak"].dims == ("cell_type", "clip") and found.sizes["clip"] > 0
    if not whole or cell_type not in found["cell_type"].values:
        raise MaxstimError(
            f"This search does not say how {cell_type} answers to any clip; give the whole result of a "
            "search that has begun."
        )
    ranked = with_ranks(found.sel(cell_type=[cell_type]), clips, config).isel(cell_type=0)
    best = ranked["clip_index"].values
    chosen = int(best[0]) if clip == "" else clip_named(clips, clip)
    movies = [resampled(clips[k], clips.dt, config.dt) for k in best[:SHOWN]]
    movie = resampled(clips[chosen], clips.dt, config.dt)
    engine = make_engine(network, device=device, dtype=dtype)
    cells = engine.layout.cells(index)
    response = engine.simulate(movie, config.dt, cells=cells)
    names = ("clip_index", "clip_name", "peak_frame", "peak_value", "score")
    over_set = ("grey_voltage", "rms_voltage", "lowest_voltage")
    return answer(
        lattice=network.lattice,
        dt=config.dt,
        stimulus=movie,
        response=engine.layout.on_columns(index, response),
        variables={
            **{name: ("rank", ranked[name].values) for name in names},
            **_shown(engine, engine.layout.central_cells[[index]], movies, config.dt),
        },
        attributes={
            **provenance(engine, config),
            "cell_type": cell_type,
            "clips": clips.name,
            "clips_hash": clips.content_hash,
            "clip": clip,
            "shown_clip": clips.names[chosen],
            "source": clips.names[chosen],
            # Searches stored before the lowest voltage was measured lack it.
            **{name: float(ranked[name]) for name in over_set if name in ranked},
            "status": found.attrs["status"],
        },
    )


def _silenced_words(config: SearchConfig) -> str:
    return f"{config.silence} silenced" if config.silence else "no cell type silenced"


def _searched(found: xr.Dataset) -> SearchConfig:
    """Return the settings of a search.

    Raises:
        MaxstimError: if it does not tell them.
    """
    try:
        return SearchConfig(**json.loads(found.attrs["config"]))
    except (KeyError, TypeError, ValueError) as error:
        raise MaxstimError("This search does not say how it was made; search again.") from error


def _shown(
    engine: Engine, central: np.ndarray, movies: list[np.ndarray], dt: float
) -> dict[str, tuple]:
    """Return the variables by which clips can be looked at: luminance and central response."""
    longest = max(map(len, movies))
    luminance = np.zeros((len(movies), longest, movies[0].shape[1]), np.uint8)
    responses = np.full((len(movies), longest), np.nan, np.float32)
    for length in {len(movie) for movie in movies}:
        alike = [k for k, movie in enumerate(movies) if len(movie) == length]
        batch = np.stack([movies[k] for k in alike])
        luminance[alike, :length] = np.rint(255 * np.clip(batch, 0, 1))
        responses[alike, :length] = engine.simulate(batch, dt, cells=central)[..., 0]
    return {
        "shown_stimulus": (("shown", "clip_frame", "column"), luminance),
        "shown_response": (("shown", "clip_frame"), responses),
    }
