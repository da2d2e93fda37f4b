"""Servers that are started in other ways than the docs say: they are guarded, or not there at all."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from serving import ROOT, free_port, run_apart
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

pytestmark = pytest.mark.slow

PASSWORD = "a long enough one"


def start(port: int, *arguments: str, folder: Path, password: str = "") -> subprocess.Popen:
    environment = os.environ | {
        "MAXSTIM_DATA_DIR": str(folder / "data"),
        "MAXSTIM_PASSWORD": password,
        "MAXSTIM_SEARCH_AHEAD": "0",
        "PYTHONPATH": str(ROOT),
    }
    return subprocess.Popen(
        [sys.executable, "-m", "panel", "serve", *arguments, "--port", str(port)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def listens(process: subprocess.Popen, port: int) -> bool:
    """Wait until a server answers, or has ended."""
    while process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return True
        time.sleep(0.1)
    return False


def ended(process: subprocess.Popen) -> str:
    """Return the last line that a server wrote before it ended by itself."""
    said = process.communicate(timeout=300)[1]
    assert process.returncode == 1
    assert "Traceback" not in said
    return said.splitlines()[-1]


@pytest.mark.parametrize("name", ["main", "app"])
def test_a_file_alone_is_not_served(tmp_path, name):
    port = free_port()
    process = start(port, f"dashboard/{name}.py", folder=tmp_path, password=PASSWORD)
    assert listens(process, port)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
    connection.request("GET", f"/{name}", headers={"X-Maxstim-Visitor": "f" * 32})
    with pytest.raises((http.client.HTTPException, OSError)):
        connection.getresponse()
    assert "serve its folder: panel serve dashboard" in ended(process)


@pytest.mark.parametrize("name", ["main", "app"])
def test_a_file_alone_that_is_warmed_up_does_not_start(tmp_path, name):
    """Panel then runs it before it listens; as a module that stands for itself it says no at once."""
    port = free_port()
    process = start(port, f"dashboard/{name}.py", "--warm", folder=tmp_path)
    if listens(process, port):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
        connection.request("GET", f"/{name}")
        with pytest.raises((http.client.HTTPException, OSError)):
            connection.getresponse()
    assert "serve its folder: panel serve dashboard" in ended(process)


@pytest.mark.parametrize(
    ("arguments", "password", "sentence"),
    [
        ((), "abc", "The password must have at least 8 characters"),
        (("--use-xheaders",), PASSWORD, "With --use-xheaders, visitors could say that they are this"),
        (("--use-xheaders",), "", "With --use-xheaders, visitors could say that they are this"),
    ],
)  # fmt: skip
def test_what_cannot_be_guarded_does_not_start(tmp_path, arguments, password, sentence):
    process = start(free_port(), "dashboard", *arguments, folder=tmp_path, password=password)
    assert sentence in ended(process)


@pytest.fixture
def warmed(tmp_path) -> Iterator[int]:
    """Port of a server that is started with more than it needs."""
    port = free_port()
    more = ("--warm", "--websocket-compression-level", "9")
    process = start(port, "dashboard", *more, folder=tmp_path)
    assert listens(process, port), process.communicate()[1]
    yield port
    process.send_signal(signal.SIGINT)
    assert "Traceback" not in process.communicate()[1]


def test_a_folder_that_is_warmed_up_is_guarded_and_unpacks_nothing(warmed):
    connection = http.client.HTTPConnection("127.0.0.1", warmed, timeout=300)
    connection.request("GET", "/dashboard", headers={"Host": "evil.example"})
    assert connection.getresponse().status == 403
    connection.close()
    connection.request("GET", "/dashboard")
    assert connection.getresponse().status == 200

    async def agreed() -> str | None:
        request = HTTPRequest(f"ws://localhost:{warmed}/dashboard/ws")
        opened = await websocket_connect(
            request, subprotocols=["bokeh", "none"], compression_options={}
        )
        headers = opened.headers
        opened.close()
        return headers.get("Sec-WebSocket-Extensions")

    assert run_apart(agreed()) is None
