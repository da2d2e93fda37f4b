"""The settings of a method as `param` parameters, mirrored from the configurations of the core.

Labels, units, bounds, steps and help texts come from there; nothing is typed twice.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from functools import cache
from typing import Any, ClassVar

import param

from dashboard.state.objective import read_objective
from dashboard.state.typed_numbers import TypedNumbers, allowed, take_entry
from maxstim_core.errors import MaxstimError
from maxstim_core.optimal.configs import flyvis_preset, starting_preset
from maxstim_core.settings import Config


class Settings(param.Parameterized):
    """Base of the settings of one method; `settings_class` makes the subclasses."""

    config_class: ClassVar[type[Config]]

    def __init__(self, **values: Any) -> None:
        super().__init__(**values)
        self.entries = TypedNumbers()

    def config(self) -> Config:
        """Return the frozen configuration of the current values.

        Raises:
            MaxstimError: if the values contradict each other, or a field holds what is no value.
        """
        self.entries.check(but=self.without_effect())
        return self.of_values()

    def of_values(self) -> Config:
        """Return the same, whatever the fields hold; what has no effect has its default there.

        Raises:
            MaxstimError: if the values contradict each other.
        """
        idle = self.without_effect()
        values = {name: value for name, value in self.values().items() if name not in idle}
        return self.config_class(**values)

    def values(self) -> dict[str, Any]:
        """Return the value of each setting, by name."""
        return {name: getattr(self, name) for name in self.names()}

    def without_effect(self) -> dict[str, str]:
        """Return which settings change nothing beside the others, and why, a sentence each."""
        return self.config_class.without_effect(self.values())

    def load(self, config: Config) -> None:
        """Take the values of a configuration."""
        self.entries.clear()
        self.param.update(**dataclasses.asdict(config))

    def load_aims(self, values: Mapping[str, Any]) -> None:
        """Take objective and constraints, the settings that stand in sections; the others stay.

        Args:
            values: Those that are not to have their defaults, by name.
        """
        aims = {item.name: item.default for item in _aims(self.config_class)}
        self.take({**aims, **values})

    def take(self, values: Mapping[str, Any]) -> None:
        """Take the values of some settings, by name; the others stay."""
        for name in values:
            self.entries.accept(name)
        self.param.update(**values)

    def aims(self) -> dict[str, Any]:
        """Return the settings of sections that have an effect and another value than their default."""
        idle, values = self.without_effect(), self.values()
        return {
            item.name: values[item.name]
            for item in _aims(self.config_class)
            if item.name not in idle and values[item.name] != item.default
        }

    def load_starting(self) -> None:
        """Take the values that suit the bundled network, with which the page starts."""
        self.load(starting_preset(self.config_class))

    def load_flyvis(self) -> None:
        """Take the values with which flyvis runs this method."""
        self.load(flyvis_preset(self.config_class))

    def set_number(self, name: str, number: float) -> None:
        """Take a number for a setting.

        Raises:
            MaxstimError: if the configuration refuses it.
        """
        self.param.update(**{name: self.config_class.taken(name, number)})

    def enter(self, name: str, entry: str) -> None:
        """Take what a person has typed for a number or a text, or remember it and why it is none."""
        if isinstance(self.param[name], param.Number):
            take_entry(self, name, entry, self.allowed(name))
            return
        try:
            # A schedule is parted by white space; elsewhere it means nothing.
            text = (" " if name == "schedule" else "").join(entry.split())
            text = read_objective(entry) if name == "objective" else text
            self.param.update(**{name: self.config_class.taken(name, text)})
            self.entries.accept(name)
        except MaxstimError as error:
            self.entries.refuse(name, entry, str(error))

    @classmethod
    def allowed(cls, name: str) -> str:
        """Return what a number may be: "between 0.001 and 10 s"."""
        number = cls.param[name]
        return allowed(*number.bounds, cls.unit(name), whole=isinstance(number, param.Integer))

    @classmethod
    def unit(cls, name: str) -> str:
        """Unit of a setting, or nothing."""
        about = {setting.name: setting.metadata for setting in dataclasses.fields(cls.config_class)}
        return about[name]["unit"]

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Names of the settings, in the order of the configuration."""
        return tuple(setting.name for setting in dataclasses.fields(cls.config_class))


@cache
def sectioned(config_class: type[Config]) -> tuple[dataclasses.Field, ...]:
    """Return the settings of a configuration that say what is aimed at: those of a section."""
    return tuple(item for item in dataclasses.fields(config_class) if item.metadata["section"])


def _aims(config_class: type[Config]) -> tuple[dataclasses.Field, ...]:
    """Return objective and constraints; how several networks are asked goes with the networks."""
    return tuple(item for item in sectioned(config_class) if item.name != "across")


@cache
def settings_class(config_class: type[Config]) -> type[Settings]:
    """Return the `param` class that mirrors a configuration."""
    parameters = {f.name: _parameter(f) for f in dataclasses.fields(config_class)}
    name = config_class.__name__.removesuffix("Config") + "Settings"
    doc = config_class.__doc__
    return type(name, (Settings,), {"__doc__": doc, "config_class": config_class, **parameters})


def _parameter(setting: dataclasses.Field) -> param.Parameter:
    about: Any = setting.metadata
    common = {"default": setting.default, "label": about["label"], "doc": about["doc"]}
    if isinstance(setting.default, bool):
        return param.Boolean(**common)
    if isinstance(setting.default, str) and not about["choices"]:
        return param.String(**common)
    if isinstance(setting.default, str):
        words = about["choice_words"]
        objects = {words[c][0]: c for c in about["choices"]} if words else list(about["choices"])
        return param.Selector(objects=objects, **common)
    number = param.Integer if isinstance(setting.default, int) else param.Number
    return number(
        bounds=about["bounds"], softbounds=about["softbounds"], step=about["step"], **common
    )
