"""The commands that say what a network is tuned to: tuning, and models card."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from maxstim_core.cli.device import resolved
from maxstim_core.cli.output import check_writable, write_text
from maxstim_core.cli.streams import print_message
from maxstim_core.errors import MaxstimError

if TYPE_CHECKING:
    from maxstim_core.networks.network import Network
    from maxstim_core.simulation.engine import Engine


def tuning(arguments: argparse.Namespace) -> int:
    """Measure the tuning of all cell types, and print or write it."""
    engine = _engine(arguments)
    from maxstim_core import __version__
    from maxstim_core.model_cards.card import describe, tuning_table
    from maxstim_core.model_cards.markdown import tuning_as_text
    from maxstim_core.model_cards.store import card_as_json
    from maxstim_core.tuning.protocol import measure_tuning

    table = tuning_table(measure_tuning(engine, _report_stage))
    content = {
        "maxstim_version": __version__,
        "network": describe(engine.network),
        "cell_types": table,
    }
    text = card_as_json(content) if _wants_json(arguments) else tuning_as_text(table) + "\n"
    return _print_or_write(text, arguments.output, "tuning")


def card(arguments: argparse.Namespace) -> int:
    """Print or write the model card of a network, measured unless there is one."""
    if arguments.output is not None:
        check_writable(arguments.output, arguments.network)
    from maxstim_core.model_cards.descriptions import with_answers
    from maxstim_core.model_cards.markdown import card_as_markdown
    from maxstim_core.model_cards.store import card_as_json, find_card
    from maxstim_core.networks.catalog import open_network

    network = open_network(arguments.network)
    content = None if arguments.again else find_card(network.content_hash)
    if content is None:
        content = with_answers(_measured_card(network, arguments))
    # A card is kept for the numbers of its network, whatever that was called.
    content = content | {"network": content["network"] | {"name": network.name}}
    text = card_as_json(content) if _wants_json(arguments) else card_as_markdown(content)
    return _print_or_write(text, arguments.output, "model card")


def _measured_card(network: Network, arguments: argparse.Namespace) -> dict[str, Any]:
    from maxstim_core.model_cards.card import make_card
    from maxstim_core.model_cards.origin import origin_of
    from maxstim_core.model_cards.store import keep_card
    from maxstim_core.simulation.choose_engine import make_engine

    origin = origin_of(arguments.network)
    content = make_card(make_engine(network, device=resolved(arguments)), origin, _report_stage)
    try:
        keep_card(content)
    except MaxstimError as error:  # it can be shown all the same
        print_message(f"Note: {error}")
    return content


def _engine(arguments: argparse.Namespace) -> Engine:
    """Check the output, the network and the device, cheapest first, and get ready to simulate."""
    if arguments.output is not None:
        check_writable(arguments.output, arguments.network)
    from maxstim_core.networks.catalog import open_network

    network = open_network(arguments.network)
    from maxstim_core.simulation.choose_engine import make_engine

    return make_engine(network, device=resolved(arguments))


def _wants_json(arguments: argparse.Namespace) -> bool:
    return arguments.json or str(arguments.output).endswith(".json")


def _report_stage(stage: str) -> None:
    print_message(f"Showing {stage} ...")


def _print_or_write(text: str, output: str | None, what: str) -> int:
    if output is None:
        print(text, end="")
    else:
        write_text(output, what, text)
        print(output)
    return 0
