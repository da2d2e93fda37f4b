"""The server of the page, as ``maxstim serve`` starts it."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Sequence
from pathlib import Path

from panel.io.application import build_single_handler_application
from panel.io.server import get_server
from tornado.ioloop import IOLoop

_UNUSED_SESSION_MILLISECONDS = 60_000
"""How long a page that lost its connection, on a laptop that sleeps say, can come back to."""


_TOKEN_SECONDS = 30 * 24 * 3600
"""How long a page that a browser kept, in a tab that it restores say, can be opened."""


class Server:
    """Listens from the moment it is made, and serves once it runs.

    Args:
        port: Where to listen.
        address: Where to listen.
        origins: ``host:port`` of the addresses that browsers may use.
        password: What visitors must know, or None.

    Raises:
        OSError: if it cannot listen there.
    """

    def __init__(
        self, *, port: int, address: str, origins: Sequence[str], password: str | None
    ) -> None:
        # Panel's own threads (``--num-threads``) stay off: under Panel 1.9 what a person types and the
        # click that follows may then overtake one another. Work is done in processes, not here.
        self._server = get_server(
            {"dashboard": build_single_handler_application(str(Path(__file__).parent))},
            port=port,
            address=address,
            websocket_origin=list(origins),
            basic_auth=password,
            cookie_secret=secrets.token_hex(32) if password else None,
            title="maxstim",
            session_token_expiration=_TOKEN_SECONDS,
            unused_session_lifetime_milliseconds=_UNUSED_SESSION_MILLISECONDS,
        )
        logging.getLogger("asyncio").addFilter(_is_worth_saying)

    @property
    def loop(self) -> IOLoop:
        """Its event loop."""
        return self._server.io_loop

    def run(self) -> None:
        """Serve until Ctrl-C."""
        self._server.run_until_shutdown()


def _is_worth_saying(record: logging.LogRecord) -> bool:
    """Tell whether a complaint is more than that somebody closed a page in mid-sentence."""
    error = record.exc_info[1] if record.exc_info else None
    return type(error).__name__ != "WebSocketClosedError"
