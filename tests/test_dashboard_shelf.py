"""Answers that were finished before are found by key, and nothing else is."""

import os
import shutil

import pytest

from dashboard.shelf import Shelf
from maxstim_core.errors import MaxstimError


@pytest.fixture
def shelf(tmp_path):
    """A shelf with two stored results, the second one newer, and the bundled examples."""
    bundled = Shelf(tmp_path / "none").entries()
    folder = tmp_path / "results"
    folder.mkdir()
    for age, (key, method) in enumerate([("new", "natural"), ("old", "generated")]):
        source = next(entry.path for entry in bundled if entry.method == method)
        shutil.copy(source, folder / f"{key}.nc")
        os.utime(folder / f"{key}.nc", (1_700_000_000 - age, 1_700_000_000 - age))
    (folder / "broken.nc").write_bytes(b"not a result")
    (folder / "notes.txt").write_text("not a result either")
    return Shelf(folder)


def test_results_come_newest_first_and_examples_last(shelf):
    entries = shelf.entries()
    assert [entry.key for entry in entries[:2]] == ["new", "old"]
    assert [entry.example for entry in entries] == [False] * 2 + [True] * (len(entries) - 2)
    assert entries[0].cell_type == "T4c" and entries[0].peak > 0


def test_a_first_time_visitor_sees_a_generated_example(tmp_path):
    example = Shelf(tmp_path / "not there").example()
    assert (example.method, example.example) == ("generated", True)


def test_without_examples_there_is_none(tmp_path):
    shelf = Shelf(tmp_path, examples=tmp_path)
    assert shelf.entries() == () and shelf.example() is None


def test_an_answer_opens_by_its_key(shelf):
    assert shelf.open("new").attrs["method"] == "natural"


@pytest.mark.parametrize("key", ["", "gone", "../results/new", "/etc/passwd", "new.nc", "a" * 99])
def test_any_other_key_is_refused_with_a_sentence(shelf, key):
    with pytest.raises(MaxstimError, match="not on this server"):
        shelf.open(key)


def test_companions_are_the_newest_of_each_method_for_the_same_network(shelf):
    asked = shelf.open("new").attrs
    found = shelf.companions("T4c", asked["network_hash"])
    assert set(found) == {"natural", "regularized", "generated"}
    assert shelf.companions("T4d", asked["network_hash"]) == {}
    assert shelf.companions("T4c", "another network") == {}
