#!/usr/bin/env bash
# bokeh 3.9.2 with tornado 6.6.1: an answer over the websocket takes some 40 ms on loopback although nothing is computed. A good
# guess is a millisecond, as for HTTP, for which tornado sets TCP_NODELAY. It takes that back before the upgrade, and Bokeh sends
# each message as three frames or more: all but the first wait until the other end's delayed ACK. Browsers set it for what
# they send, which does not help. `set_nodelay(True)` in the handler's `open` does. Seen in the output below; tornado/websocket.py.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet bokeh==3.9.2 tornado==6.6.1
cat > "$work/ask.py" <<'PYTHON'
import json, os, re, socket, statistics, sys, time

import bokeh, tornado
from bokeh.application import Application
from bokeh.application.handlers import FunctionHandler
from bokeh.server.server import Server
from bokeh.server.views.ws import WSHandler
from tornado.httpclient import AsyncHTTPClient
from tornado.websocket import websocket_connect

N_DELAY = []
opened = WSHandler.open


def look(self):
    if "at-once" in sys.argv:
        self.set_nodelay(True)
    wire = self.ws_connection.stream.socket
    N_DELAY.append(wire.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
    return opened(self)


WSHandler.open = look


async def ask(wire, kind):
    """Return the seconds until the answer to a message has come whole."""
    began = time.perf_counter()
    for part in ({"msgid": os.urandom(8).hex().upper(), "msgtype": kind, "num_buffers": 0}, {}, {}):
        await wire.write_message(json.dumps(part))
    for _ in range(3):
        await wire.read_message()
    return time.perf_counter() - began


async def visit():
    page = (await AsyncHTTPClient().fetch(f"http://localhost:{server.port}/")).body.decode()
    token = re.search(r'"token":\s*"([^"]+)"', page)[1]
    wire = await websocket_connect(f"ws://localhost:{server.port}/ws", subprotocols=["bokeh", token])
    wire.protocol.set_nodelay(True)  # as browsers do
    for _ in range(3):
        await wire.read_message()
    times = [await ask(wire, "SERVER-INFO-REQ") for _ in range(50)]
    wire.close()
    return statistics.median(times)


server = Server({"/": Application(FunctionHandler(lambda document: None))}, port=0)
server.start()
print(json.dumps([server.io_loop.run_sync(visit), N_DELAY, bokeh.__version__, tornado.version]))
PYTHON
"$work/venv/bin/python" "$work/ask.py" > "$work/as_is.json"
"$work/venv/bin/python" "$work/ask.py" at-once > "$work/at_once.json"
"$work/venv/bin/python" - "$work" <<'PYTHON'
import json, pathlib, sys

as_is, at_once = (json.loads(pathlib.Path(sys.argv[1], f"{name}.json").read_text()) for name in ("as_is", "at_once"))
print(f"bokeh {as_is[2]}, tornado {as_is[3]}: TCP_NODELAY {as_is[1]}, an answer after {1000 * as_is[0]:.1f} ms;", end=" ")
print(f"with set_nodelay {at_once[1]}, {1000 * at_once[0]:.1f} ms")
assert as_is[1] == [0] and at_once[1] == [1]
assert as_is[0] > 5 * at_once[0]
PYTHON
