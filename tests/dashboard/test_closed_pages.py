"""What is left of a page when it has been closed."""

import gc
import time
import weakref
from urllib.request import urlopen

import panel as pn
import pytest
from serving import free_port, run_apart
from toy_runs import toy_queue

from benchmarks.page_server import Visitor
from dashboard.app import App
from maxstim_core.runs.library import ResultLibrary


@pytest.fixture(params=["", "paint"])
def served(request, tmp_path):
    """Address of a server that drops closed pages at once, and its pages, with a view open or none."""
    queue, pages, port = toy_queue(tmp_path), [], free_port()

    def page():
        app = App(queue, ResultLibrary(queue.folder))
        pages.append(weakref.ref(app))
        app.start()
        app.views.open(request.param)
        return app.page

    server = pn.serve(
        {"/page": page}, port=port, address="localhost", threaded=True, show=False, verbose=False,
        unused_session_lifetime_milliseconds=200, check_unused_sessions_milliseconds=200,
    )  # fmt: skip
    address = f"http://localhost:{port}/page"
    until_it_listens(address)
    yield address, pages
    server.stop()
    server.join(10)
    queue.close()


def until_it_listens(address):
    give_up = time.monotonic() + 60
    while True:
        try:
            return urlopen(address, timeout=60).close()
        except OSError:
            assert time.monotonic() < give_up
            time.sleep(0.1)


def test_the_objects_of_a_closed_page_are_collected(served):
    address, pages = served

    async def come_and_go():
        for _ in range(3):
            visitor = await Visitor.arrive(address)
            visitor.leave()

    run_apart(come_and_go())
    assert len(pages) >= 3
    give_up = time.monotonic() + 60
    while any(page() is not None for page in pages):
        assert time.monotonic() < give_up, "Closed pages are kept."
        time.sleep(0.5)
        gc.collect()
