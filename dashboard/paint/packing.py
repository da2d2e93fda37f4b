"""What the browser is told of a painting, each as one block."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dashboard.components.hexplayer.component import pack
from maxstim_core.drawing.colors import response_limit
from maxstim_core.lattice import Lattice
from maxstim_core.optimal.painted import WatchedPainting
from maxstim_core.stimuli.painting import GREY_LEVEL, WHITE_LEVEL, Painting

if TYPE_CHECKING:
    from dashboard.paint.watching import RivalAnswer


_USUAL_RMS = 0.56
"""For networks of which no RMS is known: the median over the cell types of the default network."""


def packed_painting(painting: Painting, about: dict[str, Any]) -> bytes:
    """Return a painting as one block for the browser.

    Args:
        painting: The painting.
        about: What else is said of it.
    """
    lattice = painting.lattice
    header = {
        "kind": "painting",
        "frames": painting.n_frames,
        "dt": painting.dt,
        "white": WHITE_LEVEL,
        "grey": GREY_LEVEL,
        **about,
    }
    arrays = {
        "u": lattice.u.astype("<f4"),
        "v": lattice.v.astype("<f4"),
        "levels": painting.levels,
    }
    return pack(header, arrays)


def packed_response(
    watched: WatchedPainting, above_grey: np.ndarray, limit: float, about: dict[str, Any]
) -> bytes:
    """Return a response as one block for the browser: a byte for each column and frame.

    Args:
        watched: What the network did.
        above_grey: How far each cell is above what it does in grey, shape (frame, column), NaN where
            there is none.
        limit: Voltage above or below grey at the ends of the color scale.
        about: What else is said of it.
    """
    unit = watched.unit
    levels = np.zeros(above_grey.shape, np.uint8)  # where there is no cell
    finite = np.isfinite(above_grey)
    share = above_grey[finite] / limit
    levels[finite] = np.rint(128 + 127 * np.clip(share, -1, 1)).astype(np.uint8)
    trace = unit.scaled(watched.central)
    header = {
        "kind": "response",
        "above_grey": float(trace.max()),
        "peak": int(trace.argmax()),
        "unit": "a.u." if unit.rms is None else "RMS",
        "limit": limit / (unit.rms or 1.0),
        **about,
    }
    return pack(header, {"response": levels, "trace": trace.astype("<f4")})


def color_limit(above_grey: np.ndarray, rms: float | None, lattice: Lattice) -> float:
    """Return the voltage above or below grey at the ends of the color scale of a response.

    It follows what there is, but does not make much of next to nothing.

    Args:
        above_grey: How far each cell is above what it does in grey, shape (frame, column).
        rms: Unit of the responses of the cell type, None where it is not known.
        lattice: The eye that the columns belong to.
    """
    least = 2 * (rms or _USUAL_RMS)
    return response_limit(np.vstack([above_grey, np.full(above_grey.shape[1], least)]), lattice)


def packed_rival(rival: RivalAnswer | None, about: dict[str, Any]) -> bytes:
    """Return the answer of the optimizer that is to be beaten, or that there is none.

    Args:
        rival: The answer.
        about: What else is said of it.
    """
    if rival is None:
        return pack({"kind": "rival", "there": False, **about}, {})
    header = {
        "kind": "rival",
        "there": True,
        "above_grey": rival.above_grey,
        "energy": rival.energy,
        "dt": rival.dt,
        **about,
    }
    return pack(header, {"trace": rival.trace.astype("<f4")})
