"""What is said once a browser has a page, and before it has drawn all of it."""

import asyncio
import re
import time
from urllib.request import urlopen

import panel as pn
import pytest
from serving import free_port, run_apart
from toy_runs import toy_queue

from benchmarks.page_server import Visitor
from dashboard.app import App
from maxstim_core.runs.library import ResultLibrary


@pytest.fixture
def address(tmp_path):
    """Address of a page."""
    queue, port = toy_queue(tmp_path), free_port()

    def page():
        app = App(queue, ResultLibrary(queue.folder))
        app.start()
        return app.page

    server = pn.serve(
        {"/page": page}, port=port, address="localhost", threaded=True, show=False, verbose=False
    )
    address = f"http://localhost:{port}/page"
    give_up = time.monotonic() + 60
    while True:
        try:
            urlopen(address, timeout=60).close()
            break
        except OSError:
            assert time.monotonic() < give_up
            time.sleep(0.1)
    yield address
    server.stop()
    server.join(10)
    queue.close()


def test_who_is_quick_is_answered(address):
    """A message that comes before the page is drawn has its answer, and so have those after it."""

    async def visit():
        visitor = await Visitor.arrive(address, drawn=False)
        for cell_type in ("Mi1", "Tm3"):
            await visitor.tell(visitor.model("SidebarPanel"), {"cell": cell_type})
            answer = re.compile(rf'"cell_type",\s*"{cell_type}"')
            while not answer.search(await asyncio.wait_for(visitor.change(), 60)):
                pass
        await visitor.draw()
        visitor.leave()

    run_apart(visit())
