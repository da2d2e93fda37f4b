"""What a person may set for each of the three answers, and the one table of what the answers are.

Each configuration is a frozen dataclass that validates itself when made, prints as Python and as
JSON, and hashes by content. The metadata of each field (label, unit, bounds, the narrower range of its
slider, step, help text) is the single source of the sliders and tooltips in the dashboard and of
the help of the command line.

Defaults are flyvis's own (``flyvis.analysis.optimal_stimuli``, version 1.2.0), but for ``clamp`` and
``protocol``, where flyvis's choice is a preset: see `flyvis_preset`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from maxstim_core.arrays import Array
from maxstim_core.errors import MaxstimError, shown
from maxstim_core.optimal.generate_config import GenerateConfig, grown_terms
from maxstim_core.optimal.objectives.cells import Watched
from maxstim_core.optimal.objectives.response import KeepResponse
from maxstim_core.optimal.objectives.stimulus import GreyPenalty
from maxstim_core.optimal.objectives.terms import Loss, Terms, words_of
from maxstim_core.optimal.shared_settings import (
    frame_duration,
    iterations,
    learning_rate,
    silence,
    weight,
)
from maxstim_core.settings import AnyConfig, Config, setting

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


PROTOCOLS = {
    "default": ("One second of grey", "For choosing a clip and for showing it alike."),
    "flyvis": (
        "flyvis's fade-in",
        "Clips are chosen after a fade-in of two seconds and shown after grey, as flyvis does.",
    ),
}
"""Name and meaning of what each clip starts after."""


@dataclass(frozen=True)
class SearchConfig(Config):
    """How the best clip of a natural movie set is chosen: docs/numerics.md#the-natural-answer.

    Neither the score nor the two settings of the list change what is simulated: one search serves all.

    Raises:
        MaxstimError: if there is no such setting, or a value is of the wrong type or out of its bounds.
    """

    method: ClassVar[str] = "natural"

    protocol: str = setting(
        "default",
        "How every clip starts. 'default': one second of grey, for choosing and for replay alike. "
        "'flyvis': clips are chosen after a two-second fade-in and replayed after grey, as flyvis does.",
        label="Before each clip",
        choices=("default", "flyvis"),
        choice_words=PROTOCOLS,
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
    dt: float = frame_duration()
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
    silence: str = silence()


@dataclass(frozen=True)
class RegularizeConfig(Config):
    """How a clip is pulled towards grey with the response kept: docs/numerics.md#the-regularized-answer.

    What is lowered is ``loss_of(config)``, whose text is its formula.

    Raises:
        MaxstimError: if there is no such setting, or a value is of the wrong type or out of its bounds.
    """

    method: ClassVar[str] = "regularized"

    l2_act: float = weight(
        1.0,
        "Weight of keeping the response: squared difference from the clip's own response, "
        "summed over frames.",
        label="Keep the response",
        top=100.0,
        step=0.5,
    )
    l2_stim: float = weight(
        1.0,
        "Weight of the pull to grey: squared difference from 0.5, summed over frames and columns.",
        label="Pull to grey",
        top=10.0,
        step=0.1,
    )
    lr: float = learning_rate()
    n_iters: int = iterations(100)
    dt: float = frame_duration()
    clamp: bool = setting(
        True,
        "Keep luminance between 0 (black) and 1 (white) after every step. flyvis does not.",
        label="Keep luminance in [0, 1]",
    )
    silence: str = silence()


_FLYVIS_VALUES: dict[type[Config], dict[str, Any]] = {
    SearchConfig: {"protocol": "flyvis"},
    RegularizeConfig: {"clamp": False},
    GenerateConfig: {},
}


def flyvis_preset(config_class: type[AnyConfig], **changes: Any) -> AnyConfig:
    """Return the configuration that reproduces flyvis 1.2.0 exactly, with `changes` on top.

    Args:
        config_class: `SearchConfig`, `RegularizeConfig` or `GenerateConfig`.
        changes: Settings of it, by name.

    Raises:
        MaxstimError: if there is no such configuration or setting, or a value is of the wrong type or
            out of its bounds.

    Example:
        >>> import maxstim_core as ms
        >>> ms.flyvis_preset(ms.RegularizeConfig, n_iters=50).clamp
        False
    """
    if not isinstance(config_class, type) or config_class not in _FLYVIS_VALUES:
        raise MaxstimError(
            "The preset of flyvis is that of a class, one of "
            f"{', '.join(known.__name__ for known in _FLYVIS_VALUES)}, not of {shown(config_class)}."
        )
    return config_class(**{**_FLYVIS_VALUES[config_class], **changes})


_STARTING_VALUES: dict[type[Config], dict[str, Any]] = {
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


def _no_terms(config: Config, target: Array | None, watched: Sequence[Watched] | None) -> Terms:
    return {}


def _keep(
    config: RegularizeConfig, target: Array | None, watched: Sequence[Watched] | None
) -> Terms:
    return {"l2_act": KeepResponse(target), "l2_stim": GreyPenalty("sum")}


@dataclass(frozen=True)
class Method:
    """All that a method is: whoever runs, shows or names one asks here.

    Attributes:
        config_class: What a person may set.
        title: What people call it.
        sentence: What it does.
        color: Colour of its lines, as in CSS; told apart by the common kinds of colour blindness, on
            both themes.
        terms: Makes the terms of its loss from a configuration, and from the response to keep where
            there is one; no terms where nothing is lowered.
    """

    config_class: type[SearchConfig | RegularizeConfig | GenerateConfig]
    title: str
    sentence: str
    color: str
    terms: Callable[[Any, Array | None, Sequence[Watched] | None], Terms] = _no_terms


METHODS = {
    method.config_class.method: method
    for method in (
        Method(
            SearchConfig,
            "Natural",
            "Finds the clip of a set of movies that excites the cell most.",
            "#D98A0B",
        ),
        Method(
            RegularizeConfig,
            "Regularized",
            "Pulls the best natural clip towards grey and keeps only what the cell needs.",
            "#3F86C9",
            _keep,
        ),
        Method(
            GenerateConfig,
            "Generated",
            "Grows a movie from noise, step by step, until it excites the cell most.",
            "#0F9D8A",
            grown_terms,
        ),
    )
}
"""The methods by the name that answers, addresses and commands have for them."""

CONFIGS = {name: method.config_class for name, method in METHODS.items()}
"""Class of the configuration by method."""


def loss_of(
    config: Config, target: Array | None = None, watched: Sequence[Watched] | None = None
) -> Loss:
    """Return what a method lowers with these settings; a loss of no terms where it lowers nothing.

    Args:
        config: Its settings, the weights among them.
        target: For a regularized stimulus, the response to keep, shape (frame,); the formula and the
            words of the terms are there without it.
        watched: For a generated stimulus, the units of the cells that its objective watches, in each of
            its networks; likewise.
    """
    terms = METHODS[config.method].terms(config, target, watched)
    return Loss(tuple((float(getattr(config, name)), term) for name, term in terms.items()))


def weights_of(config: Config) -> tuple[str, ...]:
    """Return the names of the settings that are the weights of the terms of `loss_of`, in order."""
    return tuple(METHODS[config.method].terms(config, None, None))


def term_title(name: str, config: Config | None = None) -> str:
    """Return what people read for a loss term: its own title, or its name where no loss has it.

    Args:
        name: Its name.
        config: The settings of the run whose term it is; those of all methods, if they are not known.
    """
    configs = [method.config_class() for method in METHODS.values()] if config is None else [config]
    for each in configs:
        loss = loss_of(each)
        if name in loss.terms:
            return loss.titles[loss.terms.index(name)]
    return words_of(name)
