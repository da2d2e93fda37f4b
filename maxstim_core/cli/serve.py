"""``maxstim serve``: the dashboard, to this computer alone unless asked otherwise.

Who can reach it is decided here; the page and its server are found when they are wanted, so that the
core does without them.
"""

from __future__ import annotations

import argparse
import errno
import importlib
import importlib.util
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

_LOCAL = re.compile(r"localhost|127(\.\d{1,3}){3}|::1")
_ORIGIN = re.compile(r"(?P<host>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:(?P<port>[0-9]+))?")


@dataclass(frozen=True)
class Reach:
    """Who can reach the dashboard.

    Attributes:
        address: Where the server listens.
        port: On which port.
        origins: ``host:port`` of the addresses that browsers may use.
        password: What visitors must know, or None.
    """

    address: str
    port: int
    origins: tuple[str, ...]
    password: str | None

    @property
    def url(self) -> str:
        """Address of the page, as a visitor types it."""
        return f"http://{self.origins[0]}/dashboard"


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
        help="address that visitors type in their browser, for example labhost.example:5006; may be "
        "repeated",
    )
    parser.add_argument(
        "--password",
        metavar="P",
        help="what visitors must know; other users of this computer can see it among its processes, "
        f"so rather set the variable {PASSWORD_VARIABLE}",
    )
    parser.add_argument("--open", action="store_true", help="open the page in your browser")


def serve(arguments: argparse.Namespace) -> int:
    """Serve the dashboard until Ctrl-C.

    Raises:
        MaxstimError: if it may not be served so, is not installed, or cannot listen there.
    """
    reach = read_reach(arguments, os.environ.get(PASSWORD_VARIABLE))
    make_server = _page_server()
    from maxstim_core.networks.bundled import DEFAULT
    from maxstim_core.runs.queue import the_queue

    try:
        server = make_server(
            port=reach.port,
            address=reach.address,
            origins=reach.origins,
            password=reach.password,
        )
    except OSError as error:
        raise MaxstimError(_why_not(reach, error)) from error
    queue = the_queue()
    queue.warm(DEFAULT)  # before the first visitor waits for it
    print(f"maxstim is at {reach.url} (Ctrl-C stops it)", flush=True)
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
    given = tuple(_origin(text, port) for text in arguments.allow_origin)
    password = arguments.password or password_variable or None
    if password and os.path.isfile(password):
        raise MaxstimError("The password is also the name of a file here; choose another.")
    if _LOCAL.fullmatch(arguments.address):
        names = dict.fromkeys((_in_url(arguments.address), "localhost", "127.0.0.1"))
        here = tuple(f"{name}:{port}" for name in names)
        return Reach(arguments.address, port, (*here, *given), password)
    if not given:
        raise MaxstimError(
            f"To serve to the network at {arguments.address}, say which address visitors will type: "
            f"--allow-origin {socket.gethostname()}:{port}"
        )
    if not password:
        raise MaxstimError(
            f"To serve to the network at {arguments.address}, set a password in the variable "
            f"{PASSWORD_VARIABLE}."
        )
    return Reach(arguments.address, port, given, password)


def _port(text: str) -> int:
    if not re.fullmatch("[0-9]{1,5}", text) or not 1 <= int(text) <= 65535:
        raise MaxstimError(f"The port must lie between 1 and 65535, not {text!r}.")
    return int(text)


def _in_url(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def _origin(text: str, port: int) -> str:
    match = _ORIGIN.fullmatch(text)
    if not match:
        raise MaxstimError(
            f"The origin {text!r} must be a host name with or without a port, such as "
            f"labhost.example:{port}; wildcards are not allowed."
        )
    return f"{match['host']}:{_port(match['port']) if match['port'] else port}"


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
