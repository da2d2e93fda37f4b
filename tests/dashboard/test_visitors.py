"""Where a password is asked for, visitors name networks of the list, and no paths."""

import time

import pytest
from toy_runs import toy_queue

from dashboard.state.choice import Choice
from dashboard.state.networks import Networks
from maxstim_core.errors import MaxstimError
from maxstim_core.model_cards.background import CardMaker
from maxstim_core.networks.network_file import write_network
from maxstim_core.networks.unfitted import prior_network


@pytest.fixture
def networks(tmp_path, monkeypatch):
    monkeypatch.setenv("MAXSTIM_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("FLYVIS_ROOT_DIR", raising=False)
    queue = toy_queue(tmp_path)
    choice = Choice()
    choice.listed_only = True
    yield Networks(choice, CardMaker(queue))
    queue.close()


def settled(networks):
    give_up = time.monotonic() + 60
    while networks.busy:
        assert time.monotonic() < give_up
        time.sleep(0.02)
        networks.poll()
    return networks.found


@pytest.fixture
def paths(tmp_path):
    """A network, something else, a folder of neither, and nothing: to a visitor all the same."""
    write_network(prior_network(), tmp_path / "a.json", {})
    (tmp_path / "secret.txt").write_text("a secret")
    (tmp_path / "folder").mkdir()
    names = ("a.json", "secret.txt", "folder", "nothing", "../../etc/passwd")
    return [str(tmp_path / name) for name in names]


def test_paths_are_refused_alike_whatever_is_there(networks, paths):
    replies = set()
    for path in paths:
        networks.give_path(path)
        settled(networks)
        assert networks.refused
        assert networks.choice.network == "default"
        replies.add(networks.reply)
    assert len(replies) == 1


def test_nor_are_they_opened_or_run_where_the_page_is_passed_by(networks, paths):
    problems = set()
    for path in paths:
        networks.choice.network = path  # as a browser may send
        found = settled(networks)
        assert not found.content_hash
        problems.add(found.problem)
        with pytest.raises(MaxstimError, match="paths are for whoever sits at the server"):
            networks.choice.request()
    assert len(problems) == 1


def test_what_is_listed_and_what_is_sent_can_be_chosen(networks, paths):
    networks.give_path("maxstim/000")
    assert settled(networks).content_hash
    networks.choice.request()
    with open(paths[0], encoding="utf-8") as file:
        networks.take_file("mine.json", file.read())
    assert settled(networks).content_hash
    assert networks.choice.request().network == "own/mine"


def test_who_sits_at_the_computer_gives_paths(networks, paths):
    networks.choice.listed_only = False
    networks.give_path(paths[0])
    assert settled(networks).content_hash
    networks.choice.request()
