"""What is asked of a network, but for the settings; and what tells two such questions apart."""

from __future__ import annotations

from dataclasses import dataclass

import xarray as xr

from maxstim_core.optimal.configs import METHODS
from maxstim_core.runs.request import RunRequest


@dataclass(frozen=True)
class PageQuestion:
    """What is asked, but for the settings.

    Attributes:
        cell_type: For example ``T4c``.
        method: ``natural``, ``regularized`` or ``generated``.
        network: Name of the network.
        network_hash: Its content hash; empty while it is not known.
    """

    cell_type: str
    method: str
    network: str
    network_hash: str = ""

    @classmethod
    def of_request(cls, request: RunRequest) -> PageQuestion:
        """Return what a run asks."""
        return cls(request.cell_type, request.method, request.network)

    @classmethod
    def of_answer(cls, answer: xr.Dataset) -> PageQuestion:
        """Return what an answer answers."""
        about = answer.attrs
        return cls(
            about["cell_type"],
            about["method"],
            str(about.get("network", "")),
            about["network_hash"],
        )

    def in_terms_of(self, other: PageQuestion) -> PageQuestion:
        """Return this question with the network of another where nothing tells the two apart."""
        same = self.network_hash in ("", other.network_hash) or self.network == other.network
        network = other if same else self
        return PageQuestion(self.cell_type, self.method, network.network, network.network_hash)

    def unlike(self, other: PageQuestion) -> str:
        """Return what tells this question from another one, in words."""
        parts = []
        if self.method != other.method:
            parts.append(f"{self.cell_type} {METHODS[self.method].title.lower()}")
        elif self.cell_type != other.cell_type:
            parts.append(self.cell_type)
        if self.network != other.network:
            parts.append(f"network {self.network}")
        return ", ".join(parts)
