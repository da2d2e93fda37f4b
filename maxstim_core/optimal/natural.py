"""The first answer: the best clip of a natural set (spec §6.1).

One pass over the clips finds the best for every cell type at once.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
import xarray as xr

from maxstim_core.errors import MaxstimError
from maxstim_core.network import Network
from maxstim_core.optimal.ahead import made_ahead
from maxstim_core.optimal.configs import SearchConfig
from maxstim_core.optimal.descent import provenance
from maxstim_core.optimal.reports import StepReport
from maxstim_core.optimal.result import answer
from maxstim_core.simulation import Engine, make_engine
from maxstim_core.stimuli.clips import ClipSet, resampled

FADE_SECONDS = 2.0
"""Fade-in before each clip in flyvis's protocol."""


def search(
    network: Network,
    clips: ClipSet,
    config: SearchConfig | None = None,
    *,
    device: str = "cpu",
    dtype: torch.dtype = torch.float32,
) -> Search:
    """Find the clips that excite the central cell of every cell type most.

    Args:
        network: The network to ask.
        clips: The set to search, for the network's eye.
        config: Protocol and number of clips to keep; the defaults if None.
        device: Where to compute: see `maxstim_core.simulation.resolve_device`.
        dtype: Precision to compute in.

    Returns:
        An `Optimisation` whose steps are clips.

    Raises:
        MaxstimError: if the set is empty or of another eye, or the device does not exist.
    """
    if not len(clips):
        raise MaxstimError(f"The clip set {clips.name} is empty; give at least one clip.")
    if clips.lattice != network.lattice:
        raise MaxstimError(
            f"The clip set {clips.name} is for an eye of {clips.lattice.n_columns} columns, the network "
            f"has {network.lattice.n_columns}; render it again for this eye."
        )
    return Search(make_engine(network, device=device, dtype=dtype), clips, config or SearchConfig())


class Search:
    """A pass over a clip set that keeps the best clips of each cell type (an `Optimisation`).

    A clip's score is the highest voltage that the central cell reaches during it.
    """

    terms: tuple[str, ...] = ()

    def __init__(self, engine: Engine, clips: ClipSet, config: SearchConfig) -> None:
        self.n_steps = len(clips)
        self._engine, self._clips, self._config = engine, clips, config
        n_types = len(engine.network.connectome.names)
        self._peaks = np.full((n_types, len(clips)), -np.inf, np.float32)
        self._frames = np.full((n_types, len(clips)), -1)
        self._n_done = 0

    def __iter__(self) -> Iterator[StepReport]:
        """Run through the clips, and report after each batch; stop iterating to cancel."""
        no_losses = np.empty((0, 0), np.float32)
        for batch in made_ahead(self._batches()):
            first = self._n_done
            activity = self._responses(np.stack(batch)).cpu().numpy()
            self._n_done += len(batch)
            self._peaks[:, first : self._n_done] = activity.max(1).T
            self._frames[:, first : self._n_done] = activity.argmax(1).T
            yield StepReport(self._n_done, self.n_steps, no_losses)

    def result(self) -> xr.Dataset:
        """Return the best clips of each cell type among those seen so far, best first.

        Dims (cell_type, rank): ``clip_index``, ``clip_name``, ``peak_frame`` and ``peak_value``, the
        voltage at the peak.
        """
        kept = min(self._config.n_best, max(self._n_done, 1))
        # A stable sort: of equal peaks the earlier clip wins, as in flyvis's argmax.
        best = np.argsort(-self._peaks, axis=1, kind="stable")[:, :kept]
        dims = ("cell_type", "rank")
        engine = self._engine
        return xr.Dataset(
            data_vars={
                "clip_index": (dims, best),
                "clip_name": (dims, np.array(self._clips.names)[best]),
                "peak_frame": (dims, np.take_along_axis(self._frames, best, 1)),
                "peak_value": (dims, np.take_along_axis(self._peaks, best, 1)),
            },
            coords={"cell_type": list(engine.network.connectome.names), "rank": np.arange(kept)},
            attrs={
                **provenance(engine, self._config),
                "dt": self._config.dt,
                "clips": self._clips.name,
                "clips_hash": self._clips.content_hash,
                "status": "complete" if self._n_done == self.n_steps else "cancelled",
            },
        )

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

    @torch.no_grad()
    def _responses(self, clips: np.ndarray) -> torch.Tensor:
        """Central cells' voltage, shape (sample, frame, cell_type)."""
        engine, dt = self._engine, self._config.dt
        faded = self._config.protocol == "flyvis"
        start = engine.fade_in(FADE_SECONDS, dt, clips[:, 0]) if faded else "grey"
        cells = engine.layout.central_cells
        return engine.simulate(clips, dt, initial_state=start, cells=cells)


def replay(
    network: Network,
    cell_type: str,
    clips: ClipSet,
    found: xr.Dataset,
    config: SearchConfig | None = None,
    *,
    device: str = "cpu",
    dtype: torch.dtype = torch.float32,
) -> xr.Dataset:
    """Show a cell type its best clip again, after one second of grey.

    Args:
        network: The network that was asked.
        cell_type: For example ``T4c``.
        clips: The set that was searched.
        found: Result of `search`.
        config: As given to `search`.
        device: Where to compute: see `maxstim_core.simulation.resolve_device`.
        dtype: Precision to compute in.

    Returns:
        The natural answer: see `maxstim_core.optimal.result`.

    Raises:
        MaxstimError: if the cell type or the device does not exist.
    """
    config = config or SearchConfig()
    index = network.cell_type(cell_type)
    ranked = found.sel(cell_type=cell_type)
    clip = resampled(clips[int(ranked.clip_index[0])], clips.dt, config.dt)
    engine = make_engine(network, device=device, dtype=dtype)
    with torch.no_grad():
        cells = engine.layout.cells(index)
        response = engine.simulate(clip, config.dt, cells=cells).cpu().numpy()
    names = ("clip_index", "clip_name", "peak_frame", "peak_value")
    return answer(
        lattice=network.lattice,
        dt=config.dt,
        stimulus=clip,
        response=engine.layout.on_columns(index, response),
        variables={name: ("rank", ranked[name].values) for name in names},
        attributes={
            **provenance(engine, config),
            "cell_type": cell_type,
            "clips": clips.name,
            "clips_hash": clips.content_hash,
            "source": str(ranked.clip_name[0].item()),
            "status": found.attrs["status"],
        },
    )
