"""What every drawn figure is drawn on: a sheet in points, its inks, and text without system fonts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from PIL import Image, ImageDraw, ImageFont

from maxstim_core.errors import MaxstimError


@dataclass(frozen=True)
class Inks:
    """Colours of everything that is not data."""

    paper: str
    ink: str
    quiet: str
    ground: str


LIGHT = Inks(paper="#ffffff", ink="#16201f", quiet="#54615f", ground="#e6ebea")
DARK = Inks(paper="#1a2022", ink="#e8edec", quiet="#9aa7a5", ground="#2b3437")


_MOST_PIXELS = 100_000_000
"""Most pixels of a picture: 300 MB while it is drawn."""


class Canvas:
    """A drawing surface, whose lengths are points.

    Args:
        width: Its width in points.
        height: Its height in points.
        scale: Pixels per point.
        inks: Its colours.

    Raises:
        MaxstimError: if it would have more pixels than can be drawn.
    """

    def __init__(self, width: float, height: float, scale: float, inks: Inks) -> None:
        self.scale, self.inks = scale, inks
        size = (round(width * scale), round(height * scale))
        if size[0] * size[1] > _MOST_PIXELS:
            raise MaxstimError(
                f"The picture would have {size[0]} × {size[1]} pixels; choose a smaller scale or fewer "
                "panels."
            )
        self.image = Image.new("RGB", size, inks.paper)
        self.draw = ImageDraw.Draw(self.image)

    def line(self, points: list[tuple[float, float]], ink: str, width: float) -> None:
        """Draw a line through points."""
        scaled = [(x * self.scale, y * self.scale) for x, y in points]
        self.draw.line(scaled, fill=ink, width=max(1, round(width * self.scale)), joint="curve")

    def font(self, size: float) -> ImageFont.FreeTypeFont:
        """Return the font at a size in points."""
        # Pillow's own font, so that the figure does not depend on the fonts of the machine.
        return cast(ImageFont.FreeTypeFont, ImageFont.load_default(size * self.scale))

    def text(
        self, place: tuple[float, float], text: str, size: float, ink: str, anchor: str
    ) -> None:
        """Write a line of text; `anchor` is Pillow's, ``lm`` or ``mm``.

        Pillow's font has no minus sign: the first is drawn as a bar of the width of a plus, others are
        hyphens.
        """
        font = self.font(size)
        x, y = (coordinate * self.scale for coordinate in place)
        minus = text.startswith("−")
        text = text.removeprefix("−").replace("−", "-")
        room = font.getlength("+") if minus else 0
        if anchor == "mm":
            x -= (font.getlength(text) + room) / 2
        if minus:
            thick = max(1, round(size * self.scale / 14))
            # Centred on the digits, whose middle lies at 0.36 of the size above the baseline.
            self.draw.rectangle(
                [x + 0.1 * room, y - thick / 2, x + 0.82 * room, y + thick / 2 - 1], fill=ink
            )
        self.draw.text((x + room, y), text, font=font, fill=ink, anchor="lm")
