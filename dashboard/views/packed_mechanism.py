"""What carried a response, as the browser is told: contributions, effects of silencing, hexagons."""

from __future__ import annotations

import numpy as np
import xarray as xr

from dashboard.components.hexplayer.component import pack
from maxstim_core.drawing.colors import response_limit
from maxstim_core.mechanism.report import contributions_report, silencing_report
from maxstim_core.optimal.result import lattice_of
from maxstim_core.runs.responses import simulated

_NO_VALUE, _MOST = -32768, 32767


def packed_mechanism(found: xr.Dataset) -> bytes:
    """Return a mechanism as one block for the browser.

    In the header, ``peak`` is the frame of the highest voltage, ``grey`` and ``rest`` are voltages, and
    ``rows`` has of each input type, what changes most first, its ``name``, ``sign``, what of the voltage
    comes from it ``in_grey`` and ``at_peak``, the ``change``, and once it is silenced the response
    ``above`` grey and its ``share`` of that of the whole network, None where voltages do not stay
    finite. The arrays are in that order: ``carried`` (input type, frame), what of the voltage above grey
    comes from it, which add up to it; ``current`` (input type, frame), what it adds to the current;
    ``central`` (frame); ``silenced`` (input type, frame), the voltage without it, NaN where there is
    none.

    Args:
        found: Result of `maxstim_core.mechanism.explained.explained`.
    """
    told = contributions_report(found)
    effects = silencing_report(_effects(found))
    intact, *others = effects["silenced"]
    by_name = {row["silenced"]: row for row in others}
    order = np.argsort([-abs(one["above_grey_at_peak"]) for one in told["sources"]], kind="stable")
    sources = [told["sources"][k] for k in order]
    peak = told["peak_frame"]
    rows = [
        {
            "name": one["source_type"],
            "sign": one["sign"],
            "in_grey": one["grey_voltage_contribution"],
            "at_peak": one["voltage_contribution"][peak],
            "change": one["above_grey_at_peak"],
            "above": by_name[one["source_type"]]["above_grey"],
            "share": by_name[one["source_type"]]["share"],
        }
        for one in sources
    ]
    carried = found["voltage_contribution"].values - found["grey_voltage_contribution"].values
    # By name: of those that are silenced the first is none.
    place = {str(name): k for k, name in enumerate(found["silenced"].values)}
    lost = [place[row["name"]] for row in rows]
    n_frames = found.sizes["frame"]
    header = {
        "cell_type": told["cell_type"],
        "network": told["network"],
        "dt": float(told["dt"]),
        "peak": peak,
        "grey": told["grey_voltage"],
        "response": intact["above_grey"],
        "rows": rows,
    }
    arrays = {
        "carried": carried.T[order].astype("<f4").reshape(len(rows), n_frames),
        "current": found["contribution"].values.T[order].astype("<f4").reshape(len(rows), n_frames),
        "central": found["central_response"].values.astype("<f4"),
        "silenced": found["silenced_response"].values[lost].astype("<f4").reshape(-1, n_frames),
    }
    return pack(header, arrays)


def packed_cells(answer: xr.Dataset, cell_type: str) -> bytes:
    """Return the voltage of all cells of a type under the stimulus of an answer, for the browser.

    It is simulated here: not in the page's thread.

    Args:
        answer: With the stimulus as ``stimulus``.
        cell_type: For example ``Mi9``.

    Raises:
        MaxstimError: if the network of the answer is not here any more.
    """
    voltage = simulated(answer.assign_attrs(cell_type=cell_type), answer["stimulus"].values)
    finite = np.isfinite(voltage)
    unit = float(np.abs(voltage[finite]).max(initial=0.0)) / _MOST or 1.0
    levels = np.full(voltage.shape, _NO_VALUE, "<i2")
    levels[finite] = np.rint(voltage[finite] / unit)
    header = {
        "name": cell_type,
        "unit": unit,
        "limit": response_limit(voltage, lattice_of(answer)),
    }
    arrays = {
        "u": answer["u"].values.astype("<f4"),
        "v": answer["v"].values.astype("<f4"),
        "voltage": levels,
    }
    return pack(header, arrays)


def _effects(found: xr.Dataset) -> xr.Dataset:
    """Return the effects of silencing as `silencing_effects` does."""
    names = ("grey_voltage", "peak_voltage")
    return xr.Dataset({name: found[f"silenced_{name}"] for name in names}, attrs=found.attrs)
