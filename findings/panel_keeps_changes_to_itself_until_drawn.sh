#!/usr/bin/env bash
# panel 1.9.4: a change that the server makes within `hold()` for a message that comes after the browser has pulled the document
# but before it has said `document_ready` is never sent, neither then nor later. A good guess is that a browser which has the
# document, and whose messages arrive, is told of every change. `hold()` drops events of documents that are not noted as
# connected, which `document_ready` alone does. Seen in the output below; panel/io/document.py, panel/io/state.py.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet panel==1.9.4 bokeh==3.9.2 tornado==6.6.1
cat > "$work/page.py" <<'PYTHON'
import asyncio, json, os, re, socket

import panel as pn
import param
from tornado.httpclient import AsyncHTTPClient
from tornado.websocket import websocket_connect


class Counter(pn.custom.JSComponent):
    value = param.Integer(default=0)
    _esm = "export function render() { return document.createElement('p') }"

    def _handle_msg(self, message):
        with pn.io.hold():
            self.value += 1


async def say(wire, kind, content=None):
    header = {"msgid": os.urandom(8).hex().upper(), "msgtype": kind, "num_buffers": 0}
    for part in (header, {}, content or {}):
        await wire.write_message(json.dumps(part))


async def heard(wire, seconds):
    """Return all that the server says in some seconds."""
    found = ""
    try:
        while True:
            found += str(await asyncio.wait_for(wire.read_message(), seconds))
    except asyncio.TimeoutError:
        return found


async def visit(url):
    page = (await AsyncHTTPClient().fetch(url)).body.decode()
    token = re.search(r'"token":\s*"([^"]+)"', page)[1]
    wire = await websocket_connect(url.replace("http", "ws") + "/ws", subprotocols=["bokeh", token])
    await heard(wire, 2)
    await say(wire, "PULL-DOC-REQ")
    document = await heard(wire, 3)
    model = re.search(r'"id":\s*"(p\d+)",\s*"attributes":\s*\{"name":\s*"Counter', document)[1]

    def event(name, entries):
        values = {"type": "map", "entries": entries}
        return {"kind": "MessageSent", "msg_type": "bokeh_event", "msg_data": {"type": "event", "name": name, "values": values}}

    async def click():
        data = [["model", {"id": model}], ["data", "click"]]
        await say(wire, "PATCH-DOC", {"events": [event("data_event", data)]})
        return [int(new) for new in re.findall(r'"attr":\s*"value",\s*"new":\s*(\d+)', await heard(wire, 3))]

    before = await click()
    ready = event("document_ready", [])
    ready["msg_data"]["values"] = {"type": "map"}
    await say(wire, "PATCH-DOC", {"events": [ready]})
    await heard(wire, 3)
    return before, await click()


async def main():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = pn.serve({"/page": lambda: Counter()}, port=port, address="localhost", threaded=True, show=False, verbose=False)
    await asyncio.sleep(3)
    print(pn.__version__, *await visit(f"http://localhost:{port}/page"))
    server.stop()

asyncio.run(main())
PYTHON
seen=$("$work/venv/bin/python" "$work/page.py" 2>/dev/null)
echo "version, changes told to a click before and to a click after document_ready: $seen"
[ "$seen" = "1.9.4 [] [2]" ]
