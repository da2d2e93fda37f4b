"""The static figure of a result: ten frames in a row, stimulus above and response below.

It follows flyvis's strip (docs/numerics.md#the-strip) but for two things: the frame of the peak is
always among those shown, and the two rows show the same frames.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from io import BytesIO

import numpy as np
import xarray as xr
from PIL import Image, ImageDraw

from maxstim_core.conventions import checked_dt
from maxstim_core.drawing.canvas import DARK, LIGHT, Canvas, Inks
from maxstim_core.drawing.colors import N_COLORS, blue_red, grey, symmetric_limit
from maxstim_core.drawing.peak import extreme_frame, time_from_peak
from maxstim_core.drawing.picture import Picture
from maxstim_core.errors import MaxstimError, shown
from maxstim_core.lattice import DEGREES_PER_COLUMN, MAX_EXTENT, ring_distance
from maxstim_core.settings import checked_number, checked_truth, checked_whole

SPAN = 0.2
"""Seconds between the first and the last frame shown, roughly, as in flyvis."""

_SMOOTHING = 4
"""Hexagons are painted this many times larger and then shrunk, for smooth edges."""

FILL = 0.96
"""Side of a drawn hexagon relative to its cell."""

_SIDE = 4.6
"""Side of a hexagon in points, where six or fewer rings are shown; smaller where more are."""

SHOWN_RINGS = 6
"""Rings around the central column that a strip shows."""

NOTE_HEIGHT = 15
"""Points from one line of the notes to the next."""

_SCALES, _PANELS, _LIMITS = (0.25, 20), (1, 100), (1e-9, 1e9)
"""Least and greatest pixels per point, frames, and voltage at the end of the color scale."""

Colors = Callable[[np.ndarray], np.ndarray]
"""From values (...) to colours, uint8, shape (..., 3)."""


def shown_frames(n_frames: int, peak: int, dt: float, n_panels: int = 10) -> np.ndarray:
    """Return the frames of the strip: evenly spaced, ending at the peak where that is possible.

    A peak too early to have so many frames before it stays among them.

    Args:
        n_frames: Frames of the movie.
        peak: Frame of the peak.
        dt: Seconds per frame.
        n_panels: Most frames to show.
    """
    n_panels = min(n_panels, n_frames)
    # Rounded first: 0.2 / 0.01 / 10 must be 2 whatever the last bit says.
    stride = max(1, int(round(SPAN / dt, 6)) // n_panels)
    stride = min(stride, n_frames // n_panels)
    first = peak - stride * (n_panels - 1)
    if first < 0:
        first = peak % stride
    return first + stride * np.arange(n_panels)


def strip(
    answer: xr.Dataset,
    *,
    dark: bool = False,
    scale: float = 2,
    extent: int = SHOWN_RINGS,
    n_panels: int = 10,
    limit: float | None = None,
    notes: Sequence[str] = (),
) -> Picture:
    """Draw the strip of an answer: ten frames in a row, stimulus above and response below.

    The same answer gives the same bytes.

    Args:
        answer: An answer (schema in `maxstim_core.optimal.result`): ``stimulus`` and ``response`` of
            shape (frame, column).
        dark: Whether to draw for a dark page.
        scale: Pixels per point; 2 is sharp on paper and on fine screens.
        extent: Rings of columns around the central one to show.
        n_panels: Most frames to show.
        limit: Voltage (arbitrary units) at the ends of the color scale; the largest of this answer if
            None. Give two answers the same limit to compare them.
        notes: Lines to write beneath, where the figure must speak for itself; a length on the eye
            then stands beside the first frame.

    Returns:
        A picture that shows itself in a notebook; ``picture.save("t4c.png")`` writes it, and
        ``picture.png`` are its bytes.

    Raises:
        MaxstimError: if it is no answer, or one cut so that no stimulus with its response is left, or
            an argument makes no sense.

    Example:
        >>> import maxstim_core as ms
        >>> network = ms.open_network("prior", extent=5)
        >>> config = ms.GenerateConfig(t_stim=0.05, n_iters=2)
        >>> picture = ms.strip(ms.finish(ms.generate(network, "Mi1", config)))
        >>> picture.save("mi1.png")
        >>> picture.png[1:4]
        b'PNG'
    """
    scale = checked_number(scale, "The scale", _SCALES, unit="pixels per point")
    extent = checked_whole(extent, "The extent of a strip", (0, MAX_EXTENT), unit="rings")
    n_panels = checked_whole(n_panels, "The number of panels (n_panels)", _PANELS)
    dark = checked_truth(dark, "Whether to draw for a dark page (dark)")
    if (
        isinstance(notes, str)
        or not isinstance(notes, Iterable)
        or not all(isinstance(line, str) for line in notes)
    ):
        raise MaxstimError(
            f'The notes must be a list of lines, for example ["seed 0"], not {shown(notes)}.'
        )
    _check_drawable(answer)
    central = answer["central_response"].values
    peak = extreme_frame(central, answer.attrs)
    dt = checked_dt(answer.attrs["dt"])
    frames = shown_frames(len(central), peak, dt, n_panels)
    u, v = answer["u"].values, answer["v"].values
    inside = ring_distance(u, v) <= extent
    if limit is None:
        limit = symmetric_limit(answer["response"].values)
    else:
        limit = checked_number(limit, "The limit of the color scale", _LIMITS, unit="a.u.")
    rows = (
        ("Stimulus", "luminance", grey, (1, 0), answer["stimulus"].values),
        (
            "Response",
            "voltage (a.u.)",
            lambda voltage: blue_red(voltage, limit),
            (limit, -limit),
            answer["response"].values,
        ),
    )
    page = _Page(u[inside], v[inside], len(frames), scale, DARK if dark else LIGHT, len(notes))
    page.title(*_titles(answer))
    for row, (name, unit, colors, (high, low), values) in enumerate(rows):
        page.label(row, name, unit)
        ends = [_number(level) for level in np.linspace(high, low, 3)]
        page.bar(row, colors(np.linspace(high, low, N_COLORS)), ends)
        for panel, frame in enumerate(frames):
            page.hexagons(row, panel, values[frame, inside], colors)
    page.times(time_from_peak(len(central), peak, dt)[frames])
    if notes:
        page.length_on_the_eye()
        page.notes(notes)
    return Picture(page.png(), scale)


def _check_drawable(dataset: object) -> None:
    """Make sure that a dataset holds a stimulus with its response.

    Raises:
        MaxstimError: if something is missing, or of other dimensions or kind than in a result.
    """
    if not isinstance(dataset, xr.Dataset):
        raise MaxstimError(
            "A strip is drawn of an answer, such as finish(generate(…)) or load(path) returns, not of "
            f"{shown(dataset)}."
        )
    needed = {
        "stimulus": ("frame", "column"),
        "response": ("frame", "column"),
        "central_response": ("frame",),
        "u": ("column",),
        "v": ("column",),
    }
    missing = [name for name in needed if name not in dataset]
    if "dt" not in dataset.attrs:
        missing.append("dt")
    if missing:
        raise MaxstimError(f"A strip needs the {missing[0]!r} of a result; run it again.")
    for name, dims in needed.items():
        if dataset[name].dims != dims or not dataset[name].size:
            raise MaxstimError(
                f"A strip needs {name!r} with the dimensions {dims}, not {dataset[name].dims} of "
                f"length {dataset[name].shape}; draw it of the whole result."
            )
        if dataset[name].dtype.kind not in "fiu":
            raise MaxstimError(
                f"A strip needs {name!r} in numbers, not {dataset[name].dtype}; draw it of the whole "
                "result."
            )


def bar_columns(rings: int) -> int:
    """Return how many columns long the length on the eye is, where so many rings are shown."""
    return max(1, round(rings / 3))


def degrees(columns: int) -> str:
    """Return the angle that so many columns span on the eye."""
    return f"{columns * DEGREES_PER_COLUMN:.0f}°"


def _titles(dataset: xr.Dataset) -> tuple[str, str]:
    """Return the cell type and what was shown to it."""
    method = str(dataset.attrs.get("method", "")).capitalize()
    return str(dataset.attrs.get("cell_type", "")), f"{method} stimulus" if method else ""


def _number(value: float) -> str:
    return f"{value:.3g}".replace("-", "−")


class _Page(Canvas):
    """Places panels, and paints hexagons large and text at its final size."""

    def __init__(
        self,
        u: np.ndarray,
        v: np.ndarray,
        n_panels: int,
        scale: float,
        inks: Inks,
        n_notes: int,
    ) -> None:
        self.x, self.y = 1.5 * v, -np.sqrt(3) * (u + v / 2)
        rings = int(ring_distance(u, v).max(initial=0))
        side = _SIDE * min(1.0, 20 / (3 * rings + 2))
        self.rings = rings
        self.panel = np.array([3 * rings + 2, np.sqrt(3) * (2 * rings + 1)]) * side
        self.side = side
        self.left, self.top, self.gap = 88.0, 52.0, np.array([9.0, 12.0])
        width = self.left + n_panels * (self.panel[0] + self.gap[0]) + 78
        self.foot = self.top + 2 * (self.panel[1] + self.gap[1]) + 42
        below = NOTE_HEIGHT * n_notes + 12 if n_notes else 0
        super().__init__(width, self.foot + below, scale, inks)
        self.n_panels = n_panels

    def corner(self, row: int, panel: int) -> np.ndarray:
        """Return the upper left corner of a panel in points."""
        return np.array([self.left, self.top]) + np.array([panel, row]) * (self.panel + self.gap)

    def hexagons(self, row: int, panel: int, values: np.ndarray, colors: Colors) -> None:
        """Paint one frame; columns without a value are faint outlines."""
        zoom = self.scale * _SMOOTHING
        width, height = (int(n) for n in np.ceil(self.panel * self.scale))
        tile = Image.new("RGB", (width * _SMOOTHING, height * _SMOOTHING), self.inks.paper)
        draw = ImageDraw.Draw(tile)
        angle = np.arange(6) * np.pi / 3
        shape = np.stack([np.cos(angle), np.sin(angle)], axis=-1) * self.side * zoom
        centers = (np.stack([self.x, -self.y], axis=-1) * self.side + self.panel / 2) * zoom
        finite = np.isfinite(values)
        for center, known in zip(centers, finite, strict=True):
            if known:
                draw.polygon(_points(center + 1.05 * shape), fill=self.inks.ground)
            else:
                line = max(1, round(0.5 * zoom))
                draw.polygon(_points(center + FILL * shape), outline=self.inks.ground, width=line)
        painted = colors(values[finite])
        for center, color in zip(centers[finite], painted, strict=True):
            draw.polygon(_points(center + FILL * shape), fill=tuple(int(c) for c in color))
        tile = tile.resize((width, height), Image.Resampling.LANCZOS)
        left, top = (round(float(n)) for n in self.corner(row, panel) * self.scale)
        self.image.paste(tile, (left, top))

    def title(self, name: str, detail: str) -> None:
        """Write the title of the figure."""
        self.text((14, 24), name, 19, self.inks.ink, "lm")
        offset = self.font(19).getlength(name) / self.scale + 14 + (10 if name else 0)
        self.text((offset, 25.5), detail, 13, self.inks.quiet, "lm")

    def label(self, row: int, name: str, unit: str) -> None:
        """Write what a row shows, to its left."""
        x, y = 14, self.corner(row, 0)[1] + self.panel[1] / 2
        self.text((x, y - 8), name, 13, self.inks.ink, "lm")
        self.text((x, y + 9), unit, 10.5, self.inks.quiet, "lm")

    def times(self, times: np.ndarray) -> None:
        """Write the time of each panel beneath it, and what they are."""
        y = self.corner(2, 0)[1] + 4
        whole = np.allclose(times, np.round(times))
        for panel, time in enumerate(times):
            x = self.corner(0, panel)[0] + self.panel[0] / 2
            at_peak = abs(time) < 1e-9
            text = f"{time:.0f}" if whole or at_peak else f"{time:.1f}"
            ink = self.inks.ink if at_peak else self.inks.quiet
            self.text((x, y), text.replace("-", "−"), 11.5, ink, "mm")
        middle = (self.corner(0, 0)[0] + self.corner(0, self.n_panels)[0] - self.gap[0]) / 2
        self.text((middle, y + 19), "time from the peak of the response (ms)", 11.5,
                  self.inks.quiet, "mm")  # fmt: skip

    def bar(self, row: int, colors: np.ndarray, ends: list[str]) -> None:
        """Draw the colour bar of a row, `colors` from top to bottom."""
        x, y = self.corner(row, self.n_panels) + np.array([4, 0.1 * self.panel[1]])
        height = 0.8 * self.panel[1]
        ramp = Image.fromarray(colors[:, None].astype(np.uint8))
        size = (round(8 * self.scale), round(height * self.scale))
        ramp = ramp.resize(size, Image.Resampling.BILINEAR)
        left, top = round(x * self.scale), round(y * self.scale)
        frame = [left - 1, top - 1, left + size[0], top + size[1]]
        self.draw.rectangle(frame, outline=self.inks.ground)
        self.image.paste(ramp, (left, top))
        for k, text in enumerate(ends):
            place = (x + 13, y + height * k / (len(ends) - 1))
            self.text(place, text, 10.5, self.inks.quiet, "lm")

    def length_on_the_eye(self) -> None:
        """Draw a length in the corner that the first hexagon leaves free, as the player does."""
        columns = bar_columns(self.rings)
        x, y = self.corner(0, 0) + np.array([0, self.panel[1] - 13])
        end = x + columns * np.sqrt(3) * self.side
        self.line([(x, y), (end, y)], self.inks.quiet, 1.5)
        self.text((x, y + 8), degrees(columns), 9.5, self.inks.quiet, "lm")

    def notes(self, lines: Sequence[str]) -> None:
        """Write lines at the foot of the figure."""
        for k, line in enumerate(lines):
            self.text((14, self.foot + 8 + NOTE_HEIGHT * k), line, 10.5, self.inks.quiet, "lm")

    def png(self) -> bytes:
        """Return the page as a PNG file."""
        stream = BytesIO()
        self.image.save(stream, "PNG", optimize=True, dpi=(72 * self.scale, 72 * self.scale))
        return stream.getvalue()


def _points(outline: np.ndarray) -> list[tuple[float, float]]:
    return [tuple(point) for point in outline.tolist()]
