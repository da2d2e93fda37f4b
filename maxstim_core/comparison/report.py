"""Controls as what a person or a program reads: numbers by name, and lines of text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from maxstim_core.comparison.headline import EQUAL, NATURAL
from maxstim_core.comparison.shares import is_next_to_nothing, share_of
from maxstim_core.comparison.textbook import FAMILIES
from maxstim_core.optimal.named_response import responses_in_words
from maxstim_core.optimal.objectives.chosen import Objective

if TYPE_CHECKING:
    import xarray as xr

_PARTS = ("pixels", "columns", "frames")


def report_of(found: xr.Dataset) -> dict[str, Any]:
    """Return the numbers of a result of `controls`, as JSON has them: docs/controls.md.

    Args:
        found: Complete or not; what was not computed is left out.
    """
    attributes = found.attrs
    response, grey = attributes["response"], attributes["grey_response"]
    report: dict[str, Any] = {
        name: _number(attributes[name])
        for name in (
            "headline",
            "cell_type",
            "network",
            "objective",
            "response",
            "grey_response",
            "contrast_energy",
            "natural_response",
            "grey_voltage",
            "least_voltage",
            "greatest_voltage",
            "status",
        )
    }
    report["next_to_nothing"] = is_next_to_nothing(response, grey)

    def share(part: Any) -> float | None:
        return _number(share_of(float(part), response, grey))

    # How far a response of a level is below a maximum says nothing.
    goal, natural = Objective.parse(attributes["objective"]), attributes["natural_response"]
    compared = goal.kind != "level" and not report["next_to_nothing"]
    report["stretch"] = _number(share_of(response, natural, grey)) if compared else None
    report["named"] = [
        {"cell_type": str(name), "response": _number(value)}
        for name, value in zip(found["named"].values, found["named_response"].values, strict=True)
    ]
    if "contrast" in attributes:
        report["contrast"] = attributes["contrast"]
    report["controls"] = [
        {
            "family": str(found["family"].values[k]),
            "name": str(found["control"].values[k]),
            "shown": str(found["shown"].values[k]),
            "response": _number(found["control_response"].values[k]),
            "share": share(found["control_response"].values[k]),
            "contrast_energy": _number(found["control_energy"].values[k]),
        }
        for k in range(found.sizes["control"])
    ]
    for name, dim in (("contrast_response", "contrast"), ("shift_response", "ring")):
        if name in found:
            report[name] = {
                dim: found[dim].values.tolist(),
                "response": [_number(each) for each in found[name].values],
            }
    report["smallest"] = {
        part: {name: _number(found[f"smallest_{part}"].attrs[name]) for name in ("size", "share")}
        for part in _PARTS
        if f"smallest_{part}" in found and not report["next_to_nothing"]
    }
    report["transfer"] = [
        {
            "network": str(name),
            "response": _number(value),
            "share": share(value),
            "relation": str(relation),
        }
        for name, value, relation in zip(
            *(found[each].values for each in ("network", "transfer_response", "relation")),
            strict=True,
        )
    ]
    return report


def lines_of(report: dict[str, Any]) -> list[str]:
    """Return a report as lines of text.

    Args:
        report: As of `report_of`.
    """
    lines = [f"{report['cell_type']} of {report['network']}: {report['headline']}", ""]
    lines.append(
        f"Response {_text(report['response'])} RMS above grey{_of_clips(report)}. Contrast energy "
        f"{report['contrast_energy']:.4g}."
    )
    if len(report["named"]) > 1:
        columns = zip(
            *((one["cell_type"], one["response"]) for one in report["named"]), strict=True
        )
        lines.append(" ".join([responses_in_words(*columns), report.get("contrast", "")]).rstrip())
    lines += ["", f"{'response':>9} {'share':>6} {'energy':>8}  control"]
    for row in report["controls"]:
        at = f", {row['shown']}" if row["shown"] == EQUAL and row["family"] in _TWICE else ""
        lines.append(
            f"{_text(row['response']):>9} {_text(row['share']):>6} {row['contrast_energy']:8.4g}  "
            f"{row['name']}{at}"
        )
    for name, dim in (("contrast_response", "contrast"), ("shift_response", "ring")):
        if name in report:
            told = report[name]
            pairs = zip(told[dim], told["response"], strict=True)
            lines += [
                "",
                f"Response by {_WORDS[dim]}: "
                + ", ".join(f"{at:g}: {_text(value)}" for at, value in pairs),
            ]
    for part, about in report["smallest"].items():
        which = f"{about['size']} {part} alone keep"
        if about["size"] == 1:
            which = f"1 {part.removesuffix('s')} alone keeps"
        lines.append(f"{which} {_text(about['share'])} of the response.")
    lines.append("")
    for each in report["transfer"]:
        lines.append(
            f"{_text(each['response']):>9} {_text(each['share']):>6}           "
            f"{each['network']} ({each['relation']})"
        )
    return lines


_TWICE = (*FAMILIES, NATURAL)
"""Families that are shown both at full contrast and at equal energy."""

_WORDS = {"contrast": "factor of the contrast", "ring": "columns of shift"}


def _number(value: Any) -> float | int | None:
    """Return a number as JSON knows it, None where there is none; a text as it is."""
    number = value.item() if hasattr(value, "item") else value
    return number if isinstance(number, str) or np.isfinite(number) else None


def _of_clips(report: dict[str, Any]) -> str:
    """Say what the best clip reaches, both ways: at equal energy it can be more."""
    rows = [row for row in report["controls"] if row["family"] == NATURAL]
    said = [f"{_text(row['response'])} at {row['shown']}" for row in rows]
    return f"; the best clip reaches {', '.join(said)}" if said else ""


def _text(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
