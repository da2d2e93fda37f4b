"""The atlas on the page: what is read, told and taken, without a browser."""

import json
import time

import numpy as np
import pytest
from packed import unpacked
from small_atlas import EVERY, N_FRAMES, packed_atlas, three_networks
from toy_runs import toy_queue

from dashboard.atlas import shown_atlas
from dashboard.atlas.selection import NOTHING, AtlasSelection
from dashboard.atlas.view import AtlasView
from dashboard.state.choice import Choice
from dashboard.state.session import Session
from dashboard.state.url import PageAddress
from maxstim_core.networks.connectome import bundled_connectome
from maxstim_core.runs.library import ResultLibrary

pytest.importorskip("zarr")

FIRST = {"network": 1, "order": "family", "cell_type": NOTHING, "playing": []}
"""What is shown at first: the default network's tiles."""

NAMES = bundled_connectome().names


@pytest.fixture(scope="module")
def queue(tmp_path_factory):
    toys = toy_queue(tmp_path_factory.mktemp("atlas"))
    yield toys
    toys.close()


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A data directory with an atlas in which one answer is missing."""
    folder = tmp_path_factory.mktemp("data")
    packed_atlas(folder, three_networks(), missing={(3, 0)})
    return folder


class Kept:
    """A view that keeps the blocks that are handed to the browser."""

    def __init__(self, panel):
        self.blocks = []
        panel.hand = lambda kind, block: self.blocks.append((kind, block))


def made(queue, monkeypatch, folder, asked=""):
    monkeypatch.setenv("MAXSTIM_DATA_DIR", str(folder))
    session = Session(Choice(), queue, ResultLibrary(queue.folder))
    shown = []
    view = AtlasView(session, shown.append)
    view.ask(asked)
    view.poll()
    assert view.panel is None and not view.busy, "nothing is made before the view is opened"
    view.is_open = True
    assert shown == [view.panel] and view.busy
    return view


def until(view, is_so):
    give_up = time.monotonic() + 120
    while not is_so():
        assert time.monotonic() < give_up, (view.panel.state, view.session.problem)
        time.sleep(0.02)
        view.poll()


@pytest.fixture
def view(queue, data, monkeypatch):
    view = made(queue, monkeypatch, data)
    view.kept = Kept(view.panel)
    until(view, lambda: view.panel.about != "{}")
    return view


def test_all_that_tiles_say_is_told_once(view):
    assert view.panel.state == {"state": "there", "said": ""}
    about = json.loads(view.panel.about)
    assert about["networks"] == ["maxstim/000", "maxstim/001", "maxstim/002"]
    assert [each["name"] for each in about["types"]] == list(NAMES)
    assert sorted(each["rank"] for each in about["types"]) == list(range(65))
    groups = [each["groups"] for each in about["types"]]
    several = [k for k, sizes in enumerate(groups) if len(sizes) > 1]
    assert several == list(range(0, 65, EVERY))
    assert groups[3] == [2] and about["group"][3][0] == -1
    assert about["sentences"][0].startswith("Incomplete: 194 of 195")
    assert "objective “Drive the cell”" in about["settings"] and "seed 0" in about["settings"]
    assert len(view.panel.about) < 40_000


def test_the_tiles_of_a_network_are_one_block(view):
    assert len(view.panel.first) < 200_000
    found = unpacked(view.panel.first)
    assert (found["kind"], found["number"]) == ("network", 1)
    assert found["still"].shape == (65, 721) and found["central"].shape == (65, N_FRAMES)
    assert found["there"] == [True] * 65
    assert (np.ptp(found["still"].astype(int), axis=1) > 4).all(), "a frame that shows something"
    view._hear({"tiles": ["network", 0]})
    until(view, lambda: view.kept.blocks)
    [(kind, block)] = view.kept.blocks
    there = unpacked(block)["there"]
    assert kind == "tiles"
    assert [k for k, is_there in enumerate(there) if not is_there] == [3]


def test_one_cell_type_of_all_networks_and_how_alike_they_are(view):
    view._hear({"tiles": ["cell_type", 5]})
    until(view, lambda: view.kept.blocks)
    found = unpacked(view.kept.blocks[0][1])
    assert (found["kind"], found["number"]) == ("cell_type", 5)
    assert found["still"].shape == (3, 721) and found["alike"].shape == (3, 3)
    assert found["alike"][0, 1] > 0.9 and found["alike"][0, 2] < 0.3


def test_films_are_whole_movies(view):
    view._hear({"films": ["5:2", "3:0", "0:0"]})
    until(view, lambda: view.kept.blocks)
    kind, block = view.kept.blocks[0]
    found = unpacked(block)
    assert kind == "films"
    assert [film["id"] for film in found["films"]] == ["5:2", "0:0"], (
        "what is not there is left out"
    )
    assert [film["frames"] for film in found["films"]] == [N_FRAMES] * 2


def test_what_is_on_show_stands_in_the_address(view, queue, data, monkeypatch):
    assert view.words == "maxstim/001"
    view._hear({"show": {"network": 2, "order": "likeness", "cell_type": 7}})
    assert view.words == f"maxstim/002,likeness,{NAMES[7]}"
    for name in NAMES:
        asked = PageAddress.parse(PageAddress(view="atlas", atlas=f"maxstim/002,,{name}").search())
        assert asked.atlas == f"maxstim/002,,{name}"
    search = PageAddress(view="atlas", atlas=view.words).search()
    asked = PageAddress.parse(search)
    assert (asked.view, asked.atlas, asked.problems) == ("atlas", view.words, ())
    again = made(queue, monkeypatch, data, asked.atlas)
    until(again, lambda: again.panel.about != "{}")
    assert json.loads(again.panel.about)["first"] == {
        "network": 2,
        "order": "likeness",
        "cell_type": 7,
        "playing": [],
    }
    assert again.words == view.words


@pytest.mark.parametrize(
    "words", ["nobody", "maxstim/000,by name", "maxstim/000,family,T4x", "a,b,c,d", ",,,", "-1"]
)
def test_an_address_that_the_atlas_does_not_have_is_one_sentence(queue, data, monkeypatch, words):
    view = made(queue, monkeypatch, data, words)
    until(view, lambda: view.panel.about != "{}")
    assert "not in the atlas of this server" in view.session.problem
    assert json.loads(view.panel.about)["first"] == FIRST


def test_the_address_tells_which_networks_play(view):
    shown = {"network": 1, "order": "family", "cell_type": 7}
    view.panel._handle_msg({"show": {**shown, "playing": [1]}})
    assert view.words == f"maxstim/001,,{NAMES[7]}"
    view.panel._handle_msg({"show": {**shown, "playing": [2, 0]}})
    assert view.words == f"maxstim/001,,{NAMES[7]},maxstim/002,maxstim/000"
    assert AtlasSelection.read(view.words, view._atlas.labels, list(NAMES)).told() == {
        **shown,
        "playing": [2, 0],
    }


def test_addresses_that_no_atlas_can_have():
    for text in ("<script>", "a" * 300, "a b"):
        asked = PageAddress.parse(f"?view=atlas&atlas={text}")
        assert asked.atlas == "" and len(asked.problems) == 1


@pytest.mark.parametrize(
    ("network", "order", "cell_type", "playing"),
    [
        (0, "family", NOTHING, ()), (2, "likeness", 64, ()), (1, "family", 3, (2, 1)),
        (0, "family", 0, (1,)),
    ],
)  # fmt: skip
def test_a_selection_is_read_back_from_its_words(network, order, cell_type, playing):
    selection = AtlasSelection(network, order, cell_type, playing)
    networks, names = ["a/0", "a/1", "b"], list(NAMES)
    assert AtlasSelection.read(selection.words(networks, names), networks, names) == selection


def test_a_browser_can_send_anything(view):
    before = view.words
    for said in (
        {}, {"show": None}, {"show": {"network": 99, "order": "family", "cell_type": 0}},
        {"show": {"network": 0, "order": "size", "cell_type": 0}},
        {"show": {"network": 0, "order": "family", "cell_type": -2}},
        {"show": {"network": "0", "order": "family", "cell_type": 0}},
        *({"show": {"network": 0, "order": "family", "cell_type": 1, "playing": playing}}
          for playing in ([3], [-1], [0, 0], ["0"], [True, 0], [[0]], "01", None)),
        {"show": {"network": 0, "order": "family", "cell_type": NOTHING, "playing": [1]}},
        {"tiles": ["network", 3]}, {"tiles": ["network", -1]}, {"tiles": ["frame", 0]},
        {"tiles": ["cell_type", 65]}, {"tiles": "network"},
        {"films": [None, 3, "a:b", "1:9", "-1:0", "٣:٠"]},
        {"films": "1:1"}, {"use": "65:0"}, {"use": 3}, {"use": "0"}, {"films": [["1:1"]]},
    ):  # fmt: skip
        view.panel._handle_msg(said)
    view.panel._handle_msg("films")
    assert not view._packing and view.words == before and view.is_open
    for _ in range(100):
        view.panel._handle_msg({"films": ["1:1"] * 1000})
    assert len(view._packing) <= 20
    until(view, lambda: not view._packing)
    assert max(len(block) for _, block in view.kept.blocks) < 200_000


def test_a_question_is_used(view):
    choice = view.session.choice
    choice.method = "natural"
    view.panel._handle_msg({"use": "7:1"})
    assert (choice.cell_type, choice.network) == (NAMES[7], "maxstim/001")
    assert choice.method == "generated" and choice.settings["generated"].config().energy == 5.0
    assert not view.is_open


def test_a_network_that_is_not_here_is_one_sentence(view, monkeypatch):
    view._atlas.networks[2] = "own/elsewhere"
    try:
        view.panel._handle_msg({"use": "7:2"})
    finally:
        view._atlas.networks[2] = "maxstim/002"
    assert view.is_open and "is not on this server" in view.panel.state["said"]
    assert view.session.choice.network == "default"


def test_without_an_atlas_the_page_says_which_command_makes_it(queue, tmp_path, monkeypatch):
    monkeypatch.setattr(shown_atlas, "bundle_file", lambda: None)
    view = made(queue, monkeypatch, tmp_path)
    until(view, lambda: view.panel.state["state"] == "none")
    assert "maxstim atlas make" in view.panel.state["said"] and not view.busy
    view.panel._handle_msg({"use": "0:0"})
    view.panel._handle_msg({"show": {"network": 0, "order": "family", "cell_type": 0}})
    assert view.is_open and view.words == ""


def test_an_atlas_that_was_made_meanwhile_is_shown(queue, tmp_path, monkeypatch):
    monkeypatch.setattr(shown_atlas, "bundle_file", lambda: None)
    view = made(queue, monkeypatch, tmp_path)
    until(view, lambda: view.panel.state["state"] == "none")
    view.is_open = False
    monkeypatch.undo()
    monkeypatch.setenv("MAXSTIM_DATA_DIR", str(tmp_path))
    packed_atlas(tmp_path, three_networks(), cell_types=["T4c", "Mi1"])
    view.is_open = True
    until(view, lambda: view.panel.state["state"] == "there")
    assert [each["name"] for each in json.loads(view.panel.about)["types"]] == ["T4c", "Mi1"]


def test_a_damaged_atlas_is_one_sentence(queue, tmp_path, monkeypatch):
    (tmp_path / "atlas").mkdir()
    (tmp_path / "atlas" / "equal-energy.nc").write_text("mine")
    view = made(queue, monkeypatch, tmp_path)
    until(view, lambda: view.panel.state["state"] == "none")
    assert "is no readable result" in view.panel.state["said"]
    view.session.choice.listed_only = True
    view.is_open = False
    view.is_open = True
    assert view.panel.state["state"] == "reading"
    until(view, lambda: view.panel.state["state"] == "none")
    assert str(tmp_path) not in view.panel.state["said"], "visitors are told no paths"


def test_paths_of_networks_are_not_told():
    assert shown_atlas._spoken("maxstim/003") == "maxstim/003"
    assert shown_atlas._spoken("own/lab/000") == "own/lab/000"
    assert shown_atlas._spoken("/home/me/secret/net.json") == "net.json"
    assert shown_atlas._spoken("../../me/secret/net.json") == "net.json"
