"""Messages that no page would send: a line of the log each at most, and nobody else notices."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
import sys
import time
from base64 import b64encode
from itertools import cycle, islice
from pathlib import Path

import numpy as np
import pytest
from serving import Served, run_apart
from tornado.httpclient import AsyncHTTPClient, HTTPRequest, HTTPResponse
from tornado.websocket import (
    WebSocketClientConnection,
    WebSocketClosedError,
    websocket_connect,
)

from benchmarks.page_server import Visitor

pytestmark = pytest.mark.slow


def message(kind: str, content: object, **header: object) -> list[str]:
    """Return the fragments of a message of Bokeh's protocol."""
    return [
        json.dumps({"msgid": "1", "msgtype": kind, **header}), "{}", json.dumps(content)
    ]  # fmt: skip


def event(model: object, data: object, name: str = "data_event") -> list[str]:
    """Return a message that a component is told of."""
    values = {"type": "map", "entries": [["model", model], ["data", data]]}
    told = {"type": "event", "name": name, "values": values}
    sent = {"kind": "MessageSent", "msg_type": "bokeh_event", "msg_data": told}
    return message("PATCH-DOC", {"events": [sent]})


def packed(n_bytes: int) -> str:
    """Return so many zeros as Bokeh writes them to text: gzip makes a thousandth of them."""
    return b64encode(gzip.compress(bytes(n_bytes))).decode()


ODD: list[list[str | bytes]] = [
    [b"\xff\xfe\x00"],
    [""],
    ["no JSON"],
    ["[" * 100_000],
    ["x" * 1_000_000],
    ["{}", "{}", "{}"],
    ["null", "null", "null"],
    message("NO-SUCH-KIND", {}),
    message("PATCH-DOC", {}),
    message("PATCH-DOC", []),
    message("PATCH-DOC", {"events": [{"kind": "ModelChanged", "model": {"id": "p999999"}}]}),
    message("PATCH-DOC", {"events": [{"kind": "<img src=x>\r\nWrong password from x"}]}),
    message("PATCH-DOC", {"events": "x" * 1000}, num_buffers=-1),
    message("PATCH-DOC", {"events": []}, num_buffers=10**9),
    message("PUSH-DOC", {"doc": {"roots": [], "title": "evil"}}),
    message("PULL-DOC-REPLY", {"doc": {}}),
    message("ACK", {}),
    event({"id": "p1"}, {"type": "object", "name": "os.system", "id": "x"}),
    event({"id": "p1"}, {"type": "bytes", "data": "no base 64!"}),
    event({"id": "p1"}, {"type": "ndarray", "dtype": "object", "shape": [10**9], "array": ""}),
    event({"id": "p1"}, {"type": "number", "value": "nan"}, name="no_such_event"),
    event(None, None),
    event({"id": "p1"}, {"type": "bytes", "data": packed(10_000_000)}),
    event({"id": "p1"}, {"type": "set", "entries": [0, 2**61 - 1]}),
    message("PATCH-DOC", {"events": [{"kind": "TitleChanged", "title": "\x1b[2J"}] * 1000}),
]


async def opened(url: str) -> WebSocketClientConnection:
    """Return the connection of a page that a new visitor has just opened."""
    page = await AsyncHTTPClient().fetch(url, request_timeout=60)
    return await connected(url, *session_of(page))


def session_of(page: HTTPResponse) -> tuple[str, str]:
    """Return the session of a page, and the cookie of who opened it."""
    token = re.search(r'"token":\s*"([^"]+)"', page.body.decode())[1]
    return token, page.headers["Set-Cookie"].split(";")[0]


async def connected(url: str, token: str, cookie: str) -> WebSocketClientConnection:
    request = HTTPRequest(url.replace("http", "ws", 1) + "/ws", headers={"Cookie": cookie})
    connection = await websocket_connect(request, subprotocols=["bokeh", token])
    for _ in range(3):  # header, metadata and content of the first word
        await asyncio.wait_for(connection.read_message(), 60)
    return connection


