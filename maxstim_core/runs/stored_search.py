"""Searches of clip sets, each computed once and kept for all cell types."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from maxstim_core.errors import MaxstimError
from maxstim_core.networks.network import Network
from maxstim_core.networks.silencing import silenced
from maxstim_core.optimal.configs import SearchConfig
from maxstim_core.optimal.ranking import with_ranks
from maxstim_core.optimal.run import StepReport
from maxstim_core.runs.request import search_key
from maxstim_core.runs.store import RunStore
from maxstim_core.stimuli.clip_set import ClipSet

if TYPE_CHECKING:
    from maxstim_core.drawing.notebook import Result
    from maxstim_core.optimal.natural import Search


_KEPT = 2
"""Searches that were left before their end and are remembered."""

_unfinished: dict[tuple[str, str, str], tuple[Search, Iterator[StepReport]]] = {}
"""These searches, and what is left of each, by store, key and device."""


class StoredSearch:
    """Searches a clip set, unless the store has that search (an `Optimization`).

    What is stored is what was measured of every clip: another score, or a longer list, needs no other
    search. One that was left before its end is gone on with by whoever wants the same, in this process.

    Args:
        network: The network to ask.
        clips: The set to search.
        config: Protocol, score and number of clips wanted.
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
        network = silenced(network, config.silence)
        self.n_steps = len(clips)
        self._clips, self._config, self._store = clips, config, store
        self._key = search_key(config, network, clips)
        self._measured = store.find_search(self._key)
        self.stored = self._measured is not None
        self._search: Search | None = None
        self._steps: Iterator[StepReport] = iter(())
        self._begun, self._which = False, (str(store.root), self._key, device)
        if not self.stored:
            from maxstim_core.optimal.natural import search  # which needs torch

            if self._which not in _unfinished:
                begun = search(network, clips, config, device=device)
                _unfinished[self._which] = begun, iter(begun)
                while len(_unfinished) > _KEPT:
                    del _unfinished[next(iter(_unfinished))]
            self._search, self._steps = _unfinished[self._which]

    @property
    def going(self) -> Search | None:
        """The search that is going on, None where the store has it."""
        return self._search

    def __iter__(self) -> Iterator[StepReport]:
        """Search; stop iterating to cancel."""
        if self._search is None:
            return
        try:
            for report in self._steps:
                self._begun = True
                yield report
        except Exception:
            _unfinished.pop(self._which, None)
            raise
        _unfinished.pop(self._which, None)
        self._measured = self._search.measured()
        with suppress(MaxstimError):  # it is found, if not kept: the next search takes longer
            self._store.save_search(self._key, self._measured)

    def result(self) -> Result | None:
        """Return the best clips of each cell type so far; None before the first report."""
        measured = self._measured
        if measured is None:
            if self._search is None or not self._begun:
                return None
            measured = self._search.measured()
        found = with_ranks(measured, self._clips, self._config)
        return found.assign_attrs(config=self._config.to_json(), clips=self._clips.name)
