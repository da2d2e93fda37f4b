"""A movie on its way from a visitor to a clip set, without a browser."""

import os
import threading
import time

import numpy as np
import pytest
from bokeh.document import Document
from panel.io.state import set_curdoc
from PIL import Image
from racing import busy, hidden, receive_for_long

from dashboard.add_movie.background_task import BackgroundTask
from dashboard.add_movie.dialog import MovieDialog, file_facts
from dashboard.add_movie.dropzone import DropZone
from dashboard.add_movie.movie_upload import EMPTY, OPENING, READY, RECEIVING, MovieUpload
from dashboard.add_movie.upload import CHUNK_BYTES, UploadFile, _sweep, safe_file_name
from dashboard.state.choice import Choice
from maxstim_core.errors import MaxstimError
from maxstim_core.runs.request import opened
from maxstim_core.stimuli.catalog import open_clips, remove_stored
from maxstim_core.stimuli.stored import clip_store
from maxstim_core.stimuli.stored.import_movie import import_movie
from maxstim_core.stimuli.viewing import Viewing

PATIENCE = 60


@pytest.fixture(autouse=True)
def folders(tmp_path, monkeypatch):
    monkeypatch.setenv("MAXSTIM_DATA_DIR", str(tmp_path / "data"))
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    return tmp_path


def kept(folders):
    return list((folders / "temporary").iterdir())


def send(upload, path):
    """Send a file in chunks, as the browser does; return whether it was taken."""
    content = path.read_bytes()
    wanted = 0 if upload.expect(path.name, len(content)) else None
    while wanted is not None:
        wanted = upload.take(content[wanted : wanted + CHUNK_BYTES])


def wait(upload, stage):
    """Poll as the page does, until the movie has come to a stage and has been looked at."""
    deadline = time.monotonic() + PATIENCE
    while upload.stage != stage or (stage == READY and upload.seen is None):
        assert time.monotonic() < deadline, (upload.stage, upload.problem)
        upload.poll()
        time.sleep(0.01)


@pytest.fixture
def array(tmp_path):
    path = tmp_path / "My array.npy"
    np.save(path, np.random.default_rng(0).random((40, 70, 90), np.float32))
    return path


def test_a_movie_is_sent_looked_at_and_stored(folders, array):
    names = []
    upload = MovieUpload(names.append)
    send(upload, array)
    assert upload.stage == OPENING
    wait(upload, READY)
    assert upload.set_name == "My-array"
    assert (upload.pixels, upload.most_pixels(), upload.n_clips()) == (1, 1, 3)
    movie = np.load(array)
    np.testing.assert_array_equal(upload.seen, np.round(255 * Viewing().see(movie)))
    upload.seen = None
    upload.param.update(contrast=2.0, fps=50.0, at=[0.0, 1.0], seconds=0.2, augment=True)
    wait(upload, READY)
    viewing = Viewing(contrast=2.0).aimed(0.0, 1.0, 70, 90)
    np.testing.assert_array_equal(upload.seen, np.round(255 * viewing.see(movie)))
    assert upload.n_clips() == 4 * 12
    upload.store()
    wait(upload, EMPTY)
    clips = open_clips("My-array")
    assert names == ["My-array"]
    assert (len(clips), clips.dt) == (48, 0.02)
    np.testing.assert_array_equal(clips[0], viewing.see(movie)[:10])
    assert clips.clips.about["source"] == "My array.npy"
    assert not kept(folders)


def test_a_set_that_another_visitor_stores_is_offered(folders):
    mine, other = Choice(method="natural"), Choice()
    assert "walk" not in other.param.clips.objects
    changes = []
    other.param.watch(changes.append, "clips", what="objects")
    np.save(folders / "walk.npy", np.full((8, 721), 0.5, np.float32))
    import_movie(folders / "walk.npy", "walk", fps=10)
    until_offered(other, "walk", True)
    assert len(changes) == 1
    mine.take_set("walk")
    remove_stored("walk")
    until_offered(other, "walk", False)
    mine.offer_sets()
    assert mine.clips == "walk"  # to be told that it is gone, rather than to search another set
    with pytest.raises(MaxstimError, match="no clip set 'walk'"):
        opened(mine.request())


def until_offered(choice, name, offered):
    """Offer the sets again as the page does at every poll, until one is offered, or no longer."""
    give_up = time.monotonic() + 60
    while (name in choice.param.clips.objects) is not offered:
        assert time.monotonic() < give_up
        time.sleep(0.05)
        choice.offer_sets()


def test_a_name_in_use_is_told_and_nothing_is_lost(folders, array):
    upload = MovieUpload(print)
    for name in ("sintel", "made", "../up", ""):
        send(upload, array)
        wait(upload, READY)
        upload.set_name = name
        upload.store()
        assert upload.stage == READY
        assert upload.problem.endswith(".")
    assert clip_store.stored_names() == ()
    upload.cancel()
    assert not kept(folders)


