"""Answers that were finished before are found by key, and nothing else is."""

import dataclasses
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from maxstim_core.errors import MaxstimError
from maxstim_core.optimal.result import clip_of, load
from maxstim_core.runs.library import ResultLibrary
from maxstim_core.runs.result_index import (
    ResultIndex,
    Stamp,
    describe_result,
    index_of,
    read_result,
)
from maxstim_core.storage.netcdf import save


@pytest.fixture
def library(tmp_path):
    """A library of two stored results, the second one newer, and the bundled examples."""
    bundled = [one for one in ResultLibrary(tmp_path / "none").entries() if one.has_response]
    folder = tmp_path / "results"
    folder.mkdir()
    for age, (key, method) in enumerate([("new", "natural"), ("old", "generated")]):
        source = next(entry.path for entry in bundled if entry.method == method)
        shutil.copy(source, folder / f"{key}.nc")
        os.utime(folder / f"{key}.nc", (1_700_000_000 - age, 1_700_000_000 - age))
    (folder / "broken.nc").write_bytes(b"not a result")
    (folder / "notes.txt").write_text("not a result either")
    return looked(ResultLibrary(folder))


def looked(library):
    """The library, once it has looked at its folder."""
    library.refresh(wait=True)
    return library


def test_results_come_newest_first_and_examples_last(library):
    entries = library.entries()
    assert [entry.key for entry in entries[:2]] == ["new", "old"]
    assert [entry.example for entry in entries] == [False] * 2 + [True] * (len(entries) - 2)
    assert entries[0].cell_type == "T4c" and library.details(entries[0]).peak > 0


def test_what_is_dated_in_the_future_does_not_stay_on_top(library):
    later = time.time() + 24 * 3600
    path = library.find("old").path
    os.utime(path, (later, later))
    assert [entry.key for entry in looked(library).entries()[:2]] == ["new", "old"]


def test_a_first_time_visitor_sees_a_generated_example(tmp_path):
    example = ResultLibrary(tmp_path / "not there").example()
    assert (example.method, example.example) == ("generated", True)


def test_without_examples_there_is_none(tmp_path):
    library = looked(ResultLibrary(tmp_path, examples=tmp_path))
    assert library.entries() == () and library.example() is None


def test_an_answer_opens_by_its_key(library):
    assert library.open("new").attrs["method"] == "natural"


@pytest.mark.parametrize("key", ["", "gone", "../results/new", "/etc/passwd", "new.nc", "a" * 99])
def test_any_other_key_is_refused_with_a_sentence(library, key):
    with pytest.raises(MaxstimError, match="not on this server"):
        library.open(key)


@pytest.fixture
def stored(tmp_path):
    """Return a function that stores an answer like a bundled one, with other attributes and peak."""
    bundled = ResultLibrary(tmp_path / "none")
    originals = {one.method: bundled.open(one.key) for one in bundled.entries() if one.has_response}

    def store(key, method, *, peak=1.0, frames=80, age=0, **attributes):
        answer = originals[method].isel(frame=slice(frames)).copy(deep=True)
        answer["central_response"][:] = np.linspace(0, peak, frames)
        # Of a network that no answer comes with maxstim for.
        unknown = {"network": "mine", "network_hash": "0" * 64}
        answer.attrs.update({"cell_type": "T5a", **unknown, **attributes})
        answer.attrs.pop("shown_clip", None)  # else it is what `source` says
        path = tmp_path / "stored" / f"{key}.nc"
        path.parent.mkdir(exist_ok=True)
        save(answer, path)
        os.utime(path, (1_700_000_000 - age,) * 2)
        return load(path)

    store.library = ResultLibrary(tmp_path / "stored")
    return store


def clips_of(found):
    return {method: clip_of(answer) for method, answer in found.items()}


def test_natural_and_regularized_are_compared_for_one_clip_alone(stored):
    bar = stored("a", "natural", source="bar", clips="made", peak=2.0, age=9)
    flight = stored("b", "natural", source="flight", clips="made", peak=1.0)
    regularized = stored("c", "regularized", source="made: flight", clips="made")
    other_set = stored("d", "regularized", source="other: bar", clips="other")
    library = looked(stored.library)
    assert clips_of(library.comparable_answers(bar)) == {"natural": "bar"}
    both = {"natural": "flight", "regularized": "flight"}
    assert clips_of(library.comparable_answers(flight)) == both
    assert clips_of(library.comparable_answers(regularized)) == both
    assert clips_of(library.comparable_answers(other_set)) == {"regularized": "bar"}
    generated = stored("e", "generated")
    looked(library)
    assert clips_of(library.comparable_answers(generated)) == {"natural": "bar", "generated": ""}
    stored(
        "f", "regularized", source="bar", clips=""
    )  # of a movie file, of which only the name is known
    looked(library)
    assert set(library.comparable_answers(generated)) == {"natural", "regularized", "generated"}


