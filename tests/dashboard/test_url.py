"""What an address may say."""

import pytest

from dashboard.state.url import Address
from maxstim_core.networks.bundled import default
from maxstim_core.networks.user_networks import store_text


@pytest.fixture(autouse=True)
def data(monkeypatch, tmp_path):
    """A data directory with one network of a person's own."""
    monkeypatch.setenv("MAXSTIM_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("FLYVIS_ROOT_DIR", raising=False)
    store_text(default().file.read_text(encoding="utf-8"), "mine")


@pytest.mark.parametrize("network", ["default", "maxstim/003", "own/mine", ""])
def test_an_address_carries_what_is_on_the_page(network):
    address = Address("CT1(M10)", "regularized", network, "T4c-generated")
    assert Address.parse(address.search()) == address
    assert "%2F" not in address.search()


def test_a_network_that_is_not_here_is_one_sentence():
    for name in ("own/yours", "maxstim/010", "../secrets", str(default().file), "<b>", "a" * 9999):
        address = Address.parse(Address(network=name, cell_type="Mi1").search())
        assert address == Address(cell_type="Mi1", problem=address.problem)
        assert address.problem.startswith("The network of this link is not on this server")
        assert address.problem.count(".") == 1 and name not in address.problem


@pytest.mark.parametrize("cell", ["T5z", "T9", "t4c", "<script>alert(1)</script>", "a" * 9999])
def test_a_cell_type_that_there_is_not_is_one_sentence(cell):
    address = Address.parse(Address(cell_type=cell, method="natural").search())
    assert address == Address(method="natural", cell_problem=address.cell_problem)
    assert address.cell_problem.startswith("The cell type of this link is not one of the network's")
    assert address.cell_problem.count(".") == 1 and cell not in address.cell_problem


@pytest.mark.parametrize(
    "search",
    [
        "",
        "?",
        "?cell=&method=magic&run=",
        "?run=../../etc/passwd",
        "?run=%2Fetc%2Fpasswd",
        "?run=" + "a" * 500,
        "?run=a%00b",
    ],
)
def test_what_is_not_known_is_ignored(search):
    assert Address.parse(search) == Address()


def test_a_key_that_looks_like_a_number_stays_text():
    assert Address.parse("?run=12e45").run == "12e45"
