"""The generated answers that come with maxstim: of every cell type, without the response.

Each is a result file with the stimulus, the losses and the settings that the page starts with, made by
``scripts/make_answers.py``. Luminance is rounded to 1/4095. The response of the whole cell type is left
out and computed when one is opened, so that it belongs to exactly the stimulus that is shown.
"""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from maxstim_core.errors import MaxstimError
from maxstim_core.networks.network import Network
from maxstim_core.optimal.configs import GenerateConfig
from maxstim_core.optimal.result import load
from maxstim_core.runs.request import RunRequest, request_of
from maxstim_core.runs.responses import center_of, simulated

if TYPE_CHECKING:
    import xarray as xr

LEVELS = 4_095
"""Steps of luminance between black and white."""


def bundled_answers() -> Path:
    """Return the folder of the answers that come with maxstim."""
    return Path(str(resources.files("maxstim_core") / "data" / "examples"))


def answer_name(cell_type: str, method: str) -> str:
    """Return the key of an answer that comes with maxstim, for example ``CT1_Lo1-generated``.

    Args:
        cell_type: For example ``CT1(Lo1)``.
        method: For example ``generated``.
    """
    return f"{re.sub('[^A-Za-z0-9]+', '_', cell_type).strip('_')}-{method}"


def find_shipped(request: RunRequest, network: Network) -> tuple[Path, xr.Dataset] | None:
    """Return the file and contents of the bundled answer to exactly a request, or None.

    Args:
        request: What was asked for.
        network: Its network, opened.
    """
    if request.method != GenerateConfig.method or request.further_networks:
        return None
    path = bundled_answers() / f"{answer_name(request.cell_type, request.method)}.nc"
    if not path.is_file():
        return None
    try:
        answer = load(path)
        made = request_of(answer)
    except MaxstimError:  # a file of another version
        return None
    asked = (request.cell_type, request.config, request.network, network.content_hash)
    told = (made.cell_type, made.config, made.network, answer.attrs["network_hash"])
    return (path, answer) if asked == told else None


def without_response(answer: xr.Dataset) -> xr.Dataset:
    """Return a generated answer as it is shipped: luminance in whole steps, responses to that.

    What the central cell does is kept, by which answers are listed; the rest is left out.
    """
    bare = answer.drop_vars("response")
    for name, central in (
        ("stimulus", "central_response"),
        ("best_stimulus", "best_central_response"),
    ):
        levels = np.rint(answer[name].values * LEVELS).astype(np.uint16)
        # In attributes, where NetCDF has them: whoever reads the file gets luminance.
        bare[name] = (answer[name].dims, levels, {"scale_factor": np.float32(1 / LEVELS)})
        rounded = levels * np.float32(1 / LEVELS)
        bare[central] = ("frame", simulated(answer, rounded)[:, center_of(answer)])
    return bare.assign_attrs(rounded=f"luminance to 1/{LEVELS}")
