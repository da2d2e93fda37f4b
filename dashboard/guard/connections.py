"""How many connections one address may hold open: each is a file to the server, and those are few."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.iostream import IOStream

from dashboard.guard.hosts import address_block

PER_ADDRESS = 500
"""Connections of one IP address (a /64 of IPv6) that ask for something, or may: a class may share one.

Those of open pages have been handed over to them, and are counted there.
"""

_FILES = 8192
"""Files that the server would like to have open at most."""


def limit_connections(server: HTTPServer) -> None:
    """Let a server close at once what one address opens beyond its share."""
    take = server.handle_stream

    def handle_stream(stream: IOStream, address: Any) -> None:
        here = address_block(address[0]) if isinstance(address, tuple) else ""
        if (
            sum(address_block(one.context.remote_ip) == here for one in server._connections)
            < PER_ADDRESS
        ):
            take(stream, address)
        else:
            stream.close()

    server.handle_stream = handle_stream


def allow_files() -> None:
    """Ask the system for as many open files as it gives, where it asks to be asked."""
    with suppress(ImportError, OSError, ValueError):  # Windows; a system that gives no more
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = _FILES if hard == resource.RLIM_INFINITY else min(_FILES, hard)
        if soft != resource.RLIM_INFINITY and soft < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
