"""A picture for a notebook: it shows itself, and can be saved."""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass, field

from maxstim_core.storage.atomic import write_whole


@dataclass(frozen=True)
class Picture:
    """A PNG that shows itself in a notebook.

    Attributes:
        png: The file.
        scale: Pixels per point.
    """

    png: bytes = field(repr=False)
    scale: float = 2

    @property
    def width(self) -> int:
        """Width in points, at which it is shown."""
        return round(self._pixels[0] / self.scale)

    @property
    def height(self) -> int:
        """Height in points, at which it is shown."""
        return round(self._pixels[1] / self.scale)

    def save(self, path: str | os.PathLike) -> None:
        """Write the PNG, whole or not at all.

        Raises:
            MaxstimError: if the file cannot be written there.
        """
        write_whole(path, "picture", self.png)

    @property
    def _pixels(self) -> tuple[int, int]:
        width, height = struct.unpack(">II", self.png[16:24])  # of every PNG's first chunk
        return width, height

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        return self.png, {"width": self.width, "height": self.height}
