"""What the cell types that an objective names respond, and whether a contrast between them holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from maxstim_core.settings import minus_signed

FAILING_SHARE = 0.5
"""A contrast fails where another cell type responds with more than this share of what was asked for."""


def _rms(response: float) -> str:
    return minus_signed(f"{response:z.2f} RMS")


def contrast_words(names: Sequence[str], responses: Sequence[float]) -> str:
    """Say in one sentence whether a contrast holds, and between which cell types it fails.

    It fails where the cell type that was asked for does not respond above grey, or another one responds
    with more than `FAILING_SHARE` of its response.

    Args:
        names: The cell types, the one that was asked for first.
        responses: What counts of the response of each, in RMS above grey.

    Example:
        >>> contrast_words(["T4c", "T4a", "T4b"], [2.0, 1.5, 0.1])
        'The contrast fails: T4a responds with 1.50 RMS, more than half of the 2.00 RMS of T4c.'
        >>> contrast_words(["T4c", "T4a", "T4b"], [2.0, 0.3, 0.1])
        'The contrast holds: T4c responds with 2.00 RMS, of the others T4a most, with 0.30 RMS.'
    """
    asked, own = names[0], float(responses[0])
    others = sorted(zip(map(float, responses[1:]), names[1:], strict=True), reverse=True)
    if not own > 0:
        return f"The contrast fails: {asked} responds with {_rms(own)}, not above grey."
    failing = [(name, value) for value, name in others if value > FAILING_SHARE * own]
    if not failing:
        most, name = others[0]
        return (
            f"The contrast holds: {asked} responds with {_rms(own)}, of the others {name} most, with "
            f"{_rms(most)}."
        )
    each = ", ".join(f"{name} responds with {_rms(value)}" for name, value in failing)
    than = "more than half" if len(failing) == 1 else "each more than half"
    return f"The contrast fails: {each}, {than} of the {_rms(own)} of {asked}."


def responses_in_words(names: Sequence[str], responses: Sequence[float]) -> str:
    """List what counts of the responses of cell types, in RMS above grey."""
    each = ", ".join(f"{name} {value:z.2f}" for name, value in zip(names, responses, strict=True))
    return f"Responses in RMS above grey: {each}."


def named_attributes(
    objective: str, names: Sequence[str], responses: Sequence[float]
) -> dict[str, Any]:
    """Return the attributes of a result that say how an objective came out; none but of a contrast.

    Args:
        objective: Kind of the objective.
        names: The cell types that it names, the one that was asked for first.
        responses: What counts of the response of each, in RMS above grey.
    """
    return {"contrast": contrast_words(names, responses)} if objective == "contrast" else {}
