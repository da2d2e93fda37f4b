"""Files and folders written whole: by processes that race, and by processes that are killed."""

import os
import signal
import sys
import time

import pytest
from racing import at_once, busy, hidden, killed_at

from maxstim_core.errors import MaxstimError
from maxstim_core.storage.atomic import (
    aside,
    exclusively,
    free_bytes,
    locked,
    part_name,
    put_in_place,
    remove_whole,
    sweep_leftovers,
    sweep_parts_of_ended,
    write_whole,
)

needs_kill = pytest.mark.skipif(
    sys.platform == "win32", reason="Processes are not told apart there."
)

HOURS_AGO = time.time() - 7200


def make(part, text, kind="folder"):
    """Write a file, or a folder of two."""
    if kind == "file":
        part.write_text(text)
        return
    part.mkdir()
    for name in ("a", "b"):
        (part / name).write_text(text)


def content(path):
    """The one text of a file or a folder; a mixture fails."""
    files = [path] if path.is_file() else sorted(path.iterdir())
    assert len(files) == (1 if path.is_file() else 2)
    (text,) = {file.read_text() for file in files}
    return text


def store(folder, name, text, kind="folder", replace=False):
    """Store something; tell whether the name was free."""
    with aside(folder) as part:
        make(part, text, kind)
        with exclusively(folder):
            try:
                put_in_place(part, folder / name, replaced=[folder / name] if replace else ())
            except FileExistsError:
                return False
    return True


def test_a_file_is_replaced_whole_or_stays(tmp_path):
    write_whole(tmp_path / "a.txt", "text", b"old")
    write_whole(tmp_path / "a.txt", "text", b"new")
    assert (tmp_path / "a.txt").read_bytes() == b"new"
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "folder", tmp_path / "missing" / "a.txt"):
        with pytest.raises(MaxstimError, match="could not be written"):
            write_whole(path, "text", b"new")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.txt", "folder"]


@pytest.mark.parametrize("kind", ["file", "folder"])
@pytest.mark.parametrize("old", ["file", "folder"])
def test_a_name_is_given_once_unless_the_old_shall_give_way(tmp_path, kind, old):
    assert store(tmp_path, "x", "old", old)
    assert not store(tmp_path, "x", "new", kind)
    assert content(tmp_path / "x") == "old"
    assert store(tmp_path, "x", "new", kind, replace=True)
    assert content(tmp_path / "x") == "new"
    assert os.listdir(tmp_path) == ["x"]


def test_what_cannot_come_leaves_the_old_where_it_was(tmp_path):
    store(tmp_path, "x", "old")
    with pytest.raises(FileNotFoundError), exclusively(tmp_path):
        put_in_place(tmp_path / "missing", tmp_path / "x", replaced=[tmp_path / "x"])
    assert content(tmp_path / "x") == "old"
    assert os.listdir(tmp_path) == ["x"]


def test_what_is_aside_goes_whatever_happens(tmp_path):
    with pytest.raises(KeyError), aside(tmp_path) as part:
        make(part, "half")
        raise KeyError
    assert free_bytes(tmp_path / "deep" / "er") > 0
    assert hidden(tmp_path) == []


def _store_once(arguments):
    folder, text, kind, replace = arguments
    return store(folder, "x", text, kind, replace)


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_of_several_at_once_one_gets_the_name(tmp_path, kind):
    for k in range(3):
        folder = tmp_path / str(k)
        folder.mkdir()
        told = at_once(_store_once, *((folder, str(j), kind, False) for j in range(3)))
        assert sorted(told) == [False, False, True]
        assert content(folder / "x") == str(told.index(True))
        assert os.listdir(folder) == ["x"]


def test_of_several_that_replace_the_last_wins_whole(tmp_path):
    store(tmp_path, "x", "old")
    for _ in range(3):
        turns = [(tmp_path, str(j), ("file", "folder")[j % 2], True) for j in range(4)]
        assert at_once(_store_once, *turns) == [True] * 4
        assert content(tmp_path / "x") in "0123"
        assert os.listdir(tmp_path) == ["x"]


def _replace(folder, kind):
    store(folder, "x", "new", kind, replace=True)


def _remove(folder, kind):
    with exclusively(folder):
        remove_whole(folder / "x", folder)


