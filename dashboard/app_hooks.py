"""What guards the page under ``panel serve dashboard``, before it answers anybody."""

from __future__ import annotations

import gc
import os
from urllib.parse import urlsplit

from bokeh.application.application import ServerContext
from bokeh.server.tornado import BokehTornado

from dashboard.server import guard


def on_server_loaded(server_context: ServerContext) -> None:
    """Guard the server, or refuse to start.

    Raises:
        SystemExit: if the server cannot be found, and so not be guarded.
    """
    # Bokeh 3.9 shows an application its sessions, but not the server that it belongs to.
    ours = server_context.application_context
    servers = [
        found
        for found in gc.get_objects()
        if isinstance(found, BokehTornado) and ours in found._applications.values()
    ]
    if len(servers) != 1:
        raise SystemExit("The page cannot be guarded under this server; start it by: maxstim serve")
    application = servers[0]
    port = urlsplit(application._absolute_url or "").port or 5006
    guard(
        application,
        port=port,
        origins=sorted(application.websocket_origins),
        password=os.environ.get("MAXSTIM_PASSWORD") or None,
    )
