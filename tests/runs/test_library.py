"""Answers that were finished before are found by key, and nothing else is."""

import os
import shutil

import numpy as np
import pytest

from maxstim_core.errors import MaxstimError
from maxstim_core.optimal.result import clip_of
from maxstim_core.runs.library import ResultLibrary
from maxstim_core.storage.netcdf import load, save


@pytest.fixture
def library(tmp_path):
    """A shelf with two stored results, the second one newer, and the bundled examples."""
    bundled = ResultLibrary(tmp_path / "none").entries()
    folder = tmp_path / "results"
    folder.mkdir()
    for age, (key, method) in enumerate([("new", "natural"), ("old", "generated")]):
        source = next(entry.path for entry in bundled if entry.method == method)
        shutil.copy(source, folder / f"{key}.nc")
        os.utime(folder / f"{key}.nc", (1_700_000_000 - age, 1_700_000_000 - age))
    (folder / "broken.nc").write_bytes(b"not a result")
    (folder / "notes.txt").write_text("not a result either")
    return ResultLibrary(folder)


def test_results_come_newest_first_and_examples_last(library):
    entries = library.entries()
    assert [entry.key for entry in entries[:2]] == ["new", "old"]
    assert [entry.example for entry in entries] == [False] * 2 + [True] * (len(entries) - 2)
    assert entries[0].cell_type == "T4c" and entries[0].peak > 0


def test_a_first_time_visitor_sees_a_generated_example(tmp_path):
    example = ResultLibrary(tmp_path / "not there").example()
    assert (example.method, example.example) == ("generated", True)


def test_without_examples_there_is_none(tmp_path):
    library = ResultLibrary(tmp_path, examples=tmp_path)
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
    originals = {entry.method: bundled.open(entry.key) for entry in bundled.entries()}

    def store(key, method, *, peak=1.0, frames=80, age=0, **attributes):
        answer = originals[method].isel(frame=slice(frames)).copy(deep=True)
        answer["central_response"][:] = np.linspace(0, peak, frames)
        answer.attrs.update({"cell_type": "T5a", **attributes})
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
    library = stored.library
    assert clips_of(library.comparable_answers(bar)) == {"natural": "bar"}
    both = {"natural": "flight", "regularized": "flight"}
    assert clips_of(library.comparable_answers(flight)) == both
    assert clips_of(library.comparable_answers(regularized)) == both
    assert clips_of(library.comparable_answers(other_set)) == {"regularized": "bar"}
    generated = stored("e", "generated")
    assert clips_of(library.comparable_answers(generated)) == {"natural": "bar", "generated": ""}
    stored(
        "f", "regularized", source="bar", clips=""
    )  # of a movie file, of which only the name is known
    assert set(library.comparable_answers(generated)) == {"natural", "regularized", "generated"}


def test_a_throw_away_run_is_not_what_an_answer_is_compared_with(stored):
    stored("good", "generated", peak=2.9, age=9)
    stored("newest", "generated", peak=0.4)
    stored("short", "generated", peak=5.0, frames=10)
    stored("cut off", "generated", peak=9.0, status="cancelled")
    natural = stored("natural", "natural", peak=1.0)
    found = stored.library.comparable_answers(natural)
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
        assert "good" in {entry.key for entry in stored.library.entries()}