def test_storing_can_be_stopped_and_leaves_the_movie_to_look_at(folders, tmp_path):
    np.save(tmp_path / "a.npy", np.ones((60, 1000, 1000), np.uint8))  # six batches
    upload = MovieUpload(print)
    send(upload, tmp_path / "a.npy")
    wait(upload, READY)
    upload.store()
    upload.stop()
    assert upload.stage == READY
    assert [path.name for path in kept(folders)[0].iterdir()] == ["a.npy"]
    for _ in range(5):
        upload.poll()
        time.sleep(0.05)
    assert (upload.stage, clip_store.stored_names()) == (READY, ())
    upload.stop()
    assert upload.stage == EMPTY


def test_typed_scales_are_made_to_fit(tmp_path):
    np.save(tmp_path / "a.npy", np.ones((2, 200, 300), np.float32))
    upload = MovieUpload(print)
    send(upload, tmp_path / "a.npy")
    wait(upload, READY)
    assert upload.pixels == 5
    for typed, taken in ((4, 3), (99, 5), (1, 1)):
        upload.pixels = typed
        assert upload.pixels == taken


def test_a_refusal_names_the_file_and_not_its_place(folders, tmp_path):
    Image.new("L", (1, 1)).save(tmp_path / "dot.gif")
    upload = MovieUpload(print)
    send(upload, tmp_path / "dot.gif")
    wait(upload, EMPTY)
    assert upload.problem.startswith("The frames are 1 x 1 pixels, too small")
    (tmp_path / "dot.gif").write_bytes((tmp_path / "dot.gif").read_bytes()[:-20])
    send(upload, tmp_path / "dot.gif")
    wait(upload, EMPTY)
    assert upload.problem.startswith("The film dot.gif is damaged")
    assert not kept(folders)


def test_what_is_not_wanted_is_not_taken(folders):
    inbox = UploadFile()
    for n_bytes, says in (
        (2_000_000_000, r"x\.mp4 has 2\.0 GB"),
        (0, "is empty"),
        (-1, "is empty"),
    ):
        with pytest.raises(MaxstimError, match=says):
            inbox.expect("x.mp4", n_bytes)
    inbox.expect("x.mp4", 10)
    with pytest.raises(MaxstimError, match="changed"):
        inbox.take(b"\0\0\0 ftypisom")  # more than was announced
    with pytest.raises(MaxstimError, match="changed"):
        inbox.take(b"GIF89a")  # after that, nothing is expected
    inbox.expect("x.mp4", 1000)
    with pytest.raises(MaxstimError, match="no movie"):
        inbox.take(b"Once upon a time")
    assert not kept(folders)


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        ("../../etc/passwd", "passwd"),
        (r"C:\films\a.mp4", "a.mp4"),
        ("..", "movie"),
        (".hidden", "hidden"),
        ("a\0b\n.mp4", "a_b_.mp4"),
        ("Käfer (2).mov", "Käfer (2).mov"),
        ("x" * 300 + ".mp4", "x" * 76 + ".mp4"),
    ],
)
def test_a_sent_name_is_one_name(sent, name):
    assert safe_file_name(sent) == name


@pytest.mark.parametrize("letter", ["a", "é", "視", "\U0001d400"])
def test_a_long_name_in_any_letters_is_one_that_the_disk_takes(folders, letter):
    upload = UploadFile()
    upload.expect(letter * 300 + ".mp4", 10)
    assert upload.path.is_file() and upload.path.name.endswith(f"{letter}.mp4")
    upload.clear()


def test_an_eye_that_is_aimed_at_nothing_looks_at_the_middle(folders, array):
    upload = MovieUpload(print)
    send(upload, array)
    wait(upload, READY)
    middle = upload.viewing()
    for at in ([float("nan"), 0.5], [0.5, float("inf")], [-1e308, 10**400]):
        upload.at = at
        assert upload.viewing() == middle
    upload.cancel()


def test_a_browser_can_say_anything():
    upload = MovieUpload(print)
    zone = DropZone(upload)
    for message in (
        None,
        {},
        {"name": 1, "size": 2, "offer": 1},
        {"name": "a", "size": "b", "offer": 1},
        {"name": "a", "size": 2},
        {"chunk": "c", "offer": 1},
        {"name": "a", "size": 10**400, "offer": 1},
        {"name": "a", "size": 2, "offer": 10**400},
        {"chunk": b"c", "offer": -(10**400)},
        [1],
    ):
        zone._handle_msg(message)
    assert (upload.stage, upload.problem) == (EMPTY, "")
    zone._handle_msg({"chunk": b"nobody asked", "offer": 1})
    assert upload.stage == EMPTY
    zone._handle_msg({"name": "a.gif", "size": 100, "offer": 2})
    assert upload.stage == RECEIVING


def test_the_file_goes_when_its_page_does(folders, array):
    document = Document()
    with set_curdoc(document):
        dialog = MovieDialog(print)
    dialog.upload.expect(array.name, 1000)
    assert kept(folders)
    for callback in document.callbacks.session_destroyed_callbacks:
        callback(None)
    assert not kept(folders)


