"""Controls and the curve of an answer, as the browser is told."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import xarray as xr

from dashboard.components.hexplayer.component import pack
from maxstim_core.comparison.headline import FULL, NATURAL
from maxstim_core.comparison.report import report_of
from maxstim_core.comparison.textbook import FAMILIES
from maxstim_core.drawing.peak import telling_frame
from maxstim_core.optimal.result import lattice_of

_TWICE = (*FAMILIES, NATURAL)
"""Families of controls that are shown twice; of these, the picture is at full contrast."""


def packed_controls(found: xr.Dataset) -> bytes:
    """Return controls as one block for the browser.

    In the header ``rows`` is the table, as in `report_of`; ``shown`` says of each movie its name and its
    row, the answer first; ``stills`` which of its frames to show.

    Args:
        found: Result of `maxstim_core.controls`.
    """
    report, lattice, dt = report_of(found), lattice_of(found), float(found.attrs["dt"])
    rows = report["controls"]
    kept = [k for k, row in enumerate(rows) if (row["shown"] == FULL) == (row["family"] in _TWICE)]
    movies = found["control_stimulus"].values[kept]
    last = movies.shape[1] - 1
    columns = found["smallest_columns"].values.any(0)
    of_all = {"pixels": movies[0].size, "columns": len(columns), "frames": movies.shape[1]}
    header = {
        "n": len(kept),
        "dt": dt,
        "cell_type": report["cell_type"],
        "rows": rows,
        "shown": [{"name": rows[k]["name"], "row": k} for k in kept],
        "stills": [telling_frame(movie, lattice, last, dt) for movie in movies],
        "contrast": _points(report["contrast_response"], "contrast"),
        "shift": _points(report["shift_response"], "ring"),
        # Where nothing but the whole keeps enough, no part matters more than the rest.
        "smallest": [
            {"part": part, **about}
            for part, about in report["smallest"].items()
            if about["size"] < of_all[part]
        ],
        "nothing": report["next_to_nothing"],
        "transfer": report["transfer"],
    }
    arrays = {
        "u": found["u"].values.astype("<f4"),
        "v": found["v"].values.astype("<f4"),
        "stimulus": _levels(movies),
        "kept": columns.astype(np.uint8),
    }
    return pack(header, arrays)


def packed_curve(found: xr.Dataset) -> bytes:
    """Return a curve as one block for the browser: all movies, and the central response to each.

    Args:
        found: Result of `maxstim_core.curve`.
    """
    header = {
        "n": found.sizes["energy"],
        "dt": float(found.attrs["dt"]),
        "cell_type": str(found.attrs["cell_type"]),
        "objective": json.loads(found.attrs["config"]).get("objective", "drive"),
        "energies": found["energy"].values.astype(float).tolist(),
        "responses": found["counted_response"].values.astype(float).tolist(),
    }
    arrays = {
        "u": found["u"].values.astype("<f4"),
        "v": found["v"].values.astype("<f4"),
        "stimulus": _levels(found["stimulus"].values),
        "central": found["central_response"].values.astype("<f4"),
    }
    return pack(header, arrays)


def _points(told: dict[str, Any], dim: str) -> dict[str, list]:
    return {"x": told[dim], "y": told["response"]}


def _levels(movies: np.ndarray) -> np.ndarray:
    """Return luminance as bytes: 255 is white."""
    return np.rint(255 * np.clip(movies, 0, 1)).astype(np.uint8)
