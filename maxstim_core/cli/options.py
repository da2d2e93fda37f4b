"""Options made from the configurations: name, default and help are typed once, there."""

from __future__ import annotations

import argparse
from dataclasses import Field, fields

from maxstim_core.settings import AnyConfig, Config

_NAMES = {"n_iters": "iterations", "random_seed": "seed"}
"""Settings that have another name on the command line."""

_FRAMES = {"last": True, "all": False}
"""Values of ``--frames``, and what they mean for ``last_only``."""


def add_settings(
    parser: argparse.ArgumentParser, config_class: type[Config], only: tuple[str, ...] = ()
) -> None:
    """Add an option for each setting of a configuration, or for those named in `only`.

    Values are left as text: the configuration reads, checks and refuses them in its own words.
    """
    group = parser.add_argument_group("settings")
    for setting in fields(config_class):
        if not only or setting.name in only:
            _add(group, setting)


def read_settings(arguments: argparse.Namespace, config_class: type[AnyConfig]) -> AnyConfig:
    """Return the configuration that the options describe.

    Raises:
        MaxstimError: if a value is of the wrong type or out of its bounds.
    """
    names = {setting.name for setting in fields(config_class)}
    given = {name: value for name, value in vars(arguments).items() if name in names}
    if given.get("last_only") in _FRAMES:
        given["last_only"] = _FRAMES[given["last_only"]]
    return config_class(**given)


def written_settings(config: Config) -> list[str]:
    """Return the options that give a configuration, one string each, for example ``--dt 0.01``."""
    return [_written(setting, getattr(config, setting.name)) for setting in fields(config)]


def _written(setting: Field, value: object) -> str:
    flag = _flag(setting)
    if setting.name == "last_only":
        return f"--frames {next(word for word, meant in _FRAMES.items() if meant is value)}"
    if isinstance(value, bool):
        return flag if value else flag.replace("--", "--no-", 1)
    return f"{flag} {value}"


def _flag(setting: Field) -> str:
    return "--" + _NAMES.get(setting.name, setting.name).replace("_", "-")


def _add(group: argparse._ArgumentGroup, setting: Field) -> None:
    about = setting.metadata
    text = about["doc"].replace("%", "%%")  # argparse fills in what follows a single one
    common = {"dest": setting.name, "default": argparse.SUPPRESS}
    flag = _flag(setting)
    if setting.name == "last_only":
        default = next(word for word, value in _FRAMES.items() if value is setting.default)
        help_text = f"{text} (default: {default})"
        group.add_argument("--frames", choices=tuple(_FRAMES), help=help_text, **common)
    elif isinstance(setting.default, bool):
        help_text = f"{text} (default: {'yes' if setting.default else 'no'})"
        action = argparse.BooleanOptionalAction
        group.add_argument(flag, action=action, help=help_text, **common)
    else:
        shown = f"{setting.default} {about['unit']}".strip()
        metavar = "|".join(about["choices"]) or _letter(setting)
        help_text = f"{text} (default: {shown})"
        group.add_argument(flag, metavar=metavar, help=help_text, **common)


def _letter(setting: Field) -> str:
    if isinstance(setting.default, int):
        return "N"
    return "S" if setting.metadata["unit"] == "s" else "X"
