"""What tells two requests of the same question apart, in words."""

from __future__ import annotations

import dataclasses
from typing import Any

from maxstim_core.export.captions import (
    changes_in_words,
    listed,
    objective_words,
    set_title,
    with_degrees,
)
from maxstim_core.optimal.configs import GenerateConfig
from maxstim_core.optimal.objectives.chosen import Objective
from maxstim_core.runs.request import RunRequest
from maxstim_core.settings import minus_signed, number_text
from maxstim_core.stimuli.stored.paintings import PAINTED, painting_name

_NO_NOUNS = ("l2_act", "weight_quiet", "weight_slow", "weight_smooth", "darkest", "brightest")
"""Settings whose labels tell what is done, or how something is: "Keep the response", "Darkest"."""


def settings_unlike(request: RunRequest, other: RunRequest) -> list[str]:
    """Return the settings of a request that another has not: "iterations 20", "seed 3".

    Each can follow "was made with" and "keeps".

    Args:
        request: What was asked for.
        other: Another request by the same method.
    """
    words = []
    idle = request.config.without_effect(dataclasses.asdict(request.config))
    if request.method != GenerateConfig.method and request.clips != other.clips:
        title, painted = set_title(request.clips), request.clips.startswith(PAINTED)
        words.append(f"a start from {title}" if painted else f"the movies “{title}”")
    if request.clip != other.clip:
        clip = f"“{with_degrees(request.clip)}”" if request.clip else "the best clip"
        words.append(f"a start from {clip}")
    for item in dataclasses.fields(request.config):
        value = getattr(request.config, item.name)
        if item.name not in idle and value != getattr(other.config, item.name):
            words.append(_setting(item, value))
    return words


def _setting(item: dataclasses.Field, value: object) -> str:
    about = item.metadata
    if about["off"] and not value:
        return str(about["off"])
    words, label = value_words(item, value), about["label"]
    if item.name == "schedule":
        return f"changes on the way ({words})"
    if item.name == "start":
        return f"a start from {words}"
    if item.name == "silence":
        return f"{words} silenced"
    if item.name == "objective":
        return objective_words(str(value))
    if isinstance(value, bool) or about["choice_words"] or item.name in _NO_NOUNS:
        return f"“{label}” set to “{words}”"
    return f"{label[:1].lower()}{label[1:]} {words}"


def value_words(item: dataclasses.Field, value: Any) -> str:
    """Return the value of a setting with its unit: "20", "on", "0.8 s".

    Args:
        item: Field of a configuration.
        value: Its value.
    """
    about = item.metadata
    if about["off"] and not value:
        return str(about["off"])
    if isinstance(value, bool):
        return "on" if value else "off"
    if item.name == "schedule":
        return changes_in_words(str(value))
    if item.name == "start":
        return painting_name(str(value))
    if item.name == "objective":
        return Objective.parse(str(value)).words
    if item.name == "silence":
        return listed(str(value).split(","))
    if isinstance(value, str):
        words = about["choice_words"]
        return words[value][0] if value in words else value
    return minus_signed(f"{number_text(value)} {about['unit']}").rstrip()
