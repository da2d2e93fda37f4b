"""The model card: what it says of the default network, and that it speaks up about a wrong one."""

import dataclasses
import json

import numpy as np
import pytest

from maxstim_core.cli import main
from maxstim_core.model_cards.card import tuning_table
from maxstim_core.model_cards.contradictions import contradictions
from maxstim_core.model_cards.markdown import card_as_markdown, tuning_as_text
from maxstim_core.model_cards.origin import origin_of
from maxstim_core.model_cards.store import find_card, keep_card
from maxstim_core.networks.bundled import cards_folder, default
from maxstim_core.networks.catalog import bundled_names, open_network
from maxstim_core.networks.connectome import Connectome, bundled_connectome
from maxstim_core.networks.layout import Layout
from maxstim_core.networks.network import Network
from maxstim_core.networks.network_file import write_network
from maxstim_core.networks.unfitted import prior_network
from maxstim_core.networks.user_networks import store_text
from maxstim_core.simulation.choose_engine import make_engine
from maxstim_core.stimuli.synthetic.textures import cloud_texture
from maxstim_core.tuning.evidence import PICTURES, scene_evidence
from maxstim_core.tuning.facts import ANGLES, KNOWN_POLARITY, PREFERRED_DIRECTION, UNRECTIFIED
from maxstim_core.tuning.measures import angular_distance
from maxstim_core.tuning.protocol import Tuning

NAMES = bundled_connectome().names


def of_a_fly():
    """The tuning of a network that has all that is known of flies, at one speed."""
    index = np.array([0.5 * KNOWN_POLARITY.get(name, 0) for name in NAMES])
    peaks = np.ones((2, len(ANGLES), 1, len(NAMES)))
    for name, direction in PREFERRED_DIRECTION.items():
        curve = 1 + np.cos(np.deg2rad(ANGLES - direction))
        contrast = 0 if KNOWN_POLARITY[name] > 0 else 1
        peaks[contrast, :, 0, NAMES.index(name)] = curve
        peaks[1 - contrast, :, 0, NAMES.index(name)] = 0.1 * curve
    return Tuning(NAMES, index, index, index, (9.7,), peaks)


def changed(cell_type, index=None, peaks=None):
    tuning, k = of_a_fly(), NAMES.index(cell_type)
    flash_index, edge_peaks = tuning.flash_index.copy(), tuning.edge_peaks.copy()
    if index is not None:
        flash_index[k] = index
    if peaks is not None:
        edge_peaks[..., k] = peaks(edge_peaks[..., k])
    return dataclasses.replace(tuning, flash_index=flash_index, edge_peaks=edge_peaks)


def test_nothing_contradicts_a_fly():
    assert contradictions(of_a_fly()) == []


@pytest.mark.parametrize(
    ("tuning", "about", "says"),
    [
        (changed("Mi1", index=-0.3), "polarity", "Mi1 is ON in flies and OFF here"),
        (changed("L3", index=0.3), "polarity", "L3 is OFF in flies and ON here"),
        (changed("L3", index=0.0), "polarity", "neither"),
        (
            changed("T4c", peaks=lambda p: np.roll(p, 4, 1)),
            "direction",
            "at 90° in flies and at 210°",
        ),
        (
            changed("T5a", peaks=np.ones_like),
            "selectivity",
            "hardly any here (direction index 0.00)",
        ),
        (changed("T5a", peaks=np.zeros_like), "selectivity", "hardly any here"),
        (changed("T4a", peaks=lambda p: p[::-1]), "contrast", "10 times as much"),
        (
            changed("Tm3", peaks=lambda p: p * (1 + np.cos(np.deg2rad(ANGLES)))[:, None]),
            "selectivity",
            "Tm3 answers to all directions alike in flies",
        ),
    ],
)
def test_contradictions_are_named(tuning, about, says):
    found = [item for item in contradictions(tuning) if item.about == about]
    assert len(found) == 1
    assert says in found[0].sentence


