"""The figures of a model card as HTML and SVG: drawn from the card alone, measured nowhere here."""

from __future__ import annotations

import math
from html import escape
from pathlib import Path
from typing import Any

from dashboard.text.cell_types import arrow, grouped
from maxstim_core.model_cards.markdown import evidence_tables
from maxstim_core.settings import minus_signed
from maxstim_core.tuning.facts import CLEAR, KNOWN_POLARITY, OFF, ON, PREFERRED_DIRECTION, SELECTIVE

CARD_STYLE = Path(__file__).with_name("card.css").read_text(encoding="utf-8")
"""Stylesheet of a model card."""

_TERMS = (
    "DSI is the direction selectivity index: 0 all directions alike, 1 one direction alone. <em>Wrong "
    "over right contrast</em> is how large the peak to edges of the contrast is that the cell does not "
    "answer to in flies, relative to that of the other: 0 none, 1 as large. <em>Clearly so</em> counts "
    f"the polarities whose flash response index is {CLEAR:g} or more."
)
"""What the titles of the tables of evidence mean."""

_MOST_SECONDS = 0.2
"""Time constant that fills its bar."""

_FAINT = 0.05
"""Direction selectivity index below which no arrow is drawn."""

_RADIUS = 42.0
"""Of the glyphs' outer circle, in their own units: they are 100 wide."""


def headline(name: str, content_hash: str, card: dict[str, Any] | None) -> str:
    """Return name, hash and maker of a network."""
    facts = [f"hash <code title='{escape(content_hash)}'>{escape(content_hash[:12])}</code>"]
    if card is not None:
        facts = [
            f"made by {escape(card['origin']['made_by'])}",
            f"{card['network']['cell_types']} cell types",
            f"{card['network']['free_parameters']} free parameters",
            f"measured on {card['network']['cells']} cells by maxstim {escape(card['maxstim_version'])}",
            *facts,
        ]
    return f"<h2 class='name'>{escape(name)}</h2><p class='quiet small'>{' · '.join(facts)}</p>"


def summary_tiles(card: dict[str, Any]) -> str:
    """Return the four figures that matter most."""
    summary, wrong = card["summary"], len(card["contradictions"])
    right, known = summary["polarity_right"], summary["polarity_known"]
    tiles = [
        (f"{right} <small>of {known}</small>", "known polarities right", right < known),
        (
            _degrees(summary["largest_error"]),
            "largest error of T4 and T5 directions",
            not _within(summary["largest_error"], 0, 45),
        ),
        (
            _number(summary["least_selectivity"]),
            "least selectivity (DSI) of T4 and T5",
            not _within(summary["least_selectivity"], SELECTIVE, 1),
        ),
        (f"{wrong}", "contradictions with flies" if wrong != 1 else "contradiction", wrong > 0),
    ]
    cells = (
        f"<div class='tile{' bad' if bad else ''}'><b>{value}</b><span>{text}</span></div>"
        for value, text, bad in tiles
    )
    return f"<div class='tiles'>{''.join(cells)}</div>{_fit_note(card['origin'])}"


def _fit_note(origin: dict[str, Any]) -> str:
    """Return which of the figures that matter most was fitted."""
    left_out = " and ".join(origin["held_out"])
    if origin["speeds"] or origin["radii"]:
        but = f", but for those of {escape(left_out)}" if left_out else ""
        text = (
            f"The fit was told of these polarities and directions{but}. What it was told of is no "
            "prediction; tests that it was not fitted to are under Evidence."
        )
    elif origin["not_fitted"]:
        text = "None of this was fitted: what is right here is predicted."
    else:
        return ""
    return f"<p class='quiet small fit-note'>{text}</p>"


def wrong_list(card: dict[str, Any]) -> str:
    """Return what contradicts flies, or nothing."""
    items = "".join(f"<li>{escape(item['sentence'])}</li>" for item in card["contradictions"])
    return f"<h3>Contradictions with flies</h3><ul class='wrong'>{items}</ul>" if items else ""


def direction_figure(card: dict[str, Any]) -> str:
    """Return a polar glyph for each T4 and T5: its answer to edges of all directions."""
    glyphs = "".join(_glyph(card, name) for name in PREFERRED_DIRECTION)
    return (
        "<h3>Direction tuning of T4 and T5</h3>"
        "<p class='quiet small'>Peak voltage to edges that move in twelve directions, mean over speeds. "
        "<i class='key right'></i> contrast that excites the cell in flies "
        "<i class='key other'></i> the other contrast "
        "<i class='key fly'></i> preferred direction in flies<br>"
        "DSI is the direction selectivity index: 0 all directions alike, 1 one direction alone.</p>"
        f"<div class='glyphs'>{glyphs}</div>"
    )


