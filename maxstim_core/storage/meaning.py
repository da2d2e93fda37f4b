"""What the variables of results mean: units, words and orientation, written into every file.

One table for all files, by the names that `maxstim_core.optimal.result`, `maxstim_core.simulation` and
`maxstim_core.stimuli.stored.clip_store` give. Who opens a file with another program finds here, in the
attributes of CF (``units``, ``long_name``), what the numbers are; nothing of maxstim reads them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeVar

from maxstim_core.lattice import DEGREES_PER_COLUMN

if TYPE_CHECKING:
    import xarray as xr

_ORDER = (
    "One value per column of the hexagonal eye: see u and v. Columns are ordered by u, then by v, both "
    "ascending. Up on the eye is (u, v) = (-1, 0), and rightward positions are those of larger v: "
    "x = 1.5 v, y = -sqrt(3) (u + v / 2), in sides of a hexagon, y upward."
)

_LUMINANCE = {"units": "1", "comment": f"0 is black, 0.5 is grey, 1 is white. {_ORDER}"}
_VOLTAGE = {"units": "arbitrary units"}
_COLUMNS = {
    "units": "columns",
    "degrees_per_column": DEGREES_PER_COLUMN,
    "comment": "Up on the eye is (u, v) = (-1, 0); rightward positions are those of larger v.",
}

_MEANING: dict[str, dict[str, object]] = {
    "stimulus": {"long_name": "luminance of the stimulus", **_LUMINANCE},
    "best_stimulus": {"long_name": "luminance of the stimulus of lowest total loss", **_LUMINANCE},
    "source_stimulus": {"long_name": "luminance that was begun from", **_LUMINANCE},
    "shown_stimulus": {
        "long_name": "luminance of the best clips",
        **_LUMINANCE,
        "units": "1/255",
        "comment": f"0 is black, 255 is white, and grey is between 127 and 128. {_ORDER}",
    },
    "lum": {"long_name": "luminance of the movie", **_LUMINANCE},
    "flow": {
        "long_name": "optic flow, rightward and upward",
        "units": "image heights per frame",
        "comment": _ORDER,
    },
    "response": {
        "long_name": "voltage after each frame of the cell of the type in each column",
        **_VOLTAGE,
        "comment": f"Not a number in columns where the type has no cell. {_ORDER}",
    },
    "central_response": {
        "long_name": "voltage after each frame of the cell of the type in the central column",
        **_VOLTAGE,
    },
    "best_central_response": {
        "long_name": "voltage of the central cell for the stimulus of lowest total loss",
        **_VOLTAGE,
    },
    "named_response": {
        "long_name": "what counts of the response of each cell type of the objective, above grey",
        "units": "RMS",
    },
    "best_named_response": {
        "long_name": "the same for the stimulus of lowest total loss",
        "units": "RMS",
    },
    "target_response": {"long_name": "voltage of the central cell that is to be kept", **_VOLTAGE},
    "shown_response": {"long_name": "voltage of the central cell for the best clips", **_VOLTAGE},
    "central": {
        "long_name": "voltage after each frame of the central cell of each type",
        **_VOLTAGE,
    },
    "voltage": {"long_name": "voltage after each frame", **_VOLTAGE},
    "clip_peak": {"long_name": "highest voltage of the central cell in each clip", **_VOLTAGE},
    "clip_peak_frame": {"long_name": "frame of that voltage, counted from 0", "units": "frames"},
    "grey_voltage": {"long_name": "voltage of the central cell in grey", **_VOLTAGE},
    "rms_voltage": {
        "long_name": "root mean square of the central voltage over the set",
        **_VOLTAGE,
    },
    "lowest_voltage": {"long_name": "lowest voltage of the central cell over the set", **_VOLTAGE},
    "peak_value": {"long_name": "highest voltage of the central cell in the clip", **_VOLTAGE},
    "peak_frame": {"long_name": "frame of that voltage, counted from 0", "units": "frames"},
    "score": {"long_name": "what clips are ordered by", "units": "as the attribute config says"},
    "clip_index": {"long_name": "number of the clip in its set, counted from 0", "units": "1"},
    "clip_name": {"long_name": "name of the clip in its set"},
    "contribution": {
        "long_name": "contribution of each input type to the current of the central cell",
        **_VOLTAGE,
    },
    "excitation": {"long_name": "sum of the contributions above 0", **_VOLTAGE},
    "inhibition": {"long_name": "sum of the contributions below 0", **_VOLTAGE},
    "resting_potential": {"long_name": "resting potential of the central cell", **_VOLTAGE},
    "stimulus_contribution": {"long_name": "contribution of the stimulus itself", **_VOLTAGE},
    "current": {
        "long_name": "current of the central cell, towards which its voltage moves in the frame",
        **_VOLTAGE,
    },
    "voltage_contribution": {
        "long_name": "what of the central voltage after each frame comes from each input type",
        **_VOLTAGE,
    },
    "grey_voltage_contribution": {
        "long_name": "what of the central voltage in grey comes from each input type",
        **_VOLTAGE,
    },
    "column_contribution": {
        "long_name": "contribution of the cell of one input type in each column",
        **_VOLTAGE,
        "comment": f"Not a number where it makes no synapse onto the central cell. {_ORDER}",
    },
    "sign": {"long_name": "1 for an excitatory input type, -1 for an inhibitory one", "units": "1"},
    "peak_voltage": {"long_name": "highest central voltage during the movie", **_VOLTAGE},
    "loss": {
        "long_name": "loss before each step, by term",
        "units": "1",
        "comment": "Lower is better; what each term is tells the attribute objective.",
    },
    "time": {
        "long_name": "start of each frame",
        "units": "s",
        "comment": "From the first frame on, before which the network has seen one second of grey.",
    },
    "u": {"long_name": "first axial coordinate of the column on the hexagonal eye", **_COLUMNS},
    "v": {"long_name": "second axial coordinate of the column on the hexagonal eye", **_COLUMNS},
}


_AnyDataset = TypeVar("_AnyDataset", bound="xr.Dataset")


def meaning_of(name: str) -> dict[str, Any]:
    """Return the attributes that say what a variable of this name means, or none."""
    return dict(_MEANING.get(name, {}))


def meaning_of_all(dims: Iterable[object]) -> dict[str, Any]:
    """Return the attributes that say what a whole file with these dimensions means, or none."""
    return {"degrees_per_column": DEGREES_PER_COLUMN} if "column" in dims else {}


def documented(dataset: _AnyDataset) -> _AnyDataset:
    """Return a dataset that says what its variables mean; what it says already stays.

    Args:
        dataset: An answer, what cells did, or a sequence of a clip set; it is left as it is.
    """
    told = dataset.copy(deep=False)
    for name, variable in told.variables.items():
        variable.attrs = {**meaning_of(str(name)), **variable.attrs}
    told.attrs = {**meaning_of_all(told.dims), **told.attrs}
    return told
