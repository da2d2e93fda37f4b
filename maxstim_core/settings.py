"""Settings that describe and check themselves: the base of every configuration."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from numbers import Real
from typing import Any, ClassVar, Self, TypeVar

import numpy as np

from maxstim_core.errors import MaxstimError, shown


def setting(
    default: Any,
    doc: str,
    *,
    label: str,
    unit: str = "",
    bounds: tuple[float, float] | None = None,
    soft: tuple[float, float] | None = None,
    step: float | None = None,
    choices: tuple[str, ...] = (),
    choice_words: dict[str, tuple[str, str]] | None = None,
    flag: str = "",
    flag_words: dict[str, bool] | None = None,
    section: str = "",
    check: Callable[[str], object] | None = None,
    read: Callable[[object], str] | None = None,
    off: str = "",
    later: bool = False,
) -> Any:
    """Return a dataclass field that describes itself.

    Args:
        default: Its default value, whose type is the type of the setting.
        doc: Help text: full sentences.
        label: Name to show.
        unit: Unit to show, if any.
        bounds: Least and greatest value allowed.
        soft: Range of the slider; `bounds` if None.
        step: Step of the slider.
        choices: Allowed values of a text setting; any text if there are none.
        choice_words: For each of them, its name to show and what it means, as a full sentence.
        flag: Its name on the command line, without hyphens in front, where that is not its own.
        flag_words: For a yes or no that is a choice of words there, what each of them means.
        section: Title of the group of settings that it is shown in; with the first ones if empty.
        check: Of a text setting, raises `MaxstimError` where the text means nothing.
        read: Of a text setting, returns the text that is kept of what was given, or raises
            `MaxstimError`.
        off: What its default is called where that asks for nothing, such as "no budget".
        later: Whether it came when answers without it were stored already. At its default such a
            setting leaves no trace in JSON, hash or key, so that those answers are still found.
    """
    metadata = {
        "doc": doc,
        "label": label,
        "unit": unit,
        "bounds": bounds,
        "softbounds": soft or bounds,
        "step": step,
        "choices": choices,
        "choice_words": choice_words or {},
        "flag": flag,
        "flag_words": flag_words or {},
        "section": section,
        "check": check,
        "read": read,
        "off": off,
        "later": later,
    }
    return field(default=default, metadata=metadata)


def flag_of(item: dataclasses.Field) -> str:
    """Return the option of the command line that sets a field made by `setting`: ``--t-stim``."""
    return "--" + (item.metadata["flag"] or item.name).replace("_", "-")


@dataclass(frozen=True)
class Config:
    """Base of all configurations: validation, printing and hashing."""

    method: ClassVar[str]
    """Name of the answer: ``natural``, ``regularized`` or ``generated``."""

    def __new__(cls, *values: object, **named: object) -> Self:
        """Refuse settings that there are none of, as people do who misspell one."""
        names = [item.name for item in fields(cls)]
        for name in named:
            if name not in names:
                raise _no_setting(name, names)
        if len(values) > len(names) or set(names[: len(values)]) & named.keys():
            raise MaxstimError(
                f"A {cls.__name__} takes every setting once; give them by name, for example "
                f"{names[0]}=…."
            )
        return super().__new__(cls)

    def __post_init__(self) -> None:
        for item in fields(self):
            object.__setattr__(self, item.name, _coerced(item, getattr(self, item.name)))

    @classmethod
    def taken(cls, name: str, value: object) -> Any:
        """Return a value as the setting of a name takes it: of its type and in its bounds.

        Raises:
            MaxstimError: if there is no such setting, or it does not take the value.
        """
        for item in fields(cls):
            if item.name == name:
                return _coerced(item, value)
        raise _no_setting(name, [item.name for item in fields(cls)])

    @classmethod
    def without_effect(cls, values: Mapping[str, Any]) -> dict[str, str]:
        """Return which settings change nothing beside the others, and why, a sentence each.

        Args:
            values: The value of each setting; together they need not make a configuration.
        """
        return {}

    def told_fields(self) -> list[dataclasses.Field]:
        """Return the settings to tell: all but those that came later and are at their default."""
        return [
            item
            for item in fields(self)
            if not item.metadata["later"] or getattr(self, item.name) != item.default
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return the values by name of `told_fields`."""
        return {item.name: getattr(self, item.name) for item in self.told_fields()}

    def to_json(self) -> str:
        """Return the configuration as JSON text with sorted keys: `to_dict`."""
        return json.dumps(self.to_dict(), sort_keys=True)

    def to_python(self) -> str:
        """Return the Python expression that makes this configuration."""
        values = ", ".join(f"{name}={value!r}" for name, value in self.to_dict().items())
        return f"{type(self).__name__}({values})"

    @property
    def content_hash(self) -> str:
        """Hexadecimal SHA-256 of the method and all settings."""
        return hashlib.sha256(f"{self.method}:{self.to_json()}".encode()).hexdigest()


