"""Network files: read back equal, and refused where they do not fit."""

import dataclasses
import json

import numpy as np
import pytest

from maxstim_core.errors import MaxstimError
from maxstim_core.networks.catalog import open_network
from maxstim_core.networks.network import Network
from maxstim_core.networks.network_file import read_about, read_network, write_network
from maxstim_core.networks.unfitted import flyvis_initial_network, prior_network


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "mine.json"
    write_network(prior_network(), path, {"command": "maxstim fit"})
    return path


def test_reads_back_the_same_network(file):
    network = read_network(file)
    assert network.name == "mine"
    assert network.content_hash == prior_network().content_hash
    assert open_network(file, extent=6).content_hash == prior_network(6).content_hash


def test_float32_survives(tmp_path):
    network = flyvis_initial_network()
    write_network(network, tmp_path / "init.json", {})
    found = read_network(tmp_path / "init.json").parameters
    np.testing.assert_array_equal(found.resting_potential, network.parameters.resting_potential)
    np.testing.assert_array_equal(found.synapse_strength, network.parameters.synapse_strength)


def test_a_person_can_read_it(file):
    lines = file.read_text().splitlines()
    assert any(line.strip().startswith('"T4c": {"resting_potential"') for line in lines)
    assert any(line.strip().startswith('["Mi9", "T4a", ') for line in lines)
    assert json.loads(file.read_text())["about"]["command"] == "maxstim fit"


def _without(*keys):
    def damage(content):
        for key in keys[:-1]:
            content = content[key]
        del content[keys[-1]]

    return damage


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (_without("format"), "no network of maxstim"),
        (_without("cell_types", "T4c"), "lacks a parameter"),
        (_without("synapse_strengths", 5), "lacks a parameter"),
        (lambda c: c.update(connectome_hash="other"), "another connectome"),
        (lambda c: c["cell_types"]["L1"].update(time_constant="slow"), "lacks a parameter"),
        (lambda c: c["cell_types"]["L1"].update(time_constant=float("nan")), "not finite"),
        (lambda c: c["cell_types"]["L1"].update(time_constant=0.0), "positive seconds"),
        (lambda c: c["cell_types"]["L1"].update(time_constant=10**400), "lacks a parameter"),
    ],
)
def test_refuses_what_does_not_fit(file, damage, sentence):
    content = json.loads(file.read_text())
    damage(content)
    file.write_text(json.dumps(content))
    with pytest.raises(MaxstimError, match=sentence) as refusal:
        open_network(file)
    assert "\n" not in str(refusal.value)


def test_refuses_other_files(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("hello")
    with pytest.raises(MaxstimError, match="no network of maxstim"):
        open_network(path)
    with pytest.raises(MaxstimError, match="could not be written"):
        write_network(prior_network(5), tmp_path / "none" / "x.json", {})


def test_other_wiring_is_not_written(tmp_path):
    network = prior_network(5)
    turned = dataclasses.replace(network.parameters, synapse_sign=-network.parameters.synapse_sign)
    counted = dataclasses.replace(
        network.parameters, synapse_count=1.001 * network.parameters.synapse_count
    )
    for parameters in (turned, counted):
        with pytest.raises(MaxstimError, match="signs or counts"):
            write_network(Network("odd", network.layout, parameters), tmp_path / "n.json", {})
    assert list(tmp_path.iterdir()) == []


def test_how_it_was_made_is_kept(tmp_path):
    write_network(prior_network(5), tmp_path / "n.json", {"made_by": "a test"})
    assert read_about(tmp_path / "n.json")["made_by"] == "a test"
    with pytest.raises(MaxstimError, match="cannot be read"):
        read_about(tmp_path / "missing.json")
