"""What a person may set for a generated stimulus, and the loss that follows from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property
from typing import Any, ClassVar

from maxstim_core.arrays import Array
from maxstim_core.conventions import EXTENT, GREY, frames_in
from maxstim_core.errors import MaxstimError
from maxstim_core.optimal.objectives.across import WAYS_ACROSS, AcrossNetworks
from maxstim_core.optimal.objectives.cells import (
    Contrast,
    Drive,
    Quiet,
    ReachLevel,
    Suppress,
    Watched,
)
from maxstim_core.optimal.objectives.chosen import FLYVIS, Objective
from maxstim_core.optimal.objectives.counted import COUNTED_WAYS, Counted, parse_window
from maxstim_core.optimal.objectives.response import Excite
from maxstim_core.optimal.objectives.stimulus import GreyPenalty, SlowInTime, SmoothInSpace
from maxstim_core.optimal.objectives.terms import Term, Terms
from maxstim_core.optimal.schedule import (
    Change,
    check_steerable,
    parse_schedule,
    schedule_text,
)
from maxstim_core.optimal.shared_settings import (
    MAX_FRAMES,
    frame_duration,
    iterations,
    learning_rate,
    silence,
    weight,
)
from maxstim_core.settings import Config, setting
from maxstim_core.stimuli.stored.paintings import check_painting_key

OBJECTIVE, CONSTRAINTS, STEERING, BEGINNING = (
    "Objective in detail",
    "Constraints",
    "Steering",
    "Beginning",
)
"""Titles of the sections of settings."""


NEEDED_BESIDE = ("window_counts", "temperature")
"""Settings that mean something beside another alone: the command line refuses them without it."""


@dataclass(frozen=True)
class GenerateConfig(Config):
    """How a stimulus is grown from noise: docs/numerics.md#the-generated-answer.

    What is lowered is ``loss_of(config)``, whose text is its formula.

    Raises:
        MaxstimError: if there is no such setting, or a value is of the wrong type or out of its bounds.
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
    dt: float = frame_duration()
    lr: float = learning_rate()
    weight_central: float = weight(
        1.0,
        "Weight of the response of the central cell, exp(voltage).",
        label="Weight of the response",
        top=10.0,
        step=0.1,
    )
    weight_mei: float = weight(
        3_000.0,
        "Weight of the pull to grey: squared difference from 0.5, averaged over frames and columns.",
        label="Pull to grey",
        top=10_000.0,
        step=100.0,
    )
    n_iters: int = iterations(200)
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
    objective: str = setting(
        FLYVIS,
        "What the response should be: flyvis (drive, by exp of the voltage), drive, suppress, "
        "level:1.2, contrast:T4b,T4c,T4d or group:Mi1,Tm3. All but the first in units of each cell's "
        "own RMS over the default set, above grey.",
        label="Objective",
        check=Objective.parse,
        section=OBJECTIVE,
        later=True,
    )
    window: str = setting(
        "",
        "Part of the stimulus whose response counts, from and to in seconds, such as 0.2:0.4; empty for "
        "the last frame, or all.",
        label="Window of the response",
        check=parse_window,
        off="no window of the response",
        section=OBJECTIVE,
        later=True,
    )
    window_counts: str = setting(
        "mean",
        "What counts of the response in the window: its mean, or its peak.",
        label="In the window",
        choices=("mean", "peak"),
        choice_words={name: COUNTED_WAYS[name] for name in ("mean", "peak")},
        section=OBJECTIVE,
        later=True,
    )
    temperature: float = setting(
        0.3,
        "How much the strongest of the other cell types counts in a contrast, in units of RMS: the "
        "smaller, the more.",
        label="Temperature of the contrast",
        bounds=(0.01, 100.0),
        soft=(0.05, 2.0),
        step=0.05,
        section=OBJECTIVE,
        later=True,
    )
    across: str = setting(
        "mean",
        "With several networks, what the objective is: its mean, the network that it is worst in, or "
        "the first network against the second.",
        label="Several networks",
        choices=tuple(WAYS_ACROSS),
        choice_words=WAYS_ACROSS,
        section=OBJECTIVE,
        later=True,
    )
    weight_quiet: float = weight(
        0.0,
        "Weight of keeping all other cell types quiet: the mean square of their responses in units of "
        "RMS above grey.",
        label="Keep the others quiet",
        top=10.0,
        step=0.1,
        section=OBJECTIVE,
    )
    energy: float = setting(
        0.0,
        "Budget of contrast energy: the sum of squared differences from grey over frames and columns is "
        "brought to it, whatever the pull to grey. 0 for no budget.",
        label="Contrast energy",
        off="no budget of contrast energy",
        bounds=(0.0, 1e7),
        soft=(0.0, 500.0),
        step=5.0,
        section=CONSTRAINTS,
        later=True,
    )
    rings: int = setting(
        EXTENT,
        f"Rings of columns around the center that may differ from grey; {EXTENT} for the whole eye.",
        label="Rings",
        bounds=(0, EXTENT),
        step=1,
        section=CONSTRAINTS,
        later=True,
    )
    stim_window: str = setting(
        "",
        "Part of the stimulus that may differ from grey, from and to in seconds, such as 0.1:0.3; empty "
        "for all.",
        label="Window of the stimulus",
        check=parse_window,
        off="no window of the stimulus",
        section=CONSTRAINTS,
        later=True,
    )
    darkest: float = setting(
        0.0,
        "Least luminance; 0 is black.",
        label="Darkest",
        bounds=(0.0, GREY),
        step=0.05,
        section=CONSTRAINTS,
        later=True,
    )
    brightest: float = setting(
        1.0,
        "Greatest luminance; 1 is white.",
        label="Brightest",
        bounds=(GREY, 1.0),
        step=0.05,
        section=CONSTRAINTS,
        later=True,
    )
    mean_luminance: float = setting(
        0.0,
        "Mean luminance over the frames and columns that may differ from grey; 0 for any.",
        label="Mean luminance",
        off="any mean luminance",
        bounds=(0.0, 1.0),
        step=0.05,
        section=CONSTRAINTS,
        later=True,
    )
    levels: int = setting(
        0,
        "Number of levels of luminance, evenly from darkest to brightest, as for a display of few; 0 "
        "for any luminance.",
        label="Levels",
        off="any number of levels",
        bounds=(0, 256),
        soft=(0, 16),
        step=1,
        section=CONSTRAINTS,
        later=True,
    )
    highest_hz: float = setting(
        0.0,
        "Highest temporal frequency of the stimulus; 0 for any.",
        label="Fastest flicker",
        off="any flicker",
        unit="Hz",
        bounds=(0.0, 1000.0),
        soft=(0.0, 50.0),
        step=1.0,
        section=CONSTRAINTS,
        later=True,
    )
    highest_cycles: float = setting(
        0.0,
        "Highest spatial frequency of the stimulus, in cycles per column; 0 for any.",
        label="Finest detail",
        off="any detail",
        unit="cycles/column",
        bounds=(0.0, 1.0),
        soft=(0.0, 0.5),
        step=0.01,
        section=CONSTRAINTS,
        later=True,
    )
    weight_slow: float = weight(
        0.0,
        "Weight of changing slowly: the mean squared difference between successive frames.",
        label="Smooth in time",
        top=10_000.0,
        step=100.0,
        section=CONSTRAINTS,
    )
    weight_smooth: float = weight(
        0.0,
        "Weight of changing little from column to column: the mean squared difference between "
        "neighbors.",
        label="Smooth in space",
        top=10_000.0,
        step=100.0,
        section=CONSTRAINTS,
    )
    silence: str = silence()
    schedule: str = setting(
        "",
        "Settings that change on the way, such as '40: lr=0.02 weight_mei=1000; 80: energy=50': from "
        "iteration 40 on these, from 80 on that too. Empty for none.",
        label="Changes on the way",
        check=parse_schedule,
        off="no changes on the way",
        section=STEERING,
        later=True,
    )

    start: str = setting(
        "",
        "Key of a stored painting that the stimulus is grown from, as long and of frames as long; empty "
        "for noise.",
        label="Start from a painting",
        check=check_painting_key,
        off="no painting",
        section=BEGINNING,
        later=True,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_stage()
        changes = [Change(*each) for each in self._stage_values()]
        object.__setattr__(self, "schedule", schedule_text(changes))

    @cached_property
    def stages(self) -> tuple[tuple[int, GenerateConfig], ...]:
        """The settings in force from an iteration on, without schedule: first those from 0 on."""
        found = [(0, replace(self, schedule=""))]
        for change in parse_schedule(self.schedule):
            found.append((change.iteration, replace(found[-1][1], **change.values)))
        return tuple(found)

    @property
    def n_steps(self) -> int:
        """Number of iterations in all: the schedule may change it."""
        return self.stages[-1][1].n_iters

    def _stage_values(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Check the schedule; yield its iterations and the settings that really change there.

        Raises:
            MaxstimError: if a setting cannot change or does not take its value, or the run has ended
                by then.
        """
        before = replace(self, schedule="") if self.schedule else self
        for change in parse_schedule(self.schedule):
            for name in change.values:
                check_steerable(name)
            where = f"At iteration {change.iteration}"
            try:
                after = replace(before, **change.values)
            except MaxstimError as error:
                raise MaxstimError(f"{where}: {error}") from None
            ended = change.iteration > before.n_iters
            if ended or change.iteration >= after.n_iters:
                n_iters = before.n_iters if ended else after.n_iters
                raise MaxstimError(
                    f"{where}, the run of {n_iters} iterations is over; change its settings before, or "
                    "its iterations (n_iters) too."
                )
            new = {name: getattr(after, name) for name in change.values}
            yield (
                change.iteration,
                {
                    item.name: new[item.name]
                    for item in fields(self)
                    if item.name in new and new[item.name] != getattr(before, item.name)
                },
            )
            before = after

    def _check_stage(self) -> None:
        """Make sure that these settings go together, whatever the schedule."""
        n_frames = frames_in(self.t_stim, self.dt)
        if not 1 <= n_frames <= MAX_FRAMES:
            raise MaxstimError(
                f"A stimulus of {self.t_stim:g} s has {n_frames} frames of {self.dt:g} s; "
                f"choose a duration and a frame that give between 1 and {MAX_FRAMES}."
            )
        if self.window and (not self.last_only or self.goal.kind == FLYVIS):
            instead = (
                "leave out --frames" if not self.last_only else "choose an objective such as drive"
            )
            raise MaxstimError(f"With a window of the response (window), {instead}.")
        for name in ("window", "stim_window"):
            self._frames(name)
        if self.levels == 1:
            raise MaxstimError(
                "A stimulus of one level (levels) is no movie; give 2 or more, or 0."
            )
        center = self.mean_luminance or GREY
        if not self.darkest <= center <= self.brightest or self.darkest == self.brightest:
            raise MaxstimError(
                f"The luminance between {self.darkest:g} and {self.brightest:g} (darkest, brightest) "
                f"must hold its mean, {center:g}, and more; widen it."
            )
        if self.levels and (self.mean_luminance or self.highest_hz or self.highest_cycles):
            raise MaxstimError(
                "Levels cannot be kept together with a mean luminance or a highest frequency: leave out "
                "the levels, or the others."
            )
        if self.goal.kind == "level" and self.levels:
            raise MaxstimError(
                "A level of the response cannot be kept together with levels of luminance: leave out "
                "the levels, or choose the objective drive."
            )
        if self.goal.kind == "level" and self.energy:
            raise MaxstimError(
                "A level takes the contrast energy that it needs; leave out the energy, or choose the "
                "objective drive."
            )

    @classmethod
    def without_effect(cls, values: Mapping[str, Any]) -> dict[str, str]:
        """See `Config`; what is asked of several networks has an effect with several alone."""
        kind = Objective.parse(values["objective"]).kind
        found = {}
        if values.get("start"):
            found["random_seed"] = "The stimulus is grown from a painting, not from noise."
        if kind == FLYVIS:
            found["window"] = (
                "flyvis counts the last frame, or all; a window needs another objective."
            )
        elif not values["last_only"]:
            found["window"] = "All frames count; a window needs the last frame only."
        if values["window"] and "window" not in found:
            found["last_only"] = "The window says which frames count."
        else:
            found["window_counts"] = "There is no window of the response."
        if kind != "contrast":
            found["temperature"] = "Only a contrast with other cell types has a temperature."
        if kind == "level":
            found["energy"] = "A level takes the contrast energy that it needs."
        elif (
            values["levels"] == 2 and abs(values["darkest"] + values["brightest"] - 2 * GREY) < 1e-9
        ):
            found["energy"] = "Two levels that are equally far from grey have one energy."
        if kind == "level" or values["energy"]:
            found["weight_mei"] = "The contrast energy says how far from grey the stimulus is."
        elif values["levels"] == 2 and values["darkest"] < GREY < values["brightest"]:
            found["weight_mei"] = "Of two levels, none is grey."
        return found

    @property
    def n_frames(self) -> int:
        """Number of frames of the stimulus."""
        return frames_in(self.t_stim, self.dt)

    @property
    def goal(self) -> Objective:
        """The objective, taken apart."""
        return Objective.parse(self.objective)

    @property
    def counted(self) -> Counted:
        """Which frames of the response count."""
        if self.window:
            first, stop = self._frames("window") or (0, self.n_frames)
            return Counted(self.window_counts, first, stop)
        return Counted("last" if self.last_only else "mean")

    @property
    def stim_frames(self) -> tuple[int, int] | None:
        """The first frame that may differ from grey and the frame behind the last; None for all."""
        return self._frames("stim_window")

    @property
    def is_constrained(self) -> bool:
        """Whether the stimulus must satisfy more than flyvis's, or is made otherwise than flyvis's."""
        aims = (OBJECTIVE, CONSTRAINTS)
        return any(item.metadata["section"] in aims for item in self.told_fields())

    def _frames(self, name: str) -> tuple[int, int] | None:
        """Return the first frame of a window and the frame behind its last."""
        window = parse_window(getattr(self, name))
        if window is None:
            return None
        # Half a frame, so that 0.29 s is 29 frames of 0.01 s.
        first, stop = (int(seconds / self.dt + 0.5) for seconds in window)
        if not first < stop <= self.n_frames:
            raise MaxstimError(
                f"The window from {window[0]:g} to {window[1]:g} s ({name}) does not hold a frame of a "
                f"stimulus of {self.n_frames * self.dt:g} s, or ends behind it."
            )
        return first, stop


def grown_terms(
    config: GenerateConfig, target: Array | None, watched: Sequence[Watched] | None
) -> Terms:
    """Return the terms of a generated stimulus by the settings that are their weights.

    Args:
        config: The settings.
        target: There is none.
        watched: For each network, the cells that are watched: the one that is asked for, those that
            the objective names, and, where they are kept quiet, all others.
    """
    networks = watched or [Watched.plain(1 + len(config.goal.others))]
    found = {"weight_central": across(config, [_objective(config, each) for each in networks])}
    if "weight_mei" not in config.without_effect(asdict(config)):
        found["weight_mei"] = GreyPenalty("mean")
    if config.weight_quiet:
        found["weight_quiet"] = across(config, [Quiet(each) for each in networks])
    if config.weight_slow:
        found["weight_slow"] = SlowInTime()
    if config.weight_smooth:
        found["weight_smooth"] = SmoothInSpace()
    return found


def across(config: GenerateConfig, terms: list[Term]) -> Term:
    """Return a term of each network as one term."""
    return terms[0] if len(terms) == 1 else AcrossNetworks(tuple(terms), config.across)


def _objective(config: GenerateConfig, watched: Watched) -> Term:
    goal, counted = config.goal, config.counted
    own = watched.named
    if goal.kind == FLYVIS:
        return Excite(config.last_only)
    if goal.kind == "level":
        return ReachLevel(own, counted, goal.level)
    if goal.kind == "contrast":
        return Contrast(own, counted, config.temperature)
    return Suppress(own, counted) if goal.kind == "suppress" else Drive(own, counted)
