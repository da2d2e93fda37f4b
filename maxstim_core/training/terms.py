"""What a fit asks of a network: terms of the loss, each a plain function of voltages.

Voltages of central cells have shape (sample, frame, cell_type); angles are those of
`maxstim_core.training.published`. Peaks are rectified maxima over frames, as the published measures
take them (spec §5.7).
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from maxstim_core.training.drills import FLASH_SECONDS
from maxstim_core.training.published import (
    ANGLES,
    NOT_DIRECTION_SELECTIVE,
    TUNING_CURVES,
    UNRECTIFIED,
)
from maxstim_core.tuning import KNOWN_POLARITY, PREFERRED_DIRECTION

LEAST_DSI, MOST_DSI, LEAST_FRI, LEAST_CHANGE = 0.6, 0.08, 0.3, 0.25
LEAST_PEAK, MOST_VOLTAGE, MOST_GREY_VOLTAGE = 1.0, 4.0, 1.5

_SMALL = 0.1
"""Voltage below which a peak counts as noise."""


class Targets:
    """The published tuning as tensors over the cell types of a connectome.

    Args:
        names: Names of the cell types.
    """

    def __init__(self, names: tuple[str, ...]) -> None:
        index = {name: i for i, name in enumerate(names)}
        self.tuned = [index[name] for name in TUNING_CURVES]
        self.curves = torch.tensor(list(TUNING_CURVES.values()))
        self.prefers_on = torch.tensor([KNOWN_POLARITY[name] > 0 for name in TUNING_CURVES])
        self.directions = torch.tensor([float(PREFERRED_DIRECTION[name]) for name in TUNING_CURVES])
        self.untuned = [index[name] for name in NOT_DIRECTION_SELECTIVE]
        self.known = [index[name] for name in KNOWN_POLARITY]
        self.polarity = torch.tensor([float(sign) for sign in KNOWN_POLARITY.values()])
        self.resolved = [k for k, name in enumerate(KNOWN_POLARITY) if name not in UNRECTIFIED]


def edge_terms(voltage: Tensor, targets: Targets) -> dict[str, Tensor]:
    """Return what moving edges tell: direction, selectivity, contrast, strength.

    Args:
        voltage: Of ON edges at all angles, then OFF edges.
        targets: What is published.
    """
    peak = (
        torch.relu(voltage[:, 1:]).amax(1).unflatten(0, (2, len(ANGLES)))
    )  # contrast, angle, type
    tuned = peak[..., targets.tuned].permute(2, 0, 1)  # type, contrast, angle
    on = targets.prefers_on[:, None]
    preferred = torch.where(on, tuned[:, 0], tuned[:, 1])
    opposite = torch.where(on, tuned[:, 1], tuned[:, 0])
    norms = preferred.norm(dim=1) * targets.curves.norm(dim=1)
    likeness = (preferred * targets.curves).sum(1) / (norms + 1e-3)
    strongest = preferred.amax(1)
    wrong = opposite.amax(1) / (strongest + _SMALL)
    along = (preferred * _phases()).sum(1) * torch.exp(-1j * torch.deg2rad(targets.directions))
    selectivity = along.real / (torch.maximum(preferred.sum(1), opposite.sum(1)) + _SMALL)
    untuned = peak[..., targets.untuned]
    untuned_dsi = (untuned * _phases()[:, None]).sum(1).abs() / (untuned.sum(1).amax(0) + _SMALL)
    return {
        "direction": (1 - likeness).mean(),
        "selectivity": torch.relu(LEAST_DSI - selectivity).square().mean(),
        "wrong contrast": wrong.mean() + wrong.square().mean(),
        "strength": torch.relu(LEAST_PEAK - strongest).square().mean(),
        "untuned": torch.relu(untuned_dsi - MOST_DSI).square().mean(),
        "edge voltage": _beyond(voltage.abs().amax((0, 1)), MOST_VOLTAGE),
    }


def flash_terms(voltage: Tensor, targets: Targets, dt: float) -> dict[str, Tensor]:
    """Return what flashes tell: the polarity of the 32 known types, as index and as change.

    Args:
        voltage: Of bright and dark discs by turns.
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
        "flash voltage": _beyond(voltage.abs().amax((0, 1)), MOST_VOLTAGE),
    }


def scene_terms(voltage: Tensor, flow: Tensor) -> dict[str, Tensor]:
    """Return what scenes tell: whether T4 and T5 together point along the flow.

    Args:
        voltage: Of the tuned types in the central columns, shape (scene, frame, type, column).
        flow: Direction of each scene as a unit vector, shape (2, scene).
    """
    horizontal, vertical = opponent_signals(torch.relu(voltage).unbind(2))
    pooled = _misaligned(horizontal.mean((1, 2)), vertical.mean((1, 2)), flow)
    per_column = _misaligned(horizontal.mean(1), vertical.mean(1), flow[..., None])
    return {
        "flow": pooled,
        "flow per column": per_column,
        "scene voltage": _beyond(voltage.abs().amax((0, 1, 3)), 1.5 * MOST_VOLTAGE),
    }


def grey_term(state: Tensor) -> dict[str, Tensor]:
    """Return how far central cells, shape (cell_type,), are from a moderate voltage under grey."""
    return {"grey voltage": torch.relu(state.abs() - MOST_GREY_VOLTAGE).mean()}


def opponent_signals(of_type: tuple[Tensor, ...]) -> tuple[Tensor, Tensor]:
    """Return the rightward and the upward signal: T4 and T5 of one direction less the other."""
    t4a, t4b, t4c, t4d, t5a, t5b, t5c, t5d = of_type
    return t4b - t4a + t5b - t5a, t4c - t4d + t5c - t5d


def _misaligned(horizontal: Tensor, vertical: Tensor, flow: Tensor) -> Tensor:
    """One minus the cosine between signal and flow; a signal lost in noise counts as none."""
    length = torch.sqrt(horizontal.square() + vertical.square() + 1e-12)
    return (1 - (horizontal * flow[0] + vertical * flow[1]) / (length + 0.2 * _SMALL)).mean()


def _beyond(voltage: Tensor, most: float) -> Tensor:
    return torch.relu(voltage - most).square().mean()


def _phases() -> Tensor:
    return torch.exp(1j * torch.tensor(np.deg2rad(ANGLES), dtype=torch.float32))
