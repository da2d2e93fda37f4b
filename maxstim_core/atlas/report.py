"""What an atlas says, computed from its numbers: a table of agreement for each cell type, and sentences.

docs/atlas.md tells what the numbers are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from maxstim_core.atlas.agreement import is_there
from maxstim_core.comparison.grouping import ONE_ANSWER
from maxstim_core.comparison.likeness import TOLERATED_FRAMES, TOLERATED_RINGS
from maxstim_core.comparison.shares import NEXT_TO_NOTHING

if TYPE_CHECKING:
    import xarray as xr

_NAMED = 5
"""Cell types that a sentence names as those that are most and least."""

_COLUMNS = (
    ("cell_type", "cell type"),
    ("answers", "answers"),
    ("likeness_mean", "likeness, mean"),
    ("likeness_least", "likeness, least"),
    ("groups", "groups"),
    ("contrast_energy", "energy"),
    ("response", "response"),
    ("response_range", "from … to"),
    ("natural_response", "best clip"),
    ("transfer", "transfer"),
)


def atlas_report(answers: xr.Dataset, found: Mapping[str, tuple]) -> dict[str, Any]:
    """Return what an atlas says of one objective and one seed, as JSON takes it.

    Args:
        answers: As of `maxstim_core.atlas.agreement.answers_of_atlas`.
        found: As of `maxstim_core.atlas.agreement.compare_answers`.
    """
    there = is_there(answers)
    rows = [_row(answers, found, there, k) for k in range(len(there))]
    report: dict[str, Any] = {
        "objective": str(answers["objective"].values),
        "seed": int(answers["seed"].values),
        "networks": [str(name) for name in answers["network"].values],
        "answers": int(there.size),
        "complete": int(there.sum()),
        "threshold": ONE_ANSWER,
        "rings": TOLERATED_RINGS,
        "frames": TOLERATED_FRAMES,
        "unlike": _number(_middle(found["unlike"][1])),
        "cell_types": rows,
    }
    report["sentences"] = _sentences(report)
    return report


def _row(
    answers: xr.Dataset, found: Mapping[str, tuple], there: np.ndarray, k: int
) -> dict[str, Any]:
    members = np.flatnonzero(there[k])
    alike = found["likeness"][1][k][np.ix_(members, members)]
    pairs = alike[np.triu_indices(members.size, 1)]
    one = answers.isel(cell_type=k, network=members)
    response = one["counted_response"].values
    return {
        "cell_type": str(answers["cell_type"].values[k]),
        "answers": int(members.size),
        "likeness_mean": _number(pairs.mean()) if pairs.size else None,
        "likeness_least": _number(pairs.min()) if pairs.size else None,
        "groups": np.bincount(found["group"][1][k][members]).tolist() if members.size else [],
        "contrast_energy": _number(_middle(one["contrast_energy"].values)),
        "response": _number(_middle(response)),
        "response_least": _number(response.min()) if members.size else None,
        "response_most": _number(response.max()) if members.size else None,
        "natural_response": _number(_middle(one["natural_response"].values)),
        "transfer": _number(_transfer(one, members)),
    }


def _transfer(one: xr.Dataset, members: np.ndarray) -> float:
    """Return what answers do in other networks, as a share of what those' own do, in the median.

    Networks whose own answer does next to nothing have no share.
    """
    if "transfer_response" not in one or members.size < 2:
        return np.nan
    shown = one["transfer_response"].transpose("network", "shown_to").values[:, members]
    own = np.diagonal(shown)
    share = np.divide(
        shown, own, out=np.full(shown.shape, np.nan), where=np.abs(own) >= NEXT_TO_NOTHING
    )
    np.fill_diagonal(share, np.nan)
    return _middle(share)


# -- in words


def _sentences(report: Mapping[str, Any]) -> list[str]:
    rows = [row for row in report["cell_types"] if row["answers"]]
    said = [_whole(report)]
    compared = [row for row in rows if row["likeness_mean"] is not None]
    if compared:
        said += [_answers(compared), _likeness(compared, report), _extremes(compared)]
    elif rows:
        said.append(
            "No cell type has answers of two networks, so that there is nothing to compare."
        )
    transfers = [row["transfer"] for row in rows if row["transfer"] is not None]
    if transfers:
        said.append(
            f"Shown to another network, an answer does in the median {_percent(np.median(transfers))} "
            f"of what that network's own answer does ({_percent(min(transfers))} to "
            f"{_percent(max(transfers))} over cell types)."
        )
    if rows:
        response, clips = (
            _middle([row[name] for row in rows]) for name in ("response", "natural_response")
        )
        # None of an objective that counts something else than clips were measured by.
        best_clip = (
            f"; the best whole clip of the default set does {_text(clips)}"
            if np.isfinite(clips)
            else ""
        )
        said.append(
            f"In the median over cell types, answers have a contrast energy of "
            f"{_text(_middle([row['contrast_energy'] for row in rows]))} and do {_text(response)} RMS "
            f"above grey{best_clip}."
        )
    return said


def _whole(report: Mapping[str, Any]) -> str:
    asked = (
        f"{len(report['cell_types'])} cell types in {len(report['networks'])} networks, objective "
        f"{report['objective']}, seed {report['seed']}"
    )
    if report["complete"] < report["answers"]:
        return (
            f"Incomplete: {report['complete']} of {report['answers']} answers are there ({asked}); what "
            "follows is of those alone."
        )
    return f"All {report['answers']} answers are there: {asked}."


def _answers(rows: list[dict[str, Any]]) -> str:
    several = [row for row in rows if len(row["groups"]) > 1]
    one = len(rows) - len(several)
    said = f"{one} of {_types(len(rows))} {_have(one)} one answer in all networks"
    if not several:
        return f"{said}."
    most = max(len(row["groups"]) for row in several)
    names = ", ".join(row["cell_type"] for row in several)
    up_to = f" (up to {most})" if most > 2 else ""
    return f"{said}; {len(several)} {_have(len(several))} several{up_to}: {names}."


def _likeness(rows: list[dict[str, Any]], report: Mapping[str, Any]) -> str:
    means = [row["likeness_mean"] for row in rows]
    said = (
        f"Over pairs of networks the answers of a cell type have a mean likeness of "
        f"{_text(np.median(means))} in the median ({_text(min(means))} to {_text(max(means))})"
    )
    if report["unlike"] is None:
        return f"{said}."
    return f"{said}; those of different cell types of one network have {_text(report['unlike'])}."


def _extremes(rows: list[dict[str, Any]]) -> str:
    ordered = sorted(rows, key=lambda row: -row["likeness_mean"])
    n_named = min(_NAMED, len(ordered) // 2)
    if not n_named:
        return f"{_named(ordered)} is the only one to compare."
    return (
        f"The networks agree most on {_named(ordered[:n_named])} and least on "
        f"{_named(ordered[-n_named:][::-1])}."
    )


def _named(rows: Iterable[dict[str, Any]]) -> str:
    return ", ".join(f"{row['cell_type']} ({_text(row['likeness_mean'])})" for row in rows)


def _types(number: int) -> str:
    return f"{number} cell type{'s' * (number != 1)}"


def _have(number: int) -> str:
    return "has" if number == 1 else "have"


# -- as Markdown


def atlas_markdown(report: Mapping[str, Any], title: str = "The atlas") -> str:
    """Return a report as a page of Markdown: sentences, then a table.

    Args:
        report: As of `atlas_report`.
        title: What stands above.
    """
    lines = [f"# {title}", "", *(f"- {sentence}" for sentence in report["sentences"]), ""]
    lines += [
        "Responses are what counts of them, in RMS above grey, in the median over networks. Likeness is "
        f"the greatest normalized cross-correlation within {report['rings']} columns and "
        f"{report['frames']} frames, over pairs of networks; groups, by the number of their networks, "
        f"are those of average linkage at a likeness of {report['threshold']:g}. Transfer is what an "
        "answer does in another network, as a share of what that network's own does.",
        "",
        f"Networks: {', '.join(report['networks'])}.",
        "",
        _line(title for _, title in _COLUMNS),
        _line("---" for _ in _COLUMNS),
    ]
    lines += [_line(_cells(row)) for row in report["cell_types"]]
    return "\n".join(lines) + "\n"


def _cells(row: Mapping[str, Any]) -> list[str]:
    least, most = _text(row["response_least"]), _text(row["response_most"])
    written = {
        "cell_type": row["cell_type"],
        "answers": str(row["answers"]),
        "groups": " + ".join(map(str, row["groups"])) or "-",
        "response_range": f"{least} … {most}",
        "transfer": "-" if row["transfer"] is None else _percent(row["transfer"]),
    }
    return [written.get(name) or _text(row[name]) for name, _ in _COLUMNS]


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _middle(values: Any) -> float:
    """Return the median of what is finite; not a number where nothing is."""
    finite = np.asarray([np.nan if v is None else v for v in np.ravel(values)], np.float64)
    finite = finite[np.isfinite(finite)]
    return float(np.median(finite)) if finite.size else np.nan


def _number(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None


def _text(value: float | None) -> str:
    if value is None or not np.isfinite(value):
        return "-"
    return f"{value:.0f}" if abs(value) >= 99.5 else f"{value:.2f}"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
