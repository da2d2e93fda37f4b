"""What a person may set for each of the three answers.

Each configuration is a frozen dataclass that validates itself when made, prints as Python and as
JSON, and hashes by content. The metadata of each field (label, unit, bounds, the narrower range of its
slider, step, help text) is the single source of the sliders and tooltips in the dashboard and of
the help of the command line.

Defaults are flyvis's own (``flyvis.analysis.optimal_stimuli``, version 1.2.0), but for ``clamp`` and
``protocol``, where flyvis's choice is a preset: see `flyvis_preset`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from maxstim_core.conventions import MAX_DT, frames_in
from maxstim_core.errors import MaxstimError
from maxstim_core.settings import AnyConfig, Config, setting

MAX_FRAMES = 1_000
"""Most frames that a run accepts: ten seconds at the default frame of 10 ms."""


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
        flag="iterations",
    )


def _weight(default: float, doc: str, *, label: str, top: float, step: float) -> Any:
    return setting(default, doc, label=label, bounds=(0.0, 1e9), soft=(0.0, top), step=step)


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
    """How the best clip of a natural movie set is chosen: docs/numerics.md#the-natural-answer.

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
    """How a clip is pulled towards grey with the response kept: docs/numerics.md#the-regularized-answer.

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
    """How a stimulus is grown from noise: docs/numerics.md#the-generated-answer.

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
        flag="seed",
    )
    last_only: bool = setting(
        True,
        "Excite the cell in the last frame only; otherwise in the mean of all frames.",
        label="Last frame only",
        flag="frames",
        flag_words={"last": True, "all": False},
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


CONFIGS = {config.method: config for config in (SearchConfig, RegularizeConfig, GenerateConfig)}
"""Class of the configuration by method."""
