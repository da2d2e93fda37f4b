"""The routes of the server as the page needs them, and no more."""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from http import HTTPStatus
from typing import Any

from bokeh.protocol.exceptions import ProtocolError
from bokeh.protocol.message import Message
from bokeh.server.views.autoload_js_handler import AutoloadJsHandler
from bokeh.server.views.doc_handler import DocHandler as BokehDocHandler
from bokeh.server.views.metadata_handler import MetadataHandler
from bokeh.server.views.ws import WSHandler as BokehWSHandler
from bokeh.util.token import get_token_payload
from panel.io.server import ComponentResourceHandler, DocHandler, WSHandler
from tornado.log import access_log
from tornado.web import Application, HTTPError, RequestHandler

from dashboard.guard.gate import VISITOR, Gate
from dashboard.guard.login_page import sentence_page
from dashboard.guard.messages import MessageParts, check_message
from dashboard.guard.visits import OPEN

_logger = logging.getLogger("maxstim.guard")

_UNUSED = (AutoloadJsHandler, MetadataHandler)
"""What lets other sites embed the page, which nobody does."""

_SHIPS = ("dashboard", "panel", "panel_material_ui")
"""Packages whose components the page is made of."""


ONE_LINE = (
    "asyncio",
    "bokeh.protocol",
    "bokeh.server.protocol_handler",
    "bokeh.server.views.ws",
    "tornado.general",
)
"""Loggers that complain of what clients send."""


class ComponentFiles(ComponentResourceHandler):
    """Files of the page's own components.

    Panel 1.9.4 imports whatever module an address names. Here only components count that are loaded
    already and that belong to the page.
    """

    def parse_url_path(self, url_path: str) -> str:
        """Return the file that an address means.

        Raises:
            HTTPError: if it means none that the page's components ship.
        """
        name = url_path.split("/", 1)[0]
        if name.split(".", 1)[0] not in _SHIPS or name not in sys.modules:
            raise HTTPError(404)
        return super().parse_url_path(url_path)


class Page(DocHandler):
    """The page itself, unless one visitor asks for too many.

    Args:
        gate: Who knows the visitors.
    """

    def initialize(self, *arguments: Any, gate: Gate, **routing: Any) -> None:
        """Take what the route gives."""
        super().initialize(*arguments, **routing)
        self._gate = gate

    async def get(self, *arguments: Any, **named: Any) -> None:
        """Build a page for a visitor, at an address without a slash at its end."""
        address = self.request.path  # beside which a browser looks for the page's files
        if address.endswith("/") and address != "/":
            query = f"?{self.request.query}" if self.request.query else ""
            # Relative, so that a prefix that a proxy has cut off stays.
            self.redirect(f"../{address.split('/')[-2]}{query}")
            return
        client = self._gate.client(self.request)
        visitor = self.request.headers.get(VISITOR, "")
        if len(self._gate.sockets.get(visitor, ())) >= OPEN:
            self._refuse(f"You have {OPEN} pages open; close one, then open this again.")
        elif not self._gate.visits.may_open(visitor, client, time.monotonic()):
            self._refuse("Too many pages were opened from here; try again in a minute.")
        else:
            await super().get(*arguments, **named)

    def _refuse(self, sentence: str) -> None:
        self.set_status(HTTPStatus.TOO_MANY_REQUESTS)
        self.set_header("Retry-After", "60")
        self.finish(sentence_page(sentence))


