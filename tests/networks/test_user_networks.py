"""Networks of a person's own: stored by several processes at once, and by ones that are killed."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from racing import at_once, hidden, killed_at

from maxstim_core.errors import MaxstimError
from maxstim_core.networks.network import Network, Parameters
from maxstim_core.networks.network_file import write_network
from maxstim_core.networks.unfitted import prior_network
from maxstim_core.networks.user_networks import (
    own_file,
    own_names,
    remove_own,
    store_beside,
    store_ensemble,
    store_text,
)

ROUNDS = 2


@pytest.fixture(autouse=True)
def own(tmp_path, monkeypatch):
    monkeypatch.setenv("MAXSTIM_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data" / "networks"


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    """Three network files that differ."""
    path = tmp_path_factory.mktemp("networks") / "a.json"
    found = []
    for k in range(3):
        write_network(prior_network(5), path, {"k": k})
        found.append(path.read_text(encoding="utf-8"))
    return found


def small(k):
    """A network that differs from others in its time constants."""
    network = prior_network(5)
    values = dict(vars(network.parameters))
    values["time_constant"] = np.full_like(values["time_constant"], 0.01 + k / 100)
    return Network("small", network.layout, Parameters(**values))


def _store_text(arguments):
    text, name, replace = arguments
    return store_text(text, name, replace=replace)


def _store_beside(text):
    return store_beside(text, "mine")


def _store_either(arguments):
    """A network or, without a text, an ensemble."""
    text, replace = arguments
    if text:
        return store_text(text, "mine", replace=replace)
    members = [(f"{k:03d}", small(k), {"k": k}) for k in range(2)]
    return store_ensemble(members, "mine", replace=replace)


def one_stored(told):
    """Which one was stored, where the others were told that the name is taken."""
    (winner,) = (k for k, each in enumerate(told) if each == "own/mine")
    refused = [str(each) for k, each in enumerate(told) if k != winner]
    assert all("own/mine already; give another name" in each for each in refused)
    return winner


def test_of_several_networks_of_one_name_one_is_stored(own, texts):
    for _ in range(ROUNDS):
        winner = one_stored(at_once(_store_text, *((text, "mine", False) for text in texts)))
        assert own_file("own/mine").read_text(encoding="utf-8") == texts[winner]
        assert os.listdir(own) == ["mine.json"]
        remove_own("own/mine")


def test_a_network_and_an_ensemble_of_one_name_are_not_both_stored(own, texts):
    for _ in range(ROUNDS):
        winner = one_stored(at_once(_store_either, (texts[0], False), ("", False)))
        assert os.listdir(own) == [("mine.json", "mine")[winner]]
        assert own_names() == (("own/mine",), ("own/mine/000", "own/mine/001"))[winner]
        remove_own("own/mine")


def test_of_several_that_replace_each_other_one_is_there_whole(own, texts):
    whole = [["mine.json"], ["mine"]]
    for _ in range(ROUNDS):
        told = at_once(_store_either, *((text, True) for text in ("", texts[0], "", texts[1])))
        assert told == ["own/mine"] * 4
        assert os.listdir(own) in whole
        assert own_names() in (("own/mine",), ("own/mine/000", "own/mine/001"))


def test_files_that_visitors_send_at_once_are_all_stored(own, texts):
    told = at_once(_store_beside, *texts, texts[0])
    assert {*told} == {"own/mine", "own/mine-2", "own/mine-3"}
    assert told[0] == told[3]  # the same file once
    for name, text in zip(told, texts, strict=False):
        assert own_file(name).read_text(encoding="utf-8") == text
    assert sorted(os.listdir(own)) == ["mine-2.json", "mine-3.json", "mine.json"]


@pytest.mark.skipif(sys.platform == "win32", reason="Processes are not told apart there.")
@pytest.mark.parametrize(("old", "new"), [("network", "ensemble"), ("ensemble", "network")])
def test_who_is_killed_while_replacing_leaves_one_of_them_whole(own, texts, old, new):
    names = {"network": ("own/mine",), "ensemble": ("own/mine/000", "own/mine/001")}
    text = {"network": texts[0], "ensemble": ""}
    _store_either((text[old], False))
    for step in range(1, 60):
        killed = killed_at(step, own, _store_either, (text[new], True))
        there = own_names()  # which sweeps
        assert hidden(own) == []
        assert there in (names[old], names[new])
        if there == names[new] or not killed:
            break
    assert own_names() == names[new]
    assert step > 5


def test_imports_of_one_name_by_two_commands(own, texts, tmp_path):
    commands = []
    for k, text in enumerate(texts[:2]):
        (tmp_path / f"{k}.json").write_text(text, encoding="utf-8")
        words = ("models", "import", str(tmp_path / f"{k}.json"), "--name", "mine")
        commands.append(
            subprocess.Popen(
                [sys.executable, "-m", "maxstim_core.cli", *words],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
    told = [command.communicate(timeout=120) for command in commands]
    codes = [command.returncode for command in commands]
    assert sorted(codes) == [0, 2]
    winner = codes.index(0)
    assert told[winner] == ("own/mine\n", "")
    assert told[1 - winner][0] == ""
    said = told[1 - winner][1]
    assert said.startswith("maxstim: There is a network or an ensemble own/mine already")
    assert said.count("\n") == 1
    assert own_file("own/mine").read_text(encoding="utf-8") == texts[winner]


def test_what_is_stored_under_a_taken_name_stays(texts):
    store_text(texts[0], "mine")
    for store in (lambda: store_text(texts[1], "mine"), lambda: _store_either(("", False))):
        with pytest.raises(MaxstimError, match="already"):
            store()
    assert json.loads(own_file("own/mine").read_text())["about"]["k"] == 0
