"""How the connection of a page is kept."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from serving import ROOT, free_port

SERVE_AND_LOOK = """
import asyncio, socket, sys
from benchmarks.page_server import Visitor
from dashboard.guard.gate import Gate
from dashboard.server import _GATE, Server

port = int(sys.argv[1])
server = Server(port=port, address="localhost", origins=(), password=None)
gate: Gate = server._server._tornado.settings[_GATE]

async def look() -> None:
    visitor = await asyncio.wait_for(Visitor.arrive(f"http://localhost:{port}/dashboard"), 120)
    for sockets in gate.sockets.values():
        for each in sockets:
            stream = each.ws_connection.stream.socket
            print(stream.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
    visitor.leave()

server._server.start()
server.loop.run_sync(look)
"""


def test_small_messages_leave_at_once(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", SERVE_AND_LOOK, str(free_port())],
        env={**os.environ, "MAXSTIM_DATA_DIR": str(tmp_path), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert ran.stdout.split() == ["1"], ran.stderr
