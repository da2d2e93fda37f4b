"""What a reader made of a movie's file, as what a person can check."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from maxstim_core.conventions import GREY
from maxstim_core.stimuli.files.orientation import UPRIGHT, Orientation
from maxstim_core.stimuli.files.square_pixels import SQUARE


@dataclass(frozen=True)
class MovieFacts:
    """What a file says of its pictures, and what became of it.

    Attributes:
        source_size: Width and height as stored, in pixels; None for what the eye sees already.
        pixel_aspect: Width of a stored pixel over its height.
        orientation: How pictures were turned and mirrored.
        range: Of a film's luminance: ``limited`` (16 to 235 of 255) or ``full``; None for arrays.
        fps: Frames per second, or None where nothing tells.
        fps_from: What told them.
        frames: How many there are.
        ground: Luminance behind what is transparent.
        left_out: What of the file was not used, one sentence each.
        white: The number of white, of images whose numbers are as they were counted; None of others.
    """

    source_size: tuple[int, int] | None = None
    pixel_aspect: Fraction = SQUARE
    orientation: Orientation = UPRIGHT
    range: str | None = None
    fps: float | None = None
    fps_from: str | None = None
    frames: int = 0
    ground: float = GREY
    left_out: tuple[str, ...] = ()
    white: int | None = None

    def as_json(self) -> dict[str, Any]:
        """Return what can be written as JSON; ``rotation`` is in degrees clockwise, after ``mirror``."""
        return {
            "source_size": None if self.source_size is None else list(self.source_size),
            "pixel_aspect": float(self.pixel_aspect),
            "rotation": self.orientation.rotation,
            "mirror": self.orientation.mirror,
            "range": self.range,
            "fps": self.fps,
            "fps_from": self.fps_from,
            "frames": self.frames,
            "ground": self.ground,
            "left_out": list(self.left_out),
        }


def notes(facts: Mapping[str, Any]) -> list[str]:
    """Return what a person should know of an import beside its frames, one sentence each.

    Args:
        facts: What `MovieFacts.as_json` returns.
    """
    told = []
    if facts["rotation"] or facts["mirror"]:
        mirrored = "mirrored left to right" if facts["mirror"] else ""
        turned = f"turned by {facts['rotation']} degrees clockwise" if facts["rotation"] else ""
        ways = " and ".join(way for way in (mirrored, turned) if way)
        told.append(f"Pictures are {ways}, as the file says.")
    if facts["pixel_aspect"] != 1:
        told.append(
            f"Pixels that are {facts['pixel_aspect']:.4g} times as wide as high were made square."
        )
    if facts["range"] is not None and facts["fps_from"] == "shortest pictures":
        told.append(
            f"Pictures last differently long; they are repeated, at {facts['fps']:.4g} frames/s."
        )
    if facts["left_out"]:
        told.append(f"Left out: {'; '.join(facts['left_out'])}.")
    return told