def test_table_has_every_cell_type_and_survives_json():
    table = tuning_table(changed("T4c", peaks=np.zeros_like))
    assert json.loads(json.dumps(table, allow_nan=False)) == table
    assert tuple(table) == NAMES
    assert table["T5a"]["pd_off"] == 180
    assert table["T5a"]["dsi_off"] == pytest.approx(0.5)
    assert table["T5a"]["known_polarity"] == "OFF"
    assert table["T4c"]["pd_on"] is None
    assert table["TmY18"]["known_polarity"] is table["TmY18"]["known_direction"] is None
    lines = tuning_as_text(table).splitlines()
    assert len(lines) == 66
    assert next(line for line in lines if line.startswith("T5a")).split()[1:3] == ["OFF", "180°"]


def test_origin_tells_fitted_networks_from_others():
    assert origin_of("default").speeds == (4.8, 9.7, 13.0, 19.0, 25.0)
    assert {6, 10} < set(origin_of("default").radii)
    assert origin_of("prior").fitted == origin_of("flyvis-init").fitted == ()


@pytest.mark.parametrize(
    ("about", "radii"),
    [
        ({"made_by": "maxstim fit", "config": {"extent": 5, "n_scenes": 0}}, {2, 3, 4, 5}),
        ({"made_by": "maxstim fit", "config": {"extent": 5, "magic": 1}}, set()),
        ({"made_by": "maxstim fit"}, set()),
        ({}, set()),
    ],
)
def test_origin_of_a_network_file_is_what_it_says(tmp_path, about, radii):
    write_network(prior_network(5), tmp_path / "n.json", about)
    origin = origin_of(tmp_path / "n.json")
    assert set(origin.radii) == radii
    assert not any("scenes" in sentence for sentence in origin.fitted)


@pytest.fixture(scope="module")
def default_card(tmp_path_factory):
    folder = tmp_path_factory.mktemp("card")
    path = folder / "default.json"
    with pytest.MonkeyPatch.context() as changed:
        changed.setenv("MAXSTIM_DATA_DIR", str(folder))
        assert main(["models", "card", "default", "--again", "--output", str(path)]) == 0
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.slow
def test_default_network_passes_the_protocols_on_the_published_eye(default_card):
    summary, evidence = default_card["summary"], default_card["evidence"]
    assert default_card["contradictions"] == []
    assert summary["polarity_right"] == summary["polarity_known"] == 32
    for name in KNOWN_POLARITY.keys() - {*UNRECTIFIED}:
        assert default_card["cell_types"][name]["fri"] * KNOWN_POLARITY[name] >= 0.1, name
    assert summary["largest_error"] <= 15
    assert summary["least_selectivity"] >= 0.4
    assert summary["largest_untuned_selectivity"] < 0.2
    fast = [item for item in evidence["edges"] if item["speed"] >= 9.7]
    assert len(fast) == 4
    assert all(item["largest_wrong_contrast"] <= 0.25 for item in fast)
    assert len(evidence["gratings"]) == 8
    assert all(item["largest_error"] <= 20 for item in evidence["gratings"])
    assert [item["fitted"] for item in evidence["edges"]] == [False, *[True] * 5]
    assert [item["picture"] for item in evidence["scenes"]] == [*PICTURES]
    for item in evidence["scenes"]:
        assert min(item["horizontal"], item["vertical"]) >= 0.8
        assert item["largest_voltage"] <= 15


@pytest.mark.slow
def test_flashes_change_every_known_type_the_right_way(default_card):
    for name, sign in KNOWN_POLARITY.items():
        assert default_card["cell_types"][name]["flash_change"] * sign > 0, name


def test_default_network_stays_near_the_connectome():
    values, prior = (open_network(n).parameters.synapse_strength for n in ("default", "prior"))
    factor = np.exp(np.abs(np.log(values / prior)))
    assert np.mean(factor <= 20) >= 0.95


def test_scenes_without_a_pattern_tell_no_flow():
    grey = {"grey": lambda seed: np.full((256, 256), 0.5)}
    (item,) = scene_evidence(make_engine(open_network("default", 5)), grey)
    assert np.isnan(item.horizontal) and np.isnan(item.vertical)
    assert 0 < item.largest_voltage < 15


def _renamed(layout, names):
    """The same cells and synapses, some called otherwise."""
    types = (
        dataclasses.replace(t, name=names.get(t.name, t.name)) for t in layout.connectome.cell_types
    )
    synapses = (
        dataclasses.replace(
            s, source=names.get(s.source, s.source), target=names.get(s.target, s.target)
        )
        for s in layout.connectome.synapses
    )
    return Layout(Connectome(tuple(types), tuple(synapses)), layout.lattice)


