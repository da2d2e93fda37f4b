"""Options made from the configurations: name, default and help are typed once, there."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import Field, asdict, fields
from types import MappingProxyType

from maxstim_core.errors import MaxstimError
from maxstim_core.optimal.generate_config import NEEDED_BESIDE, GenerateConfig
from maxstim_core.settings import AnyConfig, Config, flag_of


def add_settings(
    parser: argparse.ArgumentParser,
    config_class: type[Config],
    only: tuple[str, ...] = (),
    without: tuple[str, ...] = (),
    defaults: Mapping[str, object] = MappingProxyType({}),
) -> None:
    """Add an option for each setting of a configuration: those named in `only`, or all `without` some.

    The help tells the defaults of the configuration, but for those that the command sets otherwise.
    Values are left as text: the configuration reads, checks and refuses them in its own words.
    """
    group = parser.add_argument_group("settings")
    for setting in fields(config_class):
        if setting.name not in without and (not only or setting.name in only):
            _add(group, setting, defaults.get(setting.name, setting.default))


def read_settings(arguments: argparse.Namespace, config_class: type[AnyConfig]) -> AnyConfig:
    """Return the configuration that the options describe.

    Raises:
        MaxstimError: if a value is of the wrong type or out of its bounds.
    """
    names = {setting.name for setting in fields(config_class)}
    given = {name: value for name, value in vars(arguments).items() if name in names}
    for setting in fields(config_class):
        words = setting.metadata["flag_words"]
        if given.get(setting.name) in words:
            given[setting.name] = words[given[setting.name]]
    return config_class(**given)


def refuse_idle(arguments: argparse.Namespace, config: GenerateConfig) -> None:
    """Make sure that the options that mean something beside another alone are beside it.

    Raises:
        MaxstimError: if one of them changes nothing, in any stage of the run.
    """
    idle = [stage.without_effect(asdict(stage)) for _, stage in config.stages]
    for setting in fields(config):
        name = setting.name
        changed = name in arguments and getattr(config, name) != setting.default
        if name in NEEDED_BESIDE and changed and all(name in each for each in idle):
            raise MaxstimError(
                f"{flag_of(setting)} changes nothing here: {_lower(idle[0][name])} Leave it out, or "
                "give what it needs."
            )


def refuse_across(config: GenerateConfig) -> None:
    """Make sure that one network is not asked to be taken together with others.

    Raises:
        MaxstimError: if it is.
    """
    default = next(each.default for each in fields(config) if each.name == "across")
    if config.across != default:
        raise MaxstimError(
            "--across needs several networks; name them in 'maxstim generate --network A,B', or leave "
            "it out."
        )


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


def _add(group: argparse._ArgumentGroup, setting: Field, default: object) -> None:
    about = setting.metadata
    text = about["doc"].replace("%", "%%")  # argparse fills in what follows a single one
    name, absent = setting.name, argparse.SUPPRESS
    flag, words = flag_of(setting), about["flag_words"]
    if words:
        word = next(word for word, value in words.items() if value is default)
        help_text = f"{text} (default: {word})"
        group.add_argument(flag, dest=name, default=absent, choices=tuple(words), help=help_text)
    elif isinstance(default, bool):
        help_text = f"{text} (default: {'yes' if default else 'no'})"
        action = argparse.BooleanOptionalAction
        group.add_argument(flag, dest=name, default=absent, action=action, help=help_text)
    else:
        shown = f"{default} {about['unit']}".strip()
        metavar = "|".join(about["choices"]) or _letter(setting)
        help_text = f"{text} (default: {shown})"
        group.add_argument(flag, dest=name, default=absent, metavar=metavar, help=help_text)


def _letter(setting: Field) -> str:
    if isinstance(setting.default, int):
        return "N"
    return "S" if setting.metadata["unit"] == "s" else "X"