def test_a_throw_away_run_is_not_what_an_answer_is_compared_with(stored):
    stored("good", "generated", peak=2.9, age=9)
    stored("newest", "generated", peak=0.4)
    stored("short", "generated", peak=5.0, frames=10)
    stored("cut off", "generated", peak=9.0, status="cancelled")
    natural = stored("natural", "natural", peak=1.0)
    found = looked(stored.library).comparable_answers(natural)
    assert float(found["generated"]["central_response"].max()) == pytest.approx(2.9)
    shown = load(stored.library.find("newest").path)
    assert stored.library.comparable_answers(shown)["generated"] is shown


def test_companions_are_of_the_same_cell_type_and_network(library):
    answer = library.open("new")
    assert set(library.comparable_answers(answer)) == {"natural", "regularized", "generated"}
    for name, value in (("cell_type", "T4d"), ("network_hash", "another network")):
        assert set(library.comparable_answers(answer.assign_attrs({name: value}))) == {"natural"}


def test_the_regularized_example_leads_back_to_the_clips_it_was_chosen_from(tmp_path):
    library = ResultLibrary(tmp_path / "none")
    (regularized,) = (entry for entry in library.entries() if entry.method == "regularized")
    assert library.searched(library.open(regularized.key)).attrs["method"] == "natural"


def test_a_damaged_result_is_left_out(stored):
    stored("good", "generated")
    whole = stored.library._folder / "good.nc"
    content = bytearray(whole.read_bytes())
    for place in range(0, len(content), 997):
        damaged = content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :]
        whole.with_name("bad.nc").write_bytes(damaged)
        assert "good" in {entry.key for entry in looked(stored.library).entries()}


def keys(library):
    return [entry.key for entry in library.entries() if not entry.example]


def test_what_is_read_from_a_file_is_what_the_answer_says(library):
    for entry in (one for one in library.entries() if one.has_response):
        stamp = Stamp.of(entry.path.stat())
        known = describe_result(entry.path, load(entry.path))
        assert read_result(entry.path, stamp, details=True) == known
        assert read_result(entry.path, stamp, details=False) == known._replace(details=None)
        assert dataclasses.replace(entry, example=False) == known.record
        assert library.details(entry) == known.details


def test_the_list_is_the_same_until_something_changes(library):
    before = library.entries()
    assert looked(library).entries() == before
    source = library.find("new").path
    shutil.copy(source, source.with_name("newer.nc"))
    os.utime(source.with_name("newer.nc"), (1_760_000_000,) * 2)
    assert looked(library).entries() is looked(library).entries()
    assert keys(library) == ["newer", "new", "old"]
    source.unlink()
    assert keys(looked(library)) == ["newer", "old"]


def until_looked(library):
    give_up = time.monotonic() + 60
    while library.looking:
        assert time.monotonic() < give_up
        time.sleep(0.01)


def test_a_look_in_the_background_is_over_when_it_is_said_to_be(library):
    source = library.find("old").path
    shutil.copy(source, source.with_name("new2.nc"))
    assert not library.looking
    library.refresh()
    until_looked(library)
    assert "new2" in keys(library)


def test_the_details_of_many_are_read_in_the_background(stored, tmp_path):
    answer = stored("shown", "generated")
    for number in range(100):
        source = tmp_path / "stored" / f"{number % 2}.nc"
        if number < 2:
            stored(number, "natural", peak=number, source=f"clip {number}", clips="made")
        else:
            os.link(source, source.with_name(f"{number}.nc"))
    library = ResultLibrary(tmp_path / "stored")
    library.refresh()
    until_looked(library)
    assert len(keys(library)) == 101
    assert set(library.comparable_answers(answer)) == {"generated"}  # too many to wait for
    until_looked(library)
    assert clips_of(library.comparable_answers(answer)) == {"generated": "", "natural": "clip 1"}
    # What was read for it, the next start knows.
    again = ResultLibrary(tmp_path / "stored")
    again.refresh()
    until_looked(again)
    assert clips_of(again.comparable_answers(answer)) == {"generated": "", "natural": "clip 1"}


def test_a_link_opens_any_result_before_the_folder_was_looked_at(stored, tmp_path):
    stored("oldest", "generated", peak=1.5, age=10**6)
    library = ResultLibrary(tmp_path / "stored")
    assert keys(library) == []
    assert library.open("oldest").attrs["cell_type"] == "T5a"
    assert keys(library) == ["oldest"]  # and is listed from then on
    assert library.details(library.find("oldest")).peak == pytest.approx(1.5)
    (tmp_path / "stored" / "oldest.nc").unlink()
    assert library.find("oldest") is None


