"""300 messages that no page would send: a line of the log each at most, and nobody else notices."""

from __future__ import annotations

import asyncio
import json
import re
import time
from itertools import cycle, islice

import numpy as np
import pytest
from serving import Served, run_apart
from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.websocket import WebSocketClosedError, websocket_connect

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
]


async def send_all(url: str, count: int) -> int:
    """Send odd messages as one visitor, on one connection after the other; return how many."""
    page = await AsyncHTTPClient().fetch(url, request_timeout=60)
    token = re.search(r'"token":\s*"([^"]+)"', page.body.decode())[1]
    cookie = page.headers["Set-Cookie"].split(";")[0]
    request = HTTPRequest(url.replace("http", "ws", 1) + "/ws", headers={"Cookie": cookie})
    sent = 0
    for fragments in islice(cycle(ODD), count):
        connection = await websocket_connect(request, subprotocols=["bokeh", token])
        await asyncio.wait_for(connection.read_message(), 60)
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
