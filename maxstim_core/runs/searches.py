"""Searches of clip sets, each computed once and kept for all cell types."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

import xarray as xr

from maxstim_core.errors import MaxstimError
from maxstim_core.network import Network
from maxstim_core.optimal.configs import SearchConfig
from maxstim_core.optimal.reports import Optimisation, StepReport
from maxstim_core.runs.request import search_key
from maxstim_core.runs.store import RunStore
from maxstim_core.stimuli.clips import ClipSet

_ALL_RANKS = 100
"""Clips that a stored search keeps per cell type: the most that anyone can ask for."""


class StoredSearch:
    """Searches a clip set, unless the store has that search (an `Optimisation`).

    Args:
        network: The network to ask.
        clips: The set to search.
        config: Protocol and number of clips wanted.
        device: Where to compute.
        store: Where searches are kept.

    Attributes:
        n_steps: Clips in all.
        stored: Whether nothing is left to compute.

    Raises:
        MaxstimError: as `maxstim_core.optimal.natural.search`.
    """

    terms: tuple[str, ...] = ()

    def __init__(
        self, network: Network, clips: ClipSet, config: SearchConfig, device: str, store: RunStore
    ) -> None:
        self.n_steps = len(clips)
        self._config, self._store = config, store
        whole = replace(config, n_best=_ALL_RANKS)
        self._key = search_key(whole, network, clips)
        self._found = store.find_search(self._key)
        self.stored = self._found is not None
        self._search: Optimisation | None = None
        self._begun = False
        if not self.stored:
            from maxstim_core.optimal.natural import search  # which needs torch

            self._search = search(network, clips, whole, device=device)

    def __iter__(self) -> Iterator[StepReport]:
        """Search; stop iterating to cancel."""
        if self.stored:
            return
        for report in self._search:
            self._begun = True
            yield report
        self._found = self._search.result()
        with suppress(MaxstimError):  # it is found, if not kept: the next search takes longer
            self._store.save_search(self._key, self._found)

    def result(self) -> xr.Dataset | None:
        """Return the best clips of each cell type so far; None before the first report."""
        if self._found is None and not self._begun:
            return None
        found = self._search.result() if self._found is None else self._found
        wanted = found.isel(rank=slice(self._config.n_best))
        return wanted.assign_attrs(config=self._config.to_json())