def test_tasks_take_turns_and_can_be_cancelled():
    go_on = threading.Event()

    def slow(report_progress):
        while not go_on.wait(0.01):
            report_progress(0.5)
        return "done"

    tasks = [BackgroundTask(slow) for _ in range(3)]
    deadline = time.monotonic() + PATIENCE
    while [task.share for task in tasks].count(0.5) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    waiting = next(task for task in tasks if task.waits)
    running = next(task for task in tasks if not task.waits)
    running.cancel()  # its place is free
    running.wait(PATIENCE)
    assert running.error is not None
    while waiting.waits:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    go_on.set()
    for task in tasks:
        task.wait(PATIENCE)
    assert [task.result for task in tasks].count("done") == 2


def test_a_long_task_lets_others_go_first(monkeypatch):
    """Two imports that take for ever: a third one is done all the same."""
    monkeypatch.setattr("dashboard.add_movie.background_task._TURN_SECONDS", 0.05)
    go_on = threading.Event()

    def endless(report_progress):
        while not go_on.wait(0.01):
            report_progress(0.5)
        return "long"

    long = [BackgroundTask(endless) for _ in range(2)]
    short = [BackgroundTask(lambda report_progress: "short") for _ in range(3)]
    for task in short:
        task.wait(PATIENCE)
    assert [task.result for task in short] == ["short"] * 3
    assert not any(task.done for task in long)
    go_on.set()
    for task in long:
        task.wait(PATIENCE)
    assert [task.result for task in long] == ["long"] * 2


def test_one_visitor_never_holds_both_places():
    go_on = threading.Event()

    def slow(report_progress):
        while not go_on.wait(0.01):
            report_progress(0.5)

    hers = [BackgroundTask(slow, "anna") for _ in range(3)]
    deadline = time.monotonic() + PATIENCE
    while all(task.waits for task in hers):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    his = BackgroundTask(lambda report_progress: "his", "bert")
    his.wait(PATIENCE)
    assert his.result == "his"  # behind three, and there was a place
    assert [task.waits for task in hers].count(False) == 1
    go_on.set()
    for task in hers:
        task.wait(PATIENCE)
    assert all(task.done for task in hers)


@pytest.mark.skipif(os.name != "posix", reason="Processes are not told apart there.")
def test_what_a_killed_server_was_sent_is_removed_at_the_next_start(folders):
    server = busy(receive_for_long, folders / "temporary")
    _sweep.cache_clear()  # as in a server that starts
    UploadFile()
    assert len(hidden(folders / "temporary")) == 1  # the other one lives
    server.kill()
    server.join()
    _sweep.cache_clear()
    UploadFile()
    assert hidden(folders / "temporary") == []


def test_the_dialog_shows_what_was_made_of_a_file(folders, tmp_path):
    """A photo that lies on its side, of pixels twice as wide as high, partly clear."""
    exif = Image.Exif()
    exif[0x112] = 6
    path = tmp_path / "photo.png"
    rgba = np.full((60, 80, 4), 255, np.uint8)
    rgba[:, 40:, 3] = 0
    Image.fromarray(rgba).save(path, exif=exif, dpi=(100, 200))
    upload = MovieUpload(lambda name: None)
    send(upload, path)
    wait(upload, READY)
    assert upload.preview.size == (160, 60)
    told = file_facts(upload)
    for words in (
        "Stored as 80 × 60 pixels, full range; transparent pixels lie on 0.5.",
        "turned by 90 degrees clockwise",
        "2 times as wide as high",
    ):
        assert words in told
    upload.cancel()


def test_the_ground_of_what_is_transparent_is_chosen_and_stored(folders, tmp_path):
    path = tmp_path / "clear.png"
    rgba = np.zeros((64, 64, 4), np.uint8)
    rgba[:, :32] = 255
    Image.fromarray(rgba).save(path)
    upload = MovieUpload(lambda name: None)
    dialog = MovieDialog(lambda name: None)
    assert "ground" in dialog.widgets
    send(upload, path)
    wait(upload, READY)
    grey = upload.seen
    assert (grey.min(), grey.max()) == (128, 255)
    before = upload.preview
    upload.ground = 0.2
    deadline = time.monotonic() + PATIENCE
    while upload.preview is before:
        assert time.monotonic() < deadline
        upload.poll()
        time.sleep(0.01)
    assert upload.seen.min() == 51 and "transparent pixels lie on 0.2" in file_facts(upload)
    np.testing.assert_array_equal(upload.seen == 51, grey == 128)
    upload.store()
    wait(upload, EMPTY)
    stored = open_clips("clear")
    assert stored.about["file"]["ground"] == 0.2
    assert stored[0].min() == pytest.approx(0.2)


def test_what_else_is_in_a_file_of_columns_is_shown(folders, tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, movie=np.full((5, 721), 0.5, "f4"), dt=0.02, note="mine")
    upload = MovieUpload(lambda name: None)
    send(upload, path)
    wait(upload, READY)
    told = file_facts(upload)
    assert "Stored column by column, as the eye sees it, 50 frames/s (the file)." in told
    assert "Left out: the variable note." in told and "transparent" not in told
    upload.cancel()
