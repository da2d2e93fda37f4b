"""Pinned answers of a visitor: kept, shared by their pages, and named in links."""

import shutil

import pytest
from toy_runs import ended, toy_queue, toy_request

from dashboard.app import App
from dashboard.state.pins import (
    MOST_PINS,
    SHORTEST_PIN,
    Pins,
    VisitorPins,
    checked_pins,
    matching,
    pin_names,
)
from dashboard.state.url import PageAddress
from maxstim_core.errors import MaxstimError
from maxstim_core.runs.library import ResultLibrary
from maxstim_core.runs.shipped import bundled_answers

ANNA, BERT = "a" * 32, "b" * 32
ONE, OTHER = "12345678" + "a" * 56, "12345678" + "b" * 56
EXAMPLE = "T4c-generated"


@pytest.fixture
def queue(tmp_path):
    toys = toy_queue(tmp_path)
    yield toys
    toys.close()


def page(queue, visitor=ANNA):
    app = App(queue, ResultLibrary(queue.folder), visitor)
    app.session.library.refresh(wait=True)
    app.session.poll()
    return app


def pins(tmp_path, *keys):
    """The pins of a page in whose library there are answers of these keys."""
    folder = tmp_path / "results"
    folder.mkdir(exist_ok=True)
    for key in keys:
        shutil.copy(bundled_answers() / f"{EXAMPLE}.nc", folder / f"{key}.nc")
    library = ResultLibrary(folder)
    library.refresh(wait=True)
    return Pins(VisitorPins(tmp_path / "pins.json"), library)


def test_what_is_pinned_above_the_answer_or_in_the_list_is_there_after_a_restart(queue):
    run = queue.submit(toy_request(), ANNA)
    stem = ended(queue, run).result.stem
    app = page(queue)
    app.history.list._handle_msg({"key": run, "pin": True})
    app.session.follow(EXAMPLE)
    app.headline.panel._handle_msg("Pin")
    assert app.pins.keys == (stem, EXAMPLE)
    assert app.headline.panel.shown["pinned"] is True
    assert {row["key"]: row["pinned"] for row in app.history.list.rows}[run] is True
    kept = VisitorPins(queue.store.root / "visitors" / f"{ANNA}-pins.json")
    assert kept.keys == (stem, EXAMPLE)
    assert page(queue).pins.keys == (stem, EXAMPLE) and page(queue, BERT).pins.keys == ()

    # What another page of the visitor takes out is out here too, at the next poll.
    other = page(queue)
    other.headline.panel._handle_msg("Pin")
    other.session.follow(EXAMPLE)
    other.headline.panel._handle_msg("Pin")
    app.compare.poll()
    assert app.pins.keys == other.pins.keys != (stem, EXAMPLE)


def test_a_failed_run_a_stranger_and_the_seventh_are_refused_in_a_sentence(tmp_path):
    keys = [f"{k}" * 64 for k in range(MOST_PINS + 1)]
    page_pins = pins(tmp_path, *keys)
    with pytest.raises(MaxstimError, match="not stored on this server"):
        page_pins.toggle("f" * 64)
    for key in keys[:MOST_PINS]:
        page_pins.toggle(key)
    with pytest.raises(MaxstimError, match="take one out"):
        page_pins.toggle(keys[-1])
    assert page_pins.keys == tuple(keys[:MOST_PINS])
    page_pins.toggle(keys[0])
    page_pins.toggle(keys[-1])
    assert page_pins.keys == tuple(keys[1:])


def test_links_name_answers_by_as_few_digits_as_tell_them_apart():
    known = [ONE, OTHER, "9" * 64, EXAMPLE]
    names = pin_names([ONE, "9" * 64, EXAMPLE], known)
    assert names == ("12345678a", "9" * SHORTEST_PIN, EXAMPLE)
    assert [matching(name, known) for name in names] == [[ONE], ["9" * 64], [EXAMPLE]]
    assert matching("12345678", known) == [ONE, OTHER]
    assert matching("1234567", known) == [], "fewer digits name nothing"
    assert matching("T4c-gen", known) == []
    six = PageAddress(
        "CT1(M10)", "regularized", "maxstim/003", "f" * 64, pins=",".join(["12345678"] * 6)
    )
    assert len(six.search()) < 230, "what is before the query has room, too"


def test_the_pins_of_a_link_leave_the_visitors_own_alone_until_one_is_changed(tmp_path):
    page_pins = pins(tmp_path, ONE, OTHER)
    page_pins.toggle(EXAMPLE)
    page_pins.follow(("12345678b", "deadbeef", "12345678"))
    page_pins.poll()
    assert page_pins.keys == (OTHER, "deadbeef", "12345678"), "what is not clear stays as it is"
    assert VisitorPins(tmp_path / "pins.json").keys == (EXAMPLE,)
    page_pins.toggle("deadbeef")
    assert VisitorPins(tmp_path / "pins.json").keys == (OTHER, "12345678")


def test_addresses_carry_pins_and_say_what_can_be_none():
    address = PageAddress(view="compare", pins=f"{EXAMPLE},12345678")
    assert address.search() == f"?pins={EXAMPLE},12345678"
    assert PageAddress.parse(address.search()).pins == address.pins
    for wrong in ("../../etc,12345678", "12345678,", "a%20b", ",".join("0" * 7)):
        address = PageAddress.parse(f"?pins={wrong}")
        assert address.pins == "" and "of 6 answers or fewer" in address.problems[0]


@pytest.mark.parametrize("text", [b"", b"{", b"3", b'["../x", 4, "T4c-generated"]', b"\xff"])
def test_a_spoilt_file_of_pins_is_as_good_as_none(tmp_path, text):
    path = tmp_path / "pins.json"
    path.write_bytes(text)
    kept = VisitorPins(path)
    assert set(kept.keys) <= {EXAMPLE, "4"}
    kept.keep((EXAMPLE,))
    assert VisitorPins(path).keys == (EXAMPLE,)


def test_what_can_be_pinned_is_checked():
    assert checked_pins(["a/b", "", EXAMPLE, EXAMPLE, "x" * 81]) == (EXAMPLE,)
