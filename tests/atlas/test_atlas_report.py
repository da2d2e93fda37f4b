"""What an atlas says: known answers are found, and sentences follow from the numbers."""

import json

import numpy as np
import pytest
from small_atlas import made_movie, made_store, toy_networks

import maxstim_core as ms
from maxstim_core.atlas.agreement import NO_GROUP, answers_of_atlas, compare_answers
from maxstim_core.atlas.report import atlas_markdown, atlas_report
from maxstim_core.comparison.likeness import likeness
from maxstim_core.storage.grid_store import read_store

pytest.importorskip("zarr")


def found_in(store):
    answers = answers_of_atlas(read_store(store, "atlas"))
    return answers, compare_answers(answers)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    store = tmp_path_factory.mktemp("report") / "a.zarr"
    question = made_store(store, toy_networks())
    return question, *found_in(store)


@pytest.fixture(scope="module")
def report(whole):
    return atlas_report(*whole[1:])


def test_likenesses_are_those_of_the_movies(whole):
    question, _, found = whole
    alike = found["likeness"][1]
    assert alike.shape == (3, 3, 3)
    lattice = question.networks[0].lattice
    for k, i, j in ((0, 0, 2), (1, 0, 1), (2, 2, 1)):
        movies = made_movie(question, k, i), made_movie(question, k, j)
        expected = likeness(*movies, lattice)
        assert alike[k, i, j] == pytest.approx(expected, abs=1e-4)
        assert alike[k, i, j] == alike[k, j, i]
    assert (alike[:, range(3), range(3)] == 1).all()


def test_which_cell_types_have_several_answers(whole, report):
    _, _, found = whole
    assert found["group"][1].tolist() == [[0, 0, 1], [0, 0, 0], [0, 0, 0]]
    rows = report["cell_types"]
    assert [row["groups"] for row in rows] == [[2, 1], [3], [3]]
    assert rows[0]["likeness_least"] < 0.5 < 0.9 < rows[1]["likeness_least"]


def test_each_network_has_an_order_of_all_cell_types(whole):
    place = whole[2]["place"][1]
    assert place.shape == (3, 3)
    assert all(sorted(row) == [0, 1, 2] for row in place.tolist())


def test_numbers_of_a_row(report):
    row = report["cell_types"][1]
    assert row["answers"] == 3
    assert (row["response"], row["response_least"], row["response_most"]) == (3, 2, 4)
    assert row["natural_response"] == 0.5
    assert row["transfer"] == pytest.approx(0.8), "0.8 of what the network's own answer does"
    assert json.loads(json.dumps(report)) == report


def test_nothing_is_a_share_of_next_to_nothing(whole):
    _, answers, found = whole
    weak = answers.copy(deep=True)
    shown = weak["transfer_response"].transpose("cell_type", "network", "shown_to", ...)
    shown[1, 0, 0] = 0.001  # what its own answer does: 0.8 of the others' would be hundreds of it
    weak["transfer_response"] = shown.transpose(*answers["transfer_response"].dims)
    row = atlas_report(weak, found)["cell_types"][1]
    assert row["transfer"] == pytest.approx(0.8)
    shown[1] = 0.001
    assert atlas_report(weak, found)["cell_types"][1]["transfer"] is None


def test_sentences_are_computed_from_the_numbers(report):
    said = " ".join(report["sentences"])
    assert "All 9 answers are there: 3 cell types in 3 networks, objective drive, seed 0." in said
    assert "2 of 3 cell types have one answer in all networks; 1 has several: R1." in said
    assert "in the median 80 % of what that network's own answer does" in said
    assert "Incomplete" not in said
    page = atlas_markdown(report)
    assert page.startswith("# The atlas\n") and "| R1 | 3 |" in page and "| 2 + 1 |" in page
    table = [line for line in page.splitlines() if line.startswith("|")]
    assert len(table) == 2 + 3 and len({line.count("|") for line in table}) == 1


def test_an_incomplete_atlas_says_so(tmp_path):
    made_store(tmp_path / "a.zarr", toy_networks(), missing={(0, 2), (1, 0), (1, 1), (1, 2)})
    answers, found = found_in(tmp_path / "a.zarr")
    report = atlas_report(answers, found)
    assert report["sentences"][0].startswith("Incomplete: 5 of 9 answers are there")
    assert [row["answers"] for row in report["cell_types"]] == [2, 0, 3]
    assert found["group"][1].tolist() == [[0, 0, NO_GROUP], [NO_GROUP] * 3, [0, 0, 0]]
    assert np.isnan(found["likeness"][1][1]).all()
    assert found["place"][1][:, 1].tolist() == [2, 2, 2], "without an answer, it comes last"
    assert "2 of 2 cell types have one answer" in " ".join(report["sentences"])
    assert "| L1 | 0 | - | - | - | - | - | - … - | - | - |" in atlas_markdown(report)


def test_of_one_network_there_is_nothing_to_compare(tmp_path):
    made_store(tmp_path / "a.zarr", toy_networks(1))
    answers, found = found_in(tmp_path / "a.zarr")
    said = atlas_report(answers, found)["sentences"]
    assert any("nothing to compare" in sentence for sentence in said)
    assert not any("several" in sentence for sentence in said)


def test_an_atlas_without_an_answer(tmp_path):
    missing = {(k, j) for k in range(3) for j in range(2)}
    made_store(tmp_path / "a.zarr", toy_networks(2), missing=missing)
    answers, found = found_in(tmp_path / "a.zarr")
    report = atlas_report(answers, found)
    assert len(report["sentences"]) == 1 and report["sentences"][0].startswith("Incomplete: 0 of 6")
    assert atlas_markdown(report)


def test_an_objective_or_seed_that_is_not_there(tmp_path):
    made_store(tmp_path / "a.zarr", toy_networks(1))
    found = read_store(tmp_path / "a.zarr", "atlas")
    for wrong, said in (({"objective": "suppress"}, "no objective"), ({"seed": 4}, "no seed 4")):
        with pytest.raises(ms.MaxstimError, match=said):
            answers_of_atlas(found, **wrong)
    assert answers_of_atlas(found, "drive", 0).sizes["cell_type"] == 3


def test_how_far_it_is_is_told(whole):
    told = []
    compare_answers(whole[1], lambda *step: told.append(step))
    assert told == [(k, 6) for k in range(1, 7)]
