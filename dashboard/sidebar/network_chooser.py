"""What the sidebar says of the chosen network, and what contradicts flies in it."""

from __future__ import annotations

from typing import Any

from dashboard.state.networks import Networks
from dashboard.text.tuning import agreement


def network_words(networks: Networks) -> dict[str, Any]:
    """Return what `SidebarPanel.network` shows.

    Args:
        networks: What is known of networks on this page.
    """
    found, cell_type, warnings = networks.found, networks.choice.cell_type, networks.warnings
    problem = found.problem if found is not None else ""
    if found is None:
        state = "Opening the network …"
    elif problem:
        state = ""
    elif found.card is None:
        making = networks.progress is not None and networks.progress.live
        state = "Measuring its tuning …" if making else "Its tuning has not been measured."
    else:
        wrong = f"{cell_type} contradicts flies."
        state = wrong if warnings else agreement(found.card, cell_type)
    return {
        "state": state,
        "card": found is not None and not problem,
        "tells_tuning": found is not None and not problem and found.card is not None,
        "warning": problem or " ".join(warnings),
        "severity": "error" if problem else "warning",
        "said": networks.reply,
        "refused": networks.refused,
    }
