"""What an address may say."""

from urllib.parse import urlencode

import pytest

from dashboard.state.url import PageAddress
from dashboard.state.views import VIEWS
from maxstim_core.networks.bundled import DEFAULT, default
from maxstim_core.networks.user_networks import store_text


@pytest.fixture(autouse=True)
def data(monkeypatch, tmp_path):
    """A data directory with one network of a person's own."""
    monkeypatch.setenv("MAXSTIM_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("FLYVIS_ROOT_DIR", raising=False)
    store_text(default().file.read_text(encoding="utf-8"), "mine")


@pytest.mark.parametrize("network", ["default", "maxstim/003", "own/mine", ""])
def test_an_address_carries_what_is_on_the_page(network):
    address = PageAddress("CT1(M10)", "regularized", network, "T4c-generated")
    assert PageAddress.parse(address.search()) == address
    assert "%2F" not in address.search()


def test_a_network_that_is_not_here_is_one_sentence():
    for name in ("own/yours", "maxstim/010", "../secrets", str(default().file), "<b>", "a" * 9999):
        address = PageAddress.parse(PageAddress(network=name, cell_type="Mi1").search())
        [problem] = address.problems
        assert address == PageAddress(cell_type="Mi1", network=DEFAULT, problems=(problem,))
        assert problem.startswith("The network of this link is not on this server")
        assert problem.count(".") == 1 and name not in problem


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("cell", "T5z"), ("cell", "t4c"), ("cell", "<script>alert(1)</script>"), ("cell", "a" * 9999),
        ("method", "foo"), ("method", "Generated"), ("method", "<b>"),
        ("view", "atlas "), ("view", "<b>"), ("view", "__class__"), ("view", "v" * 9999),
        ("run", "../../etc/passwd"), ("run", "/etc/passwd"), ("run", "a" * 500), ("run", "a\0b"),
    ],
)  # fmt: skip
def test_what_there_is_not_is_one_sentence(name, value):
    address = PageAddress.parse("?" + urlencode({name: value}))
    [problem] = address.problems
    assert address == PageAddress(problems=(problem,))
    assert {"cell": "cell type"}.get(name, name) in problem
    assert problem.count(".") == 1 and value not in problem


@pytest.mark.parametrize("search", ["", "?", "?cell=&method=&run=&network=", "?what=ever"])
def test_an_address_that_says_nothing_has_no_problem(search):
    assert PageAddress.parse(search) == PageAddress()


@pytest.mark.parametrize("view", list(VIEWS))
def test_an_address_opens_the_view_that_is_open(view):
    assert PageAddress.parse(PageAddress(view=view).search()).view == view


def test_a_sweep_is_seen_in_its_own_view():
    address = PageAddress(sweep="a" * 40, view="sweep")
    assert "view" not in address.search()
    assert PageAddress.parse(address.search()).sweep == "a" * 40


def test_a_key_that_looks_like_a_number_stays_text():
    assert PageAddress.parse("?run=12e45").run == "12e45"


def test_an_address_carries_a_lesson_its_step_and_a_class():
    address = PageAddress(cell_type="T4c", lesson="on-off", step=3, classroom="BCDFGHJ")
    assert PageAddress.parse(address.search()) == address
    assert "lesson=on-off&step=3&class=BCDFGHJ" in address.search()
    assert "step" not in PageAddress(step=3).search()
    assert PageAddress.parse("?class=bcdfghj").classroom == "BCDFGHJ"


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("lesson=../x", "lesson"),
        ("lesson=" + "a" * 99, "lesson"),
        ("class=%3Cb%3E", "class"),
        ("class=B1", "class"),
    ],
)
def test_a_lesson_or_a_class_that_cannot_be_is_one_sentence(query, words):
    address = PageAddress.parse(f"?{query}&step=many")
    [problem] = address.problems
    assert problem.startswith(f"The {words} of this link")
    assert (address.lesson, address.step, address.classroom) == ("", 0, "")
