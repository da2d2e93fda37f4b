"""What a person may set for a fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from maxstim_core.errors import MaxstimError
from maxstim_core.settings import Config, setting
from maxstim_core.tuning.facts import KNOWN_POLARITY


@dataclass(frozen=True)
class FitConfig(Config):
    """How a network is fitted.

    Raises:
        MaxstimError: if a value is of the wrong type or out of its bounds.
    """

    method: ClassVar[str] = "fit"

    n_iters: int = setting(
        300,
        "Number of gradient steps.",
        label="Steps",
        bounds=(1, 100_000),
        soft=(100, 2_000),
        step=10,
        flag="iterations",
    )
    random_seed: int = setting(
        0,
        "Seed of the stimuli and of the starting point.",
        label="Seed",
        bounds=(0, 2**31 - 1),
        soft=(0, 20),
        step=1,
        flag="seed",
    )
    extent: int = setting(
        10,
        "Rings of the eye that the network is fitted on in the end. On fewer, cells near the border "
        "learn to lean on it, and the network does not keep its tuning on the published eye.",
        label="Extent",
        unit="rings",
        bounds=(5, 15),
        step=1,
    )
    n_scenes: int = setting(
        12, "Moving scenes in every step.", label="Scenes", bounds=(0, 64), soft=(0, 24), step=1
    )
    scatter: float = setting(
        0.0,
        "Standard deviation of the log strengths around the prior at the start.",
        label="Scatter",
        bounds=(0.0, 2.0),
        soft=(0.0, 0.5),
        step=0.05,
    )
    hold_out: str = setting(
        "",
        "Cell types, separated by commas, of whose tuning the fit is told nothing.",
        label="Held out",
    )
    flow_steps: int = setting(
        0,
        "Number of steps of a second stage, in which a small decoder learns to tell the optic flow of "
        "made scenes from the network, and the network to let it.",
        label="Flow steps",
        bounds=(0, 100_000),
        soft=(0, 2_000),
        step=10,
        later=True,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        unknown = [name for name in self.held_out if name not in KNOWN_POLARITY]
        if unknown:
            raise MaxstimError(
                f"There is nothing known of {unknown[0]!r} that a fit could leave out; choose from "
                f"{', '.join(KNOWN_POLARITY)}."
            )

    @property
    def held_out(self) -> tuple[str, ...]:
        """Names of the cell types that `hold_out` lists."""
        return tuple(name.strip() for name in self.hold_out.split(",") if name.strip())
