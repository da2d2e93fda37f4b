"""Which settings a sweep varies, and how far, as a person chooses it in the sidebar."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, replace
from functools import cache
from typing import Any

import param

from dashboard.state.choice import Choice
from dashboard.state.objective import check_others
from dashboard.state.settings import settings_class
from dashboard.state.silence import check_silence
from dashboard.state.typed_numbers import read_number
from dashboard.state.visitors import check_listed
from maxstim_core.errors import MaxstimError
from maxstim_core.optimal.configs import GenerateConfig
from maxstim_core.runs.request import RunRequest
from maxstim_core.runs.sweeps import SweepRequest
from maxstim_core.settings import number_text

MOST_SHOWN = 500
"""Most answers of a sweep on the page."""

MOST_SWEEP_BYTES = 500_000_000
"""Most that the movies of a sweep of the page take; one file of them is in memory three times."""

_BYTES_PER_FRAME = 2 * 4 * 721
"""Of each answer: two movies of 721 columns in single precision."""

_FACTOR = 3.0
"""How far a setting varies at first, down and up from its value."""

_VALUES = 3
"""How many values it has at first."""


@dataclass(frozen=True)
class VariedRange:
    """How far one setting varies, as typed.

    Attributes:
        low: Least value.
        high: Greatest value.
        count: How many values.
        is_log: Whether by equal factors.
    """

    low: str
    high: str
    count: str
    is_log: bool

    def words(self, name: str) -> str:
        """Return the same as `maxstim_core.sweeps.varied` reads it.

        Args:
            name: Of the setting.

        Raises:
            MaxstimError: if it makes no sense; the sentence names the field.
        """
        about = settings_class(GenerateConfig).param[name]
        low, high = self._end("From", self.low, name), self._end("To", self.high, name)
        if not low < high:
            raise MaxstimError(
                f"{about.label} goes from {number_text(low)} to {number_text(high)}: upside down or "
                "empty; give the lower end first."
            )
        if self.is_log and low <= 0:
            raise MaxstimError(
                f"From of {about.label} must be above 0 to go by equal factors; or switch log off."
            )
        count = read_number(self.count, whole=True)
        if count is None or not 2 <= count <= MOST_SHOWN:
            raise MaxstimError(
                f"How many values of {about.label} must be a whole number, at least 2 and at most "
                f"{MOST_SHOWN}: a page shows at most {MOST_SHOWN} runs."
            )
        scale = "log" if self.is_log else "lin"
        return f"{scale}:{number_text(low)}:{number_text(high)}:{count}"

    def _end(self, field: str, text: str, name: str) -> float:
        """Return what was typed as one end of the range of a setting."""
        settings = settings_class(GenerateConfig)
        about = settings.param[name]
        whole = isinstance(about, param.Integer)
        number = read_number(text, whole=whole)
        if number is None:
            kind = "whole number" if whole else "number"
            typed = f"“{text.strip()}”" if text.strip() else "nothing"
            raise MaxstimError(f"{field} of {about.label} is not a {kind}: {typed}.")
        least, most = about.bounds
        if not least <= number <= most:
            raise MaxstimError(f"{field} of {about.label} must be {settings.allowed(name)}.")
        return number


@dataclass(frozen=True)
class SweepCost:
    """What a sweep would cost, before it is started.

    Attributes:
        n_runs: How many runs; 0 where that is not known.
        seconds: About how long they take, or None where nothing is known of that.
        at_most: Whether that is how long they would take one after another: no sweep has told better.
        problem: Why it cannot be started, as one sentence, or nothing.
    """

    n_runs: int = 0
    seconds: float | None = None
    at_most: bool = False
    problem: str = ""


class SweepChoice(param.Parameterized):
    """The sweep that would be started.

    Args:
        choice: What is chosen besides: the settings that stay.
    """

    is_open = param.Boolean(False, doc="Whether the view of sweeps is open.")
    ranges = param.Dict(default={}, doc="How far each setting that varies does, by its name.")
    seeds = param.String("1", doc="How many seeds, as typed.")
    transfer = param.Boolean(False, doc="Whether answers are shown to the other networks.")

    def __init__(self, choice: Choice) -> None:
        super().__init__()
        self.choice = choice

    def mark(self, name: str) -> None:
        """Let a setting vary around its value, or no longer."""
        if name not in can_vary():
            return
        ranges = dict(self.ranges)
        if ranges.pop(name, None) is None:
            ranges[name] = self._around(name)
        self.ranges = ranges

    def change(self, name: str, **entries: Any) -> None:
        """Change how far a setting that varies does.

        Args:
            name: Of the setting.
            **entries: Values of `VariedRange`.
        """
        if name in self.ranges:
            self.ranges = {**self.ranges, name: replace(self.ranges[name], **entries)}

    def take(self, request: SweepRequest) -> None:
        """Choose what a sweep was asked."""
        choice = self.choice
        choice.take(RunRequest(request.cell_type, request.config, request.network))
        ranges = {}
        for name, words in request.vary:
            scale, low, high, count = words.split(":")
            ranges[name] = VariedRange(low, high, count, scale == "log")
        self.param.update(ranges=ranges, seeds=str(request.seeds), transfer=request.transfer)

    def request(self) -> SweepRequest:
        """Return the sweep that is chosen; whether its values make sense, the core says.

        Raises:
            MaxstimError: if it is none, or one that a visitor cannot ask for.
        """
        choice = self.choice
        if choice.method != GenerateConfig.method:
            raise MaxstimError("A sweep varies generated movies; choose the tab Generated.")
        if choice.asked_further:
            raise MaxstimError("A sweep asks one network; leave out the further ones.")
        if not self.ranges:
            raise MaxstimError("Click the name of a number to let it vary.")
        if choice.listed_only:
            check_listed(choice.network)
        config = choice.settings[GenerateConfig.method].config()
        assert isinstance(config, GenerateConfig)
        check_others(config.objective, choice.cell_type)
        check_silence(config.silence, choice.cell_type)
        seeds = read_number(self.seeds, whole=True)
        if seeds is None or not 1 <= seeds <= MOST_SHOWN:
            raise MaxstimError(
                f"The number of seeds must be a whole number from 1 to {MOST_SHOWN}."
            )
        return SweepRequest(
            choice.cell_type,
            config,
            tuple((name, each.words(name)) for name, each in self.ranges.items()),
            int(seeds),
            choice.network,
            self.transfer,
            choice.device,
        )

    def _around(self, name: str) -> VariedRange:
        number, value = type(self._settings).param[name], getattr(self._settings, name)
        (low, high), (start, end) = number.bounds, number.softbounds
        is_log = value > 0
        if is_log:
            low, high = max(low, value / _FACTOR), min(high, value * _FACTOR)
        else:
            low, high = start, end
        if isinstance(number, param.Integer):
            low, high = round(low), round(high)
        return VariedRange(_text(low), _text(high), str(_VALUES), is_log and low > 0)

    @property
    def _settings(self) -> Any:
        return self.choice.settings[GenerateConfig.method]


def _text(value: float) -> str:
    return number_text(float(f"{value:.4g}"))


@cache
def can_vary() -> tuple[str, ...]:
    """Return the names of the settings that a sweep of the page can vary: all numbers but the seed."""
    return tuple(
        item.name
        for item in fields(GenerateConfig)
        if type(item.default) in (int, float) and item.name != "random_seed"
    )


def runs_of(request: SweepRequest) -> list[RunRequest]:
    """Return the runs of a sweep, without opening its network.

    Raises:
        MaxstimError: if they are too many for the page, or make no sense; said as the page calls things.
    """
    try:
        return _runs_of(request)
    except MaxstimError as error:
        raise MaxstimError(
            _in_words_of_page(str(error), [name for name, _ in request.vary])
        ) from error


def _in_words_of_page(sentence: str, names: list[str]) -> str:
    """Return a sentence of the core with the labels of settings in place of their names."""
    for name in names:
        label = settings_class(GenerateConfig).param[name].label
        sentence = re.sub(rf"\bVarying {name}\b", f"Varying {label}", sentence)
        if "_" in name or name in ("lr", "dt"):  # no word that means something else
            sentence = re.sub(rf"\b{name}\b", label, sentence)
    return sentence


def _runs_of(request: SweepRequest) -> list[RunRequest]:
    n_runs = request.n_answers
    if n_runs > MOST_SHOWN:
        raise MaxstimError(
            f"This sweep would have {n_runs:,} runs, and a page shows at most {MOST_SHOWN}; vary less, "
            "or use the command maxstim sweep."
        )
    configs = request.configs()
    n_bytes = n_runs * max(config.n_frames for config in configs) * _BYTES_PER_FRAME
    if n_bytes > MOST_SWEEP_BYTES:
        raise MaxstimError(
            f"This sweep would take {n_bytes / 1e9:.1f} GB, and one of the page takes at most "
            f"{MOST_SWEEP_BYTES / 1e9:g} GB; vary less, choose shorter stimuli, or use the command "
            "maxstim sweep."
        )
    return [
        RunRequest(request.cell_type, config, request.network)
        for config in configs
        for _ in range(request.seeds)
    ]
