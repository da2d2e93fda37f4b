"""The film of a result for a slide: stimulus and response side by side above the central trace."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import xarray as xr
from PIL import Image, ImageColor, ImageDraw

from maxstim_core.drawing.canvas import DARK, LIGHT, Canvas, Inks
from maxstim_core.drawing.colors import blue_red, diverging, grey
from maxstim_core.drawing.peak import extreme_frame, time_from_peak
from maxstim_core.drawing.strip import bar_columns, degrees
from maxstim_core.lattice import ring_distance
from maxstim_core.optimal.configs import METHODS

SLOWER = 6
"""How many times slower than in life the film plays, as the player does at first."""

MOST_FILM_FRAMES = 120
"""Frames of a film, roughly; of a longer result, every second is shown, or fewer."""

SHORTEST = 0.03
"""Seconds that a frame of the film lasts at least: some programs show shorter ones slowly."""

_SMOOTHING = 2
"""Hexagons are painted this many times larger and then shrunk, for smooth edges."""

TOUCHING = 1.1
"""Side of a drawn hexagon relative to its cell: gaps would be finer than a pixel."""

SCALE = 2
"""Pixels per point."""

WIDTH, EYE, EYE_TOP = 480, 206, 62
"""Width of the film and of each eye, and the top of the eyes, in points."""

TRACE = 52
"""Height of the central trace in points."""


def film_frames(n_frames: int, peak: int, dt: float) -> np.ndarray:
    """Return the frames of the film, evenly spaced, the peak among them.

    Args:
        n_frames: Frames of the result.
        peak: Frame of the peak.
        dt: Seconds per frame of the result.
    """
    wanted = max(SHORTEST / (SLOWER * dt), n_frames / MOST_FILM_FRAMES)
    stride = max(1, int(np.ceil(round(wanted, 6))))
    return np.arange(peak % stride, n_frames, stride)


def film_gif(
    answer: xr.Dataset, *, limit: float, dark: bool = False, notes: tuple[str, ...] = ()
) -> bytes:
    """Return the film of a result as a GIF that plays for ever.

    Args:
        answer: A result (schema in `maxstim_core.optimal.result`).
        limit: Voltage at the ends of the colour scale.
        dark: Whether to draw for a dark page.
        notes: Lines to write beneath.
    """
    page = _Page(answer, limit, DARK if dark else LIGHT, notes)
    dt = float(answer.attrs["dt"])
    frames = film_frames(answer.sizes["frame"], page.peak, dt)
    palette = _palette(page.inks, page.color)
    pictures = [
        page.picture(frame).quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames
    ]
    stride = int(frames[1] - frames[0]) if len(frames) > 1 else 1
    stream = BytesIO()
    pictures[0].save(
        stream,
        "GIF",
        save_all=True,
        append_images=pictures[1:],
        # A GIF counts in hundredths of a second.
        duration=max(20, 10 * round(100 * stride * dt * SLOWER)),
        loop=0,
    )
    return stream.getvalue()


class _Page(Canvas):
    """Draws once what stays, and for each frame what moves."""

    def __init__(
        self, answer: xr.Dataset, limit: float, inks: Inks, notes: tuple[str, ...]
    ) -> None:
        u, v = answer["u"].values, answer["v"].values
        rings = int(ring_distance(u, v).max(initial=0))
        self.side = EYE / (3 * rings + 2)
        self.eye_height = np.sqrt(3) * (2 * rings + 1) * self.side
        self.trace_top = EYE_TOP + self.eye_height + 18
        foot = self.trace_top + TRACE + 16
        super().__init__(WIDTH, foot + 13 * len(notes) + 6, SCALE, inks)
        self.answer, self.limit = answer, limit
        method = METHODS.get(str(answer.attrs.get("method")))
        self.color = inks.ink if method is None else method.color
        self.central = answer["central_response"].values
        self.dt = float(answer.attrs["dt"])
        self.peak = extreme_frame(self.central, answer.attrs)
        self.times = time_from_peak(len(self.central), self.peak, self.dt)
        self.columns = self._painted_columns(u, v)
        known = Image.fromarray(np.where(self.columns > 0, 255, 0).astype(np.uint8))
        # The corners beside an eye stay free: a length on the eye stands in one.
        self.covered = known.reduce(_SMOOTHING).point(lambda share: 255 if share else 0)
        self._still(bar_columns(rings))
        for k, note in enumerate(notes):
            self.text((14, foot + 13 * k), note, 8, inks.quiet, "lm")

    def picture(self, frame: int) -> Image.Image:
        """Return one frame of the film."""
        page = Canvas(1, 1, self.scale, self.inks)
        page.image = self.image.copy()
        page.draw = ImageDraw.Draw(page.image)
        voltage = self.answer["response"].values[frame]
        response = blue_red(np.nan_to_num(voltage), self.limit)
        response[~np.isfinite(voltage)] = ImageColor.getrgb(self.inks.ground)
        for k, colors in enumerate((grey(self.answer["stimulus"].values[frame]), response)):
            page.image.paste(self._eye(colors), self._eye_corner(k), self.covered)
        x, y = self._trace_point(frame)
        page.line([(x, self.trace_top), (x, self.trace_top + TRACE)], self.inks.quiet, 0.75)
        dot = [(x - 2.5) * SCALE, (y - 2.5) * SCALE, (x + 2.5) * SCALE, (y + 2.5) * SCALE]
        page.draw.ellipse(dot, fill=self.inks.ink)
        digits = 0 if np.allclose(self.times, np.round(self.times)) else 1
        when = f"{self.times[frame]:.{digits}f} ms".replace("-", "−")
        page.text((WIDTH - 78, 22), when, 12, self.inks.ink, "lm")
        return page.image

    def _still(self, columns: int) -> None:
        about, inks = self.answer.attrs, self.inks
        name = str(about.get("cell_type", ""))
        self.text((14, 22), name, 16, inks.ink, "lm")
        after = 20 + self.font(16).getlength(name) / self.scale
        self.text((after, 23), str(about.get("method", "")), 12, inks.quiet, "lm")
        speed = f"{SLOWER} times slower"
        self.text((WIDTH - 160, 23), speed, 9.5, inks.quiet, "lm")
        scale = f"voltage, blue to red ±{self.limit:.3g} a.u."
        for k, (title, unit) in enumerate((("Stimulus", "luminance"), ("Response", scale))):
            x = self._eye_left(k)
            self.text((x, EYE_TOP - 14), title, 11, inks.ink, "lm")
            after = x + 6 + self.font(11).getlength(title) / self.scale
            self.text((after, EYE_TOP - 13.5), unit, 8.5, inks.quiet, "lm")
        bottom = EYE_TOP + self.eye_height
        length = columns * np.sqrt(3) * self.side
        self.line([(14, bottom - 13), (14 + length, bottom - 13)], inks.quiet, 1.5)
        self.text((14, bottom - 5), degrees(columns), 8.5, inks.quiet, "lm")
        zero = self._trace_point(self.peak)[0]
        self.line([(zero, self.trace_top), (zero, self.trace_top + TRACE)], inks.ground, 0.75)
        points = [self._trace_point(k) for k in range(len(self.central))]
        self.line([p for p in points if np.isfinite(p[1])], self.color, 1.5)

    def _trace_point(self, frame: int) -> tuple[float, float]:
        low, high = np.nanmin(self.central), np.nanmax(self.central)
        x = 16 + (WIDTH - 32) * frame / max(len(self.central) - 1, 1)
        share = (high - self.central[frame]) / ((high - low) or 1)
        return x, float(self.trace_top + 4 + (TRACE - 8) * share)

    def _eye_left(self, k: int) -> float:
        return 14 if k == 0 else WIDTH - 14 - EYE

    def _eye_corner(self, k: int) -> tuple[int, int]:
        return round(self._eye_left(k) * SCALE), round(EYE_TOP * SCALE)

    def _painted_columns(self, u: np.ndarray, v: np.ndarray) -> np.ndarray:
        """Return which column each fine pixel of an eye shows, plus one; 0 between them."""
        zoom = SCALE * _SMOOTHING
        height, width = (int(np.ceil(n * SCALE)) * _SMOOTHING for n in (self.eye_height, EYE))
        image = Image.new("I", (width, height), 0)
        draw = ImageDraw.Draw(image)
        angle = np.arange(6) * np.pi / 3
        shape = TOUCHING * self.side * zoom * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
        middle = np.array([EYE, self.eye_height]) / 2 * zoom
        centers = np.stack([1.5 * v, np.sqrt(3) * (u + v / 2)], axis=-1) * self.side * zoom + middle
        for column, center in enumerate(centers, 1):
            draw.polygon([tuple(point) for point in (center + shape).tolist()], fill=column)
        return np.asarray(image).astype(np.intp)

    def _eye(self, colors: np.ndarray) -> Image.Image:
        """Return an eye whose columns have these colours, uint8, shape (column, 3)."""
        table = np.zeros((len(colors) + 1, 4), np.uint8)
        table[0, :3] = ImageColor.getrgb(self.inks.ground)
        table[1:, :3] = colors
        # One number for each colour, of which numpy takes many times more in a second.
        packed = np.take(table.view(np.uint32)[:, 0], self.columns, mode="clip")
        fine = packed.view(np.uint8).reshape(*packed.shape, 4)
        return Image.fromarray(fine[..., :3]).reduce(_SMOOTHING)


def _palette(inks: Inks, color: str) -> Image.Image:
    """Return the 256 colours of the film: greys, the scale of voltage, and inks."""
    # Pillow finds the nearest colour to the next multiple of 4 below: greys are no closer than that,
    # and there is room about white and about the grey that stimuli are pulled to.
    levels = [*range(0, 117, 4), 128, *range(134, 247, 4), 255]
    greys = np.repeat(np.array(levels, float)[:, None], 3, axis=1)
    paper, ground, ink, quiet, line = (
        np.array(ImageColor.getrgb(name), float)
        for name in (inks.paper, inks.ground, inks.ink, inks.quiet, color)
    )
    # The edges of text take greys: blends of its inks would be taken for luminance.
    blends = paper + np.linspace(0.25, 1, 4)[:, None] * (line - paper)
    table = np.concatenate([[paper, ground, ink, quiet], blends, greys, diverging()[::2]])
    image = Image.new("P", (1, 1))
    image.putpalette(table.round().astype(np.uint8).tobytes())
    return image
