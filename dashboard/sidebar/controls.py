"""What the sidebar shows of a choice: described once, from the configurations, and as it changes."""

from __future__ import annotations

import dataclasses
from contextlib import suppress
from functools import cache, lru_cache
from typing import Any

import param

from dashboard.sidebar.examples import examples
from dashboard.state.choice import Choice
from dashboard.state.objective import check_others, entry_of_kind
from dashboard.state.settings import Settings, sectioned
from dashboard.state.silence import check_silence, input_types
from dashboard.state.typed_numbers import LONGEST_ENTRY
from dashboard.text.cell_types import arrow, grouped, polarity, tuning_sentence
from dashboard.text.words import device_words, equation_html
from maxstim_core.errors import MaxstimError
from maxstim_core.export.captions import with_degrees
from maxstim_core.networks.network_file import MOST_NETWORK_BYTES
from maxstim_core.optimal.configs import CONFIGS, METHODS, GenerateConfig
from maxstim_core.optimal.objectives.chosen import LEVEL_BOUNDS, OBJECTIVES
from maxstim_core.runs.request import MOST_NETWORKS, RunRequest
from maxstim_core.settings import number_text


@cache
def sidebar_description() -> dict[str, Any]:
    """Return what every sidebar offers, as `SidebarPanel` draws it: the same for all visitors."""
    choice = Choice.param
    return {
        "cells": [
            {"title": title, "members": [_cell_type(name) for name in members]}
            for title, members in grouped(choice.cell_type.objects).items()
        ],
        "methods": [_method(method) for method in METHODS],
        "device": {"label": choice.device.label, "description": ""},
        "most_bytes": MOST_NETWORK_BYTES,
    }


def _cell_type(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "polarity": polarity(name),
        "arrow": arrow(name),
        "sentence": tuning_sentence(name),
        "inputs": input_types()[name],
    }


def _method(method: str) -> dict[str, Any]:
    about, clips = METHODS[method], Choice.param.clips
    return {
        "method": method,
        "title": about.title,
        "sentence": about.sentence,
        "searches": method != "generated",
        "clips": {"label": clips.label, "description": clips.doc},
        "settings": [_setting(item) for item in _offered(method)],
    }


def _offered(method: str) -> list[dataclasses.Field]:
    """Return the settings of a method that the sidebar has fields for."""
    config_class = CONFIGS[method]
    plain = [item for item in dataclasses.fields(config_class) if not item.metadata["section"]]
    return [*plain, *sectioned(config_class)]


_LEVEL = {
    "label": "Level", "unit": "RMS", "low": LEVEL_BOUNDS[0], "high": LEVEL_BOUNDS[1],
    "start": -2.0, "end": 4.0, "step": 0.1,
    "description": "Response above grey, in units of the cell's own RMS over the default set: 1 is as "
    "strong as natural movies make it on average, 0 is grey.",
}  # fmt: skip
"""The number that belongs to the objective of reaching a level."""


_FURTHER = {
    "label": "Further networks",
    "description": "Networks that the movie is for as well, all asked at once, each in its own units. "
    "The response on show is that of the network above.",
}
"""What is said of the networks that are asked at once, which stand beside how they are."""


def _objectives() -> list[dict[str, Any]]:
    """Return the kinds of objective, with whether each names other cell types."""
    return [
        {"value": kind, "label": title, "meaning": meaning, "names": "," in form}
        for kind, (title, meaning, form) in OBJECTIVES.items()
    ]


def _setting(item: dataclasses.Field) -> dict[str, Any]:
    """Return the description of one setting, from its own metadata."""
    about = item.metadata
    common = {
        "name": item.name,
        "label": about["label"],
        "description": f"{about['doc']} In formulas: {item.name}.",
        "section": about["section"],
        "default": item.default,
    }
    if isinstance(item.default, bool):
        return common | {"kind": "check"}
    if item.name == "objective":
        return common | {"kind": "objective", "choices": _objectives(), "level": _LEVEL}
    if item.name == "across":
        return common | {"kind": "across", "choices": _choices(item), "further": _FURTHER}
    if item.name == "silence":
        return common | {"kind": "silence"}
    if isinstance(item.default, str) and not about["choices"]:
        return common | {"kind": "text"}
    if isinstance(item.default, str):
        return common | {"kind": "choice", "choices": _choices(item)}
    (low, high), (start, end) = about["bounds"], about["softbounds"]
    return common | {
        "kind": "number", "unit": about["unit"], "step": about["step"],
        "low": low, "high": high, "start": start, "end": end,
    }  # fmt: skip