def test_a_mirrored_world_turns_the_horizontal_signal_around():
    """T4a and T4b, T5a and T5b with each other's synapses: what was right is left."""
    network = open_network("default", 6)
    clouds = {"clouds": cloud_texture}
    (item,) = scene_evidence(make_engine(network), clouds)
    swap = {"T4a": "T4b", "T4b": "T4a", "T5a": "T5b", "T5b": "T5a"}
    with_names_swapped = Network("swapped", _renamed(network.layout, swap), network.parameters)
    (swapped,) = scene_evidence(make_engine(with_names_swapped), clouds)
    assert item.horizontal > 0.6
    assert swapped.horizontal == pytest.approx(-item.horizontal, abs=1e-4)
    assert swapped.vertical == pytest.approx(item.vertical, abs=1e-4)


@pytest.mark.slow
def test_tuning_command_prints_the_same(default_card, capsys):
    assert main(["tuning", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["network"] == default_card["network"]
    assert list(printed["cell_types"]) == list(NAMES)
    for name, row in printed["cell_types"].items():
        assert row.items() <= default_card["cell_types"][name].items()


@pytest.mark.slow
def test_card_is_readable(default_card):
    text = card_as_markdown(default_card)
    for title in ("# default", "## Contradictions with flies", "## Evidence", "## Cell types"):
        assert title in text.splitlines()
    measured = text.partition("## Cell types")[2].splitlines()
    [row] = [line for line in measured if line.startswith("| T4c |")]
    assert "ON 90°" in row
    t4c = default_card["cell_types"]["T4c"]
    assert f"{1000 * t4c['time_constant']:.0f} |" in row
    assert angular_distance(t4c["pd_on"], 90) < 15


@pytest.mark.slow
def test_bundled_cards_are_those_of_the_bundled_networks(default_card):
    for name in bundled_names():
        kept = find_card(open_network(name).content_hash)
        assert kept is not None, f"python scripts/make_cards.py makes the card of {name}"
        file = cards_folder() / f"{kept['network']['name'].rpartition('/')[2]}.md"
        assert file.read_text(encoding="utf-8") == card_as_markdown(kept)
    kept = find_card(open_network("default").content_hash)
    for name, row in default_card["cell_types"].items():
        assert kept["cell_types"][name]["fri"] == pytest.approx(row["fri"], abs=1e-4)
        assert kept["cell_types"][name]["dsi_on"] == pytest.approx(row["dsi_on"], abs=1e-4)
    curve = default_card["motion_curves"]["T4c"]
    assert curve["angles"][int(np.argmax(curve["on"]))] in (60, 90, 120)
    assert max(curve["off"]) < max(curve["on"])


def test_a_card_is_kept_by_the_numbers_of_its_network(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("MAXSTIM_DATA_DIR", str(tmp_path))
    network = open_network("default")
    kept = find_card(network.content_hash)
    content = json.loads(default().file.read_text(encoding="utf-8"))
    content["cell_types"]["TmY18"]["time_constant"] *= 1.01
    assert store_text(json.dumps(content), "other") == "own/other"
    other = open_network("own/other").content_hash
    assert find_card(other) is None
    file = keep_card(kept | {"network": kept["network"] | {"hash": other}})
    assert main(["models", "card", "own/other"]) == 0
    assert capsys.readouterr().out.startswith("# own/other\n")
    file.write_text("{")  # damaged: it is as if there were none
    assert find_card(other) is None
    assert find_card("../../etc/passwd") is None


@pytest.mark.parametrize("where", [("summary", "polarity_right"), ("cell_types", "R1", "fri")])
def test_a_stored_card_with_text_among_its_numbers_is_none(where, tmp_path, monkeypatch):
    monkeypatch.setenv("MAXSTIM_DATA_DIR", str(tmp_path))
    card = json.loads(next(cards_folder().glob("*.json")).read_text(encoding="utf-8"))
    card["network"]["hash"] = "0" * 64
    keep_card(card)
    assert find_card("0" * 64) is not None
    inner = card
    for key in where[:-1]:
        inner = inner[key]
    inner[where[-1]] = "<b>32</b>"
    keep_card(card)
    assert find_card("0" * 64) is None
