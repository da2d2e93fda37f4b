"""The page's networks without a browser: what is offered, opened, stored, refused and warned of."""

import dataclasses
import threading
import time

import numpy as np
import pytest
from toy_runs import toy_queue

from dashboard.model_card.dialog import CardDialog
from dashboard.sidebar.network_chooser import network_words
from dashboard.state.choice import Choice
from dashboard.state.networks import Networks
from dashboard.text.tuning import contradictions_of, motion_words
from maxstim_core.lattice import Lattice
from maxstim_core.model_cards.background import CardMaker
from maxstim_core.model_cards.card import tuning_table
from maxstim_core.model_cards.contradictions import contradictions
from maxstim_core.model_cards.store import find_card, keep_card
from maxstim_core.networks.bundled import default
from maxstim_core.networks.catalog import open_network
from maxstim_core.networks.connectome import Connectome
from maxstim_core.networks.flyvis_format import write_model
from maxstim_core.networks.layout import Layout, pair_signs
from maxstim_core.networks.network import Network, Parameters
from maxstim_core.simulation.choose_engine import make_engine
from maxstim_core.tuning.protocol import Tuning, edge_peaks


@pytest.fixture(autouse=True)
def data(monkeypatch, tmp_path):
    monkeypatch.setenv("MAXSTIM_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("FLYVIS_ROOT_DIR", raising=False)


@pytest.fixture
def queue(tmp_path):
    toys = toy_queue(tmp_path)
    yield toys
    toys.close()


@pytest.fixture
def networks(queue):
    return Networks(Choice(), CardMaker(queue))


def settled(networks):
    """Poll as the page does until the network is open, and the networks are listed."""
    give_up = time.monotonic() + 600
    while networks.busy:
        assert time.monotonic() < give_up, networks.progress
        time.sleep(0.02)
        networks.poll()
    return networks.found


def offered(networks):
    return {member["name"] for group in networks.groups for member in group["members"]}


def test_the_default_network_is_open_at_once_with_its_card(networks):
    found = settled(networks)
    assert found.content_hash == open_network("default").content_hash
    assert found.card == find_card(found.content_hash) is not None
    assert networks.warnings == []
    assert {"default", "prior", "flyvis-init"} <= offered(networks)


def test_what_cannot_be_opened_says_why_and_the_next_choice_clears_it(networks):
    networks.choice.network = "no/such/network"
    assert settled(networks).problem.startswith("There is no network 'no/such/network'")
    said = network_words(networks)
    assert said["warning"] and not said["card"]
    networks.choice.network = "prior"
    settled(networks)
    said = network_words(networks)
    assert "hardly prefers any direction" in said["warning"] and said["card"]
    networks.choice.cell_type = "Mi1"
    said = network_words(networks)
    assert said["warning"] == "" and "Mi1 is tuned here as it is" in said["state"]


def test_who_clicks_through_many_networks_opens_few(networks):
    settled(networks)
    seen = []
    networks.param.watch(lambda event: seen.append(event.new), "found")
    for k in range(10):
        networks.choice.network = f"maxstim/{k:03d}"
        networks.poll()
        loaders = [thread for thread in threading.enumerate() if thread.name == "maxstim-network"]
        assert len(loaders) <= 1
    assert settled(networks).name == "maxstim/009"
    assert len([found for found in seen if found is not None]) < 5


def test_files_are_stored_once_and_others_are_refused(networks):
    content = default().file.read_text(encoding="utf-8")
    for _ in range(2):
        networks.take_file("C:\\lab\\my net (1).json", content)
        assert networks.choice.network == "own/my-net-1"
    networks.take_file("my net (1).json", content.replace('"maxstim fit"', '"hand"'))
    assert networks.choice.network == "own/my-net-1-2"
    settled(networks)
    assert {"own/my-net-1", "own/my-net-1-2"} <= offered(networks)
    for name, wrong in (("a.json", "{}"), ("b.json", "[" * 100_000), ("../c", content[:-9])):
        networks.take_file(name, wrong)
        assert networks.refused and networks.reply.endswith("that `maxstim fit` wrote.")
    networks.take_file("big.json", " " * 2_000_001)
    assert networks.refused and "larger than 2 MB" in networks.reply
    settled(networks)
    own = {name for name in offered(networks) if name.startswith("own/")}
    assert own == {"own/my-net-1", "own/my-net-1-2"}


def test_a_card_is_measured_once_and_says_why_where_that_fails(networks, tmp_path):
    network = open_network("default")
    wild = dataclasses.replace(
        network.parameters, synapse_strength=1e4 * network.parameters.synapse_strength
    )
    write_model(Network("wild", network.layout, wild), tmp_path / "wild")
    dialog = CardDialog(networks)
    networks.give_path(str(tmp_path / "wild"))
    assert settled(networks).card is None
    dialog.show()
    assert dialog.missing.visible and not dialog.content.visible
    networks.make_card()
    assert networks.progress.live and dialog.bar.visible
    settled(networks)
    assert networks.progress.state == "failed"
    assert "do not stay finite" in networks.progress.problem
    assert networks.progress.problem in dialog.state.object and dialog.make.visible
    card = find_card(network.content_hash)
    keep_card(card | {"network": card["network"] | {"hash": networks.found.content_hash}})
    networks.make_card()  # which finds the card that somebody else has made meanwhile
    settled(networks)
    assert networks.found.card is not None
    assert dialog.content.visible and not dialog.missing.visible
    assert "wild" in dialog.head.object and dialog.overview.object.count("<figure") == 8


def test_published_networks_of_a_folder_are_offered_and_open(networks, shared_data):
    networks.give_path(str(shared_data))
    settled(networks)
    assert networks.reply.startswith("50 networks of")
    [group] = [group for group in networks.groups if group["title"].startswith("Published")]
    assert [member["label"] for member in group["members"]] == [f"{k:03d}" for k in range(50)]
    networks.choice.network = group["members"][20]["name"]
    found = settled(networks)
    assert found.content_hash and found.card is None
    networks.give_path(str(shared_data / "flyvis_pretrained" / "flow" / "0000" / "000" / "chkpts"))
    settled(networks)
    assert networks.refused and "holds no flyvis models" in networks.reply


def mirrored():
    """The default network, but that T4c and T4d have changed places: synapses and parameters."""
    network = open_network("default", 8)
    swap = {"T4c": "T4d", "T4d": "T4c"}
    connectome = Connectome(
        network.connectome.cell_types,
        tuple(
            dataclasses.replace(
                s, source=swap.get(s.source, s.source), target=swap.get(s.target, s.target)
            )
            for s in network.connectome.synapses
        ),
    )
    layout, names = Layout(connectome, Lattice(8)), network.connectome.names
    values = network.parameters
    strength = dict(zip(network.layout.pairs, values.synapse_strength, strict=True))
    other = [names.index(swap.get(name, name)) for name in names]
    return Network(
        "mirrored",
        layout,
        Parameters(
            resting_potential=values.resting_potential[other],
            time_constant=values.time_constant[other],
            synapse_sign=pair_signs(layout),
            synapse_count=layout.tap_counts,
            synapse_strength=[
                strength[other[source], other[target]] for source, target in layout.pairs
            ],
        ),
    )


def test_a_mirrored_cell_type_is_measured_and_warned_of_in_plain_words():
    network = mirrored()
    names = network.connectome.names
    peaks = edge_peaks(make_engine(network, device="cpu"), 13.0)
    polarity = open_network("default").content_hash
    index = np.array([row["fri"] for row in find_card(polarity)["cell_types"].values()])
    tuning = Tuning(names, index, index, index, (13.0,), peaks[:, :, None])
    card = {
        "cell_types": tuning_table(tuning),
        "contradictions": [vars(item) for item in contradictions(tuning)],
    }
    assert contradictions_of(card, "T4c") == [
        "In this network T4c prefers downward motion; in flies it prefers upward motion."
    ]
    assert contradictions_of(card, "T4d") == [
        "In this network T4d prefers upward motion; in flies it prefers downward motion."
    ]
    assert contradictions_of(card, "T4a") == contradictions_of(card, "TmY18") == []


@pytest.mark.parametrize(
    ("degrees", "words"),
    [
        (0, "to the right"),
        (92, "upward"),
        (181, "to the left"),
        (300, "down and"),
        (359, "to the r"),
    ],
)
def test_directions_are_told_as_people_do(degrees, words):
    assert words in motion_words(degrees)


@pytest.mark.parametrize(
    ("about", "row", "says"),
    [
        ("polarity", {"fri": 0.3, "known_polarity": "OFF"}, "excited by more light; in flies"),
        ("polarity", {"fri": 0.0, "known_polarity": "ON"}, "light and dark alike; in flies"),
        ("contrast", {"known_polarity": "ON"}, "more to dark edges; in flies it answers to bright"),
        ("selectivity", {}, "in flies it answers to all of them alike"),
        ("taste", {}, "What the card says."),
    ],
)
def test_every_kind_of_contradiction_has_plain_words(about, row, says):
    item = {"cell_type": "Mi1", "about": about, "sentence": "What the card says."}
    [sentence] = contradictions_of({"cell_types": {"Mi1": row}, "contradictions": [item]}, "Mi1")
    assert says in sentence
