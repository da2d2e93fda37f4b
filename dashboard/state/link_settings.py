"""The settings that a link carries, as its text says them and as the page takes them.

Those that differ from the values that the page starts with, and those that differ from the run that
the link names: whether that run is still there or not, the same settings are opened.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from dashboard.state.choice import Choice
from dashboard.state.listing import CLIP_SETS
from dashboard.state.objective import check_others
from dashboard.state.settings import sectioned
from dashboard.state.silence import check_silence
from dashboard.state.typed_numbers import LONGEST_ENTRY, read_number
from maxstim_core.errors import MaxstimError
from maxstim_core.optimal.configs import (
    CONFIGS,
    METHODS,
    GenerateConfig,
    RegularizeConfig,
    starting_preset,
)
from maxstim_core.runs.request import RunRequest
from maxstim_core.settings import Config, number_text
from maxstim_core.stimuli.catalog import open_clips

CLIPS, CLIP = "clips", "clip"
"""What a link calls the movies that are searched, and the clip that a regularized movie begins from."""

_LONGEST_CLIP = 200
"""Characters of the name of a clip."""

_TRUTHS = {"1": True, "0": False}


@cache
def linked_settings(config_class: type[Config]) -> tuple[dataclasses.Field, ...]:
    """Return the settings of a method that links carry: what is aimed at first."""
    aims = sectioned(config_class)
    plain = (item for item in dataclasses.fields(config_class) if not item.metadata["section"])
    return (*aims, *plain)


@cache
def linked_names() -> frozenset[str]:
    """Return what links call the settings of all methods, and what they say beside these."""
    settings = (item.name for one in CONFIGS.values() for item in linked_settings(one))
    return frozenset({*settings, CLIPS, CLIP})


def settings_of_link(choice: Choice, named: RunRequest | None) -> dict[str, Any]:
    """Return what a link says of the chosen method, by name, in its order.

    Args:
        choice: What is chosen.
        named: What the run was asked for that the link names, or None.
    """
    settings = choice.settings[choice.method]
    bases = [RunRequest(choice.cell_type, starting_preset(settings.config_class))]
    if named is not None and named.method == choice.method:
        bases.append(named)
    known, idle = [_values(base) for base in bases], settings.without_effect()
    mine = settings.values() | {name: getattr(choice, name) for name in _beside(choice.method)}
    return {
        name: mine[name]
        for name in known[0]
        if name not in idle and any(mine[name] != values[name] for values in known)
    }


def settings_of_run(said: Mapping[str, Any], named: RunRequest | None) -> frozenset[str]:
    """Return which settings of a link its run has as well, so that where it is there they need no room.

    Args:
        said: As `settings_of_link` returns it.
        named: What the run was asked for that the link names, or None.
    """
    run = {} if named is None else _values(named)
    return frozenset(name for name, value in said.items() if name in run and run[name] == value)


def _values(request: RunRequest) -> dict[str, Any]:
    """Return what a link can say of a request, by name, in its order."""
    beside = {name: getattr(request, name) for name in _beside(request.method)}
    items = linked_settings(type(request.config))
    return beside | {item.name: getattr(request.config, item.name) for item in items}


def take_settings(choice: Choice, method: str, values: Mapping[str, Any]) -> None:
    """Choose what a link says of a method, above what is chosen already.

    Args:
        choice: What is chosen.
        method: The method that it says it of.
        values: Settings by name, as `read_link_settings` returns them.
    """
    beside = (CLIPS, CLIP)
    choice.settings[method].take(
        {name: value for name, value in values.items() if name not in beside}
    )
    if CLIPS in values:
        choice.take_set(values[CLIPS])
    if CLIP in values:
        choice.clip = values[CLIP]


def refused_settings(choice: Choice, method: str, values: Mapping[str, Any]) -> dict[str, str]:
    """Return which settings of a link do not go with what is chosen, and a sentence for each.

    Args:
        choice: What is chosen, the settings of the link not yet.
        method: The method that it says them of.
        values: Settings by name, as `read_link_settings` returns them.
    """
    refused = {}
    for name, check in _CHECKS.items():
        try:
            if name in values:
                check(values[name], choice.cell_type)
        except MaxstimError as error:
            refused[name] = f"“{setting_label(method, name)}” of this link is left out: {error}"
    if "across" in values and not choice.further:
        label = setting_label(method, "across")
        refused["across"] = f"“{label}” of this link is left out: it names no further networks."
    if values.get(CLIP) and not _has_clip(values.get(CLIPS, choice.clips), values[CLIP]):
        refused[CLIP] = "The clip of this link is not among its movies; the best is begun from."
    return refused


def _has_clip(clips: str, name: str) -> bool:
    try:
        return name in open_clips(clips).names
    except MaxstimError:  # of another eye, or gone: that is said when it is to be searched
        return True


def setting_text(value: Any) -> str:
    """Return the text of a setting in a link: numbers as people type them, 1 for yes and 0 for no."""
    if isinstance(value, bool):
        return str(int(value))
    return number_text(value) if isinstance(value, float) else str(value)


def setting_label(method: str, name: str) -> str:
    """Return what people call a setting of a method, or what a link says beside its settings."""
    if name == CLIP:
        return "Clip"
    if name == CLIPS:
        return str(Choice.param.clips.label)
    return str(_fields(method)[name].metadata["label"])


def read_link_settings(query: Mapping[str, str], method: str) -> tuple[dict[str, Any], list[str]]:
    """Return what the query of an address sets of a method, and a sentence for each that is wrong.

    Args:
        query: The texts by name; a text may be empty.
        method: Name of the method.
    """
    said: dict[str, Any] = {}
    problems = list(_of_others(query, method))
    config_class = CONFIGS[method]
    for item in linked_settings(config_class):
        if item.name not in query:
            continue
        text = query[item.name]
        if not text and item.default != "":
            continue  # it says nothing
        try:
            said[item.name] = _read(config_class, item, text)
        except MaxstimError:
            label = item.metadata["label"]
            problems.append(
                f"“{label}” of this link has a value that it cannot have, so it is left out; choose "
                "another."
            )
    for name in _beside(method):
        if name not in query or (name == CLIPS and not query[name]):
            continue
        if _IS_ONE[name](query[name]):
            said[name] = query[name]
        else:
            problems.append(_NO_SUCH[name])
    return said, problems


def _read(config_class: type[Config], item: dataclasses.Field, text: str) -> Any:
    """Return the value that a text says.

    Raises:
        MaxstimError: if the setting does not take it.
    """
    if len(text) > LONGEST_ENTRY:
        raise MaxstimError(f"{item.metadata['label']} is too long.")
    value: Any = text
    if isinstance(item.default, bool):
        value = _TRUTHS.get(text)
    elif not isinstance(item.default, str):
        value = read_number(text, whole=isinstance(item.default, int))
    return config_class.taken(item.name, value)


def _of_others(query: Mapping[str, str], method: str) -> Iterator[str]:
    """Yield a sentence for each setting that another method has, and this one does not."""
    own = {*_fields(method), *_beside(method)}
    for other in CONFIGS:
        names = [item.name for item in linked_settings(CONFIGS[other])]
        for name in (*names, *_beside(other)):
            if query.get(name) and name not in own:
                own.add(name)  # of a third method too, perhaps
                label, title = setting_label(other, name), METHODS[method].title.lower()
                yield f"“{label}” of this link is no setting of a {title} movie, so it is left out."


def _fields(method: str) -> dict[str, dataclasses.Field]:
    return {item.name: item for item in dataclasses.fields(CONFIGS[method])}


def _beside(method: str) -> tuple[str, ...]:
    """Return what else is chosen for a method: the movies, and the clip."""
    if method == GenerateConfig.method:
        return ()
    return (CLIPS, CLIP) if method == RegularizeConfig.method else (CLIPS,)


def _is_set(name: str) -> bool:
    """Whether there is such a set of movies; who stores one may send a link to it at once."""
    return name in CLIP_SETS.latest() or name in CLIP_SETS.read()


def _is_clip(name: str) -> bool:
    """Whether a clip can be called so; whether the set has it tells `refused_settings`."""
    return len(name) <= _LONGEST_CLIP and name.isprintable()


_CHECKS = {"objective": check_others, "silence": check_silence}
"""What checks the cell types that a setting names, beside the chosen one."""

_IS_ONE = {CLIPS: _is_set, CLIP: _is_clip}

_NO_SUCH = {
    CLIPS: "The movies to search of this link are not on this server; choose others, or add them here.",
    CLIP: "The clip of this link has a name that no clip can have; choose one of the list of clips.",
}
