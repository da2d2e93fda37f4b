"""Hosts and origins, asked of real servers: ``maxstim serve`` and ``panel serve dashboard``."""

from __future__ import annotations

import base64
import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import pytest
from serving import ROOT, free_port, start

pytestmark = pytest.mark.slow

PASSWORD = "a long enough one"

HOSTS = {
    "localhost:{port}": True,
    "LOCALHOST": True,
    "127.0.0.1:9999": True,  # a tunnel
    "[::1]:{port}": True,
    "labhost.example": True,
    "labhost.example:443": True,
    "evil.example": False,
    "evil.example:{port}": False,
    "localhost.evil.example": False,
    "localhost:{port}@evil.example": False,
    "192.0.2.7:{port}": False,
    "localhost..:{port}": False,
    "localhost.:{port}": True,
    "localhost:": True,
}

ORIGINS = {
    "http://localhost:{port}": True,
    "http://127.0.0.1:{port}": True,
    "http://[::1]:{port}": True,
    "https://labhost.example": True,
    "http://labhost.example": True,
    "http://LABHOST.example:{port}": True,
    "https://labhost.example:8443": False,
    "http://localhost:8888": False,
    "http://evil.example": False,
    "https://labhost.example.evil.example": False,
    "http://user@localhost:{port}": False,
    "null": False,
}


@dataclass
class Asked:
    """A server, and what a browser that it has let in sends."""

    port: int
    cookie: str = ""
    session: str = ""

    def request(
        self, method: str, path: str, headers: dict[str, str], body: str | None = None
    ) -> tuple[int, http.client.HTTPMessage, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body, {"Host": f"localhost:{self.port}", **headers})
            answer = connection.getresponse()
            said = "" if answer.status == 101 else answer.read().decode(errors="replace")
            return answer.status, answer.headers, said
        finally:
            connection.close()

    def enter(self, password: str) -> None:
        """Log in where that is asked for, and open a page."""
        if password:
            form = urlencode({"password": password})
            kind = {"Content-Type": "application/x-www-form-urlencoded"}
            status, headers, _ = self.request("POST", "/login", kind, form)
            assert status == 303
            self.cookie = headers["Set-Cookie"].split(";")[0]
        status, headers, page = self.request("GET", "/dashboard", {"Cookie": self.cookie})
        assert status == 200
        if not password:
            self.cookie = headers["Set-Cookie"].split(";")[0]
        self.session = re.search(r'"token":\s*"([^"]+)"', page)[1]

    def socket(self, **headers: str) -> int:
        """Return the status with which the websocket of the page is opened, or not."""
        key = base64.b64encode(os.urandom(16)).decode()
        wanted = {
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": key,
            "Sec-WebSocket-Protocol": f"bokeh, {self.session}",
            "Cookie": self.cookie,
        }
        return self.request("GET", "/dashboard/ws", wanted | headers)[0]


def panel_serve(port: int, folder: Path, password: str) -> subprocess.Popen:
    """Start ``panel serve dashboard`` as the README has it, for another host besides."""
    origins = (f"localhost:{port}", "labhost.example:80", "labhost.example:443")
    command = [sys.executable, "-m", "panel", "serve", "dashboard", "--port", str(port)]
    for origin in (*origins, f"labhost.example:{port}"):
        command += ["--allow-websocket-origin", origin]
    environment = os.environ | {
        "MAXSTIM_DATA_DIR": str(folder / "data"),
        "MAXSTIM_PASSWORD": password,
        "PYTHONPATH": str(ROOT),
    }
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture(
    scope="module",
    params=[(by, password) for by in ("maxstim", "panel") for password in ("", PASSWORD)],
    ids=lambda of: f"{of[0]} serve, {'a' if of[1] else 'no'} password",
)
def served(request, tmp_path_factory) -> Iterator[Asked]:
    by, password = request.param
    port, folder = free_port(), tmp_path_factory.mktemp("served")
    if by == "maxstim":
        options = ("--allow-origin", "labhost.example")
        process = start(port, *options, folder=folder, password=password)
    else:
        process = panel_serve(port, folder, password)
    for _ in range(3000):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.1)
    asked = Asked(port)
    asked.enter(password)
    yield asked
    process.send_signal(signal.SIGINT)
    assert "Traceback" not in process.communicate()[1]


def test_hosts(served):
    seen = {}
    for host in HOSTS:
        named = {"Host": host.format(port=served.port), "Cookie": served.cookie}
        # What is no host at all, Tornado refuses before it asks us.
        seen[host] = served.request("GET", "/favicon.ico", named)[0] not in (400, 403)
    assert seen == HOSTS


def test_a_foreign_host_gets_nowhere(served):
    for path in ("/", "/dashboard", "/login", "/static/js/bokeh.min.js"):
        status, _, said = served.request(
            "GET", path, {"Host": "evil.example", "Cookie": served.cookie}
        )
        assert status == 403 and "does not answer to this host name" in said


def test_origins(served):
    seen = {}
    for origin in ORIGINS:
        seen[origin] = served.socket(Origin=origin.format(port=served.port)) == 101
    assert seen == ORIGINS
