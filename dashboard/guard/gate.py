"""The gate: what is decided of a request before any route of the server sees it.

It stands in front of all routes at once, those that Bokeh and Panel add by themselves included, so that
a route of a later release is behind it as well. In this order: is the host one of ours, does the request
come from a page that may speak to us, is the visitor near enough or logged in. What is refused costs no
work, and no body is read.
"""

from __future__ import annotations

import logging
import re
import secrets
import time
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlsplit

from tornado.http1connection import HTTP1Connection
from tornado.httputil import HTTPHeaders, HTTPServerRequest
from tornado.routing import Matcher, Rule
from tornado.web import Application, OutputTransform, RequestHandler

from dashboard.guard.hosts import Hosts, address_block, is_loopback, plain_address
from dashboard.guard.login_page import login_page, logout_page, sentence_page
from dashboard.guard.logins import LASTS, Login, Logins
from dashboard.guard.remembered import Remembered
from dashboard.guard.share import Share
from dashboard.guard.tries import FREE, PAUSE, Tries
from dashboard.guard.visits import PER_CLIENT, PerMinute, Visits

_logger = logging.getLogger("maxstim.guard")

VISITOR, VISITOR_NAME = "X-Maxstim-Visitor", "X-Maxstim-Name"
"""Headers by which the gate tells the page who asks; a browser cannot send them."""

_NEW = "X-Maxstim-Cookie"
"""Header that takes the cookie of a new visitor from the gate to the answer."""

_VISITOR_ID = re.compile("[0-9a-f]{32}")

_COOKIE_LASTS = 365 * 24 * 3600

_LOGIN, _LOGOUT = "login", "logout"

_LONGEST_BODY = 4096
"""Bytes of the only bodies that are read: those of the login form."""

