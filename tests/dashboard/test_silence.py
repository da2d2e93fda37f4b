"""Cell types that are silenced on the page: typed or switched, refused, told, and asked for."""

import pytest

from dashboard.sidebar.controls import Controls, sidebar_description
from dashboard.state.choice import Choice
from dashboard.state.silence import check_silence, input_types
from dashboard.state.url import PageAddress
from maxstim_core.errors import MaxstimError
from maxstim_core.networks.catalog import open_network
from maxstim_core.runs.request import opened


@pytest.fixture
def page():
    choice = Choice()
    return choice, Controls(choice)


def say(controls, method, entry):
    controls.take({"method": method, "setting": "silence", "entry": entry})
    return controls.words()["values"][method]["silence"]


@pytest.mark.parametrize("method", ["natural", "regularized", "generated"])
def test_every_method_has_the_field_and_asks_for_what_it_says(page, method):
    choice, controls = page
    choice.method = method
    described = next(m for m in sidebar_description()["methods"] if m["method"] == method)
    assert {"silence"} == {s["name"] for s in described["settings"] if s["kind"] == "silence"}
    assert say(controls, method, "Mi9, C3") == {"value": "C3,Mi9", "text": "C3,Mi9", "problem": ""}
    assert choice.request().config.silence == "C3,Mi9"
    say(controls, method, "")
    assert "silence" not in choice.request().config.to_dict()


def test_what_cannot_be_silenced_is_said_beneath_the_field_and_not_asked(page):
    choice, controls = page
    choice.method = "generated"
    assert (
        "There is no cell type 'mi9'; did you mean Mi9"
        in (say(controls, "generated", "mi9")["problem"])
    )
    with pytest.raises(MaxstimError, match="no cell type 'mi9'"):
        choice.request()
    assert say(controls, "generated", "Mi1")["problem"] == ""
    choice.cell_type = "Mi1"
    said = controls.words()["values"]["generated"]["silence"]["problem"]
    assert said == "Mi1 is the cell type that is asked; leave it out of those that are silenced."
    with pytest.raises(MaxstimError, match="Mi1 is the cell type that is asked"):
        choice.request()


def test_switches_are_those_of_the_network():
    network = open_network("prior")
    layout, names = network.layout, network.connectome.names
    for kind, name in enumerate(names):
        _, taps = layout.onto_center(kind)
        onto = {names[source] for source in layout.tap_source[taps]} - {name}
        assert set(input_types()[name]) >= onto
    assert {"Mi9", "Mi4", "C3", "Mi1", "Tm3", "CT1(M10)"} <= set(input_types()["T4c"])
    assert "T4c" not in input_types()["T4c"]
    cells = [cell for group in sidebar_description()["cells"] for cell in group["members"]]
    assert {cell["name"]: cell["inputs"] for cell in cells} == input_types()
    for name in input_types()["T4c"]:
        check_silence(name, "T4c")


def test_an_address_says_what_is_silenced_in_a_generated_movie():
    address = PageAddress.parse("?cell=T4c&method=generated&silence=Mi9,C3")
    assert address.settings == {"silence": "C3,Mi9"} and not address.problems
    assert PageAddress.parse(address.search()) == address


def test_what_was_asked_is_taken_back(page):
    choice, controls = page
    choice.method = "regularized"
    say(controls, "regularized", "Tm3")
    request = choice.request()
    other = Choice()
    other.take(request)
    assert other.settings["regularized"].silence == "Tm3"
    assert opened(request)[0].content_hash != open_network("default").content_hash
