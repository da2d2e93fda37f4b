"""Settings that describe and check themselves: the base of every configuration."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, TypeVar

from maxstim_core.errors import MaxstimError


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
        raise MaxstimError(
            f"There is no setting {name!r}; choose from {', '.join(item.name for item in fields(cls))}."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the values by name, without those that came later and are at their default."""
        values = dataclasses.asdict(self)
        for item in fields(self):
            if item.metadata["later"] and values[item.name] == item.default:
                del values[item.name]
        return values

    def to_json(self) -> str:
        """Return the configuration as JSON text with sorted keys: `to_dict`."""
        return json.dumps(self.to_dict(), sort_keys=True)

    def to_python(self) -> str:
        """Return the Python expression that makes this configuration."""
        return repr(self)

    @property
    def content_hash(self) -> str:
        """Hexadecimal SHA-256 of the method and all settings."""
        return hashlib.sha256(f"{self.method}:{self.to_json()}".encode()).hexdigest()


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


def _coerced(item: dataclasses.Field, value: Any) -> Any:
    """Return `value` as the type of the field's default, or refuse it."""
    kind, about = type(item.default), item.metadata
    name = f"{about['label']} ({item.name})"
    if kind is bool:
        if not isinstance(value, bool):
            raise MaxstimError(f"{name} must be true or false, not {value!r}.")
        return value
    if kind is str:
        if not isinstance(value, str) or (about["choices"] and value not in about["choices"]):
            options = " or ".join(repr(choice) for choice in about["choices"]) or "text"
            raise MaxstimError(f"{name} must be {options}, not {value!r}.")
        return value
    try:
        if isinstance(value, bool):
            raise TypeError
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        raise MaxstimError(f"{name} must be a number, not {value!r}.") from None
    low, high = about["bounds"]
    unit = f" {about['unit']}" if about["unit"] else ""
    if not math.isfinite(number) or not low <= number <= high:
        raise MaxstimError(f"{name} must lie between {low:g} and {high:g}{unit}, not {value!r}.")
    if kind is int:
        if number != int(number):
            raise MaxstimError(f"{name} must be a whole number, not {value!r}.")
        return int(number)
    return number