def _no_setting(name: str, names: list[str]) -> MaxstimError:
    return MaxstimError(f"There is no setting {name!r}; {did_you_mean(name, names)}")


_HYPHEN = re.compile(r"(?<![\w./)°%-])-(?=\.?\d)|(?<=\de)-(?=\d)")
"""A hyphen before a number, and not within a name."""

_FEW = 16
"""Most names that a refusal lists."""

AnyConfig = TypeVar("AnyConfig", bound=Config)


def checked(config: object, config_class: type[AnyConfig]) -> AnyConfig:
    """Return a configuration, the defaults if it is None, once it is sure that it is of its class.

    Raises:
        MaxstimError: if it is something else, such as a dictionary or that of another answer.
    """
    if config is None:
        return config_class()
    if not isinstance(config, config_class):
        raise MaxstimError(
            f"The config must be a {config_class.__name__}, for example {config_class.__name__}"
            f"(dt=0.01), not a {type(config).__name__}."
        )
    return config


def checked_number(
    value: object, name: str, bounds: tuple[float, float], *, unit: str = ""
) -> float:
    """Return a number once it is sure that it is one within its bounds.

    Numbers of numpy are taken as Python's own, an array of no dimension as what it holds; text and
    truth values are no numbers.

    Args:
        value: What was given.
        name: What it is, as the subject of the refusal.
        bounds: Least and greatest value allowed.
        unit: Unit to say, if any.

    Raises:
        MaxstimError: if it is no number, or not within its bounds.
    """
    number: Any = _plain(value)
    low, high = bounds
    within = f"{low:.10g} and {high:.10g}{f' {unit}' if unit else ''}"
    is_number = isinstance(number, Real) and not isinstance(number, bool)
    if not is_number:
        raise MaxstimError(f"{name} must be a number between {within}, not {shown(value)}.")
    if not low <= number <= high:
        raise MaxstimError(f"{name} must lie between {within}, not {shown(value)}.")
    return float(number)


def checked_whole(value: object, name: str, bounds: tuple[int, int], *, unit: str = "") -> int:
    """Return a whole number once it is sure that it is one within its bounds: `checked_number`.

    Raises:
        MaxstimError: if it is no number, not within its bounds, or not whole.
    """
    number = checked_number(value, name, bounds, unit=unit)
    if number != int(number):
        raise MaxstimError(f"{name} must be a whole number, not {shown(value)}.")
    return int(number)


def checked_truth(value: object, name: str) -> bool:
    """Return a truth value, of Python or numpy, once it is sure that it is one.

    Raises:
        MaxstimError: if it is anything else: 1 and "yes" are not taken.
    """
    truth = _plain(value)
    if not isinstance(truth, bool):
        raise MaxstimError(f"{name} must be true or false, not {shown(value)}.")
    return truth


def _plain(value: Any) -> Any:
    """Return what an array of no dimension holds, anything else as it is."""
    return value.item() if getattr(value, "ndim", None) == 0 else value


def number_text(number: float) -> str:
    """Return a number as a person types it: no exponent and no digit that says nothing."""
    return np.format_float_positional(number, trim="-")


def minus_signed(text: str) -> str:
    """Return a text for people, in which negative numbers have a minus sign and not a hyphen.

    Example:
        >>> minus_signed("turn -75.5\u00b0, -1.2 to 3 RMS, 1e-05, own/my-2")
        'turn \u221275.5\u00b0, \u22121.2 to 3 RMS, 1e\u221205, own/my-2'
    """
    return _HYPHEN.sub("\N{MINUS SIGN}", text)


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """Return the end of a sentence that refuses a word: what it is near to, or what there is."""
    lower = {one.lower(): one for one in known}
    near = [lower[one] for one in get_close_matches(str(word).lower(), lower, n=3)]
    if near:
        return f"did you mean {' or '.join(near)}?"
    few = [*lower.values()][:_FEW]
    return f"choose from {', '.join(few)}{', …' if len(lower) > _FEW else '.'}"


def _coerced(item: dataclasses.Field, value: Any) -> Any:
    """Return `value` as the type of the field's default, or refuse it."""
    kind, about = type(item.default), item.metadata
    name = f"{about['label']} ({item.name})"
    if kind is bool:
        return checked_truth(value, name)
    if about["read"] is not None:
        return about["read"](value)
    if kind is str:
        if not isinstance(value, str) or (about["choices"] and value not in about["choices"]):
            options = " or ".join(repr(choice) for choice in about["choices"]) or "text"
            raise MaxstimError(f"{name} must be {options}, not {shown(value)}.")
        if about["check"] is not None:
            about["check"](value)
        return str(value)
    if isinstance(value, str):  # as it is typed
        with suppress(ValueError):
            value = float(value)
    check = checked_whole if kind is int else checked_number
    return check(value, name, about["bounds"], unit=about["unit"])