@needs_kill
@pytest.mark.parametrize("old", ["file", "folder"])
@pytest.mark.parametrize(
    ("function", "kind"), [(_replace, "file"), (_replace, "folder"), (_remove, "")]
)
def test_who_is_killed_at_any_step_leaves_the_old_or_the_new(tmp_path, function, kind, old):
    seen = []
    for step in range(1, 40):
        folder = tmp_path / str(step)
        folder.mkdir()
        store(folder, "x", "old", old)
        killed = killed_at(step, folder, function, folder, kind)
        sweep_leftovers(folder)
        assert hidden(folder) == []
        seen.append(content(folder / "x") if (folder / "x").exists() else "gone")
        if not killed:
            break
    assert step > 3
    new = "gone" if function is _remove else "new"
    assert seen == sorted(seen, key=["old", new].index)  # once it is there it stays
    assert {*seen} == {"old", new}


def _write_for_long(folder, ready):
    with aside(folder) as part, locked(folder / ".long.lock"):
        make(part, "half")
        ready()
        time.sleep(600)


@needs_kill
def test_only_what_nobody_writes_any_more_is_swept(tmp_path):
    process = busy(_write_for_long, tmp_path)
    there = sorted(hidden(tmp_path))
    os.utime(there[0], times=(HOURS_AGO,) * 2)  # age alone decides nothing
    sweep_leftovers(tmp_path)
    sweep_parts_of_ended(tmp_path)
    assert sorted(hidden(tmp_path)) == there and len(there) == 2
    with pytest.raises(BlockingIOError), locked(tmp_path / ".long.lock", 0.1):
        pass
    process.kill()
    process.join()
    with locked(tmp_path / ".long.lock"):  # it keeps nobody waiting
        pass
    sweep_leftovers(tmp_path)
    assert hidden(tmp_path) == []


def test_what_others_left_is_swept_when_it_is_old(tmp_path):
    """Parts of other computers, and of versions that told no owner."""
    elsewhere = "." + part_name()[1:].replace(part_name()[1:9], "0" * 8)
    names = (elsewhere, f".x.{'0' * 32}.part", f".{'0' * 32}.part")
    for kind in ("file", "folder"):
        for name in names:
            make(tmp_path / name, "half", kind)
        sweep_leftovers(tmp_path)
        assert len(list(tmp_path.iterdir())) == len(names)
        for path in [*tmp_path.rglob("*")]:
            os.utime(path, times=(HOURS_AGO,) * 2)
        if kind == "folder":  # who writes into a folder is at it
            os.utime(tmp_path / elsewhere / "b")
            sweep_leftovers(tmp_path)
            assert os.listdir(tmp_path) == [elsewhere]
            os.utime(tmp_path / elsewhere / "b", times=(HOURS_AGO,) * 2)
        sweep_leftovers(tmp_path)
        assert list(tmp_path.iterdir()) == []


def test_nothing_else_is_swept(tmp_path):
    for name in (".profile", "a.part", "set.json", ".lock.txt", ".x"):
        (tmp_path / name).write_text("")
        os.utime(tmp_path / name, times=(HOURS_AGO,) * 2)
    before = sorted(os.listdir(tmp_path))
    (tmp_path / ".foreign.part").write_text("")
    (tmp_path / ".foreign.lock").write_text("")
    os.utime(tmp_path / ".foreign.part", times=(HOURS_AGO,) * 2)
    sweep_parts_of_ended(tmp_path)  # in a temporary folder, these are others'
    assert len(os.listdir(tmp_path)) == len(before) + 2
    sweep_leftovers(tmp_path)
    assert sorted(os.listdir(tmp_path)) == before
    sweep_leftovers(tmp_path / "missing")
    sweep_parts_of_ended(tmp_path / "missing")


@needs_kill
def test_a_folder_is_swept_again_when_it_has_changed(tmp_path):
    os.utime(tmp_path, times=(HOURS_AGO,) * 2)
    sweep_leftovers(tmp_path)
    process = busy(_write_for_long, tmp_path)
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert len(hidden(tmp_path)) == 2
    sweep_leftovers(tmp_path)
    assert hidden(tmp_path) == []


def test_who_wants_a_folder_waits_for_its_turn(tmp_path):
    with exclusively(tmp_path), pytest.raises(BlockingIOError), locked(tmp_path / ".lock", 0.05):
        pass
    with exclusively(tmp_path):
        pass
    assert hidden(tmp_path) == []
