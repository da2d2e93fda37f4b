"""What is asked of a network, but for the settings; and what tells two such questions apart."""

from __future__ import annotations

from dataclasses import dataclass, replace

import xarray as xr

from maxstim_core.export.captions import listed
from maxstim_core.optimal.configs import METHODS
from maxstim_core.optimal.result import networks_of
from maxstim_core.runs.request import RunRequest


@dataclass(frozen=True)
class PageQuestion:
    """What is asked, but for the settings.

    Attributes:
        cell_type: For example ``T4c``.
        method: ``natural``, ``regularized`` or ``generated``.
        network: Name of the network.
        network_hash: Its content hash; empty while it is not known.
        further: Names of the networks that are asked at once with it.
    """

    cell_type: str
    method: str
    network: str
    network_hash: str = ""
    further: tuple[str, ...] = ()

    @classmethod
    def of_request(cls, request: RunRequest) -> PageQuestion:
        """Return what a run asks."""
        further = request.further_networks
        return cls(request.cell_type, request.method, request.network, further=further)

    @classmethod
    def of_answer(cls, answer: xr.Dataset) -> PageQuestion:
        """Return what an answer answers."""
        about = answer.attrs
        return cls(
            about["cell_type"],
            about["method"],
            str(about.get("network", "")),
            about["network_hash"],
            networks_of(about)[1:],
        )

    @property
    def networks(self) -> tuple[str, ...]:
        """All networks that are asked at once."""
        return (self.network, *self.further)

    def in_terms_of(self, other: PageQuestion) -> PageQuestion:
        """Return this question with the network of another where nothing tells the two apart."""
        same = self.network_hash in ("", other.network_hash) or self.network == other.network
        network = other if same else self
        return replace(self, network=network.network, network_hash=network.network_hash)

    def unlike(self, other: PageQuestion) -> str:
        """Return what tells this question from another one, in words."""
        parts = []
        if self.method != other.method:
            parts.append(f"{self.cell_type} {METHODS[self.method].title.lower()}")
        elif self.cell_type != other.cell_type:
            parts.append(self.cell_type)
        if self.networks != other.networks:
            several = f"networks {listed(self.networks)} at once"
            parts.append(several if self.further else f"network {self.network}")
        return ", ".join(parts)
