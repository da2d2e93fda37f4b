"""What of the atlas is on show, and how the address says it: ``maxstim/003,likeness,T4c``.

Where other networks play than the first, they follow: ``maxstim/003,,T4c,maxstim/003,maxstim/007``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dashboard.components.atlas.component import MOST_ATLAS_FILMS

FAMILY, LIKENESS = "family", "likeness"
ORDERS = (FAMILY, LIKENESS)
"""Ways in which cell types are ordered."""

NOTHING = -1
"""Number of the cell type where none is open."""


@dataclass(frozen=True)
class AtlasSelection:
    """What is on show, by the numbers of the atlas.

    Attributes:
        network: Whose tiles are shown.
        order: Of `ORDERS`.
        cell_type: Which is open, or `NOTHING`.
        playing: Networks whose movies of that cell type play, in their order; empty where it is
            `network` alone.
    """

    network: int = 0
    order: str = FAMILY
    cell_type: int = NOTHING
    playing: tuple[int, ...] = ()

    @classmethod
    def read(cls, words: str, networks: list[str], cell_types: list[str]) -> AtlasSelection | None:
        """Return what an address says, or None where it says what this atlas does not have.

        Args:
            words: As of `words`; whatever is left out is as at first.
            networks: Names of the networks of the atlas.
            cell_types: Names of its cell types.
        """
        said = words.split(",")
        network, order, cell_type = (*said, "", "", "")[:3]
        known = (not network or network in networks) and (not cell_type or cell_type in cell_types)
        if not known or order not in ("", *ORDERS) or not {*said[3:]} <= {*networks}:
            return None
        return cls._checked(
            networks.index(network) if network else 0,
            order or FAMILY,
            cell_types.index(cell_type) if cell_type else NOTHING,
            tuple(map(networks.index, said[3:])),
        )

    @classmethod
    def _checked(
        cls, network: int, order: str, cell_type: int, playing: tuple[int, ...]
    ) -> AtlasSelection | None:
        """Return a selection, or None where there are too many to play, one twice, or none to."""
        can_play = len(playing) <= MOST_ATLAS_FILMS and len(set(playing)) == len(playing)
        if not can_play or (playing and cell_type == NOTHING):
            return None
        return cls(network, order, cell_type, () if playing == (network,) else playing)

    @classmethod
    def taken(cls, said: object, n_networks: int, n_types: int) -> AtlasSelection | None:
        """Return what a browser says it shows, or None where that makes no sense.

        Args:
            said: Anything at all.
            n_networks: Networks of the atlas.
            n_types: Its cell types.
        """
        match said:
            case {"network": int(network), "order": str(order), "cell_type": int(cell_type)}:
                playing = said.get("playing", [])
                if not isinstance(playing, list) or any(type(j) is not int for j in playing):
                    return None
                within = all(0 <= j < n_networks for j in (network, *playing))
                if within and NOTHING <= cell_type < n_types and order in ORDERS:
                    return cls._checked(network, order, cell_type, tuple(playing))
        return None

    def words(self, networks: list[str], cell_types: list[str]) -> str:
        """Return what the address says of it.

        Args:
            networks: Names of the networks of the atlas.
            cell_types: Names of its cell types.
        """
        open_type = "" if self.cell_type == NOTHING else cell_types[self.cell_type]
        order = "" if self.order == FAMILY else self.order
        playing = [networks[j] for j in self.playing]
        return ",".join((networks[self.network], order, open_type, *playing)).rstrip(",")

    def told(self) -> dict[str, Any]:
        """Return it as the browser takes it."""
        return {
            "network": self.network,
            "order": self.order,
            "cell_type": self.cell_type,
            "playing": list(self.playing),
        }
