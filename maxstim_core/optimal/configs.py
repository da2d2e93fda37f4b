"""What a person may set for each of the three answers.

Each configuration is a frozen dataclass that validates itself when made, prints as Python and as
JSON, and hashes by content. The metadata of each field (label, unit, bounds, the narrower range of its
slider, step, help text) is the single source of the sliders and tooltips in the dashboard and of
the help of the command line.

Defaults are flyvis's own (``flyvis.analysis.optimal_stimuli``, version 1.2.0), but for ``clamp`` and
``protocol``, where flyvis's choice is a preset: see `flyvis_preset`.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, TypeVar

from maxstim_core.errors import MaxstimError

MAX_DT = 0.05
"""Longest frame in seconds that a run accepts: the default time constant of a cell."""

MAX_FRAMES = 1_000
"""Most frames that a run accepts: ten seconds at the default frame of 10 ms."""


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
    }
    return field(default=default, metadata=metadata)


def _dt() -> Any:
    return setting(
        0.01,
        "Duration of one frame, and of one Euler step of the network.",
        label="Frame duration",
        unit="s",
        bounds=(0.0005, MAX_DT),
        soft=(0.002, 0.02),
        step=0.001,
    )


def _learning_rate() -> Any:
    return setting(
        0.01,
        "Step size of Adam, in units of luminance: how far a pixel can move in one iteration.",
        label="Learning rate",
        bounds=(1e-6, 10.0),
        soft=(0.001, 0.1),
        step=0.001,
    )


def _iterations(default: int) -> Any:
    return setting(
        default,
        "Number of gradient steps. More let the stimulus settle; you can cancel and keep the best.",
        label="Iterations",
        bounds=(1, 100_000),
        soft=(10, 500),
        step=10,
    )


def _weight(default: float, doc: str, *, label: str, top: float, step: float) -> Any:
    return setting(default, doc, label=label, bounds=(0.0, 1e9), soft=(0.0, top), step=step)


@dataclass(frozen=True)
class Config:
    """Base of all configurations: validation, printing and hashing."""

    method: ClassVar[str]
    """Name of the answer: ``natural``, ``regularized`` or ``generated``."""

    def __post_init__(self) -> None:
        for item in fields(self):
            object.__setattr__(self, item.name, _coerced(item, getattr(self, item.name)))

    def to_json(self) -> str:
        """Return the configuration as JSON text with sorted keys."""
        return json.dumps(dataclasses.asdict(self), sort_keys=True)

    def to_python(self) -> str:
        """Return the Python expression that makes this configuration."""
        return repr(self)

    @property
    def content_hash(self) -> str:
        """Hexadecimal SHA-256 of the method and all settings."""
        return hashlib.sha256(f"{self.method}:{self.to_json()}".encode()).hexdigest()


SCORES = {
    "peak": (
        "Peak voltage",
        "The highest voltage that the central cell reaches, by which flyvis chooses.",
    ),
    "above_grey": (
        "Peak above grey",
        "The highest voltage minus the voltage in front of a grey screen: what the clip adds.",
    ),
    "rms": (
        "Peak in units of RMS",
        "The highest voltage divided by the cell's own root mean square over all clips of the set: "
        "a number to compare between cell types and networks.",
    ),
}
"""Name and meaning of each score of a clip; formulas in `maxstim_core.optimal.ranking`."""


@dataclass(frozen=True)
class SearchConfig(Config):
    """How the best clip of a natural movie set is chosen (spec §6.1).

    Neither the score nor the two settings of the list change what is simulated: one search serves all.

    Raises:
        MaxstimError: if a value is of the wrong type or out of its bounds.
    """

    method: ClassVar[str] = "natural"

    protocol: str = setting(
        "default",
        "How every clip starts. 'default': one second of grey, for choosing and for replay alike. "
        "'flyvis': clips are chosen after a two-second fade-in and replayed after grey, as flyvis does.",
        label="Protocol",
        choices=("default", "flyvis"),
    )
    score: str = setting(
        "peak",
        "What is said of a clip. 'peak': the highest voltage of the central cell. 'above_grey': the "
        "same minus the voltage in front of grey. 'rms': the same divided by the cell's root mean "
        "square over the set. All three put the clips of one cell type in the same order.",
        label="Score",
        choices=tuple(SCORES),
        choice_words=SCORES,
    )
    dt: float = _dt()
    n_best: int = setting(
        5,
        "How many of the best clips to keep for each cell type.",
        label="Clips kept",
        bounds=(1, 100),
        soft=(1, 24),
        step=1,
    )
    distinct: bool = setting(
        True,
        "List a clip once: leave out where a better clip, turned and mirrored or not, shows the same "
        "moment of the same film.",
        label="Distinct clips alone",
    )


@dataclass(frozen=True)
class RegularizeConfig(Config):
    """How a clip is pulled towards grey with the response kept (spec §6.2).

    The loss is ``l2_act * sum_t (a_t - target_t)**2 + l2_stim * sum_th (x_th - 0.5)**2``.

    Raises:
        MaxstimError: if a value is of the wrong type or out of its bounds.
    """

    method: ClassVar[str] = "regularized"

    l2_act: float = _weight(
        1.0,
        "Weight of keeping the response: squared difference from the clip's own response, "
        "summed over frames.",
        label="Keep the response",
        top=100.0,
        step=0.5,
    )
    l2_stim: float = _weight(
        1.0,
        "Weight of the pull to grey: squared difference from 0.5, summed over frames and columns.",
        label="Pull to grey",
        top=10.0,
        step=0.1,
    )
    lr: float = _learning_rate()
    n_iters: int = _iterations(100)
    dt: float = _dt()
    clamp: bool = setting(
        True,
        "Keep luminance between 0 (black) and 1 (white) after every step. flyvis does not.",
        label="Keep luminance in [0, 1]",
    )


@dataclass(frozen=True)
class GenerateConfig(Config):
    """How a stimulus is grown from noise (spec §6.3).

    The loss is ``-weight_central * mean_t exp(a_t) + weight_mei * mean_th (x_th - 0.5)**2``, the first
    mean over the last frame or over all frames.

    Raises:
        MaxstimError: if a value is of the wrong type or out of its bounds.
    """

    method: ClassVar[str] = "generated"

    t_stim: float = setting(
        49 / 200,
        "Duration of the stimulus. The last two to three frames cannot reach the cell any more: "
        "each synapse takes one frame.",
        label="Stimulus duration",
        unit="s",
        bounds=(0.001, 10.0),
        soft=(0.1, 1.0),
        step=0.005,
    )
    dt: float = _dt()
    lr: float = _learning_rate()
    weight_central: float = _weight(
        1.0,
        "Weight of the response of the central cell, exp(voltage).",
        label="Drive the cell",
        top=10.0,
        step=0.1,
    )
    weight_mei: float = _weight(
        3_000.0,
        "Weight of the pull to grey: squared difference from 0.5, averaged over frames and columns.",
        label="Pull to grey",
        top=10_000.0,
        step=100.0,
    )
    n_iters: int = _iterations(200)
    random_seed: int = setting(
        0,
        "Seed of the noise that the stimulus starts from.",
        label="Seed",
        bounds=(0, 2**31 - 1),
        soft=(0, 20),
        step=1,
    )
    last_only: bool = setting(
        True,
        "Excite the cell in the last frame only; otherwise in the mean of all frames.",
        label="Last frame only",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        n_frames = frames_in(self.t_stim, self.dt)
        if not 1 <= n_frames <= MAX_FRAMES:
            raise MaxstimError(
                f"A stimulus of {self.t_stim:g} s has {n_frames} frames of {self.dt:g} s; "
                f"choose a duration and a frame that give between 1 and {MAX_FRAMES}."
            )

    @property
    def n_frames(self) -> int:
        """Number of frames of the stimulus."""
        return frames_in(self.t_stim, self.dt)


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


_FLYVIS_VALUES = {
    SearchConfig: {"protocol": "flyvis"},
    RegularizeConfig: {"clamp": False},
    GenerateConfig: {},
}


def flyvis_preset(config_class: type[AnyConfig], **changes: Any) -> AnyConfig:
    """Return the configuration that reproduces flyvis 1.2.0 exactly, with `changes` on top."""
    return config_class(**{**_FLYVIS_VALUES[config_class], **changes})


_STARTING_VALUES = {
    SearchConfig: {"n_best": 12},
    RegularizeConfig: {"l2_act": 10.0},
    GenerateConfig: {"t_stim": 0.8},
}


def starting_preset(config_class: type[AnyConfig], **changes: Any) -> AnyConfig:
    """Return the configuration that the dashboard starts with, with `changes` on top.

    Flyvis's values, but for a stimulus long enough to see it unfold, a response that is kept more
    closely, and more clips to browse.
    """
    return config_class(**{**_STARTING_VALUES[config_class], **changes})


def frames_in(duration: float, dt: float) -> int:
    """Return the number of whole frames in a duration, as flyvis counts them (spec §3.5).

    The quotient is truncated in double precision, float noise included: 0.29 s at 0.01 s gives 28.

    Args:
        duration: Seconds.
        dt: Seconds per frame.
    """
    return int(duration / dt)


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
