"""A picture for a notebook: it shows itself, and can be saved."""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass, field

import xarray as xr

from maxstim_core.errors import MaxstimError
from maxstim_core.export.strip import SHOWN_RINGS, strip_png
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


def strip(
    answer: xr.Dataset,
    *,
    dark: bool = False,
    scale: float = 2,
    extent: int = SHOWN_RINGS,
    n_panels: int = 10,
    limit: float | None = None,
    notes: tuple[str, ...] = (),
) -> Picture:
    """Draw the strip of an answer: ten frames in a row, stimulus above and response below.

    Args:
        answer: An answer (schema in `maxstim_core.optimal.result`): ``stimulus`` and ``response`` of
            shape (frame, column).
        dark: Whether to draw for a dark page.
        scale: Pixels per point; 2 is sharp on paper and on fine screens.
        extent: Rings of columns around the central one to show.
        n_panels: Most frames to show.
        limit: Voltage (arbitrary units) at the ends of the color scale; the largest of this answer if
            None. Give two answers the same limit to compare them.
        notes: Lines to write beneath, where the figure must speak for itself.

    Returns:
        A picture that shows itself in a notebook; ``picture.save("t4c.png")`` writes it, and
        ``picture.png`` are its bytes.

    Raises:
        MaxstimError: if it is no answer, or one cut so that no stimulus with its response is left.

    Example:
        >>> import maxstim_core as ms
        >>> network = ms.open_network("prior", extent=5)
        >>> config = ms.GenerateConfig(t_stim=0.05, n_iters=2)
        >>> picture = ms.strip(ms.finish(ms.generate(network, "Mi1", config)))
        >>> picture.save("mi1.png")
        >>> picture.png[1:4]
        b'PNG'
    """
    if not isinstance(answer, xr.Dataset):
        raise MaxstimError(
            "A strip is drawn of an answer, such as finish(generate(…)) or load(path) returns, not of "
            f"{type(answer).__name__} {answer!r:.60}."
        )
    png = strip_png(
        answer,
        dark=dark,
        scale=scale,
        extent=extent,
        n_panels=n_panels,
        limit=limit,
        notes=notes,
    )
    return Picture(png, scale)
