"""An answer as files: figure, film and NetCDF, each in memory."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path

import xarray as xr

from maxstim_core.drawing.colors import response_limit
from maxstim_core.drawing.strip import SHOWN_RINGS, strip
from maxstim_core.export.captions import figure_notes
from maxstim_core.export.film import film_gif
from maxstim_core.optimal.result import lattice_of
from maxstim_core.storage.netcdf import save


def figure(answer: xr.Dataset, compared: Iterable[xr.Dataset], *, dark: bool = False) -> BytesIO:
    """Return the strip of an answer as a PNG that says by itself what it shows.

    Args:
        answer: The answer.
        compared: All answers that share its colour scale on the page, itself among them.
        dark: Whether to draw for a dark page.
    """
    rings = lattice_of(answer).extent
    shown = (
        f"central {SHOWN_RINGS} of {rings} rings" if rings > SHOWN_RINGS else f"all {rings} rings"
    )
    notes = figure_notes(answer)
    notes = (*notes[:-1], f"{notes[-1]} · {shown}")
    return BytesIO(strip(answer, dark=dark, limit=_limit(compared), notes=notes).png)


def film(answer: xr.Dataset, compared: Iterable[xr.Dataset], *, dark: bool = False) -> BytesIO:
    """Return the stimulus and the response of an answer as a GIF; arguments as of `figure`."""
    notes = figure_notes(answer)
    return BytesIO(film_gif(answer, dark=dark, limit=_limit(compared), notes=notes))


def netcdf(answer: xr.Dataset) -> BytesIO:
    """Return an answer as the NetCDF file that the command line writes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "answer.nc"
        save(answer, path)
        return BytesIO(path.read_bytes())


def _limit(answers: Iterable[xr.Dataset]) -> float:
    return max(response_limit(one["response"].values, lattice_of(one)) for one in answers)
