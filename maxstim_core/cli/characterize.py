"""The commands that say what a network is tuned to: tuning, and models card."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

from maxstim_core.cli.output import check_writable, write_text

if TYPE_CHECKING:
    from maxstim_core.simulation import Engine


def tuning(arguments: argparse.Namespace) -> int:
    """Measure the tuning of all cell types, and print or write it."""
    engine = _engine(arguments)
    from maxstim_core import __version__
    from maxstim_core.tuning.card import describe, tuning_table
    from maxstim_core.tuning.card_text import tuning_as_text
    from maxstim_core.tuning.protocol import measure_tuning

    table = tuning_table(measure_tuning(engine, _tell))
    content = {
        "maxstim_version": __version__,
        "network": describe(engine.network),
        "cell_types": table,
    }
    text = _as_json(content) if _wants_json(arguments) else tuning_as_text(table) + "\n"
    return _print_or_write(text, arguments.output, "tuning")


def card(arguments: argparse.Namespace) -> int:
    """Measure a network and print or write its model card."""
    from maxstim_core.tuning.origin import origin_of

    engine = _engine(arguments)
    origin = origin_of(arguments.network)
    from maxstim_core.tuning.card import make_card
    from maxstim_core.tuning.card_text import card_as_markdown

    content = make_card(engine, origin, _tell)
    text = _as_json(content) if _wants_json(arguments) else card_as_markdown(content)
    return _print_or_write(text, arguments.output, "model card")


def _engine(arguments: argparse.Namespace) -> Engine:
    """Check the output, the network and the device, cheapest first, and get ready to simulate."""
    if arguments.output:
        check_writable(arguments.output)
    from maxstim_core.network import open_network

    network = open_network(arguments.network)
    from maxstim_core.simulation import make_engine

    return make_engine(network, device=arguments.device)


def _wants_json(arguments: argparse.Namespace) -> bool:
    return arguments.json or str(arguments.output).endswith(".json")


def _tell(stage: str) -> None:
    print(f"Showing {stage} ...", file=sys.stderr, flush=True)


def _as_json(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _print_or_write(text: str, output: str | None, what: str) -> int:
    if output is None:
        print(text, end="")
    else:
        write_text(output, what, text)
        print(output)
    return 0