def polarity_figure(card: dict[str, Any]) -> str:
    """Return the flash response index of the cell types whose polarity is known, hits and misses."""
    halves = []
    for sign, word, light in ((ON, "ON", "more"), (OFF, "OFF", "less")):
        names = [name for name, known in KNOWN_POLARITY.items() if known == sign]
        cells = "".join(_polarity(card, name, sign) for name in names)
        title = f"{word} in flies: excited by {light} light"
        halves.append(f"<div><h4>{title}</h4><div class='polarities'>{cells}</div></div>")
    return (
        "<h3>Polarity of the 32 known cell types</h3>"
        "<p class='quiet small'>Flash response index to a disc of six rings: −1 OFF, +1 ON. "
        f"✓ the sign that it has in flies, ≈ that sign, but less than {CLEAR:g} from 0 and so hardly an "
        "answer, ✗ another.</p>"
        f"<div class='halves'>{''.join(halves)}</div>"
    )


def cell_type_table(card: dict[str, Any]) -> str:
    """Return what was measured of all cell types as a table."""
    wrong = {item["cell_type"] for item in card["contradictions"]}
    rows = []
    for title, names in grouped(card["cell_types"]).items():
        rows.append(f"<tr class='group'><th colspan='7'>{escape(title)}</th></tr>")
        rows += [_row(name, card["cell_types"][name], name in wrong) for name in names]
    titles = (
        ("Cell type", ""),
        ("In flies", ""),
        ("Flash index", "−1 OFF, +1 ON, disc of six rings"),
        ("Bright edges", "direction selectivity index, and preferred direction"),
        ("Dark edges", "direction selectivity index, and preferred direction"),
        ("Time constant", "milliseconds"),
        ("Rest", "resting potential, arbitrary units"),
    )
    head = "".join(f"<th title='{hint}'>{title}</th>" for title, hint in titles)
    return (
        f"<table class='cells'><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )


def origin_text(card: dict[str, Any]) -> str:
    """Return how a network was made: what was fitted and what was not."""
    origin = card["origin"]
    parts = [f"<p>Made by {escape(origin['made_by'])}.</p>"]
    for title, key, otherwise in (
        ("Fitted", "fitted", "Nothing."),
        ("Not fitted", "not_fitted", "Not known."),
    ):
        items = "".join(f"<li>{escape(text)}</li>" for text in origin[key] or [otherwise])
        parts.append(f"<h3>{title}</h3><ul>{items}</ul>")
    parts.append(
        f"<p class='quiet small hash'>Content hash {escape(card['network']['hash'])}<br>"
        f"Connectome {escape(card['network']['connectome_hash'])}</p>"
    )
    return "".join(parts)


def evidence_text(card: dict[str, Any]) -> str:
    """Return what was shown to a network beyond what it was fitted to, and how it did, as tables."""
    parts = [f"<p>{_TERMS}</p>"]
    for table in evidence_tables(card["evidence"]):
        head = "".join(f"<th>{escape(title)}</th>" for title in table.titles)
        rows = (
            f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in table.rows
        )
        lead = f"<p>{escape(table.lead)}</p>" if table.lead else ""
        parts.append(
            f"{lead}<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
        )
    return f"<div class='evidence'>{''.join(parts)}</div>"


def _glyph(card: dict[str, Any], name: str) -> str:
    row, curves = card["cell_types"][name], card["motion_curves"][name]
    right, other = ("on", "off") if KNOWN_POLARITY[name] == ON else ("off", "on")
    most = max(*curves["on"], *curves["off"]) or 1.0
    wrong = [item for item in card["contradictions"] if item["cell_type"] == name]
    direction, known = row[f"pd_{right}"], PREFERRED_DIRECTION[name]
    drawn = [
        f"<circle r='{_RADIUS}' class='rim'/><circle r='{_RADIUS / 2}' class='rim'/>",
        f"<path class='fly' d='{_wedge(known)}'/>",
        f"<polygon class='other' points='{_polygon(curves['angles'], curves[other], most)}'/>",
        f"<polygon class='right' points='{_polygon(curves['angles'], curves[right], most)}'/>",
    ]
    if direction is not None:
        x, y = _point(direction, _RADIUS)
        drawn.append(f"<line class='pd' x2='{x:.1f}' y2='{y:.1f}'/>")
        drawn.append(f"<circle class='tip' cx='{x:.1f}' cy='{y:.1f}' r='3.2'/>")
    edges = "bright" if right == "on" else "dark"
    label = f"{name}: prefers {_degrees(direction)} of {edges} edges, {known}° in flies"
    return (
        f"<figure class='{'bad' if wrong else ''}'>"
        f"<svg viewBox='-50 -50 100 100' role='img' aria-label='{label}'>"
        f"<title>{label}</title>{''.join(drawn)}</svg>"
        f"<figcaption><b>{name}</b> <span class='arrow'>{arrow(name)}</span>"
        f"<br>{_degrees(direction)} · DSI {_number(row[f'dsi_{right}'])}</figcaption></figure>"
    )


def _point(angle: float, radius: float) -> tuple[float, float]:
    """A point in a direction, degrees counter-clockwise; SVG counts downwards."""
    return radius * math.cos(math.radians(angle)), -radius * math.sin(math.radians(angle))


def _polygon(angles: list[float], values: list[float], most: float) -> str:
    points = (_point(a, _RADIUS * max(v, 0.0) / most) for a, v in zip(angles, values, strict=True))
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _wedge(angle: float) -> str:
    """A triangle outside the rim that points inwards from a direction."""
    (x0, y0), (x1, y1) = _point(angle - 7, _RADIUS + 7), _point(angle + 7, _RADIUS + 7)
    x, y = _point(angle, _RADIUS + 0.5)
    return f"M{x:.1f},{y:.1f} L{x0:.1f},{y0:.1f} L{x1:.1f},{y1:.1f} Z"


def _polarity(card: dict[str, Any], name: str, sign: int) -> str:
    index = card["cell_types"][name]["fri"]
    right = index is not None and index * sign > 0
    faint = right and abs(index) < CLEAR
    mark = "≈" if faint else "✓" if right else "✗"
    look = " faint" if faint else "" if right else " bad"
    return (
        f"<div class='polarity{look}' title='{name}: {_signed(index)}'>"
        f"<span>{escape(name)}</span>{_diverging(index)}<i>{_signed(index)}</i><b>{mark}</b></div>"
    )


def _row(name: str, row: dict[str, Any], wrong: bool) -> str:
    direction = row["known_direction"]
    known = [escape(row["known_polarity"] or ""), "" if direction is None else arrow(name)]
    cells = [
        f"<th>{escape(name)}</th>",
        f"<td>{' '.join(fact for fact in known if fact) or '<span class=none>–</span>'}</td>",
        f"<td><div class='cell'>{_diverging(row['fri'])}<i>{_signed(row['fri'])}</i></div></td>",
        *(
            f"<td><div class='cell'>{_bar(row[f'dsi_{side}'])}<i>{_number(row[f'dsi_{side}'])}</i>"
            f"{_needle(row[f'pd_{side}'], row[f'dsi_{side}'])}</div></td>"
            for side in ("on", "off")
        ),
        f"<td><div class='cell'>{_bar(row['time_constant'] / _MOST_SECONDS)}"
        f"<i>{1000 * row['time_constant']:.0f}</i></div></td>",
        f"<td><i>{_signed(row['resting_potential'])}</i></td>",
    ]
    return f"<tr class='{'bad' if wrong else ''}'>{''.join(cells)}</tr>"


def _diverging(value: float | None) -> str:
    """A bar from the middle, −1 to +1."""
    size = 50 * min(abs(value or 0.0), 1.0)
    left = 50 - size if (value or 0.0) < 0 else 50
    side = "off" if (value or 0.0) < 0 else "on"
    return (
        f"<span class='bar middle'><s class='{side}' style='left:{left:.1f}%;width:{size:.1f}%'></s>"
        "</span>"
    )


def _bar(value: float | None) -> str:
    size = 100 * min(max(value or 0.0, 0.0), 1.0)
    return f"<span class='bar'><s style='left:0;width:{size:.1f}%'></s></span>"


def _needle(direction: float | None, selectivity: float | None) -> str:
    """An arrow in the preferred direction, the fainter the less selective, or none."""
    if direction is None or not selectivity or selectivity < _FAINT:
        return "<u></u>"
    strength = min(1.0, 0.15 + 1.4 * selectivity)
    return (
        f"<u title='{_degrees(direction)}' style='transform:rotate({-direction:.0f}deg);"
        f"opacity:{strength:.2f}'>→</u>"
    )


def _within(value: float | None, low: float, high: float) -> bool:
    return value is not None and low <= value <= high


def _degrees(value: float | None) -> str:
    return "–" if value is None else f"{round(value) % 360}°"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _signed(value: float | None) -> str:
    return "–" if value is None else minus_signed(f"{value:+.2f}")