def _choices(item: dataclasses.Field) -> list[dict[str, str]]:
    """Return the values of a setting that is one of several words, with what each means."""
    words = item.metadata["choice_words"]
    return [
        {
            "value": value,
            "label": words[value][0] if words else value,
            "meaning": words[value][1] if words else "",
        }
        for value in item.metadata["choices"]
    ]


class Controls:
    """Tells a choice to the browser, and takes what a person does there.

    Args:
        choice: What the person has chosen.
    """

    def __init__(self, choice: Choice) -> None:
        self.choice = choice
        self._formulas = dict.fromkeys(METHODS, "")
        self._devices: tuple[str, ...] = ("cpu",)

    def words(self) -> dict[str, Any]:
        """Return what `SidebarPanel.choice` shows."""
        choice = self.choice
        offered = choice.param.clips.names or {}
        return {
            "cell_type": choice.cell_type,
            "method": choice.method,
            "network": choice.network,
            "clips": choice.clips,
            "clip": with_degrees(choice.clip),
            "sets": [{"value": name, "label": title} for title, name in offered.items()],
            "device": choice.device,
            "devices": self._device_choices(),
            "values": {method: self._values(method) for method in METHODS},
            "examples": self._examples(),
            "formulas": {method: self._formula(method) for method in METHODS},
        }

    def offer_devices(self, devices: tuple[str, ...]) -> None:
        """Offer "auto" and the devices that the worker can use, and say so where no GPU is."""
        self._devices = devices
        self.choice.param.device.objects = ["auto", *devices]

    def _device_choices(self) -> list[dict[str, str]]:
        gpus = [device for device in self._devices if device != "cpu"]
        note = "Automatic takes the first GPU." if gpus else "No GPU found: running on the CPU."
        return [
            {"value": "auto", "label": "Automatic", "meaning": note},
            *(
                {"value": name, "label": device_words(name), "meaning": note}
                for name in self._devices
            ),
        ]

    def _formula(self, method: str) -> str:
        """Return the formula of a method, which follows the settings."""
        # Settings that contradict each other have none; the last one stays.
        with suppress(MaxstimError):
            self._formulas[method] = _drawn(self.choice.settings[method].of_values())
        return self._formulas[method]

    def take(self, message: dict[str, Any]) -> None:
        """Take what a person has done to a choice or a setting; what is none is ignored."""
        choice = self.choice
        match message:
            case {"cell": str(name)} if name in choice.param.cell_type.objects:
                choice.cell_type = name
            case {"choose": str(method)} if method in METHODS:
                choice.method = method
            case {"network": str(name)}:
                choice.network = name
            case {"clips": str(name)} if name in choice.param.clips.objects:
                choice.clips = name
            case {"device": str(name)} if name in choice.param.device.objects:
                choice.device = name
            case {"example": str(title)}:
                self._take_example(title)
            case {"method": str(method), "press": str(name)} if method in METHODS:
                self._pressed(choice.settings[method], name)
            case {"method": str(method), "setting": str(name)} if method in METHODS:
                if name == "across" and "further" in message:
                    self._take_further(message["further"])
                elif name in choice.settings[method].names():
                    self._set(choice.settings[method], name, message)

    def _take_further(self, names: object) -> None:
        """Take the networks that are asked at once; more than a run asks are told."""
        if isinstance(names, list) and all(isinstance(name, str) and name for name in names):
            self.choice.further = tuple(names[: 2 * MOST_NETWORKS])

    def _pressed(self, settings: Settings, name: str) -> None:
        match name:
            case "starting":
                settings.load_starting()
            case "flyvis":
                settings.load_flyvis()
            case "best clip":
                self.choice.clip = ""

    def _set(self, settings: Settings, name: str, message: dict[str, Any]) -> None:
        """Take the value of one setting; a field that holds what is none remembers it."""
        parameter = settings.param[name]
        is_typed = isinstance(parameter, param.Number | param.String)
        match message:
            case {"value": _} if name == "across" and not self.choice.further:
                pass  # of several networks there are none
            case {"value": value} if not is_typed:
                with suppress(MaxstimError):  # nothing that this page offers
                    settings.param.update(**{name: settings.config_class.taken(name, value)})
            case {"kind": str(kind)} if name == "objective" and kind in OBJECTIVES:
                settings.enter(name, entry_of_kind(kind, settings.objective, self.choice.cell_type))
            case {"entry": str(entry)} if is_typed:
                settings.enter(name, entry[:LONGEST_ENTRY])
            case {"restore": True}:
                settings.entries.accept(name)

    def _take_example(self, title: str) -> None:
        choice = self.choice
        for example in examples(choice.cell_type):
            if example.title == title:
                choice.settings[GenerateConfig.method].load_aims(example.aims)

    def _examples(self) -> dict[str, Any]:
        """Return the examples for the chosen cell type, and the title of the one that is set, if any."""
        offered = examples(self.choice.cell_type)
        aims = self.choice.settings[GenerateConfig.method].aims()
        chosen = next((one.title for one in offered if one.aims == aims), "")
        return {
            "offered": [{"name": one.title, "note": one.sets} for one in offered],
            "chosen": chosen,
        }

    def _values(self, method: str) -> dict[str, dict[str, Any]]:
        """Return what the fields of a method show, by the name of the setting."""
        settings = self.choice.settings[method]
        idle = settings.without_effect()
        shown = {item.name: self._shown(settings, item.name) for item in _offered(method)}
        for name in shown.keys() & idle.keys():
            shown[name]["idle"] = idle[name]
        ends = _iterations_in_all(settings)
        if ends is not None:
            shown["n_iters"]["note"] = f"Changes on the way make it {ends} in all."
        return shown

    def _shown(self, settings: Settings, name: str) -> dict[str, Any]:
        # Of the class: that of an object would be copied for it at its first use.
        value, parameter = getattr(settings, name), type(settings).param[name]
        if name == "across":
            return {
                "value": value,
                "further": list(self.choice.further),
                "own": self.choice.network,
                "problem": self._further_problem(settings),
            }
        if isinstance(parameter, param.Number):
            text, refused = settings.entries.refused.get(name, (number_text(value), ""))
            allowed = settings.allowed(name) if refused else ""
            return {"value": value, "text": text, "problem": allowed}
        if isinstance(parameter, param.String):
            text, refused = settings.entries.refused.get(name, (value, ""))
            if name in _NAMING and not refused:
                refused = self._naming_problem(name, value)
            return {"value": value, "text": text, "problem": refused}
        return {"value": value}

    def _further_problem(self, settings: Settings) -> str:
        """Return why the networks that are chosen cannot be asked at once, as far as names tell."""
        choice = self.choice
        with suppress(MaxstimError):  # what else is wrong is said elsewhere
            config = settings.of_values()
            try:
                RunRequest(
                    choice.cell_type, config, choice.network, further_networks=choice.further
                )
            except MaxstimError as error:
                return str(error)
        return ""

    def _naming_problem(self, setting: str, value: str) -> str:
        """Return what is wrong with the cell types that a setting names, or nothing."""
        try:
            _NAMING[setting](value, self.choice.cell_type)
        except MaxstimError as error:
            return str(error)
        return ""


def _iterations_in_all(settings: Settings) -> int | None:
    """Return to how many iterations the schedule brings a run; None where it leaves them as they are."""
    if not getattr(settings, "schedule", ""):
        return None
    with suppress(MaxstimError):  # settings that do not go together, which their fields say
        config = settings.of_values()
        if isinstance(config, GenerateConfig) and config.n_steps != config.n_iters:
            return config.n_steps
    return None


_NAMING = {"objective": check_others, "silence": check_silence}
"""What checks the cell types that a setting names."""

_drawn = lru_cache(maxsize=256)(equation_html)
