"""What the server does around pages; Bokeh reads this file, however the server is started."""

from __future__ import annotations

import asyncio
from typing import Any

from dashboard.static_files import compress_static_files
from dashboard.style.material import defer_stylesheets

_BREATH = 0.02
"""Seconds between two pages that are built: what else has come by then is served first."""

_turn = asyncio.Lock()


def on_server_loaded(server_context: Any) -> None:
    """Get ready for the first visitor."""
    compress_static_files()
    defer_stylesheets()


async def on_session_created(session_context: Any) -> None:
    """Let pages be built in turns: a class that comes at once does not keep a click waiting."""
    async with _turn:
        await asyncio.sleep(_BREATH)
