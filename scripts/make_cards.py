"""Make the model cards of the networks that come with maxstim.

    python scripts/make_cards.py

Measures every network and writes ``maxstim_core/data/networks/cards/000.json``, which the dashboard
shows, and ``000.md``, for people. To be run whenever a network or what a card holds has changed.
"""

import os
import shutil
import tempfile
from pathlib import Path

from maxstim_core.cli import main
from maxstim_core.networks.bundled import DEFAULT, cards_folder, default
from maxstim_core.networks.catalog import bundled_names


def make_cards() -> None:
    """Measure the networks and write their cards, those that are in no ensemble included."""
    cards_folder().mkdir(exist_ok=True)
    names = [name for name in bundled_names() if not (name == DEFAULT and default().member)]
    with tempfile.TemporaryDirectory() as folder:
        os.environ["MAXSTIM_DATA_DIR"] = folder  # a card of the same network is not the user's own
        for name in names:
            file = cards_folder() / name.rpartition("/")[2]
            if main(["models", "card", name, "--again", "--output", f"{file}.md"]):
                raise SystemExit(f"The card of {name} could not be made.")
            # As measured: what is said of the answers is kept elsewhere, and added when it is read.
            [measured] = Path(folder, "cards").iterdir()
            shutil.move(measured, f"{file}.json")


if __name__ == "__main__":
    make_cards()
