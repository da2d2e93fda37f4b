"""What a lesson sets on the page, or fixes: ``cell=T4c; method=generated; energy=100``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dashboard.state.objective import check_others
from dashboard.state.silence import check_silence
from maxstim_core.errors import MaxstimError, shown
from maxstim_core.networks.connectome import bundled_connectome
from maxstim_core.optimal.configs import CONFIGS, starting_preset
from maxstim_core.settings import did_you_mean

_NETWORK = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,60}(/[A-Za-z0-9][A-Za-z0-9_.-]{0,60})?")
"""Names of networks; a path is none."""


@dataclass(frozen=True)
class PageSettings:
    """Some of what is chosen on the page; what is empty stays as it is.

    Attributes:
        cell_type: For example ``T4c``.
        method: ``natural``, ``regularized`` or ``generated``. With it, all settings of the method are
            those that the page starts with, but for `values`.
        network: Name of a network, for example ``maxstim/003``.
        values: Settings of the method, by name.
    """

    cell_type: str = ""
    method: str = ""
    network: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.cell_type or self.method or self.network)

    @property
    def names(self) -> tuple[str, ...]:
        """What it has a word for: ``cell``, ``method``, ``network`` and names of settings."""
        named = {"cell": self.cell_type, "method": self.method, "network": self.network}
        return (*(name for name, value in named.items() if value), *self.values)

    @classmethod
    def parse(cls, text: str) -> PageSettings:
        """Return what a line says.

        Args:
            text: ``name=value``, parted by semicolons.

        Raises:
            MaxstimError: if it says nothing, or what no page can have.
        """
        said: dict[str, str] = {}
        for piece in filter(None, (one.strip() for one in text.split(";"))):
            name, equals, value = (one.strip() for one in piece.partition("="))
            if not equals or not value:
                raise MaxstimError(
                    f"{shown(piece)} should be a name and its value, such as cell=T4c."
                )
            if name in said:
                raise MaxstimError(f"{shown(name)} is set twice.")
            said[name] = value
        if not said:
            raise MaxstimError("Nothing is set; write for example cell=T4c; method=generated.")
        cell_type, method, network = (said.pop(name, "") for name in ("cell", "method", "network"))
        names = bundled_connectome().names
        if cell_type and cell_type not in names:
            raise MaxstimError(
                f"There is no cell type {shown(cell_type)}; {did_you_mean(cell_type, names)}"
            )
        if method and method not in CONFIGS:
            raise MaxstimError(
                f"There is no method {shown(method)}; {did_you_mean(method, CONFIGS)}"
            )
        if network and _NETWORK.fullmatch(network) is None:
            raise MaxstimError(f"{shown(network)} is no name of a network, such as maxstim/003.")
        return cls(cell_type, method, network, _values(method, said))


def _values(method: str, said: Mapping[str, str]) -> dict[str, Any]:
    """Return settings as the method takes them.

    Raises:
        MaxstimError: if it does not.
    """
    if not said:
        return {}
    if not method:
        name = next(iter(said))
        raise MaxstimError(
            f"To set {shown(name)}, say of which method: method=generated; {name}=…."
        )
    config_class = CONFIGS[method]
    values = {name: config_class.taken(name, text) for name, text in said.items()}
    starting_preset(config_class, **values)  # settings that contradict each other are refused here
    return values


def check_can_ask(values: Mapping[str, Any], cell_type: str) -> None:
    """Make sure that a cell type can be asked with settings: it is not silenced, nor among the others.

    Args:
        values: Settings by name.
        cell_type: The chosen one; nothing where any may be.

    Raises:
        MaxstimError: if it cannot.
    """
    if "silence" in values:
        check_silence(values["silence"], cell_type)
    if "objective" in values:
        check_others(values["objective"], cell_type)
