"""A server of the page in a process of its own, what it costs, and visitors without a browser."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Self
from urllib.request import urlopen

from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

ROOT = Path(__file__).parents[1]
_TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
_READY = {
    "kind": "MessageSent",
    "msg_type": "bokeh_event",
    "msg_data": {"type": "event", "name": "document_ready", "values": {"type": "map"}},
}
"""What a browser sends once it has drawn the page."""


def checked_out(build: str, folder: Path) -> Path:
    """Return a new checkout, in `folder`, of a commit of this repository."""
    archive = subprocess.run(
        ["git", "-C", str(ROOT), "archive", build], capture_output=True, check=True
    ).stdout
    with tarfile.open(fileobj=BytesIO(archive)) as files:
        files.extractall(folder, filter="data")
    return folder


class PageServer:
    """``panel serve dashboard`` of a checkout, by default with an empty data directory.

    Sessions that no browser is connected to are dropped after a second, so that what remains of closed
    pages is seen soon.

    Args:
        name: What to call the build.
        root: Its checkout; its own ``.venv`` is used if it has one, else this Python.
        data: Its data directory; one of its own, which goes with it, if None.
    """

    def __init__(self, name: str, root: Path, data: Path | None = None) -> None:
        self.name = name
        self._folder = tempfile.TemporaryDirectory(prefix="maxstim-page-")
        self.data = data or Path(self._folder.name) / "data"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://localhost:{port}/dashboard"
        own = root / ".venv" / "bin" / "python"
        environment = {
            **os.environ,
            "MAXSTIM_DATA_DIR": str(self.data),
            "PYTHONPATH": str(root),
        }
        self._log = open(Path(self._folder.name) / "log", "wb")  # noqa: SIM115
        self._process = subprocess.Popen(
            [str(own) if own.exists() else sys.executable, "-m", "panel", "serve", "dashboard",
             "--port", str(port), "--unused-session-lifetime", "1000",
             "--check-unused-sessions", "1000"],
            cwd=root, env=environment, stdout=self._log, stderr=self._log, start_new_session=True,
        )  # fmt: skip
        for _ in range(600):
            try:
                urlopen(self.url, timeout=60).close()
                return
            except OSError:
                if self._process.poll() is not None:
                    break
                time.sleep(0.1)
        raise SystemExit(f"{name} does not serve: {self.said()}")

    def said(self) -> str:
        """Return what it has written to its log."""
        return (Path(self._folder.name) / "log").read_text(errors="replace")

    def cpu_seconds(self) -> float:
        """Return the user and system time of its process and all its children, living and dead."""
        return sum(sum(map(int, fields[11:15])) for fields in self._tree()) / _TICKS

    def settle(self) -> None:
        """Wait until it has nothing to do: its worker gets ready for the first visitor."""
        before = self.cpu_seconds() - 1
        while (now := self.cpu_seconds()) - before > 0.1:
            before = now
            time.sleep(2)

    def megabytes(self) -> float:
        """Return the resident memory of the server's own process."""
        fields = _stat(self._process.pid)
        return 0.0 if fields is None else int(fields[21]) * _PAGE_BYTES / 2**20

    def end(self) -> float:
        """Ask it to end, and return how many seconds that took; after 60, end it anyway."""
        if self._log.closed:
            return 0.0
        began = time.monotonic()
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        took = time.monotonic() - began
        self._log.close()
        self._folder.cleanup()
        return took

    def _tree(self) -> list[list[str]]:
        stats = {}
        for folder in Path("/proc").glob("[0-9]*"):
            fields = _stat(int(folder.name))
            if fields is not None:
                stats[int(folder.name)] = fields
        tree, last = {self._process.pid}, 0
        while len(tree) != last:
            last = len(tree)
            tree |= {pid for pid, fields in stats.items() if int(fields[1]) in tree}
        return [stats[pid] for pid in tree if pid in stats]


