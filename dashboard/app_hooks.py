"""What the server does around pages; Bokeh reads this file, however the server is started."""

from __future__ import annotations

import asyncio
import gc
import importlib
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar
from urllib.parse import urlsplit

from bokeh.application.application import ServerContext, SessionContext
from bokeh.application.handlers.handler import Handler
from bokeh.document import Document
from bokeh.server.tornado import BokehTornado
from tornado.httpserver import HTTPServer

from dashboard.components.static_files import compress_static_files
from dashboard.server import guard, is_guarded
from dashboard.style.material import defer_stylesheets
from maxstim_core.errors import MaxstimError
from maxstim_core.networks.bundled import DEFAULT
from maxstim_core.runs.queue import the_queue
from maxstim_core.runs.request import RunRequest

_Kind = TypeVar("_Kind")

_AHEAD = "MAXSTIM_SEARCH_AHEAD"
"""Variable that is 0 where the natural answers of all cell types shall not be found ahead."""

_BREATH = 0.02
"""Seconds between two pages that are built: what else has come by then is served first."""


class Turns(Handler):
    """Lets pages be built in turns: a class that comes at once does not keep a click waiting.

    A handler of the application: that Bokeh waits for; for a function of this file it does not.
    """

    def __init__(self) -> None:
        super().__init__()
        self._turn = asyncio.Lock()

    def modify_document(self, doc: Document) -> None:
        """Leave it as it is."""

    async def on_session_created(self, session_context: SessionContext) -> None:
        """Wait for the turn of a page that is about to be built."""
        async with self._turn:
            await asyncio.sleep(_BREATH)


def on_server_loaded(server_context: ServerContext) -> None:
    """Guard the server, unless ``maxstim serve`` has done so, and get ready for the first visitor.

    Raises:
        SystemExit: if the server cannot be guarded.
    """
    server_context.application_context.application.add(Turns())
    try:
        _guard_server_of(server_context)
    except Exception as error:  # any but SystemExit, Bokeh 3.9 logs and serves on
        raise SystemExit(f"The page is not served without its guards: {error}") from error
    compress_static_files()
    importlib.import_module("dashboard.app")  # takes a second
    defer_stylesheets()
    if os.environ.get(_AHEAD, "1") != "0":
        the_queue().search_ahead(DEFAULT, RunRequest.clips)
    # What is there by now stays: whenever a page is closed, Panel has all objects looked through for
    # what is left of it, and these are nine in ten.
    gc.collect()
    gc.freeze()


def on_server_unloaded(server_context: ServerContext) -> None:
    """End the workers, with the best kept of runs that are going: before threads are waited for."""
    with _deaf_to_interrupts():
        the_queue().close()


@contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Heed no Ctrl-C: a second one would lose what the first one keeps."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _guard_server_of(server_context: ServerContext) -> None:
    """Guard the server that an application belongs to, if it is that of ``panel serve dashboard``.

    Raises:
        MaxstimError: if it cannot be guarded.
    """
    ours = server_context.application_context
    # Bokeh 3.9 shows an application its sessions alone.
    servers = [one for one in _objects(BokehTornado) if ours in one._applications.values()]
    if not servers:
        raise MaxstimError("Its server is of another kind; start it by: maxstim serve")
    for application in servers:
        if is_guarded(application):
            continue
        for http in _objects(HTTPServer):
            if http.request_callback is application and http.xheaders:
                raise MaxstimError(
                    "With --use-xheaders, visitors could say that they are this computer; start it "
                    "without (what a proxy says in X-Forwarded-For is read anyway)."
                )
        guard(
            application,
            port=urlsplit(application._absolute_url or "").port or 5006,
            origins=sorted(application.websocket_origins),
            password=os.environ.get("MAXSTIM_PASSWORD") or None,
        )


def _objects(kind: type[_Kind]) -> list[_Kind]:
    """Return all objects of a class that there are."""
    return [found for found in gc.get_objects() if issubclass(type(found), kind)]
