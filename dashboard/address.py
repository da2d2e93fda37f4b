"""The address of the page carries what is on it, so that a link opens the same thing.

Whatever stands in an address was typed by somebody: every value is checked, and what is not known is
ignored. It never holds a path.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode

from dashboard.shelf import KEY
from dashboard.state import CONFIGS
from maxstim_core.connectome import bundled_connectome


@dataclass(frozen=True)
class Address:
    """What an address says; empty where it says nothing valid."""

    cell_type: str = ""
    method: str = ""
    run: str = ""

    @classmethod
    def parse(cls, search: str) -> Address:
        """Return what the query of an address says, for example ``?cell=T4c&method=generated``."""
        query = parse_qs(search.removeprefix("?"))
        cell, method, run = (query.get(name, [""])[0] for name in ("cell", "method", "run"))
        return cls(
            cell_type=cell if cell in bundled_connectome().names else "",
            method=method if method in CONFIGS else "",
            run=run if KEY.fullmatch(run) else "",
        )

    def search(self) -> str:
        """Return the query of this address."""
        said = {"cell": self.cell_type, "method": self.method, "run": self.run}
        return "?" + urlencode({name: value for name, value in said.items() if value})
