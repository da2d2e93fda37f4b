"""What a fit asks of a network: terms of the loss, each a plain function of voltages.

Voltages of central cells have shape (sample, frame, cell_type); angles are those of
`maxstim_core.tuning.facts`. Peaks are rectified maxima over frames, as the published measures
take them (docs/numerics.md#tuning-protocols).
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from maxstim_core.training.stimuli import FLASH_SECONDS
from maxstim_core.tuning.facts import (
    ANGLES,
    KNOWN_POLARITY,
    NOT_DIRECTION_SELECTIVE,
    PREFERRED_DIRECTION,
    TUNING_CURVES,
    UNRECTIFIED,
)

LEAST_DSI, MOST_DSI, LEAST_FRI, LEAST_CHANGE = 0.6, 0.08, 0.3, 0.25
LEAST_PEAK, MOST_VOLTAGE, MOST_GREY_VOLTAGE = 1.0, 4.0, 1.5
MOST_SCENE_VOLTAGE = 1.5 * MOST_VOLTAGE

_SMALL = 0.1
"""Voltage below which a peak counts as noise."""


class Targets:
    """The published tuning as tensors over the cell types of a connectome.

    Args:
        names: Names of the cell types.
        held_out: Names of those whose tuning is to be left out.
    """

    def __init__(self, names: tuple[str, ...], held_out: tuple[str, ...] = ()) -> None:
        index = {name: i for i, name in enumerate(names)}
        tuned = [name for name in TUNING_CURVES if name not in held_out]
        known = [name for name in KNOWN_POLARITY if name not in held_out]
        self.tuned = [index[name] for name in tuned]
        self.curves = torch.tensor([TUNING_CURVES[name] for name in tuned])
        self.prefers_on = torch.tensor([KNOWN_POLARITY[name] > 0 for name in tuned])
        self.directions = torch.tensor([float(PREFERRED_DIRECTION[name]) for name in tuned])
        self.untuned = [index[name] for name in NOT_DIRECTION_SELECTIVE if name not in held_out]
        self.known = [index[name] for name in known]
        self.polarity = torch.tensor([float(KNOWN_POLARITY[name]) for name in known])
        self.resolved = [k for k, name in enumerate(known) if name not in UNRECTIFIED]


def edge_terms(voltage: Tensor, targets: Targets, angles: np.ndarray) -> dict[str, Tensor]:
    """Return what moving edges tell: direction, selectivity, contrast, strength.

    Args:
        voltage: Of ON edges, then OFF edges, shape (2 * angle, frame, cell_type).
        targets: What is published.
        angles: Index of each direction of the edges in the published ones (degrees), shape (angle,).
    """
    highest = voltage[:, 1:].amax(1).unflatten(0, (2, len(angles)))  # contrast, angle, type
    peak = torch.relu(highest)
    phases, curves = _phases()[angles], targets.curves[:, angles]
    tuned = peak[..., targets.tuned].permute(2, 0, 1)  # type, contrast, angle
    on = targets.prefers_on[:, None]
    preferred = torch.where(on, tuned[:, 0], tuned[:, 1])
    opposite = torch.where(on, tuned[:, 1], tuned[:, 0])
    norms = preferred.norm(dim=1) * curves.norm(dim=1)
    likeness = (preferred * curves).sum(1) / (norms + 1e-3)
    strongest = preferred.amax(1)
    # Of a cell that stays below zero no other term has a gradient: this one brings it back.
    highest_on, highest_off = highest.amax(1)[:, targets.tuned]
    reached = torch.where(targets.prefers_on, highest_on, highest_off)
    wrong = opposite.amax(1) / (strongest + _SMALL)
    along = (preferred * phases).sum(1) * torch.exp(-1j * torch.deg2rad(targets.directions))
    along = along / (torch.maximum(preferred.sum(1), opposite.sum(1)) + _SMALL)
    untuned = peak[..., targets.untuned]
    untuned_dsi = (untuned * phases[:, None]).sum(1).abs() / (untuned.sum(1).amax(0) + _SMALL)
    return {
        "direction": (1 - likeness).mean(),
        "selectivity": torch.relu(LEAST_DSI - along.real).square().mean(),
        "off axis": along.imag.square().mean(),
        "wrong contrast": wrong.mean() + wrong.square().mean(),
        "strength": torch.relu(LEAST_PEAK - reached).square().mean(),
        "untuned": torch.relu(untuned_dsi - MOST_DSI).square().mean(),
        "edge voltage": beyond(voltage.abs().amax((0, 1)), MOST_VOLTAGE),
    }


def flash_terms(voltage: Tensor, targets: Targets, dt: float) -> dict[str, Tensor]:
    """Return what flashes tell: the polarity of the 32 known types, as index and as change.

    Args:
        voltage: Of bright and dark discs by turns, shape (2 * disc, frame, cell_type).
        targets: What is published.
        dt: Seconds per frame.
    """
    pairs = voltage[..., targets.known].unflatten(0, (-1, 2))  # disc, contrast, frame, type
    shift = pairs.amin((1, 2)).abs()
    bright, dark = (pairs[:, k].amax(1) + shift for k in (0, 1))
    index = (bright - dark) / (bright + dark + 1e-6) * targets.polarity
    during = pairs[:, :, round(0.1 / dt) : round(FLASH_SECONDS / dt)].mean(2)
    change = (during[:, 0] - during[:, 1]) * targets.polarity
    return {
        "flash index": torch.relu(LEAST_FRI - index[:, targets.resolved]).square().mean(),
        "flash change": torch.relu(LEAST_CHANGE - change).square().mean(),
        "flash voltage": beyond(voltage.abs().amax((0, 1)), MOST_VOLTAGE),
    }


def scene_terms(voltage: Tensor, targets: Targets, flow: Tensor) -> dict[str, Tensor]:
    """Return what scenes tell: whether T4 and T5 together follow the flow.

    Args:
        voltage: Of `Targets.tuned` in the central columns, shape (scene, frame, type, column).
        targets: What is published.
        flow: Velocity of each scene in columns per second, shape (2, scene).
    """
    signal = motion_signal(torch.relu(voltage), targets.directions)
    pooled, per_column = signal.mean((2, 3)), signal.mean(2)
    way = flow / flow.norm(dim=0)
    return {
        "flow": _misaligned(pooled, way),
        "flow per column": _misaligned(per_column, way[..., None]),
        "speed": 1 - (pooled * flow).sum() / (pooled.norm() * flow.norm() + 1e-6),
        "scene voltage": beyond(voltage.abs().amax((0, 1, 3)), MOST_SCENE_VOLTAGE),
    }


def grey_term(state: Tensor) -> dict[str, Tensor]:
    """Return how far central cells, shape (cell_type,), are from a moderate voltage under grey."""
    return {"grey voltage": torch.relu(state.abs() - MOST_GREY_VOLTAGE).mean()}


def motion_signal(response: Tensor, directions: Tensor) -> Tensor:
    """Return the motion that T4 and T5 signal: each speaks for its direction as loudly as it responds.

    With all eight, this is (T4b - T4a + T5b - T5a, T4c - T4d + T5c - T5d).

    Args:
        response: Shape (scene, frame, type, column).
        directions: That each type prefers in flies, degrees, shape (type,).

    Returns:
        Rightward and upward, shape (2, scene, frame, column).
    """
    angles = torch.deg2rad(directions).to(response)
    axes = torch.stack([angles.cos(), angles.sin()])
    return torch.einsum("at,sftc->asfc", axes, response)


def beyond(voltage: Tensor, most: float) -> Tensor:
    """Return the mean square of what voltages, of any shape, have beyond `most`."""
    return torch.relu(voltage - most).square().mean()


def _misaligned(signal: Tensor, way: Tensor) -> Tensor:
    """One minus the cosine between signal and flow; a signal lost in noise counts as none."""
    length = torch.sqrt(signal.square().sum(0) + 1e-12)
    return (1 - (signal * way).sum(0) / (length + 0.2 * _SMALL)).mean()


def _phases() -> Tensor:
    return torch.exp(1j * torch.tensor(np.deg2rad(ANGLES), dtype=torch.float32))
