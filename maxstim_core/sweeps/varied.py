"""Which settings a sweep varies, and through which values: lists, ranges, and numbers drawn at random.

In words, as the command line takes them after ``NAME=``:

=========================  ==============================================================================
``0.003,0.01,0.03``        a list; texts, which may hold commas, are separated by ``;``
``lin:0:1:5``              five values from 0 to 1, evenly
``log:100:10000:7``        seven values from 100 to 10,000, by equal factors
``random:0:1:20``          twenty values drawn between 0 and 1
``random:log:100:1e4:20``  twenty values drawn by equal chance per factor
``lin:0:1``, ``log:1:9``   an interval that trials are proposed in
=========================  ==============================================================================

Lists and ranges are crossed. What is drawn is drawn together: every such setting has as many values, and
the k-th of one stands beside the k-th of another. Whole settings take the nearest whole number.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from itertools import product
from typing import Any

import numpy as np

from maxstim_core.errors import MaxstimError, shown
from maxstim_core.optimal.generate_config import GenerateConfig
from maxstim_core.settings import did_you_mean, flag_of

MOST_ANSWERS = 10_000
"""Most answers of a sweep."""

_SCALES = ("lin", "log")

_NOT_VARIED = {
    "random_seed": "A number of seeds (seeds; --seeds N) varies the seed; leave random_seed out.",
    "across": "A sweep asks one network, so that across changes nothing; leave it out.",
    "silence": "A sweep asks one network, in which the same cell types are silenced; make one for each.",
    "network": "A sweep asks one network (network); make one for each.",
    "networks": "Every answer is shown to the other networks (networks); they are not varied.",
    "cell_type": "A sweep asks for one cell type; make one for each, or an atlas.",
    "cell_types": "A sweep asks for one cell type; make one for each, or an atlas.",
    "device": "All answers of a sweep are computed on one device (device); it is not varied.",
    "seeds": "A number of seeds (seeds; --seeds N) runs each setting so often; it is not varied.",
}
"""Why a sweep does not vary what it asks beside settings, and settings that it cannot."""


@dataclass(frozen=True)
class Listed:
    """Values of a setting, each of which is tried.

    Attributes:
        name: Of the setting.
        values: Each once.
        drawn: Whether they were drawn at random.
    """

    name: str
    values: tuple[Any, ...]
    drawn: bool = False


@dataclass(frozen=True)
class Interval:
    """Between which values of a setting trials are proposed.

    Attributes:
        name: Of the setting.
        low: Least value.
        high: Greatest value.
        is_log: Whether by equal factors.
        is_whole: Whether whole numbers alone.
    """

    name: str
    low: float
    high: float
    is_log: bool
    is_whole: bool


def read_varied(
    vary: Mapping[str, object], config: GenerateConfig, *, trials: bool
) -> list[Listed | Interval]:
    """Return what a sweep varies.

    Args:
        vary: By the name of the setting (`setting_named`), a text as this module describes, a value or a
            list of values.
        config: The settings that stay; its seed draws random numbers.
        trials: Whether values are proposed as answers come in.

    Raises:
        MaxstimError: if that makes no sense.
    """
    if not isinstance(vary, Mapping) or not vary:
        raise MaxstimError(
            'Say what to vary by the names of settings, for example {"lr": [0.003, 0.01]}, on the '
            "command line --vary lr=0.003,0.01."
        )
    random = np.random.default_rng(config.random_seed)
    found = [
        _varied(setting_named(name), told, random, trials=trials) for name, told in vary.items()
    ]
    names = [each.name for each in found]
    twice = next((name for k, name in enumerate(names) if name in names[:k]), None)
    if twice is not None:
        raise MaxstimError(f"The setting {twice} is varied twice; give all its values at once.")
    return found


def setting_named(name: object) -> str:
    """Return the setting that a name means: its own, or that of its option on the command line.

    Args:
        name: For example ``n_iters``, ``iterations`` or ``weight-mei``.

    Raises:
        MaxstimError: if there is no such setting, or a sweep cannot vary it.
    """
    items = {item.name: item for item in fields(GenerateConfig)}
    options = {_plainly(flag_of(item)): item.name for item in items.values()}
    if not isinstance(name, str):
        raise MaxstimError(f"A setting is told by its name, for example lr, not {shown(name)}.")
    meant = _plainly(name)
    meant = meant if meant in items else options.get(meant, meant)
    if meant in _NOT_VARIED:
        raise MaxstimError(_NOT_VARIED[meant])
    if meant not in items:
        # The nearest, or all: who is told a few of them does not find the one that is meant.
        near = did_you_mean(name, [*items, *(each for each in options if each not in items)])
        every = f"choose from {', '.join(each for each in items if each not in _NOT_VARIED)}."
        raise MaxstimError(
            f"There is no setting {shown(name)}; {near if near.startswith('did') else every}"
        )
    return meant


def _plainly(name: str) -> str:
    """Return a name or an option as names of settings are written."""
    return name.strip().lstrip("-").replace("-", "_")


def check_trials(varied: Sequence[Listed | Interval], n_trials: int) -> None:
    """Make sure that trials can be compared with one another, and that there are so many.

    Raises:
        MaxstimError: if they ask for several objectives, or fewer settings can be proposed.
    """
    n_values = 1.0
    for each in varied:
        if each.name == "objective" and isinstance(each, Listed) and len(each.values) > 1:
            raise MaxstimError(
                "Trials learn from one another, and what counts for one objective says nothing of "
                "another; make a sweep for each objective."
            )
        if isinstance(each, Listed):
            n_values *= len(each.values)
        else:
            n_values *= each.high - each.low + 1 if each.is_whole else math.inf
    if n_trials > n_values:
        raise MaxstimError(
            f"There are {n_values:,.0f} settings to propose and not {n_trials:,}; ask for fewer trials, "
            "or for none, which tries every setting."
        )


def settings_of(varied: Sequence[Listed | Interval], config: GenerateConfig) -> list[dict]:
    """Return the values of each setting of a sweep without trials, in order: the last varies fastest.

    Args:
        varied: What varies.
        config: The settings that stay.

    Raises:
        MaxstimError: if they are too many, do not go together, or one of them changes nothing.
    """
    listed = [each for each in varied if isinstance(each, Listed)]
    drawn = [each for each in listed if each.drawn]
    crossed = [each for each in listed if not each.drawn]
    counts = {len(each.values) for each in drawn}
    if len(counts) > 1:
        raise MaxstimError(
            "What is drawn at random is drawn together; give "
            f"{' and '.join(each.name for each in drawn)} the same number of values."
        )
    n_drawn = counts.pop() if counts else 1
    check_number_of_answers(n_drawn * int(np.prod([float(len(each.values)) for each in crossed])))
    found = []
    for values in product(*(each.values for each in crossed)):
        fixed = dict(zip((each.name for each in crossed), values, strict=True))
        for k in range(n_drawn):
            every = {**fixed, **{each.name: each.values[k] for each in drawn}}
            found.append({each.name: every[each.name] for each in listed})
    _check_effects(varied, [replace(config, **values) for values in found])
    return found


def check_number_of_answers(n_answers: int) -> None:
    """Make sure that a sweep ends some day.

    Raises:
        MaxstimError: if it has too many answers.
    """
    if n_answers > MOST_ANSWERS:
        raise MaxstimError(
            f"This sweep would have {n_answers:,} answers, and at most {MOST_ANSWERS:,} are taken; vary "
            "less, or give a number of trials."
        )


def _check_effects(varied: Iterable[Listed | Interval], configs: list[GenerateConfig]) -> None:
    for each in varied:
        reasons = [config.without_effect(asdict(config)).get(each.name, "") for config in configs]
        if all(reasons):
            raise MaxstimError(
                f"Varying {each.name} changes nothing: {reasons[0].rstrip('.')}; vary something else."
            )


def _varied(
    name: str, told: object, random: np.random.Generator, *, trials: bool
) -> Listed | Interval:
    items = {item.name: item for item in fields(GenerateConfig)}
    if isinstance(told, str) and _is_range(told):
        return _range(name, told, type(items[name].default), random, trials=trials)
    if isinstance(told, str):
        is_free_text = isinstance(items[name].default, str) and not items[name].metadata["choices"]
        words = told.split(";" if is_free_text else ",")
        values: Iterable[Any] = [_typed(items[name], word) for word in words]
    elif isinstance(told, Mapping | bytes) or told is None:
        raise MaxstimError(f"The values of {name} must be a list of them, not {shown(told)}.")
    else:
        values = told if isinstance(told, Iterable) else [told]
    return _listed(name, [GenerateConfig.taken(name, value) for value in values])


def _listed(name: str, values: list[Any], *, drawn: bool = False) -> Listed:
    if not values:
        raise MaxstimError(f"Give at least one value of {name}.")
    twice = next((value for k, value in enumerate(values) if value in values[:k]), None)
    if twice is not None and not drawn:
        raise MaxstimError(f"The values of {name} hold {shown(twice)} twice; give each once.")
    return Listed(name, tuple(values), drawn)


def _typed(item: Any, word: str) -> object:
    """Return a word as a yes or no, where the setting is one; else as it is."""
    words = {"true": True, "false": False, "yes": True, "no": False, **item.metadata["flag_words"]}
    word = word.strip()
    return words.get(word, word) if isinstance(item.default, bool) else word


def _is_range(text: str) -> bool:
    return text.partition(":")[0].strip() in (*_SCALES, "random")


def _range(
    name: str, text: str, kind: type, random: np.random.Generator, *, trials: bool
) -> Listed | Interval:
    if kind not in (int, float):
        raise MaxstimError(f"The setting {name} is no number and has no range; list its values.")
    words = [word.strip() for word in text.split(":")]
    drawn = words[0] == "random"
    words = words[drawn:]
    scale = words.pop(0) if words and words[0] in _SCALES else "lin"
    low, high, n_values = _numbers(name, text, words)
    if scale == "log" and low <= 0:
        raise MaxstimError(f"The range {text} of {name} goes by factors and must begin above 0.")
    ends = [GenerateConfig.taken(name, _as_kind(value, kind)) for value in (low, high)]
    if trials:
        if drawn or n_values is not None:
            raise MaxstimError(
                f"With trials the range of {name} is an interval, such as {scale}:{low:g}:{high:g}; "
                "leave out random and the number of values."
            )
        return Interval(name, float(ends[0]), float(ends[1]), scale == "log", kind is int)
    if n_values is None:
        raise MaxstimError(
            f"The range {text} of {name} needs a number of values, such as {scale}:{low:g}:{high:g}:5, "
            "or a number of trials (trials)."
        )
    places = random.random(n_values) if drawn else np.linspace(0, 1, n_values)
    values = low * (high / low) ** places if scale == "log" else low + (high - low) * places
    if not drawn:
        values[0], values[-1] = low, high  # to the bit
    found = [GenerateConfig.taken(name, _as_kind(value, kind)) for value in values.tolist()]
    return _listed(name, found if drawn else list(dict.fromkeys(found)), drawn=drawn)


def _as_kind(value: float, kind: type) -> float | int:
    return round(value) if kind is int else value


def _numbers(name: str, text: str, words: list[str]) -> tuple[float, float, int | None]:
    """Return the ends of a range and its number of values, if that is told."""
    try:
        low, high = (float(word) for word in words[:2])
        n_values = int(words[2]) if len(words) > 2 else None
        is_readable = len(words) <= 3 and np.isfinite([low, high]).all()
    except (ValueError, IndexError):
        is_readable = False
    if not is_readable:
        raise MaxstimError(
            f"The range {shown(text)} of {name} cannot be read; give it as log:LOW:HIGH:N, "
            "lin:LOW:HIGH:N or random:LOW:HIGH:N."
        )
    if not low < high:
        raise MaxstimError(
            f"The range {text} of {name} is upside down or empty; give the lower end first."
        )
    if n_values is not None and n_values < 2:
        raise MaxstimError(f"The range {text} of {name} needs 2 values or more.")
    if n_values is not None:
        check_number_of_answers(n_values)
    return low, high, n_values
