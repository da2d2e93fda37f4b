#!/usr/bin/env bash
# panel 1.9.4 with bokeh 3.9.2: a page is answered with 200 at /app and at /app/, but drawn at /app only. A good guess is that both
# lead to one page or that one is refused, as the route says `/?`, and with Bokeh alone both work: it serves its own scripts below
# each app as well as at the root. Panel's lie at the root only, and are asked for beside the page, one folder too far down.
# Seen in the output below: the scripts that each page names, asked for as a browser resolves them.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet panel==1.9.4 bokeh==3.9.2
cat > "$work/ask.py" <<'PYTHON'
import importlib.metadata, re, sys, urllib.parse

from bokeh.application import Application
from bokeh.application.handlers import FunctionHandler
from bokeh.models import Div
from bokeh.server.server import Server
from tornado.httpclient import AsyncHTTPClient


async def missing(port, address):
    """Return the status of a page and which of the scripts that it names on its server are not there."""
    fetch = AsyncHTTPClient().fetch
    where = f"http://localhost:{port}{address}"
    page = await fetch(where, raise_error=False)
    named = re.findall(r'<script[^>]*\ssrc="([^"]+)"', page.body.decode())
    links = [urllib.parse.urljoin(where, name) for name in named]
    links = [link for link in links if link.startswith(f"http://localhost:{port}/")]
    assert links
    gone = [link for link in links if (await fetch(link, raise_error=False)).code == 404]
    return page.code, [link.split("?")[0].rsplit("/", 1)[-1] for link in gone]


if sys.argv[1] == "panel":
    import panel as pn

    server = pn.io.server.get_server({"/app": lambda: pn.pane.Markdown("text")}, port=0, start=False)
else:
    server = Server({"/app": Application(FunctionHandler(lambda document: document.add_root(Div())))}, port=0)
server.start()
found = [server.io_loop.run_sync(lambda: missing(server.port, address)) for address in ("/app", "/app/")]
print(sys.argv[1], importlib.metadata.version(sys.argv[1]), "at /app and /app/: status, scripts not found:", *found)
assert found[0] == (200, []) and found[1][0] == 200
assert ("panel.min.js" in found[1][1]) if sys.argv[1] == "panel" else found[1][1] == []
PYTHON
"$work/venv/bin/python" "$work/ask.py" bokeh 2> "$work/log"
"$work/venv/bin/python" "$work/ask.py" panel 2> "$work/log"
