"""Model cards that were made before: of bundled networks, and in the data directory; by content hash.

A card belongs to the numbers of a network, whatever the network is called.
"""

from __future__ import annotations

import json
import os
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from maxstim_core.errors import MaxstimError
from maxstim_core.model_cards.descriptions import with_answers
from maxstim_core.networks.bundled import cards_folder
from maxstim_core.storage.atomic import aside, sweep_leftovers
from maxstim_core.storage.data_dir import data_directory

FORMAT = "maxstim model card 3"
"""What a card says of itself; one of another format is made again."""

_HASH = re.compile(r"[0-9a-f]{64}")


def find_card(content_hash: str) -> dict[str, Any] | None:
    """Return the card of a network by its content hash, or None if there is none yet.

    What is said of the network's answers comes with it as ``answers``.
    """
    if not _HASH.fullmatch(content_hash):
        return None
    file = _file(content_hash)
    sweep_leftovers(file.parent)
    card = _read(file) or _bundled(cards_folder()).get(content_hash)
    if card is None or card["network"]["hash"] != content_hash:
        return None
    return with_answers(card)


def keep_card(card: dict[str, Any]) -> Path:
    """Store a card for the next time and return its file.

    Raises:
        MaxstimError: if it cannot be written; nothing half-written stays.
    """
    file = _file(card["network"]["hash"])
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with aside(file.parent) as part:
            part.write_text(card_as_json(card), encoding="utf-8")
            os.replace(part, file)
    except OSError as error:
        raise MaxstimError(
            f"The model card could not be stored in {file.parent} ({error.strerror or error}); make "
            "room there, or name another folder in MAXSTIM_DATA_DIR."
        ) from error
    return file


def card_as_json(card: dict[str, Any]) -> str:
    """Return a card as the text of a file."""
    return json.dumps(card, indent=1, ensure_ascii=False) + "\n"


def _file(content_hash: str) -> Path:
    return data_directory() / "cards" / f"{content_hash}.json"


@lru_cache(maxsize=2)
def _bundled(folder: Path) -> dict[str, dict[str, Any]]:
    """The cards that come with maxstim, by content hash."""
    cards = (_read(file) for file in sorted(folder.glob("*.json")))
    return {card["network"]["hash"]: card for card in cards if card is not None}


# fmt: off
_TEXTS = frozenset((
    "about", "cell_type", "connectome_hash", "fitted", "format", "hash", "held_out", "known_polarity",
    "made_by", "maxstim_version", "name", "not_fitted", "picture", "sentence",
))
# fmt: on
"""What a card says in words; all else of it is numbers, which a page may show as they are."""


def _has_text_elsewhere(value: object, name: str = "") -> bool:
    """Tell whether somebody wrote text where a card has numbers."""
    if isinstance(value, dict):
        # What is said of answers, by cell type and method, is words altogether.
        return any(_has_text_elsewhere(v, key) for key, v in value.items() if key != "answers")
    if isinstance(value, list):
        return any(_has_text_elsewhere(inner, name) for inner in value)
    return isinstance(value, str) and name not in _TEXTS


def _read(file: Path) -> dict[str, Any] | None:
    """A card of the present format, or None: what cannot be read is made again."""
    try:
        card = json.loads(file.read_text(encoding="utf-8"))
        known = card["format"] == FORMAT and card["network"]["hash"]
        return card if known and not _has_text_elsewhere(card) else None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
