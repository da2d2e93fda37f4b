"""The parts of the page that a lesson can point at or hide, by the names that they keep."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from maxstim_core.optimal.configs import CONFIGS

_PARTS = {
    "headline": "the title and its figures",
    "figures": "the figures under the title",
    "verdict": "what the controls say",
    "tuning": "what is known of the tuning of cell types",
    "player": "the movie and the response",
    "gallery": "the clips",
    "controls": "the controls",
    "curve": "the curve",
    "traces": "the traces",
    "losses": "the losses",
    "runs": "the list of runs",
    "cell": "the cell type",
    "network": "the network",
    "method": "the method",
    "question": "the examples",
    "run": "the Run button",
    "sweep": "the Sweep button",
    "device": "the device",
    "card": "the model card",
    "views": "the other views",
}

_SETTINGS = {
    item.name: f"the setting “{item.metadata['label']}”"
    for config_class in CONFIGS.values()
    for item in dataclasses.fields(config_class)
}

PAGE_PARTS: Mapping[str, str] = {**_SETTINGS, **_PARTS}
"""Every part by its name, with its words. On the page each has it as ``data-testid`` or ``data-part``.

Settings go by the names that they have in Python, such as ``n_iters``.
"""
