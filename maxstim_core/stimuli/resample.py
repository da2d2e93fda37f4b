"""Clips and optic flow at another frame duration."""

from __future__ import annotations

import math

import numpy as np

from maxstim_core.conventions import checked_dt
from maxstim_core.errors import MaxstimError


def resampled(clip: np.ndarray, dt: float, new_dt: float) -> np.ndarray:
    """Return a clip shown at another frame duration, each frame held.

    As flyvis resamples luminance: docs/numerics.md#resampling.

    Args:
        clip: Shape (frame, …).
        dt: Seconds per frame of the clip.
        new_dt: Seconds per frame wanted.

    Raises:
        MaxstimError: if the clip is no array with frames, or a frame duration is none.

    Example:
        >>> import numpy as np

    from maxstim_core.conventions import checked_dt
    from maxstim_core.errors import MaxstimError
        >>> import maxstim_core as ms
        >>> ms.resampled(np.array([[0.0], [1.0]]), dt=0.02, new_dt=0.01)[:, 0].tolist()
        [0.0, 0.0, 1.0, 1.0]
    """
    dt, new_dt = checked_dt(dt), checked_dt(new_dt, "The frame duration wanted (new_dt)")
    clip = np.asarray(clip)
    if clip.ndim < 1 or not len(clip):
        raise MaxstimError(
            f"The clip must be an array of shape (frame, …) with frames, not of shape {clip.shape}."
        )
    if dt == new_dt:
        return clip
    n_in, n_out = len(clip), _n_frames(len(clip), dt, new_dt)
    return clip[(2 * np.arange(n_out) + 1) * n_in // (2 * n_out)]


def interpolated(flow: np.ndarray, dt: float, new_dt: float) -> np.ndarray:
    """Return optic flow at another frame duration, on straight lines between frames.

    As flyvis resamples flow: docs/numerics.md#resampling.

    Args:
        flow: Shape (frame, …).
        dt: Seconds per frame of the flow.
        new_dt: Seconds per frame wanted.
    """
    if dt == new_dt:
        return flow
    n_out = _n_frames(len(flow), dt, new_dt)
    step = np.float32((len(flow) - 1) / max(n_out - 1, 1))
    at = np.arange(n_out, dtype=np.float32) * step  # in single precision, as flyvis
    before = np.minimum(at.astype(int), max(len(flow) - 2, 0))
    after = np.minimum(before + 1, len(flow) - 1)
    part = (at - before).astype(flow.dtype).reshape(-1, *[1] * (flow.ndim - 1))
    return flow[before] * (1 - part) + flow[after] * part


def _n_frames(n_frames: int, dt: float, new_dt: float) -> int:
    # Rates first and in this order, as flyvis divides: round-off must not add a frame.
    return math.ceil((1 / new_dt) / (1 / dt) * n_frames)
