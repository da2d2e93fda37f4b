"""What the server does around pages; Bokeh reads this file, however the server is started."""

from __future__ import annotations

import asyncio
import gc
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
    # What is there by now stays: whenever a page is closed, Panel has all objects looked through for
    # what is left of it, and these are nine in ten.
    gc.collect()
    gc.freeze()


async def on_session_created(session_context: Any) -> None:
    """Let pages be built in turns: a class that comes at once does not keep a click waiting."""
    async with _turn:
        await asyncio.sleep(_BREATH)
