"""Textbook stimuli to begin a painting from, their speeds and sizes in degrees of the fly's eye."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from maxstim_core.conventions import GREY
from maxstim_core.errors import MaxstimError, shown
from maxstim_core.lattice import DEGREES_PER_COLUMN, Lattice
from maxstim_core.settings import checked_number
from maxstim_core.stimuli.painting import Painting
from maxstim_core.stimuli.synthetic.probes import flash, grating, moving_bar, moving_edge, step

START_KINDS = {
    "edge": "Moving edge",
    "bar": "Moving bar",
    "grating": "Grating",
    "flash": "Flash of the whole field",
    "disc": "Disc that is switched on and off",
}
"""Kinds of textbook stimuli, with their titles."""

START_SPEEDS, START_SIZES = (1.0, 1000.0), (DEGREES_PER_COLUMN / 10, 360.0)
"""Least and greatest speed in degrees per second, and size in degrees."""

_BEFORE, _SHOWN = 0.1, 0.5
"""Shares of the time for which a flash or a disc is still grey, and for which a disc then stays."""

_ROUNDING = 1e-9
"""So that a disc of 17.4° has the three columns across that it asks for."""


@dataclass(frozen=True)
class TextbookStart:
    """A textbook stimulus, as a person asks for it.

    Attributes:
        kind: A name of `START_KINDS`.
        direction: Of motion, degrees counter-clockwise from rightward.
        degrees_per_second: Speed over the eye.
        degrees: Size on the eye: the width of a bar, the wavelength of a grating, the diameter of a
            disc; of an edge and a flash it says nothing.
        luminance: Of what moves or appears, 0 black to 1 white; the contrast of a grating follows.

    Raises:
        MaxstimError: if there is no such kind, or a number is out of its bounds.
    """

    kind: str = "edge"
    direction: float = 0.0
    degrees_per_second: float = 110.0
    degrees: float = 30.0
    luminance: float = 1.0

    def __post_init__(self) -> None:
        if not isinstance(self.kind, str) or self.kind not in START_KINDS:
            raise MaxstimError(
                f"There is no textbook stimulus {shown(self.kind)}; choose from "
                f"{', '.join(START_KINDS)}."
            )
        checked = {
            "direction": checked_number(self.direction, "The direction", (-360, 360), unit="°"),
            "degrees_per_second": checked_number(
                self.degrees_per_second, "The speed", START_SPEEDS, unit="°/s"
            ),
            "degrees": checked_number(self.degrees, "The size", START_SIZES, unit="°"),
            "luminance": checked_number(self.luminance, "The brightness", (0, 1)),
        }
        for name, value in checked.items():
            object.__setattr__(self, name, value)

    def painting(self, lattice: Lattice, *, n_frames: int, dt: float) -> Painting:
        """Return it as a painting that begins from grey.

        What moves is at the central column in the middle of the time.

        Args:
            lattice: The eye.
            n_frames: Number of frames.
            dt: Seconds per frame.

        Raises:
            MaxstimError: as of `Painting`.
        """
        n_frames = Painting.grey(lattice, n_frames=n_frames, dt=dt).n_frames
        return Painting.of_luminance(lattice, self._drawn(lattice, n_frames, dt), dt=dt)

    def _drawn(self, lattice: Lattice, n_frames: int, dt: float) -> np.ndarray:
        half_more = (n_frames + 0.5) * dt  # so that no frame is lost to rounding
        speed = self.degrees_per_second / DEGREES_PER_COLUMN
        size = self.degrees / DEGREES_PER_COLUMN
        time = {"dt": dt, "seconds": half_more}
        start = -speed * n_frames * dt / 2
        moves = {**time, "angle": self.direction, "speed": speed, "start": start}
        onset, duration = (round(share * n_frames) * dt for share in (_BEFORE, _SHOWN))
        match self.kind:
            case "edge":
                return moving_edge(lattice, **moves, before=GREY, after=self.luminance)
            case "bar":
                return moving_bar(lattice, **moves, width=size, luminance=self.luminance)
            case "grating":
                return grating(
                    lattice,
                    **time,
                    angle=self.direction,
                    wavelength=size,
                    frequency=speed / size,
                    contrast=abs(self.luminance - GREY) / GREY,
                )
            case "flash":
                after = self.luminance
                return step(lattice, **time, before=GREY, after=after, onset=onset)
        radius = max(0.0, (size - 1) / 2) + _ROUNDING
        return flash(
            lattice,
            dt=dt,
            seconds=half_more,
            radius=radius,
            luminance=self.luminance,
            onset=onset,
            duration=duration,
        )
