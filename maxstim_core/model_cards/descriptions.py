"""What cell types of the default network want to see, as described by looking at their answers.

The sentences are kept in ``data/networks/answers.json`` with the content hash of the network that they
are about; ``docs/answers`` has the pictures.
"""

from __future__ import annotations

import json
from typing import Any

from maxstim_core.networks.bundled import networks_folder


def described_answers(content_hash: str) -> dict[str, dict[str, str]]:
    """Return what is said of a network's answers, by cell type and method; nothing if nothing is.

    Args:
        content_hash: The network's content hash.
    """
    file = networks_folder() / "answers.json"
    if not file.is_file():
        return {}
    content = json.loads(file.read_text(encoding="utf-8"))
    return content["cell_types"] if content["network_hash"] == content_hash else {}


def with_answers(card: dict[str, Any]) -> dict[str, Any]:
    """Return a model card with what is said of its network's answers, if anything is."""
    answers = described_answers(card["network"]["hash"])
    return card | {"answers": answers} if answers else card
