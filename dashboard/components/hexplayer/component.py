"""The Python half of the hex player: packs a result for the browser and hands it over.

All frames travel once, in 32767ths of the largest value, finer than any screen or readout; from then on
playing, scrubbing and hovering happen in the browser and send nothing back.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

import numpy as np
import param
import xarray as xr

from dashboard.components.component import Component
from dashboard.components.esm import DRAWING, source, stylesheet
from maxstim_core.drawing.colors import BORDER, diverging
from maxstim_core.drawing.peak import asks_lowest, extreme_frame, peak_frame, time_from_peak
from maxstim_core.errors import MaxstimError
from maxstim_core.lattice import DEGREES_PER_COLUMN, Lattice

_HERE = Path(__file__).parent

CENTRAL_OF = {"stimulus": "central_response", "best_stimulus": "best_central_response"}
"""Each stimulus that a result may hold, and the central trace that belongs to it."""

RESPONSE_OF = {"stimulus": "response", "best_stimulus": "best_response"}
"""The same for the responses of all columns; results keep that of the last iteration only."""

ITERATES = {"stimulus": "last iteration", "best_stimulus": "best iteration"}
"""What each stimulus of an optimisation is called."""

SEEN = 0.02
"""Difference of two traces, as a share of their range, that is wider than the line that is drawn."""


class HexPlayer(Component):
    """Stimulus and response hexagons side by side, the central trace beneath, and a transport.

    Call `show` with a result or `preview` with the stimulus of a run that is going. The playhead,
    the zoom and the speed live in the browser alone. Wherever a key has no other use on the page: arrow
    keys step (with Shift by ten frames), Home and End jump, Space plays, + and - zoom.
    """

    scene = param.Bytes(default=b"", doc="The result on show, as `pack` makes it.")
    live = param.Bytes(default=b"", doc="Stimulus of a run that is going; shown instead if any.")
    traces = param.List(
        default=[],
        item_type=dict,
        doc="Further traces over the central one, as `central_trace` makes them.",
    )
    dark = param.Boolean(default=False, doc="Whether to draw for a dark page.")

    _esm = source(DRAWING, _HERE / "hexplayer.js")
    _stylesheets: ClassVar = [stylesheet(_HERE / "hexplayer.css")]
    _constants: ClassVar = {
        "diverging": ["#{:02x}{:02x}{:02x}".format(*color) for color in diverging()],
        "degrees_per_column": DEGREES_PER_COLUMN,
        "border": BORDER,
    }

    def __init__(self, **params: object) -> None:
        super().__init__(**{"sizing_mode": "stretch_width", **params})

    def show(
        self,
        dataset: xr.Dataset,
        *,
        title: str = "",
        variable: str = "stimulus",
        traces: Iterable[dict] = (),
        limit: float | None = None,
        color: str = "",
        start: int | None = None,
        run: str = "",
    ) -> None:
        """Show a result, its playhead at the peak of the central response or at `start`.

        Where the lowest voltage was asked for, that stands in place of the peak.

        A regularised result brings its target as a dashed trace with the deviation shaded, and a
        result with a best iteration brings the central trace of the other one.

        Args:
            dataset: A result (schema in `maxstim_core.optimal.result`).
            title: Heading of the player, none if empty.
            variable: ``stimulus`` (the last iteration) or ``best_stimulus``.
            traces: Further traces to overlay, as `central_trace` makes them.
            limit: Voltage at the ends of the colour scale, to compare runs on one scale; by default
                the largest absolute voltage of this result inside the border of the eye.
            color: CSS colour of the central trace; the page's accent by default.
            start: Frame at which the playhead stands at first; the peak by default.
            run: Id of the run that it came from: its iterations stay to be looked at.

        Raises:
            MaxstimError: if the dataset has no such variable.
        """
        check_shown(dataset, variable)
        central = dataset[CENTRAL_OF[variable]].values
        peak = extreme_frame(central, dataset.attrs)
        overlaid = [*_own_traces(dataset, variable, peak), *traces]
        response = dataset.get(RESPONSE_OF[variable])
        header = {
            "title": title,
            "cell_type": str(dataset.attrs.get("cell_type", "")),
            "dt": float(dataset.attrs["dt"]),
            "peak": peak,
            "zero": "the lowest point" if asks_lowest(dataset.attrs) else "the peak",
            "limit": limit,
            "color": color,
            "start": peak if start is None else start,
            "name": _name(dataset, variable, overlaid),
            "run": run,
        }
        if "iteration" in dataset.sizes:
            is_last = variable == "stimulus"
            header["iteration"] = dataset.sizes["iteration"] if is_last else "best"
        arrays = {
            "u": dataset["u"].values.astype("<f4"),
            "v": dataset["v"].values.astype("<f4"),
            "central": np.asarray(central, "<f4"),
        }
        header["level"], arrays["stimulus"] = _as_integers(dataset[variable].values)
        if response is not None:
            header["unit"], arrays["response"] = _as_integers(response.values)
        scene = pack(header, arrays)
        self.param.update(scene=scene, traces=overlaid, live=b"")

    def preview(
        self,
        stimulus: np.ndarray,
        lattice: Lattice,
        *,
        dt: float = 0.01,
        response: np.ndarray | None = None,
        cell_type: str = "",
        limit: float | None = None,
        color: str = "",
        run: str = "",
        iteration: int | None = None,
        start: int | None = None,
    ) -> None:
        """Show what a run that is going has so far; playhead, zoom and speed stay as they are.

        Args:
            stimulus: Luminance from 0 (black) to 255 (white), uint8, shape (frame, column).
            lattice: The eye that the columns belong to.
            dt: Seconds per frame.
            response: Voltage of the cell type, same shape, NaN where no cell is; None while there is
                none.
            cell_type: Whose response it is.
            limit: Voltage at the ends of the colour scale, as of `show`.
            color: CSS colour of the central trace, as of `show`.
            run: Id of the run, whose iterations the browser keeps sparsely, to be looked at.
            iteration: Iterations that have led to it; None where that is not known.
            start: Frame at which the playhead stands until somebody moves it; by default where it has
                been.

        Raises:
            MaxstimError: if the stimulus does not fit the lattice, or the response the stimulus.
        """
        stimulus = np.asarray(stimulus)
        if stimulus.ndim != 2 or not len(stimulus) or stimulus.shape[1] != lattice.n_columns:
            raise MaxstimError(
                f"A preview needs frames of {lattice.n_columns} columns each, "
                f"not an array of shape {stimulus.shape}."
            )
        if response is not None and response.shape != stimulus.shape:
            raise MaxstimError(
                f"A preview needs a response of shape {stimulus.shape}, as its stimulus, "
                f"not {response.shape}."
            )
        arrays = {
            "u": lattice.u.astype("<f4"),
            "v": lattice.v.astype("<f4"),
            "stimulus": stimulus.astype(np.uint8),
        }
        header = {
            "dt": float(dt),
            "live": True,
            "cell_type": cell_type,
            "limit": limit,
            "color": color,
            "run": run,
        }
        if iteration is not None:
            header["iteration"] = iteration
        if start is not None:
            header["start"] = start
        if response is not None:
            header["unit"], arrays["response"] = _as_integers(response)
            arrays["central"] = response[:, lattice.center].astype("<f4")
        self.live = pack(header, arrays)

    def clear(self) -> None:
        """Show nothing."""
        self.param.update(scene=b"", traces=[], live=b"")


def _as_integers(voltage: np.ndarray) -> tuple[float, np.ndarray]:
    """Return values in int16, and their unit: half of what would travel, four times a second.

    What is not finite is -32768.
    """
    finite = np.isfinite(voltage)
    unit = float(np.abs(voltage, where=finite, out=np.zeros_like(voltage)).max()) / 32767 or 1.0
    levels = np.full(voltage.shape, -32768, "<i2")
    levels[finite] = np.rint(voltage[finite] / unit)
    return unit, levels


def central_trace(
    dataset: xr.Dataset,
    label: str,
    *,
    variable: str = "central_response",
    peak: int | None = None,
    dash: bool = False,
    shade: bool = False,
    color: str = "",
) -> dict:
    """Return a central trace for `HexPlayer.traces`.

    Args:
        dataset: A result (schema in `maxstim_core.optimal.result`).
        label: Its name in the legend.
        variable: The variable (frame) to draw.
        peak: Frame at which its time is 0; by default its own peak.
        dash: Whether to draw it dashed.
        shade: Whether to shade, and to say in numbers, its deviation from the central trace of the
            result on show; both must have the same frames.
        color: CSS colour; by default one that the other traces do not have.
    """
    values = dataset[variable].values.astype(float)
    peak = peak_frame(values) if peak is None else peak
    times = time_from_peak(len(values), peak, float(dataset.attrs["dt"]))
    finite = [value if np.isfinite(value) else None for value in values.tolist()]
    return {
        "label": label,
        "times": times.tolist(),
        "values": finite,
        "dash": dash,
        "shade": shade,
        "color": color,
    }


def _own_traces(dataset: xr.Dataset, variable: str, peak: int) -> list[dict]:
    """Return the traces that a result brings itself, aligned with the stimulus on show."""
    traces = []
    if "target_response" in dataset:
        traces.append(
            central_trace(
                dataset, "target", variable="target_response", peak=peak, dash=True, shade=True
            )
        )
    other = "best_stimulus" if variable == "stimulus" else "stimulus"
    shown, hidden = dataset[CENTRAL_OF[variable]], dataset.get(CENTRAL_OF[other])
    # A line beneath the other one, of which nobody could see anything, has no entry in the legend.
    if hidden is not None and abs(shown - hidden).max() > SEEN * (shown.max() - shown.min()):
        traces.append(
            central_trace(dataset, ITERATES[other], variable=CENTRAL_OF[other], peak=peak)
        )
    return traces


def _name(dataset: xr.Dataset, variable: str, traces: list[dict]) -> str:
    """Return what the central trace on show is, where there are others beside it."""
    other = ITERATES["best_stimulus" if variable == "stimulus" else "stimulus"]
    if any(trace["label"] == other for trace in traces):
        return ITERATES[variable]
    return str(dataset.attrs.get("method", ""))


def check_shown(dataset: xr.Dataset, variable: str) -> None:
    """Refuse a dataset that cannot be drawn.

    Raises:
        MaxstimError: if the dataset has no such stimulus or no central trace of it.
    """
    if variable not in CENTRAL_OF:
        raise MaxstimError(f"Choose 'stimulus' or 'best_stimulus' to show, not {variable!r}.")
    missing = [name for name in (variable, CENTRAL_OF[variable]) if name not in dataset]
    if missing:
        raise MaxstimError(f"This result holds no {missing[0]!r}; choose another or run it again.")


def pack(header: dict, arrays: dict[str, np.ndarray]) -> bytes:
    """Return a header and arrays as one block, so that the browser can never see half of it.

    Layout: length of the header as uint32; the header as JSON, padded with spaces to a multiple of
    four bytes; the arrays, each padded likewise. All little-endian; `arrays` in the header lists
    name, dtype (``float32``, ``int16`` or ``uint8``) and shape.
    """
    listing = [
        {"name": name, "dtype": array.dtype.name, "shape": array.shape}
        for name, array in arrays.items()
    ]
    text = json.dumps({**header, "arrays": listing}, allow_nan=False).encode()
    text += b" " * (-len(text) % 4)
    parts = [np.uint32(len(text)).astype("<u4").tobytes(), text]
    for array in arrays.values():
        data = np.ascontiguousarray(array).tobytes()
        parts.append(data + b"\0" * (-len(data) % 4))
    return b"".join(parts)