def _stat(pid: int) -> list[str] | None:
    """Return the fields of ``/proc/PID/stat`` after the program's name, None if it has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None


class Visitor:
    """Opens a page as a browser does, but draws nothing.

    Attributes:
        document: The page as the server described it, JSON.
        cookie: What the server knows the browser by.
    """

    document = cookie = ""

    def __init__(self, socket: WebSocketClientConnection) -> None:
        self._socket = socket

    @classmethod
    async def arrive(
        cls, url: str, cookie: str = "", *, search: str = "", drawn: bool = True
    ) -> Self:
        """Open a page and return when its document has come.

        Args:
            url: Address of the page.
            cookie: That of a browser that has been here before; else it is a new one.
            search: What follows the address, for example ``?view=paint``.
            drawn: Whether to say at once that all of it has been drawn; else `draw` does.
        """
        client = AsyncHTTPClient(force_instance=True)  # or ten at once would be the most
        sent = {"Cookie": cookie} if cookie else {}
        page = await client.fetch(
            url + search, headers=sent, request_timeout=300, connect_timeout=300
        )
        client.close()
        given = page.headers.get_list("Set-Cookie")
        cookie = cookie or "; ".join(text.split(";")[0] for text in given)
        token = re.search(r'"token":\s*"([^"]+)"', page.body.decode())[1]
        connection = await websocket_connect(
            HTTPRequest(
                url.replace("http", "ws", 1) + "/ws", headers={"Cookie": cookie} if cookie else {}
            ),
            subprotocols=["bokeh", token],
            max_message_size=200 * 2**20,
        )
        connection.protocol.set_nodelay(True)  # as browsers do
        visitor = cls(connection)
        visitor.cookie = cookie
        await visitor._hear("ACK")
        await visitor._ask("PULL-DOC-REQ")
        visitor.document = await visitor._hear("PULL-DOC-REPLY")
        if drawn:
            await visitor.draw()
        return visitor

    async def draw(self) -> None:
        """Say that all of the page has been drawn, as a browser does once."""
        await self._ask("PATCH-DOC", {"events": [_READY]})
        await self._hear("OK")

    async def change(self) -> str:
        """Return the content of the next message that tells of changes of the page."""
        return await self._hear("PATCH-DOC")

    async def ping(self) -> float:
        """Return the seconds until the server has answered a question about itself."""
        began = time.perf_counter()
        await self._ask("SERVER-INFO-REQ")
        await self._hear("SERVER-INFO-REPLY")
        return time.perf_counter() - began

    def model(self, name: str) -> str:
        """Return the id of the first model of the page whose name begins so."""
        return re.search(
            rf'"id":\s*"(p\d+)",\s*"attributes":\s*{{"name":\s*"{name}', self.document
        )[1]

    async def tell(self, model: str, said: object) -> None:
        """Send a component a message, as its half in the browser does."""
        binary: list[bytes] = []
        values = [["model", {"id": model}], ["data", _encoded(said, binary)]]
        event = {
            "type": "event",
            "name": "data_event",
            "values": {"type": "map", "entries": values},
        }
        sent = {"kind": "MessageSent", "msg_type": "bokeh_event", "msg_data": event}
        await self._ask("PATCH-DOC", {"events": [sent]}, binary)

    async def click(self, said: object) -> float:
        """Choose something in the sidebar; return the seconds until the server has taken it."""
        began = time.perf_counter()
        await self.tell(self.model("SidebarPanel"), said)
        await self._hear("OK")
        return time.perf_counter() - began

    def leave(self) -> None:
        """Close the page."""
        self._socket.close()

    async def _ask(
        self, kind: str, content: dict | None = None, binary: Sequence[bytes] = ()
    ) -> None:
        header = {"msgid": os.urandom(8).hex().upper(), "msgtype": kind, "num_buffers": len(binary)}
        for part in (header, {}, content or {}):
            await self._socket.write_message(json.dumps(part))
        for place, part in enumerate(binary):
            await self._socket.write_message(json.dumps({"id": str(place)}))
            await self._socket.write_message(part, binary=True)

    async def _hear(self, kind: str) -> str:
        """Return the content of the next message of a kind: it comes after header and metadata."""
        while True:
            said = await self._part()
            if said.startswith('{"msgid"') and f'"{kind}"' in said:
                await self._part()
                return await self._part()

    async def _part(self) -> str:
        async with asyncio.timeout(300):  # `wait_for` can swallow that its caller is cancelled
            said = await self._socket.read_message()
        if said is None:
            raise ConnectionError("The server closed the page.")
        return said if isinstance(said, str) else ""


def _encoded(said: object, binary: list[bytes]) -> object:
    """Return a message as Bokeh writes it in the browser; bytes, which follow it, go to `binary`."""
    if isinstance(said, dict):
        entries = [[name, _encoded(value, binary)] for name, value in said.items()]
        return {"type": "map", "entries": entries}
    if isinstance(said, bytes):
        binary.append(said)
        return {"type": "bytes", "data": {"id": str(len(binary) - 1)}}
    return said
