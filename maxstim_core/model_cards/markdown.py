"""A model card as Markdown, and the tuning table as text: what is given is written, nothing measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from maxstim_core.tuning.facts import SELECTIVE

_UNKNOWN = "–"

_TUNING_COLUMNS = {
    "known": "in flies",
    "fri": "FRI",
    "fri_full_field": "FRI, full field",
    "flash_change": "bright - dark",
    "dsi_on": "DSI ON",
    "pd_on": "PD ON",
    "dsi_off": "DSI OFF",
    "pd_off": "PD OFF",
}


def card_as_markdown(card: dict[str, Any]) -> str:
    """Return a card of `maxstim_core.model_cards.card.make_card` as Markdown."""
    network, origin, summary = card["network"], card["origin"], card["summary"]
    return "\n".join(
        [
            f"# {network['name']}",
            "",
            f"A network of {network['cell_types']} cell types with {network['free_parameters']} free "
            f"parameters, measured on an eye of {network['extent']} rings ({network['cells']} cells) by "
            f"maxstim {card['maxstim_version']}. Content hash `{network['hash']}`.",
            "",
            "## Origin",
            "",
            f"Made by {origin['made_by']}.",
            "",
            "Fitted:",
            "",
            *_list(origin["fitted"], "nothing."),
            "",
            "Not fitted:",
            "",
            *_list(origin["not_fitted"], "not known."),
            *_held_out(origin["held_out"], card["cell_types"]),
            "",
            "## In short",
            "",
            *_summary(summary),
            "",
            "## Contradictions with flies",
            "",
            "Looked for: a flash index of the wrong sign; T4 and T5 that prefer another of the four "
            "directions, answer more to the other contrast, or have a direction index below "
            f"{SELECTIVE:g}; {SELECTIVE:g} or more in the ten that prefer none.",
            "",
            *_list([item["sentence"] for item in card["contradictions"]], "none found."),
            *_answers(card.get("answers", {})),
            "",
            "## Evidence",
            "",
            *_evidence(card["evidence"]),
            "",
            "## Cell types",
            "",
            "Flash response index (FRI): +1 ON, -1 OFF, to a disc of 6 rings and to the full field; "
            "mean voltage during the bright disc less that during the dark one, which tells the "
            "polarity of those that the index does not resolve (photoreceptors, L1, L2). "
            "Direction selectivity index (DSI) and preferred direction (PD, degrees counter-clockwise "
            "from rightward) to bright (ON) and dark (OFF) edges. Resting potential in arbitrary units, "
            "time constant in milliseconds.",
            "",
            *_cell_types(card["cell_types"]),
            "",
        ]
    )


def tuning_as_text(table: dict[str, dict[str, Any]]) -> str:
    """Return a table of `maxstim_core.model_cards.card.tuning_table` as aligned columns."""
    rows = [["", *_TUNING_COLUMNS.values()]]
    rows += [[name, *_tuning_cells(row)] for name, row in table.items()]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if k < 2 else cell.rjust(width)
            for k, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def _summary(summary: dict[str, Any]) -> list[str]:
    return _list(
        [
            f"Polarity: {summary['polarity_right']} of the {summary['polarity_known']} known cell types "
            f"have the sign that they have in flies, {summary['polarity_clear']} of them clearly.",
            f"T4 and T5: at most {_degrees(summary['largest_error'])} from the direction in flies; "
            f"direction selectivity at least {_number(summary['least_selectivity'])}; peak to the wrong "
            f"contrast at most {_number(summary['largest_wrong_contrast'])} of that to the right one.",
            "Ten cell types that prefer no direction in flies: direction selectivity at most "
            f"{_number(summary['largest_untuned_selectivity'])}.",
        ],
        "",
    )


def _held_out(names: list[str], cell_types: dict[str, dict[str, Any]]) -> list[str]:
    """What came of the cell types whose tuning the fit was not told."""
    if not names:
        return []
    rows = [[name, *_tuning_cells(cell_types[name])] for name in names]
    intro = "Left out of the fit, so that what they do here is predicted by the rest:"
    return ["", intro, "", *_table(["cell type", *_TUNING_COLUMNS.values()], rows)]


def _answers(answers: dict[str, dict[str, str]]) -> list[str]:
    """What some cell types want to see, where somebody has looked."""
    if not answers:
        return []
    methods = list(next(iter(answers.values())))
    rows = [[name, *(said[method] for method in methods)] for name, said in answers.items()]
    intro = (
        f"The movies that excite {len(answers)} cell types most, as they look; their pictures are in "
        "`docs/answers` of maxstim's sources."
    )
    return ["", "## Answers", "", intro, "", *_table(["cell type", *methods], rows)]


@dataclass(frozen=True)
class Table:
    """A table of a card, as text.

    Attributes:
        lead: Sentence that stands before it, or nothing.
        titles: Of its columns.
        rows: Its cells.
    """

    lead: str
    titles: list[str]
    rows: list[list[str]]


def evidence_tables(evidence: dict[str, list[dict[str, Any]]]) -> list[Table]:
    """Return the section on evidence of a card as tables: edges, flashes, gratings and scenes."""
    return [
        Table(
            "Errors are the largest among the eight T4 and T5, in degrees.",
            ["edge, columns/s", "fitted", "error", "least DSI", "wrong over right contrast"],
            [
                [
                    f"{item['speed']:g}",
                    _yes(item["fitted"]),
                    _degrees(item["largest_error"]),
                    _number(item["least_selectivity"]),
                    _number(item["largest_wrong_contrast"]),
                ]
                for item in evidence["edges"]
            ],
        ),
        Table(
            "",
            ["disc, rings", "fitted", "right polarity", "clearly so"],
            [
                [
                    f"{item['radius']}",
                    _yes(item["fitted"]),
                    f"{item['polarity_right']} of {item['polarity_known']}",
                    f"{item['polarity_clear']}",
                ]
                for item in evidence["flashes"]
            ],
        ),
        Table(
            "",
            ["grating, columns", "Hz", "contrast", "fitted", "error"],
            [
                [
                    f"{item['wavelength']:g}",
                    f"{item['frequency']:g}",
                    f"{item['contrast']:g}",
                    _yes(item["fitted"]),
                    _degrees(item["largest_error"]),
                ]
                for item in evidence["gratings"]
            ],
        ),
        Table(
            "Scenes move over the eye at 4 to 25 columns/s. T4b - T4a + T5b - T5a, correlated with the "
            "velocity to the right, and T4c - T4d + T5c - T5d, with that upward:",
            ["scenes of", "fitted", "right", "up", "largest voltage"],
            [
                [
                    item["picture"],
                    _yes(item["fitted"]),
                    _number(item["horizontal"]),
                    _number(item["vertical"]),
                    _number(item["largest_voltage"]),
                ]
                for item in evidence["scenes"]
            ],
        ),
    ]


def _evidence(evidence: dict[str, list[dict[str, Any]]]) -> list[str]:
    lines: list[str] = []
    for table in evidence_tables(evidence):
        lines += ["", table.lead] if lines and table.lead else [table.lead] if table.lead else []
        lines += ["", *_table(table.titles, table.rows)]
    return lines


def _cell_types(cell_types: dict[str, dict[str, Any]]) -> list[str]:
    return _table(
        ["cell type", *_TUNING_COLUMNS.values(), "rest", "time constant"],
        [
            [
                name,
                *_tuning_cells(row),
                _number(row["resting_potential"]),
                f"{1000 * row['time_constant']:.0f}",
            ]
            for name, row in cell_types.items()
        ],
    )


def _tuning_cells(row: dict[str, Any]) -> list[str]:
    direction = row["known_direction"]
    known = [row["known_polarity"], None if direction is None else f"{direction}°"]
    return [
        " ".join(fact for fact in known if fact) or _UNKNOWN,
        *(_signed(row[name]) for name in ("fri", "fri_full_field", "flash_change")),
        _number(row["dsi_on"]),
        _degrees(row["pd_on"]),
        _number(row["dsi_off"]),
        _degrees(row["pd_off"]),
    ]


def _table(titles: list[str], rows: list[list[str]]) -> list[str]:
    return ["| " + " | ".join(row) + " |" for row in (titles, ["---"] * len(titles), *rows)]


def _list(items: list[str], otherwise: str) -> list[str]:
    return [f"- {item}" for item in items] or [f"- {otherwise}"]


def _number(value: float | None) -> str:
    return _UNKNOWN if value is None else f"{value:.2f}"


def _signed(value: float | None) -> str:
    return _UNKNOWN if value is None else f"{value:+.2f}"


def _degrees(value: float | None) -> str:
    return _UNKNOWN if value is None else f"{round(value) % 360}°"


def _yes(value: bool) -> str:
    return "yes" if value else "no"
