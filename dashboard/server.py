"""The server of the page, as ``maxstim serve`` starts it, and what guards any server of it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from weakref import WeakSet

from bokeh.document import Document
from bokeh.server.contexts import ApplicationContext
from bokeh.server.tornado import BokehTornado
from panel.io.application import build_single_handler_application
from panel.io.server import get_server
from tornado.ioloop import IOLoop

from dashboard.guard.connections import allow_files, limit_connections
from dashboard.guard.gate import VISITOR, VISITOR_NAME, Gate, stand_before
from dashboard.guard.hosts import Hosts, plain_address
from dashboard.guard.logins import Logins
from dashboard.guard.messages import LONGEST_MESSAGE
from dashboard.guard.routes import ONE_LINE, OneLine, keep_to_the_page, log_request
from dashboard.state.visitors import ask_for_password
from maxstim_core.storage.data_dir import data_directory

_UNUSED_SESSION_MILLISECONDS = 60_000
"""How long a page that lost its connection, on a laptop that sleeps say, can come back to."""

_LONGEST_BODY = 64 * 1024
"""Bytes of a request's body that are read at most. What visitors upload comes by websocket."""


_IDLE_SECONDS, _BODY_SECONDS = 120, 20
"""How long a connection may be silent between requests, and a body be under way."""

_GATE = "maxstim_gate"
"""Setting of an application that has a gate."""

FILE_ALONE = (
    "A file alone has no guards; serve its folder: panel serve dashboard, or: maxstim serve"
)
"""What is said where a single file of this folder is served."""

_guarded: WeakSet[ApplicationContext] = WeakSet()
"""Applications of this process whose server has a gate."""


_TOKEN_SECONDS = 30 * 24 * 3600
"""How long a page that a browser kept, in a tab that it restores say, can be opened."""


class Server:
    """Listens from the moment it is made, and serves once it runs.

    Args:
        port: Where to listen.
        address: Where to listen.
        origins: ``host[:port]`` of the addresses that visitors type, beside this computer's own.
        password: What visitors must know, or None.
        proxies: IP addresses of proxies on other computers that tell who asks.

    Raises:
        OSError: if it cannot listen there.
        MaxstimError: if the password is too short.
    """

    def __init__(
        self,
        *,
        port: int,
        address: str,
        origins: Sequence[str],
        password: str | None,
        proxies: Sequence[str] = (),
    ) -> None:
        # Panel's own threads (``--num-threads``) stay off: under Panel 1.9 what a person types and the
        # click that follows may then overtake one another. Work is done in processes, not here.
        self._server = get_server(
            {"dashboard": build_single_handler_application(Path(__file__).parent)},
            port=port,
            address=address,
            title="maxstim",
            session_token_expiration=_TOKEN_SECONDS,
            unused_session_lifetime_milliseconds=_UNUSED_SESSION_MILLISECONDS,
            http_server_kwargs={
                "max_body_size": _LONGEST_BODY,
                "idle_connection_timeout": _IDLE_SECONDS,
                "body_timeout": _BODY_SECONDS,
            },
        )
        allow_files()
        limit_connections(self._server._http)
        guard(self._server._tornado, port=port, origins=origins, password=password, proxies=proxies)

    @property
    def loop(self) -> IOLoop:
        """Its event loop."""
        return self._server.io_loop

    def run(self) -> None:
        """Serve until Ctrl-C."""
        self._server.run_until_shutdown()


def guard(
    application: BokehTornado,
    *,
    port: int,
    origins: Sequence[str],
    password: str | None,
    proxies: Sequence[str] = (),
) -> None:
    """Let a server answer only those that it is for; see ``docs/security.md``.

    Args:
        application: What answers its requests.
        port: Where it listens.
        origins: ``host[:port]`` of the addresses that visitors type, beside this computer's own.
        password: What visitors must know, or None.
        proxies: IP addresses of proxies on other computers that tell who asks.

    Raises:
        MaxstimError: if the password is too short.
    """
    gate = Gate(
        hosts=Hosts(origins, port=port),
        logins=Logins(password, data_directory() / f"logins-{port}.json"),
        port=port,
        proxies=frozenset(map(plain_address, proxies)),
    )
    if password:
        ask_for_password()
    # Bokeh 3.9 takes these where it is made only, which ``panel serve`` does before it asks us.
    application._sign_sessions, application._secret_key = True, gate.logins.secret.encode()
    application._include_headers, application._exclude_headers = [VISITOR, VISITOR_NAME], None
    application._include_cookies, application._exclude_cookies = [], None
    keep_to_the_page(application, gate)
    stand_before(application, gate)
    application.settings["websocket_max_message_size"] = LONGEST_MESSAGE
    application.settings["log_function"] = log_request
    application.settings[_GATE] = gate
    _guarded.update(application._applications.values())
    for name in ONE_LINE:
        logging.getLogger(name).addFilter(OneLine())


def is_guarded(application: BokehTornado) -> bool:
    """Tell whether `guard` has been asked for an application."""
    return _GATE in application.settings


def end_unless_guarded(document: Document) -> None:
    """End a server that has no gate when it is about to build a page, as one that serves a single file.

    ``app_hooks.py``, which has a server guarded before it answers anybody, is read for the folder only.

    Args:
        document: The page that is to be built.

    Raises:
        SystemExit: if the server of the page has no gate.
    """
    context = document.session_context
    if context is None or context.server_context is None:
        return  # nobody has asked for it: Panel warms up, before there is a server
    if context.server_context.application_context not in _guarded:
        raise SystemExit(FILE_ALONE)
