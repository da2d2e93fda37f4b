"""What a lesson can check: the figures of the answer on show, by their names in lessons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr

from maxstim_core.optimal.configs import GenerateConfig
from maxstim_core.optimal.constraints import contrast_energy
from maxstim_core.optimal.response_units import bundled_units
from maxstim_core.optimal.result import networks_of, silence_of
from maxstim_core.runs.request import config_of

QUANTITIES: Mapping[str, tuple[str, str]] = {
    "response": ("response", "RMS above grey"),
    "lowest": ("lowest response", "RMS above grey"),
    "voltage": ("highest voltage", "a.u."),
    "energy": ("contrast energy", ""),
    "duration": ("duration", "s"),
}
"""Every quantity by its name, with its words and its unit.

``response`` is the highest voltage of the central cell during the movie above its voltage under grey,
over the cell's own root mean square (`docs/objectives.md`, Units); ``lowest`` is the same of the lowest
voltage.
"""

LABELS: Mapping[str, str] = {
    "cell": "the cell type",
    "method": "the method",
    "network": "the network",
    "silenced": "silenced",
    "objective": "the objective",
}
"""What of an answer has a name and not a number, with its words."""


@dataclass(frozen=True)
class MeasuredAnswer:
    """The figures of a finished answer.

    Attributes:
        values: By the names of `QUANTITIES`; what cannot be measured is not among them.
        labels: By the names of `LABELS`.
    """

    values: Mapping[str, float]
    labels: Mapping[str, str]

    @classmethod
    def of(cls, answer: xr.Dataset, cell_types: tuple[str, ...]) -> MeasuredAnswer:
        """Measure an answer, as it is on show.

        Args:
            answer: It, with ``stimulus`` (frame, column) and ``central_response`` (frame).
            cell_types: The names of all cell types, in the order of the connectome.
        """
        about, central = answer.attrs, answer["central_response"].values.astype(float)
        values = {
            "voltage": float(np.max(central)),
            "energy": float(contrast_energy(answer["stimulus"].values)),
            "duration": answer.sizes["frame"] * float(about["dt"]),
        }
        grey, rms = about.get("grey_voltage"), about.get("rms_voltage")
        units = bundled_units(str(about["network_hash"]))
        if units is not None and about["cell_type"] in cell_types:
            k = cell_types.index(about["cell_type"])
            grey, rms = units.grey[k], units.rms[k]
        if grey is not None and rms is not None and float(rms) > 0:
            values["response"] = (float(np.max(central)) - float(grey)) / float(rms)
            values["lowest"] = (float(np.min(central)) - float(grey)) / float(rms)
        config = config_of(answer)
        labels = {
            "cell": str(about["cell_type"]),
            "method": str(about["method"]),
            "network": ",".join(networks_of(about)) or str(about.get("network", "")),
            "silenced": silence_of(answer),
            "objective": config.goal.kind if isinstance(config, GenerateConfig) else "",
        }
        return cls(values, labels)
