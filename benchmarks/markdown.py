"""Tables in Markdown, row by row."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np


def head(*titles: str) -> Iterator[str]:
    """Return the two lines that a table begins with."""
    yield row(*titles)
    yield row(*["---"] * len(titles))


def row(*cells: str) -> str:
    """Return a line of a table."""
    return f"| {' | '.join(cells)} |"


def figure(value: float, missing: str = "silent") -> str:
    """Return a number as tables show it: two decimals below ten; `missing` if it is none."""
    if np.isnan(value):
        return missing
    return f"{value:.0f}" if value == int(value) or value >= 10 else f"{value:.2f}"
