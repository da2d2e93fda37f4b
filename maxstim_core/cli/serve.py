"""``maxstim serve``: the dashboard, to this computer alone unless asked otherwise.

Who can reach it is decided here; the page and its server are found when they are wanted, so that the
core does without them.
"""

from __future__ import annotations

import argparse
import errno
import importlib
import importlib.util
import ipaddress
import os
import re
import socket
import sys
import webbrowser
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from maxstim_core.errors import MaxstimError

PORT = 5006
PASSWORD_VARIABLE = "MAXSTIM_PASSWORD"
LESSONS_VARIABLE = "MAXSTIM_LESSONS"

_LOCAL = re.compile(r"localhost|127(\.\d{1,3}){3}|::1")
_ORIGIN = re.compile(r"(?P<host>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:(?P<port>[0-9]+))?")


@dataclass(frozen=True)
class Reach:
    """Who can reach the dashboard.

    Attributes:
        address: Where the server listens.
        port: On which port.
        origins: ``host[:port]`` of the addresses that visitors type, beside this computer's own.
        password: What visitors must know, or None.
        proxies: IP addresses of proxies on other computers that tell who asks.
    """

    address: str
    port: int
    origins: tuple[str, ...]
    password: str | None
    proxies: tuple[str, ...] = ()

    @property
    def is_local(self) -> bool:
        """Whether only this computer reaches it, and what runs here and hands on what others ask."""
        return bool(_LOCAL.fullmatch(self.address))

    @property
    def url(self) -> str:
        """Address of the page, as a visitor types it."""
        if self.is_local:
            return f"http://{_in_url(self.address)}:{self.port}/dashboard"
        host, port = _parts(self.origins[0])
        scheme = "https" if port == 443 else "http"
        shown = "" if port in (80, 443) else f":{port or self.port}"
        return f"{scheme}://{host}{shown}/dashboard"

    @property
    def guard(self) -> str:
        """Who can reach it and how it is guarded, in a sentence or two."""
        named = " and ".join(self.origins)
        if self.is_local and not named:
            who = "Only this computer reaches it"
        elif self.is_local:
            who = f"Only this computer reaches it, and proxies on it, as {named}"
        else:
            who = f"Who reaches this computer can open it, as {named}"
        if self.password:
            how = (
                "with the password. It travels unencrypted unless a proxy with TLS stands in front."
            )
            return f"{who}, {how}"
        if named:
            return f"{who}; no password is set: whoever a proxy lets through can use it."
        return f"{who}; no password is needed."


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``maxstim serve``."""
    parser.add_argument(
        "--port", metavar="N", default=str(PORT), help=f"port to listen on (default: {PORT})"
    )
    parser.add_argument(
        "--address",
        metavar="A",
        default="localhost",
        help="address to listen on; 0.0.0.0 is the whole network and needs --allow-origin and a "
        "password (default: localhost, this computer alone)",
    )
    parser.add_argument(
        "--allow-origin",
        metavar="HOST[:PORT]",
        action="append",
        default=[],
        help="address that visitors type in their browser, for example labhost.example; without a port "
        "it may be typed with the server's or, behind a proxy, without any; may be repeated",
    )
    parser.add_argument(
        "--password",
        metavar="P",
        help="what visitors must know; other users of this computer can see it among its processes, "
        f"so rather set the variable {PASSWORD_VARIABLE}",
    )
    parser.add_argument(
        "--proxy",
        metavar="IP",
        action="append",
        default=[],
        help="address of a proxy on another computer, whose X-Forwarded-For is believed; one on this "
        "computer always is; may be repeated",
    )
    parser.add_argument(
        "--lessons",
        metavar="FOLDER",
        help="folder of your own lessons, files NAME.md (default: lessons in the data directory)",
    )
    parser.add_argument("--open", action="store_true", help="open the page in your browser")


def serve(arguments: argparse.Namespace) -> int:
    """Serve the dashboard until Ctrl-C.

    Raises:
        MaxstimError: if it may not be served so, is not installed, or cannot listen there.
    """
    reach = read_reach(arguments, os.environ.get(PASSWORD_VARIABLE))
    if arguments.lessons:
        os.environ[LESSONS_VARIABLE] = str(_lessons(arguments.lessons))
    make_server = _page_server()
    from maxstim_core.networks.bundled import DEFAULT
    from maxstim_core.runs.queue import the_queue

    try:
        server = make_server(
            port=reach.port,
            address=reach.address,
            origins=reach.origins,
            password=reach.password,
            proxies=reach.proxies,
        )
    except OSError as error:
        raise MaxstimError(_why_not(reach, error)) from error
    queue = the_queue()
    queue.warm(DEFAULT)  # before the first visitor waits for it
    print(f"maxstim is at {reach.url} (Ctrl-C stops it)\n{reach.guard}", flush=True)
    if arguments.open:
        server.loop.add_callback(webbrowser.open, reach.url)
    try:
        server.run()
    finally:
        queue.close()
    return 0


def read_reach(arguments: argparse.Namespace, password_variable: str | None) -> Reach:
    """Return who shall reach the dashboard.

    Args:
        arguments: Options of ``maxstim serve``.
        password_variable: Password from the environment, if any.

    Raises:
        MaxstimError: if the network could reach it without a password or without naming the address,
            or if a value makes no sense.
    """
    port = _port(arguments.port)
    given = tuple(_origin(text) for text in arguments.allow_origin)
    proxies = tuple(_ip(text) for text in arguments.proxy)
    password = arguments.password or password_variable or None
    reach = Reach(arguments.address, port, given, password, proxies)
    if reach.is_local:
        return reach
    if not given:
        raise MaxstimError(
            f"To serve to the network at {arguments.address}, say which address visitors will type: "
            f"--allow-origin {socket.gethostname()}"
        )
    if not password:
        raise MaxstimError(
            f"To serve to the network at {arguments.address}, set a password in the variable "
            f"{PASSWORD_VARIABLE}."
        )
    return reach


def _lessons(text: str) -> Path:
    folder = Path(text).expanduser().absolute()
    if not folder.is_dir():
        raise MaxstimError(f"There is no folder {text!r} of lessons; name one that is there.")
    return folder


def _port(text: str) -> int:
    if not re.fullmatch("[0-9]{1,5}", text) or not 1 <= int(text) <= 65535:
        raise MaxstimError(f"The port must lie between 1 and 65535, not {text!r}.")
    return int(text)


def _in_url(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def _origin(text: str) -> str:
    match = _ORIGIN.fullmatch(text)
    if not match:
        raise MaxstimError(
            f"The origin {text!r} must be a host name with or without a port, such as "
            f"labhost.example:{PORT}; wildcards are not allowed."
        )
    return f"{match['host']}:{_port(match['port'])}" if match["port"] else match["host"]


def _parts(origin: str) -> tuple[str, int | None]:
    """Return host and port of ``host[:port]``; the host may be IPv6 in brackets."""
    match = _ORIGIN.fullmatch(origin)
    assert match is not None  # it was checked when it was given
    return match["host"], int(match["port"]) if match["port"] else None


def _ip(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise MaxstimError(
            f"The proxy {text!r} must be an IP address, such as 192.0.2.7."
        ) from None


def _page_server() -> Callable[..., Any]:
    """Return the class of the server that was installed together with this file.

    By its place, not by its name: another package called ``dashboard`` may come first on the path, in
    the folder that a person happens to be in say.

    Raises:
        MaxstimError: if there is none, or something that it needs is missing.
    """
    folder = page_folder()
    package = folder / "__init__.py"
    if not package.is_file():
        raise MaxstimError("The dashboard is not installed; run: pip install maxstim")
    known = sys.modules.get("dashboard")
    if known is None or str(folder) not in known.__path__:
        spec = importlib.util.spec_from_file_location(
            "dashboard", package, submodule_search_locations=[str(folder)]
        )
        assert spec is not None and spec.loader is not None  # a file has both
        module = importlib.util.module_from_spec(spec)
        sys.modules["dashboard"] = module  # which the page and all that it imports find
        spec.loader.exec_module(module)
    try:
        return importlib.import_module("dashboard.server").Server
    except ImportError as error:
        raise MaxstimError(
            f"The dashboard needs {error.name}, which is not installed; run: pip install maxstim"
        ) from error


def page_folder() -> Path:
    """Return where the page is that was installed together with this file; it need not be there."""
    return Path(__file__).resolve().parents[2] / "dashboard"


def _why_not(reach: Reach, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {reach.port} is taken, perhaps by another maxstim; choose another: "
            f"maxstim serve --port {reach.port % 65535 + 1} (make serve PORT={reach.port % 65535 + 1})"
        )
    return (
        f"The dashboard cannot listen on {reach.address}, port {reach.port} "
        f"({error.strerror or error}); choose another address or port."
    )
