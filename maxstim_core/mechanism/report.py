"""Contributions and effects of silencing as what a person or a program reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import xarray as xr

_ABOUT = ("cell_type", "network", "network_hash", "dt", "silence", "columns_of")


def contributions_report(found: xr.Dataset) -> dict[str, Any]:
    """Return a result of `contributions` as JSON has it: docs/mechanism.md#contributions.

    Args:
        found: The result; all its numbers are told, and what each input type adds at the peak.
    """
    peak = int(np.argmax(found["central_response"].values))
    carried, in_grey = (
        found["voltage_contribution"].values,
        found["grey_voltage_contribution"].values,
    )
    report: dict[str, Any] = _about(found)
    report |= {
        "peak_frame": peak,
        "peak_voltage": float(found["central_response"].values[peak]),
        "grey_voltage": float(found["grey_voltage"]),
        "resting_potential": float(found["resting_potential"]),
    }
    for name in (
        "central_response",
        "current",
        "excitation",
        "inhibition",
        "stimulus_contribution",
    ):
        report[name] = found[name].values.tolist()
    report["sources"] = [
        {
            "source_type": str(name),
            "sign": int(found["sign"].values[k]),
            "contribution": found["contribution"].values[:, k].tolist(),
            "voltage_contribution": carried[:, k].tolist(),
            "grey_voltage_contribution": float(in_grey[k]),
            "above_grey_at_peak": float(carried[peak, k] - in_grey[k]),
        }
        for k, name in enumerate(found["source_type"].values)
    ]
    if "column_contribution" in found:
        values = found["column_contribution"].values
        report["columns"] = [
            {
                "u": int(found["u"].values[column]),
                "v": int(found["v"].values[column]),
                "contribution": values[:, column].tolist(),
            }
            for column in np.flatnonzero(np.isfinite(values[0]))
        ]
    return report


def contributions_lines(report: dict[str, Any]) -> list[str]:
    """Return a report of contributions as lines of text, what adds most to the peak first.

    Args:
        report: As of `contributions_report`.
    """
    peak, grey = report["peak_voltage"], report["grey_voltage"]
    seconds = report["peak_frame"] * report["dt"]
    lines = [
        f"{_whose(report)}: highest voltage {peak:z.3f} after the frame at {1e3 * seconds:.0f} ms, "
        f"{peak - grey:z.3f} above grey.",
        "",
        f"{'in grey':>8} {'at peak':>8} {'change':>8}  of the voltage comes from",
    ]
    for each in sorted(report["sources"], key=lambda one: -abs(one["above_grey_at_peak"])):
        at_peak = each["voltage_contribution"][report["peak_frame"]]
        voltages = (each["grey_voltage_contribution"], at_peak, each["above_grey_at_peak"])
        kind = "excites" if each["sign"] > 0 else "inhibits"
        told = " ".join(f"{voltage:8.3f}" for voltage in voltages)
        lines.append(f"{told}  {each['source_type']} ({kind})")
    return lines


def silencing_report(found: xr.Dataset) -> dict[str, Any]:
    """Return a result of `silencing_effects` as JSON has it: docs/mechanism.md#silenced."""
    greys, peaks = (found[name].values.astype(float) for name in ("grey_voltage", "peak_voltage"))
    intact = float(peaks[0] - greys[0])
    return {
        **_about(found),
        "silenced": [
            {
                "silenced": str(name),
                "grey_voltage": _finite(grey),
                "peak_voltage": _finite(peak),
                "above_grey": _finite(peak - grey),
                "share": _finite((peak - grey) / intact) if intact else None,
            }
            for name, grey, peak in zip(found["silenced"].values, greys, peaks, strict=True)
        ],
    }


def silencing_lines(report: dict[str, Any]) -> list[str]:
    """Return a report of silencing as lines of text, what is missed most first.

    Args:
        report: As of `silencing_report`.
    """
    intact, *others = report["silenced"]
    lines = [
        f"{_whose(report)}: the highest voltage while one cell type is silenced.",
        "",
        f"{'in grey':>8} {'highest':>8} {'above':>8} {'share':>6}  silenced",
    ]
    for row in (intact, *sorted(others, key=_missed)):
        numbers = [_text(row[name], 3) for name in ("grey_voltage", "peak_voltage", "above_grey")]
        lines.append(
            " ".join(f"{number:>8}" for number in numbers)
            + f" {_text(row['share'], 2):>6}  {row['silenced']}"
        )
    return lines


def _about(found: xr.Dataset) -> dict[str, Any]:
    return {name: found.attrs[name] for name in _ABOUT if name in found.attrs}


def _whose(report: dict[str, Any]) -> str:
    without = f" with {report['silence']} silenced" if "silence" in report else ""
    return f"{report['cell_type']} of {report['network']}{without}"


def _missed(row: dict[str, Any]) -> float:
    return float("inf") if row["above_grey"] is None else row["above_grey"]


def _finite(value: float) -> float | None:
    """Return a number as JSON knows it: None where there is none."""
    return float(value) if np.isfinite(value) else None


def _text(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"
