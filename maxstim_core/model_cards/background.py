"""Model cards made in the background, by the worker that does the runs.

A card takes a while to measure, and is then kept for everybody (`maxstim_core.model_cards.store`). It
waits for its turn among the runs. Any thread may call `CardMaker`; nobody is called back, pages ask how
it goes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from maxstim_core.model_cards.store import find_card, keep_card
from maxstim_core.networks.catalog import open_network
from maxstim_core.runs.queue import RunQueue
from maxstim_core.runs.task import TaskRequest

_STATES = {
    "queued": "waiting",
    "running": "measuring",
    "done": "done",
    "cancelled": "failed",
    "failed": "failed",
}
"""What the state of a task means for its card."""


@dataclass(frozen=True)
class CardProgress:
    """How the making of a card stands.

    Attributes:
        state: ``waiting``, ``measuring``, ``done`` or ``failed``.
        stage: What is being shown to the network.
        message: What it waits for while it is being measured, one sentence, or nothing.
        problem: Why it failed, one sentence.
    """

    state: str
    stage: str = ""
    message: str = ""
    problem: str = ""

    @property
    def live(self) -> bool:
        """Whether it has not ended."""
        return self.state in ("waiting", "measuring")


class CardMaker:
    """Lets a queue make the cards that are asked for; of one queue, all know the same.

    Args:
        queue: Whose worker measures them.
    """

    def __init__(self, queue: RunQueue) -> None:
        self._queue = queue

    def make(self, network: str, content_hash: str, session: str = "") -> None:
        """Let the card of a network be made; who asks while it is being made waits for the same one.

        Args:
            network: As `maxstim_core.networks.catalog.open_network` takes it.
            content_hash: Its content hash, by which `progress` knows it.
            session: Who asks, as in `RunQueue.submit`.

        Raises:
            MaxstimError: if the session has too many cards waiting, or the server is shutting down.
        """
        request = TaskRequest(
            f"{__name__}:measure_card",
            {"network": network},
            key=_key(content_hash),
            what="model card",
        )
        self._queue.submit_task(request, session)

    def progress(self, content_hash: str) -> CardProgress | None:
        """Return how the card of a network stands; None if it was not asked for, or long ago."""
        task = self._queue.newest_task(_key(content_hash))
        if task is None:
            return None
        state = _STATES[task.state]
        if state == "failed":
            return CardProgress(state, problem=task.message)
        return CardProgress(state, task.stage, task.message)


def measure_card(
    network: str, *, device: str, report_stage: Callable[[str], None] = lambda stage: None
) -> None:
    """Measure the card of a network and store it, unless there is one; called in the worker.

    Args:
        network: As `maxstim_core.networks.catalog.open_network` takes it.
        device: Where to compute: ``cpu``, or a GPU such as ``cuda:0``.
        report_stage: Called with a few words before each stage.

    Raises:
        MaxstimError: if there is no such network, a voltage does not stay finite, or the card cannot
            be stored.
    """
    from maxstim_core.model_cards.card import make_card
    from maxstim_core.model_cards.origin import origin_of
    from maxstim_core.simulation.choose_engine import make_engine

    opened = open_network(network)
    if find_card(opened.content_hash) is None:
        keep_card(make_card(make_engine(opened, device=device), origin_of(network), report_stage))


def _key(content_hash: str) -> str:
    return f"model card {content_hash}"
