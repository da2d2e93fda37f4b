"""What an answer is called and what is said of it: names of files, notes beneath figures, settings."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from collections.abc import Container, Mapping, Sequence
from functools import lru_cache
from typing import Any

import xarray as xr

from maxstim_core.drawing.peak import asks_lowest, extreme_frame
from maxstim_core.errors import MaxstimError
from maxstim_core.lattice import DEGREES_PER_COLUMN
from maxstim_core.optimal.configs import CONFIGS, GenerateConfig, starting_preset
from maxstim_core.optimal.objectives.chosen import Objective
from maxstim_core.optimal.result import clip_of, networks_of
from maxstim_core.optimal.schedule import Change, parse_schedule
from maxstim_core.settings import Config, minus_signed, number_text
from maxstim_core.stimuli.stored.paintings import PAINTED, painting_name

_SET_TITLES = {
    "scenes": "Made scenes",
    "made": "Made scenes and textbook stimuli",
    "probes": "Textbook stimuli alone",
    "sintel": "Sintel",
}


def figure_notes(answer: xr.Dataset) -> tuple[str, str]:
    """Return what made an answer, and what came of it, as the lines beneath a figure."""
    about = answer.attrs
    central = answer["central_response"].values
    reached = float(central[extreme_frame(central, about)])
    peak = minus_signed(f"{'lowest' if asks_lowest(about) else 'peak'} {reached:.3g} a.u.")
    early = "cancelled early" if about.get("status") == "cancelled" else ""
    best = "best iteration" if about.get("iteration") == "best" else ""
    network = asked_networks(about)
    short = str(about.get("network_hash", ""))[:8]
    made = (f"{network} ({short})" if short else network, f"maxstim {about['maxstim_version']}")
    return (
        " · ".join(filter(None, (source_words(answer), early, best, peak))),
        " · ".join(made),
    )


def file_name(answer: xr.Dataset, ending: str) -> str:
    """Return a name for a file of an answer, for example ``T4c_generated_seed-0_1f03ab.nc``.

    The clip or seed is for people; the last part differs wherever the answers do.
    """
    about = answer.attrs
    cell_type = about["cell_type"].replace("(", "_").replace(")", "")
    clip = clip_of(answer).split(":")[0]
    which = clip or (f"seed-{about['seed']}" if int(about.get("seed", -1)) >= 0 else "")
    which = re.sub(r"[^A-Za-z0-9]+", "-", which).strip("-")[:40]
    made = [about.get(name, "") for name in ("config", "network_hash", "clips", "source", "status")]
    if "network_hashes" in about:
        made.append(about["network_hashes"])
    describe_settings = json.dumps([*map(str, made), answer.sizes.get("iteration", 0)])
    best = "best" if about.get("iteration") == "best" else ""
    key = hashlib.sha256(describe_settings.encode()).hexdigest()[:6]
    return "_".join(filter(None, (cell_type, about["method"], which, best, key))) + f".{ending}"


def asked_networks(about: Mapping[str, Any]) -> str:
    """Return what an answer was asked of: "network default", or all where they were asked at once.

    Args:
        about: Its attributes.
    """
    network = str(about.get("network", "unknown"))
    try:
        networks = networks_of(about)
        across = json.loads(str(about.get("config", "{}"))).get("across", GenerateConfig.across)
    except (AttributeError, ValueError):  # of another version
        return f"network {network}"
    if len(networks) < 2:
        return f"network {network}"
    return f"for {at_once_words(networks, across)}, response of {network}"


def at_once_words(networks: Sequence[str], across: str) -> str:
    """Return what is said of networks that are asked at once: "default and prior at once (mean)".

    Args:
        networks: Their names.
        across: A key of `maxstim_core.optimal.objectives.across.WAYS_ACROSS`.
    """
    return f"{listed(networks)} at once ({across})"


def listed(names: Sequence[str]) -> str:
    """Return names as a sentence has them: "a", "a and b", "a, b and c"."""
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def settings_words(config: Config, steps: int) -> str:
    """Return the iterations and seed of a run, and what differs from the starting values.

    For example "54 of 400 iterations · seed 0 · pull to grey 300".

    Args:
        config: Its settings.
        steps: Iterations that were done.
    """
    starting = starting_preset(type(config))
    said: list[str] = []
    for item in _effective(config):
        value = getattr(config, item.name)
        if item.name == "n_iters":
            value = iterations_of(config)
            done = f"{value}" if steps >= value else f"{steps} of {value}"
            said.insert(0, f"{done} iteration{'s' if value != 1 else ''}")
        elif item.name == "random_seed":
            said.insert(1, f"seed {value}")
        elif value != getattr(starting, item.name):
            said.append(_item_words(item, value))
    return " · ".join(said)


def iterations_of(config: Config) -> int:
    """Return how many iterations there are in all by settings, which may change on the way."""
    if isinstance(config, GenerateConfig):
        return config.n_steps
    return getattr(config, "n_iters", 0)


def changes_in_words(schedule: str) -> str:
    """Return what changes on the way, for example "after 50: learning rate 0.02 and iterations 90".

    Raises:
        MaxstimError: if it is no schedule.
    """
    return ", ".join(map(_change_words, parse_schedule(schedule)))


def _item_words(item: dataclasses.Field, value: Any) -> str:
    if value and item.name == "schedule":
        return f"changes on the way ({changes_in_words(value)})"
    if item.name == "objective":
        return objective_words(value)
    if value and item.name == "start":
        return f"start from {painting_name(value)}"
    return _setting(item.metadata, value)


def objective_words(objective: str) -> str:
    """Return an objective as the page calls it: "objective “Suppress the cell”"."""
    return f"objective “{Objective.parse(objective).words}”"


def _change_words(change: Change) -> str:
    about = {item.name: item.metadata for item in dataclasses.fields(GenerateConfig)}
    taken = {name: GenerateConfig.taken(name, value) for name, value in change.values.items()}
    values = [
        objective_words(value) if name == "objective" else _setting(about[name], value)
        for name, value in taken.items()
    ]
    return f"after {change.iteration}: {listed(values)}"


def aim_words(config: Config, *, but: Container[str] = ()) -> list[str]:
    """Return what a stimulus was asked for, where that is not flyvis's: objective and constraints.

    For example "objective “Suppress the cell”" and "contrast energy 100".

    Args:
        config: The settings.
        but: Names of settings to leave out.
    """
    return [
        _item_words(item, getattr(config, item.name))
        for item in _effective(config)
        if item.metadata["section"]
        and item.name not in but
        and getattr(config, item.name) != item.default
    ]


def _effective(config: Config) -> list[dataclasses.Field]:
    """Return the settings that change anything beside the others."""
    idle = config.without_effect(dataclasses.asdict(config))
    return [item for item in dataclasses.fields(config) if item.name not in idle]


@lru_cache(maxsize=4096)  # every page lists the same answers
def describe_settings(method: str, config: str, steps: int) -> str:
    """Return the same from a method and its settings as JSON, or "" where they cannot be read."""
    try:
        return settings_words(CONFIGS[method](**json.loads(config)), steps)
    except (KeyError, TypeError, ValueError, MaxstimError):  # written by another version
        return ""


def source_words(answer: xr.Dataset) -> str:
    """Return what an answer is made of: its clip, iterations, seed and unusual settings."""
    about = answer.attrs
    clip = with_degrees(clip_of(answer))
    if clip and about["method"] == "regularized":
        clip = f"from {clip}"
    searched = str(about.get("clips", ""))
    if clip and searched and not searched.startswith(PAINTED):  # a painting is a set by itself
        clip += f" of {set_title(searched)}"
    settings = describe_settings(
        about["method"], about.get("config", ""), answer.sizes.get("iteration", 0)
    )
    return " · ".join(filter(None, (clip, settings)))


def set_title(name: str) -> str:
    """Return what a set is called that maxstim knows; one of your own is called what you called it."""
    if name.startswith(PAINTED):  # the set of one painting
        return painting_name(name.removeprefix(PAINTED))
    return _SET_TITLES.get(name, name)


def with_degrees(text: str) -> str:
    """Return the name of a clip as people read it, with degrees of the fly's eye beside columns.

    For example "turn, −75°, 22 col/s (128°/s)".
    """
    text = minus_signed(text)
    return re.sub(
        r"(\d+(?:\.\d+)?) col(/s)?(?![\w/])",
        lambda found: f"{found[0]} ({DEGREES_PER_COLUMN * float(found[1]):.0f}°{found[2] or ''})",
        text,
    )


def _setting(about: Any, value: Any) -> str:
    label = _lower(about["label"])
    if about["off"] and not value:
        return str(about["off"])
    if isinstance(value, bool):
        return label if value else f"not: {label}"
    if isinstance(value, str):
        words = about["choice_words"]
        return f"{label}: {_lower(words[value][0])}" if words else f"{label} {value}"
    unit = f" {about['unit']}" if about["unit"] else ""
    return minus_signed(f"{label} {number_text(value)}{unit}")


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
