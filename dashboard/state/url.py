"""The address of the page carries what is on it, so that a link opens the same thing.

Whatever stands in an address was typed by somebody: every value is checked, and of what is not known the
page says, in a sentence each, that it is not here. It never holds a path.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode

from dashboard.state.listing import NETWORKS
from dashboard.state.settings import sectioned
from dashboard.state.typed_numbers import LONGEST_ENTRY, number_text
from dashboard.state.views import VIEWS
from maxstim_core.errors import MaxstimError
from maxstim_core.networks.bundled import DEFAULT
from maxstim_core.networks.connectome import bundled_connectome
from maxstim_core.optimal.configs import CONFIGS, GenerateConfig
from maxstim_core.runs.library import KEY

_NO_NETWORK = (
    "The network of this link is not on this server, so the default one is chosen; choose another, or "
    "store that one here."
)

_NO_CELL_TYPE = "The cell type of this link is not one of the network's; choose one that is."

_NO_METHOD = "The method of this link is none of the three here; choose one of the tabs."

_NO_SWEEP = (
    "The sweep of this link has a key that no sweep can have; choose one of the list of sweeps."
)

_NO_VIEW = "The view of this link is none that this page has; choose one at the top of the page."

_NO_LESSON = "The lesson of this link has a name that no lesson can have; choose one of the list."

_NO_CLASS = (
    "The class of this link has a code that no class can have; ask who presents it for the link."
)

_LESSON = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_CLASS = re.compile(r"[A-Z]{4,12}")
_STEP = re.compile(r"[1-9][0-9]?")

_NO_RUN = "The run of this link has a key that no run can have; choose one of the list of runs."


@dataclass(frozen=True)
class PageAddress:
    """What an address says; empty where it says nothing valid.

    Attributes:
        cell_type: For example ``T4c``.
        method: ``natural``, ``regularized`` or ``generated``.
        network: Name of a network that there is, for example ``maxstim/003``; the default one where
            there is none of that name.
        run: Key of a run or of a finished answer.
        sweep: Key of a sweep.
        view: Name of the view that is open, of `dashboard.state.views.VIEWS`; nothing for the main part.
            A sweep needs none: it is seen in its own.
        problems: What the page has to say of what is not here, a sentence each.
        aims: Objective and constraints of a generated movie that are not the defaults, by name.
        lesson: Name of a lesson.
        step: Number of its step, from 1; 0 for none.
        classroom: Code of a class.
    """

    cell_type: str = ""
    method: str = ""
    network: str = ""
    run: str = ""
    sweep: str = ""
    view: str = ""
    problems: tuple[str, ...] = ()
    aims: Mapping[str, Any] = field(default_factory=dict)
    lesson: str = ""
    step: int = 0
    classroom: str = ""

    @classmethod
    def parse(cls, search: str) -> PageAddress:
        """Return what the query of an address says, for example ``?cell=T4c&method=generated``."""
        query = parse_qs(search.removeprefix("?"))
        cell, method, network, run, sweep, view = (
            query.get(name, [""])[0]
            for name in ("cell", "method", "network", "run", "sweep", "view")
        )
        checks = (
            (cell, cell in bundled_connectome().names, _NO_CELL_TYPE),
            (method, method in CONFIGS, _NO_METHOD),
            (network, _is_there(network), _NO_NETWORK),
            (run, KEY.fullmatch(run) is not None, _NO_RUN),
            (sweep, KEY.fullmatch(sweep) is not None, _NO_SWEEP),
            (view, view in VIEWS, _NO_VIEW),
        )
        cell, method, network, run, sweep, view = (
            value if is_here else "" for value, is_here, _ in checks
        )
        problems = tuple(sentence for value, is_here, sentence in checks if value and not is_here)
        if _NO_NETWORK in problems:
            network = DEFAULT
        aims, misread = _aims(query)
        told, unknown = _lesson(query)
        problems = (*problems, *misread, *unknown)
        return cls(cell, method, network, run, sweep, view, problems, aims, **told)

    def search(self) -> str:
        """Return the query of this address."""
        said = {
            "cell": self.cell_type,
            "method": self.method,
            "network": self.network,
            "run": self.run,
            "sweep": self.sweep,
            "view": "" if self.sweep else self.view,
            "lesson": self.lesson,
            "step": self.step if self.lesson and self.step else "",
            "class": self.classroom,
        }
        aims = {
            name: number_text(value) if isinstance(value, float) else value
            for name, value in self.aims.items()
        }
        said = {name: value for name, value in said.items() if value}
        return "?" + urlencode(said | aims, safe="/:,")


def _lesson(query: Mapping[str, list[str]]) -> tuple[dict[str, Any], list[str]]:
    """Return what the query of an address says of a lesson and a class, and what it has wrong."""
    lesson, step, code = (query.get(name, [""])[0] for name in ("lesson", "step", "class"))
    told: dict[str, Any] = {"step": int(step) if _STEP.fullmatch(step) else 0}
    problems = []
    for name, value, form, sentence in (
        ("lesson", lesson, _LESSON, _NO_LESSON),
        ("classroom", code.upper(), _CLASS, _NO_CLASS),
    ):
        told[name] = value if form.fullmatch(value) else ""
        problems += [sentence] if value and not told[name] else []
    return told, problems


def _aims(query: Mapping[str, list[str]]) -> tuple[dict[str, Any], list[str]]:
    """Return what the query of an address sets of objective and constraints, and what it has wrong."""
    aims: dict[str, Any] = {}
    problems = []
    for item in sectioned(GenerateConfig):
        text = query.get(item.name, [""])[0]
        if not text:
            continue
        try:
            aims[item.name] = GenerateConfig.taken(item.name, text[:LONGEST_ENTRY])
        except MaxstimError:
            label = item.metadata["label"].lower()
            problems.append(f"The {label} of this link is none that there can be; choose another.")
    return aims, problems


def is_known(network: str) -> bool:
    """Tell whether a network goes by this name on every page of this server; a path does not."""
    return any(known.name == network for known in NETWORKS.latest())


def _is_there(network: str) -> bool:
    """Whether `is_known`, or so by now: who stores a network may send a link to it at once."""
    return bool(network) and (
        is_known(network) or any(known.name == network for known in NETWORKS.read())
    )
