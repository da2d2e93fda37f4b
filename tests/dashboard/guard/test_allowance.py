"""What one visitor may send and take home, and that another does not notice."""

import io
import time
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from toy_runs import toy_queue

from dashboard.add_movie.movie_upload import EMPTY, READY, RECEIVING, MovieUpload
from dashboard.app import App
from dashboard.guard import allowance
from dashboard.guard.allowance import Allowance
from dashboard.guard.stored_sets import StoredSets
from dashboard.state.networks import Networks
from dashboard.state.submissions import MOST
from maxstim_core.errors import MaxstimError
from maxstim_core.model_cards.background import CardMaker
from maxstim_core.networks.bundled import default
from maxstim_core.runs.library import ResultLibrary
from maxstim_core.stimuli.catalog import remove_stored
from maxstim_core.stimuli.stored.clip_store import stored_names
from maxstim_core.stimuli.stored.import_movie import import_movie

GB = 1_000_000_000


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def folders(tmp_path, monkeypatch):
    monkeypatch.setenv("MAXSTIM_DATA_DIR", str(tmp_path / "data"))
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))


@pytest.fixture
def queue(tmp_path):
    toys = toy_queue(tmp_path)
    yield toys
    toys.close()


def test_bytes_are_forgiven_within_the_hour():
    clock = Clock()
    allowed = Allowance("sent", at_once=2, bytes_an_hour=5 * GB, least=1000, clock=clock)
    for _ in range(5):
        with allowed.one("anna", GB):
            pass
    refusal = "^At most 5 GB an hour can be sent; try again in 12 minutes.$"
    with pytest.raises(MaxstimError, match=refusal):
        allowed.begin("anna", GB)
    with allowed.one("bert", GB):
        pass
    clock.now += 12 * 60
    with allowed.one("anna", GB):
        pass
    with pytest.raises(MaxstimError, match="12 minutes"):
        allowed.begin("anna", GB)
    clock.now += 3600
    with allowed.one("anna", 5 * GB):
        pass


def test_small_files_count_too_and_what_was_not_foreseen():
    allowed = Allowance("taken home", at_once=9, bytes_an_hour=1000, least=100, clock=Clock())
    for _ in range(9):
        with allowed.one("anna"):
            pass
    with allowed.one("anna"):
        allowed.add("anna", 350)
    with pytest.raises(MaxstimError, match="try again in 21 minutes"):  # 350 too many of 1000
        allowed.begin("anna")


@given(st.lists(st.tuples(st.sampled_from("ab"), st.booleans())))
def test_no_more_at_a_time_than_are_allowed(events):
    allowed = Allowance("sent", at_once=2, bytes_an_hour=10**9, least=1, clock=Clock())
    going = {"a": 0, "b": 0}
    for visitor, begins in events:
        if begins and going[visitor] == 2:
            with pytest.raises(MaxstimError, match="At most 2 files at a time"):
                allowed.begin(visitor)
        elif begins:
            allowed.begin(visitor)
            going[visitor] += 1
        elif going[visitor]:
            allowed.end(visitor)
            going[visitor] -= 1


def test_a_third_movie_at_a_time_is_refused_in_a_sentence():
    pages = [MovieUpload(print, "anna") for _ in range(3)]
    assert [page.expect("a.mp4", 1000) for page in pages] == [True, True, False]
    assert pages[2].problem == (
        "At most 2 files at a time can be sent; wait until one of yours is through."
    )
    assert pages[2].stage == EMPTY
    other = MovieUpload(print, "bert")
    assert other.expect("a.mp4", 1000)
    pages[0].cancel()
    assert pages[2].expect("a.mp4", 1000) and pages[2].stage == RECEIVING
    assert pages[2].expect("b.mp4", 1000)  # instead of the one before
    with suppress(MaxstimError):
        pages[1].take(b"no movie")
    for page in (*pages, other):
        page.close()
    assert not {"anna", "bert"} & allowance.UPLOADS._under_way.keys()


def test_a_movie_there_is_no_room_for_is_not_under_way(monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))
    page = MovieUpload(print, "anna")
    for _ in range(5):
        assert not page.expect("a.mp4", 1000)
        assert "no room" in page.problem


def test_sets_of_one_visitor_take_so_much_of_the_disk_and_no_more(tmp_path):
    def kept(visitor):
        return StoredSets(tmp_path / "data" / "visitors" / f"{visitor}-sets.json", 50_000)

    for name in ("first", "second"):
        kept("anna").check()
        np.save(tmp_path / "walk.npy", np.random.default_rng(0).random((10, 721), np.float32))
        import_movie(tmp_path / "walk.npy", name, fps=10)
        kept("anna").add(name)
    with pytest.raises(MaxstimError, match=r"the most for one visitor.*movies remove first"):
        kept("anna").check()
    kept("bert").check()
    remove_stored("second")
    kept("anna").check()
    (tmp_path / "data" / "visitors" / "anna-sets.json").write_text("spoilt")
    kept("anna").check()


def test_who_has_stored_too_much_is_told_on_the_page_and_nothing_is_stored(tmp_path):
    sets = StoredSets(tmp_path / "data" / "visitors" / "anna-sets.json", 10_000)
    for name in ("first", "second"):
        page = MovieUpload(print, "anna", sets)
        content = io.BytesIO()
        np.save(content, np.random.default_rng(0).random((10, 721), np.float32))
        page.expect(f"{name}.npy", len(content.getvalue()))
        page.take(content.getvalue())
        until(page, READY)
        page.store()
        until(page, EMPTY if name == "first" else READY)
        assert ("the most for one visitor" in page.problem) is (name == "second")
        page.close()
    assert stored_names() == ("first",)


def until(page, stage):
    give_up = time.monotonic() + 60
    while page.stage != stage:
        assert time.monotonic() < give_up
        time.sleep(0.01)
        page.poll()


def test_networks_count_as_what_is_sent(queue, monkeypatch):
    small = Allowance("sent", at_once=2, bytes_an_hour=100_000, least=40_000)
    monkeypatch.setattr("dashboard.state.networks.UPLOADS", small)
    app = App(queue, ResultLibrary(queue.folder), "a" * 32)
    networks, content = app.networks, default().file.read_text(encoding="utf-8")
    networks.take_file("mine.json", content)
    networks.take_file("mine.json", "{}")  # refused, and read all the same
    networks.take_file("yours.json", content)
    assert networks.refused and networks.reply.startswith("At most 0.0001 GB an hour can be sent")
    other = Networks(app.choice, CardMaker(queue), "b" * 32)
    other.take_file("yours.json", content)
    assert not other.refused


def test_who_presses_run_without_end_is_told(queue):
    app = App(queue, ResultLibrary(queue.folder), "a" * 32)
    for _ in range(10_000):
        app.session.start()
        if app.session.problem:
            break
    assert app.session.problem == "Your last runs are still being taken; wait a moment."
    assert len(app.session._submissions._waiting) <= MOST


def test_what_is_taken_home_counts_until_it_is_made(queue, monkeypatch):
    small = Allowance("taken home", at_once=2, bytes_an_hour=GB, least=1)
    monkeypatch.setattr("dashboard.views.headline.DOWNLOADS", small)
    app = App(queue, ResultLibrary(queue.folder), "a" * 32)
    app.session.follow(app.session.library.example().key)
    take = app.headline.panel._plans["NetCDF"]
    plans = [take(), take()]
    with pytest.raises(MaxstimError, match="At most 2 files at a time can be taken home"):
        take()
    assert all(np.frombuffer(make().getvalue()[:8], "S8").size for _, make in plans)
    assert small._now("a" * 32) > 1000
    take()[1]()