async def send_all(url: str, count: int) -> int:
    """Send odd messages as one visitor, on one connection after the other; return how many."""
    token, cookie = session_of(await AsyncHTTPClient().fetch(url, request_timeout=60))
    sent = 0
    for fragments in islice(cycle(ODD), count):
        connection = await connected(url, token, cookie)
        try:
            for fragment in fragments:
                await connection.write_message(fragment, binary=isinstance(fragment, bytes))
            await asyncio.wait_for(connection.read_message(), 0.02)
        except (TimeoutError, WebSocketClosedError):
            pass
        connection.close()
        sent += 1
    return sent


async def beside(url: str) -> tuple[int, list[float]]:
    other, pings = await Visitor.arrive(url), []
    sending = asyncio.create_task(send_all(url, 300))
    while not sending.done():
        pings.append(await other.ping())
        await asyncio.sleep(0.05)
    other.leave()
    return await sending, pings


def test_300_odd_messages(tmp_path):
    served = Served(tmp_path)
    began = time.monotonic()
    sent, pings = run_apart(beside(served.url))
    said = served.stop()
    lines = said.splitlines()
    print(f"{sent} messages in {time.monotonic() - began:.0f} s, {len(lines)} lines, ping "
          f"{np.median(pings):.3f} s, 95 % {np.percentile(pings, 95):.3f} s")  # fmt: skip
    assert sent == 300
    assert "Traceback" not in said
    assert len(lines) <= 300
    assert not any(line.startswith("Wrong password") for line in lines)
    assert np.percentile(pings, 95) < 1


async def answer(url: str, *fragments: str | bytes, patience: float = 10) -> list[str]:
    """Send fragments on a connection of its own; return what is heard until it is closed, or quiet."""
    connection, heard = await opened(url), []
    try:
        for fragment in fragments:
            await connection.write_message(fragment, binary=isinstance(fragment, bytes))
        while (said := await asyncio.wait_for(connection.read_message(), patience)) is not None:
            heard.append(said)
    except (TimeoutError, WebSocketClosedError):
        pass
    heard.append(f"closed: {connection.close_code}")
    connection.close()
    return heard


def most_memory(served: Served) -> float:
    """Return the megabytes that a server has had resident at most."""
    status = Path(f"/proc/{served.process.pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1024


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_what_a_message_unpacks_to_costs_nobody_memory(tmp_path):
    served = Served(tmp_path)
    run_apart(answer(served.url, *message("SERVER-INFO-REQ", {})))
    before = most_memory(served)
    data = {"type": "bytes", "data": packed(300_000_000)}
    array = {
        "type": "ndarray",
        "array": ["a"] * 100,
        "dtype": "U1000000",
        "shape": [100],
        "order": "little",
    }
    many = message("PATCH-DOC", {"events": []}, num_buffers=10**6)
    for fragments in (
        event({"id": "p1"}, data),
        event({"id": "p1"}, array),
        message("PATCH-DOC", {"events": "[" + "[]," * 1_000_000 + "]"}),
        [*message("PATCH-DOC", {})[:2], '{"events": [' + "[]," * 2_000_000 + "[]]}"],
        [*many, *('{"id": "0"}', bytes(1_000_000)) * 300],
        [*many, *('{"id": "0"}', b"") * 300],
    ):  # fmt: skip
        assert run_apart(answer(served.url, *fragments, patience=90))[-1] == "closed: 1008"
    grown = most_memory(served) - before
    said = served.stop()
    print(f"{grown:.0f} MB more than before")
    assert grown < 100
    assert said.count("Closed the connection of") == len(said.splitlines()) == 6


def test_an_error_is_told_without_what_is_on_this_computer(tmp_path):
    served = Served(tmp_path)
    unknown = {"kind": "ModelChanged", "model": {"id": "p999999"}, "attr": "x", "new": 1}
    heard = run_apart(answer(served.url, *message("PATCH-DOC", {"events": [unknown]}) * 3))
    said = served.stop()
    told = [json.loads(text) for text in heard if "could not handle" in text]
    assert told == [{"text": "The server could not handle this.", "traceback": None}] * 3
    assert not any("Traceback" in text or "site-packages" in text for text in heard)
    assert len(said.splitlines()) == 1
    assert "could not be handled: UnknownReferenceError" in said
