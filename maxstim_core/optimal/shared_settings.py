"""Settings that several configurations have."""

from __future__ import annotations

from typing import Any

from maxstim_core.conventions import MAX_DT, MIN_DT
from maxstim_core.networks.silencing import silence_text
from maxstim_core.settings import setting

MAX_FRAMES = 1_000
"""Most frames that a run accepts: ten seconds at the default frame of 10 ms."""


SILENCING = "Silenced cell types"
"""Title of the section of the setting that `silence` returns."""


def frame_duration() -> Any:
    """Return the setting of the duration of a frame."""
    return setting(
        0.01,
        "Duration of one frame, and of one Euler step of the network.",
        label="Frame duration",
        unit="s",
        bounds=(MIN_DT, MAX_DT),
        soft=(0.002, 0.02),
        step=0.001,
    )


def learning_rate() -> Any:
    """Return the setting of the learning rate."""
    return setting(
        0.01,
        "Step size of Adam, in units of luminance: how far a pixel can move in one iteration.",
        label="Learning rate",
        bounds=(1e-6, 10.0),
        soft=(0.001, 0.1),
        step=0.001,
    )


def iterations(default: int) -> Any:
    """Return the setting of the number of iterations."""
    return setting(
        default,
        "Number of gradient steps. More let the stimulus settle; you can cancel and keep the best.",
        label="Iterations",
        bounds=(1, 100_000),
        soft=(10, 500),
        step=10,
        flag="iterations",
    )


def silence() -> Any:
    """Return the setting of which cell types are silenced: one text, names parted by commas.

    A list or tuple of names is taken too. In whatever order they are given, they are one request.
    """
    return setting(
        "",
        "Cell types that are silenced, such as Mi9,C3: no synapse that they make, onto whatever cell, "
        "transmits anything. Empty for none.",
        label="Silenced",
        off="no cell type silenced",
        section=SILENCING,
        read=silence_text,
        later=True,
    )


def weight(
    default: float, doc: str, *, label: str, top: float, step: float, section: str = ""
) -> Any:
    """Return the setting of the weight of a term; one of a section came later than the others."""
    return setting(
        default, doc, label=label, bounds=(0.0, 1e9), soft=(0.0, top), step=step, section=section,
        later=bool(section),
    )  # fmt: skip
