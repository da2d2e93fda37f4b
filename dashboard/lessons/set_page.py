"""Chooses on the page what a lesson sets, and keeps what it fixes."""

from __future__ import annotations

from dashboard.lessons.page_settings import PageSettings
from dashboard.state.choice import Choice
from dashboard.state.link_keys import is_known
from maxstim_core.networks.bundled import DEFAULT
from maxstim_core.optimal.configs import CONFIGS, starting_preset


def set_page(choice: Choice, settings: PageSettings) -> str:
    """Choose what a lesson sets; return a sentence where this server cannot, or nothing."""
    if settings.method:
        config = starting_preset(CONFIGS[settings.method], **settings.values)
        choice.settings[settings.method].load(config)
    chosen = {"cell_type": settings.cell_type, "method": settings.method}
    problem = ""
    if settings.network and _is_here(settings.network):
        chosen["network"] = settings.network
    elif settings.network:
        problem = (
            f"The network {settings.network} of this step is not on this server, so the chosen one "
            "stays; store it here, or go on with this one."
        )
    taken = {name: value for name, value in chosen.items() if value}
    if settings.method or "network" in taken:  # a lesson asks one
        taken["further"] = ()
    choice.param.update(**taken)
    return problem


def keep_fixed(choice: Choice, fixed: PageSettings) -> bool:
    """Choose again what a lesson fixes; tell whether it had been changed."""
    kept = {"cell_type": fixed.cell_type, "method": fixed.method}
    if fixed.network and _is_here(fixed.network):
        kept["network"] = fixed.network
    changed = {
        name: value for name, value in kept.items() if value and getattr(choice, name) != value
    }
    if "network" in kept and choice.further:
        changed["further"] = ()
    choice.param.update(**changed)
    if not fixed.values:
        return bool(changed)
    settings = choice.settings[fixed.method]
    unlike = {
        name: value for name, value in fixed.values.items() if getattr(settings, name) != value
    }
    refused = [name for name in fixed.values if name in settings.entries.refused]
    settings.param.update(**unlike)
    for name in refused:
        settings.entries.accept(name)
    return bool(changed or unlike or refused)


def _is_here(network: str) -> bool:
    return network == DEFAULT or is_known(network)
