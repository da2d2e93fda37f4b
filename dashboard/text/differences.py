"""What tells two requests of the same question apart, in words."""

from __future__ import annotations

import dataclasses
from typing import Any

from dashboard.text.clip_sets import set_title
from maxstim_core.export.captions import changes_in_words, with_degrees
from maxstim_core.optimal.configs import GenerateConfig
from maxstim_core.runs.request import RunRequest
from maxstim_core.settings import number_text
from maxstim_core.stimuli.stored.paintings import PAINTED, painting_name


def settings_unlike(request: RunRequest, other: RunRequest) -> list[str]:
    """Return the settings of a request that another has not: "iterations 20", "seed 3".

    Args:
        request: What was asked for.
        other: Another request by the same method.
    """
    words = []
    idle = request.config.without_effect(dataclasses.asdict(request.config))
    if request.method != GenerateConfig.method and request.clips != other.clips:
        title, painted = set_title(request.clips), request.clips.startswith(PAINTED)
        words.append(f"begun from {title}" if painted else f"{title} searched")
    if request.clip != other.clip:
        clip = f"the clip “{with_degrees(request.clip)}”" if request.clip else "the best clip"
        words.append(f"{clip} to begin from")
    for item in dataclasses.fields(request.config):
        value = getattr(request.config, item.name)
        if item.name not in idle and value != getattr(other.config, item.name):
            is_schedule = item.name == "schedule" and value
            words.append(value_words(item, value) if is_schedule else _setting(item, value))
    return words


def _setting(item: dataclasses.Field, value: object) -> str:
    about = item.metadata
    if about["off"] and not value:
        return str(about["off"])
    return f"{about['label'][:1].lower()}{about['label'][1:]} {value_words(item, value)}"


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
    if isinstance(value, str):
        words = about["choice_words"]
        return words[value][0] if value in words else value
    return f"{number_text(value)} {about['unit']}".rstrip()