def test_more_results_than_a_page_would_list_are_all_there(library, tmp_path):
    source = library.find("old").path
    for number in range(400):
        os.link(source, source.with_name(f"{number}.nc"))
    assert len(keys(looked(library))) == 402


def test_an_answer_is_loaded_once(library):
    assert library.open("new") is library.open("new")
    path = library.find("new").path
    shutil.copy(library.find("old").path, path)
    assert library.open("new").attrs["method"] == "generated"


def spoiled(path, kind):
    """Do to an index what an accident, another program or another version of maxstim would."""
    lines = path.read_bytes().splitlines(keepends=True)
    if kind == "absent":
        path.unlink()
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "foreign":
        path.write_bytes(b"\x89PNG\r\n")
    elif kind == "of another version":
        path.write_bytes(b'{"maxstim_results": 99}\n' + b"".join(lines[1:]))
    elif kind == "cut off":
        path.write_bytes(path.read_bytes()[:-20])
    elif kind == "a spoilt line":
        path.write_bytes(lines[0] + b'{"file": 3, "changed": []}\n[]\n\xff\n' + lines[2])
    elif kind == "of other files":
        values = json.loads(lines[1]) | {"size": 1, "cell_type": "wrong"}
        path.write_bytes(lines[0] + json.dumps(values).encode() + b"\n" + lines[2])
    elif kind == "a folder":
        path.unlink()
        path.mkdir()


@pytest.mark.parametrize(
    "kind",
    [
        "absent",
        "empty",
        "foreign",
        "of another version",
        "cut off",
        "a spoilt line",
        "of other files",
        "a folder",
    ],
)
def test_an_index_in_whatever_state_changes_nothing(library, kind):
    expected, folder = library.entries(), library.find("new").path.parent
    index = index_of(folder)
    assert len(index.read_bytes().splitlines()) == 3  # what it is, and two answers
    spoiled(index, kind)
    assert looked(ResultLibrary(folder)).entries() == expected
    assert looked(library).entries() == expected
    if kind != "a folder":
        found = ResultIndex(folder).news()
        assert found.keys() >= {"new.nc", "old.nc"}
        assert found["new.nc"] == describe_result(folder / "new.nc", load(folder / "new.nc"))
    assert not list(folder.parent.glob(".*.part"))


def test_what_is_in_the_index_is_not_opened_again(library):
    folder = library.find("new").path.parent
    index = index_of(folder)
    index.write_bytes(index.read_bytes().replace(b'"T4c"', b'"T9z"'))
    again = looked(ResultLibrary(folder))
    assert {entry.cell_type for entry in again.entries() if not entry.example} == {"T9z"}


def test_an_index_of_many_changes_is_written_anew(library):
    folder = library.find("new").path.parent
    for change in range(120):
        os.utime(folder / "new.nc", (1_750_000_000 + change,) * 2)
        looked(library)
    assert len(index_of(folder).read_bytes().splitlines()) < 110
    assert looked(ResultLibrary(folder)).entries() == library.entries()


WRITER = """
import sys
from pathlib import Path
from maxstim_core.runs.library import ResultLibrary
from maxstim_core.runs.store import RunStore
from maxstim_core.optimal.result import load
store, answer = RunStore(sys.argv[1]), load(sys.argv[2])
library = ResultLibrary(store.results)
for number in range(20):
    store.save(f"{sys.argv[3]}-{number}", answer)
    library.refresh(wait=True)
"""


def test_two_processes_store_and_look_at_the_same_time(library, tmp_path):
    source, data = library.find("old").path, tmp_path / "data"
    root = Path(__file__).resolve().parents[2]
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(data), str(source), name],
            env={**os.environ, "PYTHONPATH": str(root)},
        )
        for name in "ab"
    ]
    assert [writer.wait(timeout=300) for writer in writers] == [0, 0]
    found = looked(ResultLibrary(data / "results"))
    assert sorted(keys(found)) == sorted(f"{name}-{n}" for name in "ab" for n in range(20))
    assert len({dataclasses.replace(e, key="", path=Path(), finished=0) for e in found.entries()
                if not e.example}) == 1  # fmt: skip


def test_a_program_that_ends_does_not_wait_for_a_look(library):
    source = library.find("old").path
    for number in range(2000):
        os.link(source, source.with_name(f"{number}.nc"))
    code = (
        "import sys; from pathlib import Path; from maxstim_core.runs.library import ResultLibrary\n"
        "library = ResultLibrary(Path(sys.argv[1])); library.refresh()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(source.parent)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
        capture_output=True,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    remembered = index_of(source.parent).read_bytes().splitlines()
    assert len(remembered) < 2000