class VisitorSocket(WSHandler):
    """The connection of one page: it ends with its login, and takes no more than its visitor's share.

    Args:
        gate: Who knows the visitors.
    """

    def initialize(self, *arguments: Any, gate: Gate, **routing: Any) -> None:
        """Take what the route gives."""
        super().initialize(*arguments, **routing)
        self._gate = gate
        self._visitor = self.request.headers.get(VISITOR, "")
        self._parts = MessageParts()
        self._has_failed = False

    def get_compression_options(self) -> None:
        """Agree to no compressed messages: nothing is unpacked here."""

    def check_origin(self, origin: str) -> bool:
        """Tell whether the page may speak to us: the gate has let it pass."""
        return True

    def open(self, *arguments: Any, **named: Any) -> Any:
        """Begin, each message leaving at once; what cannot begin is told in one line."""
        self.set_nodelay(True)  # else a small one waits until the one before has been acknowledged
        sockets = self._gate.sockets.setdefault(self._visitor, set())
        sockets.add(self)
        if len(sockets) > OPEN:
            self._refuse(f"more than {OPEN} pages of one visitor")
            return None
        try:
            return super().open(*arguments, **named)
        except Exception as error:
            self._refuse(str(error) or type(error).__name__)
            return None

    async def _async_open(self, token: str) -> None:
        try:
            if self._gate.logins.required and _visitor_of(token) != self._visitor:
                raise ValueError("a page of another login")
            await super()._async_open(token)
        except Exception as error:
            self._refuse(str(error) or type(error).__name__)

    async def on_message(self, fragment: str | bytes) -> None:
        """Handle a message, then let others come first for as long as this visitor has taken.

        The visitor's other pages wait as well: many pages get no more than one.
        """
        if self.ws_connection is None:
            return  # it is closed, and who sends on is not read any more
        if self.connection is None:
            self._refuse("a message before the page was there")
            return
        if self._gate.logins.required and self._gate.login(self.request) is None:
            self.close(4401, "logged out")  # its time is over
            return
        share = self._gate.share(self._visitor)
        async with share.turn:
            began = time.monotonic()
            await super().on_message(fragment)
            now = time.monotonic()
            await asyncio.sleep(share.take(now - began, now))

    async def send_message(self, message: Message[Any]) -> None:
        """Send a message; what Bokeh tells of an error, paths and a traceback, stays here."""
        if message.msgtype == "ERROR":
            if not self._has_failed:  # what follows on this connection is told as little
                self._has_failed = True
                self._warn("A message of %s could not be handled: %s", message.content["text"])
            message.content = {"text": "The server could not handle this.", "traceback": None}
        await super().send_message(message)

    def on_close(self) -> None:
        """Forget the connection."""
        sockets = self._gate.sockets.get(self._visitor, set())
        sockets.discard(self)
        if not sockets:
            self._gate.sockets.pop(self._visitor, None)
        super().on_close()

    async def _receive(self, fragment: str | bytes) -> Message[Any] | None:
        try:
            self._parts.add(fragment)
            message = await super()._receive(fragment)
            if message is None:
                self._parts.wait()
            else:
                self._parts.end()
                check_message(message)
        except ProtocolError as error:
            self._refuse(str(error))
            return None
        return message

    def _protocol_error(self, message: str) -> None:
        self._refuse(message)

    def _internal_error(self, message: str) -> None:
        self._refuse(message)

    def _refuse(self, why: str) -> None:
        if self.close_code is None and self.ws_connection is not None:
            self._warn("Closed the connection of %s: %s", why)
        self.close(1008, "unreadable")

    def _warn(self, sentence: str, why: str) -> None:
        # What a client has sent may stand in it: one line, and nothing that a terminal would obey.
        shown = "".join(c if c.isprintable() else " " for c in why[:1000])
        _logger.warning(sentence, self._gate.client(self.request), " ".join(shown.split())[:200])


def _visitor_of(token: str) -> str:
    """Return the visitor whom a page was made for; only the server reads tokens of its own making.

    Raises:
        ValueError: if it is no token.
    """
    return str(get_token_payload(token).get("headers", {}).get(VISITOR, ""))


def keep_to_the_page(application: Application, gate: Gate) -> None:
    """Replace the routes that do more than the page needs, and drop those that it does not use."""
    router = application.wildcard_router
    kept = []
    for rule in router.rules:
        kind = rule.target
        if isinstance(kind, type) and issubclass(kind, _UNUSED):
            continue
        if isinstance(kind, type) and issubclass(kind, ComponentResourceHandler):
            rule.target = ComponentFiles
        elif isinstance(kind, type) and issubclass(kind, (BokehDocHandler, BokehWSHandler)):
            rule.target = Page if issubclass(kind, BokehDocHandler) else VisitorSocket
            rule.target_kwargs = {**rule.target_kwargs, "gate": gate}
        kept.append(rule)
    router.rules[:] = kept


def log_request(handler: RequestHandler) -> None:
    """Log a request that the server failed; what a client got wrong is its own affair."""
    status = handler.get_status()
    level = logging.ERROR if status >= HTTPStatus.INTERNAL_SERVER_ERROR else logging.DEBUG
    request = handler.request
    seconds = request.request_time()
    access_log.log(level, "%d %s %.3f s", status, handler._request_summary(), seconds)


class OneLine(logging.Filter):
    """Makes one line of what a faulty client causes, instead of a traceback of twenty.

    What Bokeh says of messages that it cannot read is left out: `VisitorSocket` says it, once.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Shorten a record, or leave it out."""
        error = record.exc_info[1] if record.exc_info else None
        if type(error).__name__ in ("WebSocketClosedError", "StreamClosedError"):
            return False  # somebody closed a page in mid-sentence
        text = " ".join(record.getMessage().split())
        if record.name.startswith("bokeh.") and not text.startswith("Handler or its work"):
            return False
        if record.name.startswith("bokeh.") or error is not None:
            said = f"{text[:200]} ({type(error).__name__}: {error})" if error else text[:300]
            record.msg, record.args = said[:400], ()
            record.exc_info = record.exc_text = None
        return True
