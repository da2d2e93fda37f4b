"""What of the atlas is on show, and how the address says it: ``maxstim/003,likeness,T4c``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

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
    """

    network: int = 0
    order: str = FAMILY
    cell_type: int = NOTHING

    @classmethod
    def read(cls, words: str, networks: list[str], cell_types: list[str]) -> AtlasSelection | None:
        """Return what an address says, or None where it says what this atlas does not have.

        Args:
            words: As of `words`; whatever is left out is as at first.
            networks: Names of the networks of the atlas.
            cell_types: Names of its cell types.
        """
        network, order, cell_type = (*words.split(","), "", "", "")[:3]
        known = (not network or network in networks) and (not cell_type or cell_type in cell_types)
        if not known or order not in ("", *ORDERS) or words.count(",") > 2:
            return None
        return cls(
            networks.index(network) if network else 0,
            order or FAMILY,
            cell_types.index(cell_type) if cell_type else NOTHING,
        )

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
                within = 0 <= network < n_networks and NOTHING <= cell_type < n_types
                return cls(network, order, cell_type) if within and order in ORDERS else None
        return None

    def words(self, networks: list[str], cell_types: list[str]) -> str:
        """Return what the address says of it.

        Args:
            networks: Names of the networks of the atlas.
            cell_types: Names of its cell types.
        """
        open_type = "" if self.cell_type == NOTHING else cell_types[self.cell_type]
        order = "" if self.order == FAMILY else self.order
        return ",".join((networks[self.network], order, open_type)).rstrip(",")

    def told(self) -> dict[str, Any]:
        """Return it as the browser takes it."""
        return {"network": self.network, "order": self.order, "cell_type": self.cell_type}