_HEADERS = {
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@dataclass(frozen=True)
class Refusal:
    """Why a request is not answered: a status and a sentence."""

    status: HTTPStatus
    sentence: str


@dataclass
class Gate(Matcher):
    """Who gets past, and who does not.

    Attributes:
        hosts: Host names that are answered.
        logins: Who has logged in.
        port: Of the server; cookies carry it, since browsers send them to every port of a host.
        proxies: IP addresses of proxies on other computers whose word on who asks is taken. That of
            proxies on this computer always is.
        tries: Wrong passwords of late.
        entries: Logins of late.
        visits: Pages opened of late.
        shares: What each visitor has taken of the server's thread.
        sockets: Live connections of each visitor, to be closed when they log out.
    """

    hosts: Hosts
    logins: Logins
    port: int
    proxies: frozenset[str] = frozenset()
    tries: Tries = field(default_factory=Tries)
    entries: PerMinute = field(default_factory=lambda: PerMinute(PER_CLIENT))
    visits: Visits = field(default_factory=Visits)
    shares: Remembered[Share] = field(default_factory=Remembered)
    sockets: dict[str, set[Any]] = field(default_factory=dict)

    def match(self, request: HTTPServerRequest) -> dict[str, Any] | None:
        """Return what the gate itself answers, or None where the request may pass."""
        for header in (VISITOR, VISITOR_NAME, _NEW):
            request.headers.pop(header, None)
        refusal = self._refusal(request)
        if refusal is not None:
            return self._own(request, refusal=refusal)
        login = self.login(request)
        if self.logins.required:
            page = request.path.rsplit("/", 1)[-1]
            if page in (_LOGIN, _LOGOUT):
                return self._own(request, page=page)
            if login is None:
                return self._own(request)
        request.headers[VISITOR] = login.id if login else self._visitor(request)
        request.headers[VISITOR_NAME] = login.name if login else ""
        return None

    def _own(self, request: HTTPServerRequest, **found: Any) -> dict[str, Any]:
        """Return what makes `GateHandler` answer, and read no body but that of the login form."""
        if isinstance(request.connection, HTTP1Connection):
            request.connection.set_max_body_size(_LONGEST_BODY)
        return {"target_kwargs": {"gate": self, **found}}

    def share(self, visitor: str) -> Share:
        """Return what a visitor has taken of the server's thread."""
        share = self.shares.get(visitor, None) or Share(time.monotonic())
        return self.shares.set(visitor, share)

    def client(self, request: HTTPServerRequest) -> str:
        """Return the IP address of who asks; behind a proxy, as the proxy tells it."""
        peer = _plain(request.remote_ip or "")
        told = request.headers.get_list("X-Forwarded-For")
        if told and (is_loopback(peer) or peer in self.proxies):
            return _plain(told[-1].rsplit(",", 1)[-1].strip(), otherwise=peer)
        return peer

    def login(self, request: HTTPServerRequest) -> Login | None:
        """Return who has logged in with this browser, if anybody."""
        return self.logins.find(self.token(request))

    def token(self, request: HTTPServerRequest) -> str:
        """Return the token that the browser sends, or nothing."""
        return _cookie(request, f"maxstim_login_{self.port}")

    def is_encrypted(self, request: HTTPServerRequest) -> bool:
        """Tell whether the browser speaks TLS, to us or to a proxy in front."""
        told = request.headers.get("X-Forwarded-Proto", request.protocol)
        return told == "https" or request.headers.get("Origin", "").startswith("https://")

    def _visitor(self, request: HTTPServerRequest) -> str:
        name = f"maxstim_visitor_{self.port}"
        kept = _cookie(request, name)
        if not _VISITOR_ID.fullmatch(kept):
            kept = secrets.token_hex(16)
            secure = "; Secure" if self.is_encrypted(request) else ""
            # For `_Headers`, which sends it with the answer.
            request.headers[_NEW] = (
                f"{name}={kept}; HttpOnly; Max-Age={_COOKIE_LASTS}; SameSite=Lax{secure}"
            )
        return kept

    def _refusal(self, request: HTTPServerRequest) -> Refusal | None:
        host = request.headers.get("Host", "")
        if not self.hosts.answers(host):
            return Refusal(
                HTTPStatus.FORBIDDEN,
                "maxstim does not answer to this host name; whoever runs it can add it with "
                "--allow-origin.",
            )
        if not self.logins.required and not is_loopback(request.remote_ip or ""):
            return Refusal(
                HTTPStatus.FORBIDDEN,
                "Without a password, maxstim answers this computer only; whoever runs it can set one "
                "in the variable MAXSTIM_PASSWORD.",
            )
        if "%00" in request.path:  # no file is called so, and Tornado stumbles over it
            return Refusal(HTTPStatus.BAD_REQUEST, "There is no such page.")
        origin = request.headers.get("Origin")
        if origin is not None and not self.hosts.admits(origin, host):
            return Refusal(
                HTTPStatus.FORBIDDEN,
                "maxstim does not answer to pages of this address; whoever runs it can add it with "
                "--allow-origin.",
            )
        # What another site shows or fetches; to follow a link from there is fine.
        foreign = request.headers.get("Sec-Fetch-Site") in ("cross-site", "same-site")
        navigates = request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate"
        navigates = navigates and request.headers.get("Sec-Fetch-Dest", "document") == "document"
        if origin is None and foreign and not (navigates and request.method == "GET"):
            return Refusal(
                HTTPStatus.FORBIDDEN, "maxstim is not part of other pages; open it itself."
            )
        return None


class GateHandler(RequestHandler):
    """What the gate answers by itself: refusals, the login and the logout.

    Args:
        gate: The gate.
        refusal: Why nothing is answered, if so.
        page: ``login``, ``logout``, or nothing for what wants a login first.
    """

    application: Application

    SUPPORTED_METHODS = ("GET", "HEAD", "POST", "DELETE", "PATCH", "PUT", "OPTIONS")

    def initialize(self, gate: Gate, refusal: Refusal | None = None, page: str = "") -> None:
        """Take what the gate has found."""
        self._gate, self._refusal, self._page = gate, refusal, page

    def prepare(self) -> None:
        """Answer whatever the method is."""
        self.set_header("Cache-Control", "no-store")
        method = self.request.method
        if self._refusal is not None:
            self._say(self._refusal)
        elif self._page == _LOGOUT and method == "POST":
            self._log_out()
        elif self._page == _LOGOUT and method in ("GET", "HEAD"):
            self.finish(logout_page())  # a link or a picture of another site ends no login
        elif self._page == _LOGIN and method == "POST":
            self._log_in()
        elif self._page == _LOGIN and method in ("GET", "HEAD"):
            if self._gate.login(self.request) is not None:
                self.redirect(self._next())
            else:
                self.finish(login_page(self._next()))
        elif self._page == "" and method in ("GET", "HEAD") and self._is_page():
            self._ask_to_log_in()
        elif self._page == "":
            self._say(Refusal(HTTPStatus.UNAUTHORIZED, "Log in first."))
        else:
            self._say(Refusal(HTTPStatus.METHOD_NOT_ALLOWED, "Open this page in a browser."))

    def decode_argument(self, value: bytes, name: str | None = None) -> str:
        """Return what a form holds; of what is no text, Tornado would write the bytes to the log."""
        return value.decode("utf-8", "replace")

    def _say(self, refusal: Refusal) -> None:
        self.set_status(refusal.status)
        self.finish(sentence_page(refusal.sentence))

    def _is_page(self) -> bool:
        """Whether a browser wants to show the answer, and a person can log in therefore."""
        mode = self.request.headers.get("Sec-Fetch-Mode")
        wants = "text/html" in self.request.headers.get("Accept", "*/*") or mode == "navigate"
        upgrades = "Upgrade" in self.request.headers
        return not upgrades and (wants or mode is None)

    def _ask_to_log_in(self) -> None:
        # Relative, so that a prefix that a proxy has cut off stays: the browser still has it.
        path = self.request.path[1:]
        up = "../" * path.count("/")
        asked = path + (f"?{self.request.query}" if self.request.query else "")
        self.redirect(f"{up}{_LOGIN}?next={quote(asked)}")

    def _next(self) -> str:
        """Return where to go after the login: within this server, whatever the address says."""
        asked = self.get_argument("next", "dashboard")
        parts = urlsplit(asked)
        within = not (parts.scheme or parts.netloc or "\\" in asked or asked.startswith("/"))
        within = within and not {"", ".", ".."} & set(parts.path.split("/")[:-1])
        within = within and parts.path.rsplit("/", 1)[-1] not in (".", "..")
        plain = within and asked.isprintable() and asked and ":" not in parts.path
        return f"./{asked}" if plain else "./dashboard"

    def _log_in(self) -> None:
        gate, request = self._gate, self.request
        client, now = gate.client(request), time.monotonic()
        wait = gate.tries.wait(client, now)
        where = self._next()
        if wait > 0:
            self._put_off(f"Too many wrong passwords: one try in {PAUSE:g} s is answered.", PAUSE)
            return
        network = address_block(client)
        if not gate.entries.may(network, now):  # one who knows it, and would end all others'
            self._put_off("Too many logins from here; try again in a minute.", 60)
            return
        name = self.get_body_argument("username", "")
        token = gate.logins.open(self.get_body_argument("password", "", strip=False), name)
        if token is None:
            count = gate.tries.failed(client, now)
            if count <= FREE or count % 100 == 0:  # those that follow say nothing new
                _logger.warning("Wrong password from %s (%d of late)", client, count)
            self.set_status(HTTPStatus.UNAUTHORIZED)
            self.finish(login_page(where, "This password is wrong; ask whoever runs this server."))
            return
        gate.tries.succeeded(client)
        gate.entries.note(network, now)
        self.set_cookie(
            f"maxstim_login_{gate.port}",
            token,
            path=None,  # the browser's own default: this server, below any prefix of a proxy
            max_age=int(LASTS),
            httponly=True,
            secure=gate.is_encrypted(request),
            samesite="Lax",
        )
        self.redirect(where, status=HTTPStatus.SEE_OTHER)

    def _put_off(self, why: str, seconds: float) -> None:
        self.set_status(HTTPStatus.TOO_MANY_REQUESTS)
        self.set_header("Retry-After", f"{seconds:g}")
        self.finish(login_page(self._next(), why))

    def _log_out(self) -> None:
        gate = self._gate
        login = gate.login(self.request)
        if login is not None:
            gate.logins.close(gate.token(self.request))
            for socket in list(gate.sockets.pop(login.id, ())):
                socket.close(4401, "logged out")
        secure = "; Secure" if gate.is_encrypted(self.request) else ""
        # Not by `set_cookie`: Tornado 6.6 leaves out a ``Max-Age`` of 0.
        ended = f"maxstim_login_{gate.port}=; HttpOnly; Max-Age=0; SameSite=Lax{secure}"
        self.add_header("Set-Cookie", ended)
        self.redirect(f"./{_LOGIN}", status=HTTPStatus.SEE_OTHER)


class _Headers(OutputTransform):
    """Adds to every answer what keeps it from other sites, and tells no version of anything."""

    def __init__(self, request: HTTPServerRequest) -> None:
        self._visitor = request.headers.get(_NEW, "")

    def transform_first_chunk(
        self, status_code: int, headers: HTTPHeaders, chunk: bytes, finishing: bool
    ) -> tuple[int, HTTPHeaders, bytes]:
        """Change the headers of an answer."""
        headers.pop("Server", None)
        for name, value in _HEADERS.items():
            headers[name] = value
        if self._visitor:
            headers.add("Set-Cookie", self._visitor)
        return status_code, headers, chunk


def stand_before(application: Application, gate: Gate) -> None:
    """Put a gate in front of all routes of a server, those that come later included."""
    application.add_handlers(".*", [Rule(gate, GateHandler)])
    application.add_transform(_Headers)


def _cookie(request: HTTPServerRequest, name: str) -> str:
    morsel = request.cookies.get(name)
    return morsel.value if morsel is not None else ""


def _plain(address: str, otherwise: str = "") -> str:
    try:
        return plain_address(address)
    except ValueError:
        return otherwise
