"""Networks in a real browser: picked, sent, warned of, and named in the record of a run."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect
from serving import Served

from maxstim_core.model_cards.descriptions import described_answers
from maxstim_core.model_cards.store import find_card, keep_card
from maxstim_core.networks.bundled import default
from maxstim_core.networks.catalog import open_network
from maxstim_core.networks.flyvis_format import write_ensemble
from maxstim_core.networks.network_file import write_network
from maxstim_core.networks.unfitted import prior_network
from maxstim_core.networks.user_networks import store_text


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A server with an empty data directory, and flyvis's folder with two networks."""
    folder = tmp_path_factory.mktemp("served")
    ensemble = folder / "flyvis" / "results" / "flow" / "0007"
    ensemble.parent.mkdir(parents=True)
    write_ensemble([prior_network(5), open_network("default", 5)], ensemble)
    with pytest.MonkeyPatch.context() as changed:
        changed.setenv("MAXSTIM_DATA_DIR", str(folder / "data"))  # which is also the server's
        changed.setenv("FLYVIS_ROOT_DIR", str(folder / "flyvis"))
        served = Served(folder)
        yield served
        assert "Traceback" not in served.stop()


@pytest.fixture
def page(served, open_page):
    """Its page."""
    shown = open_page(served.url, height=1000)
    expect(field(shown)).to_be_visible()
    return shown


def field(page):
    return page.get_by_role("button", name=re.compile("^Network "))


def open_list(page):
    """Open the list of networks, once all of them are in it."""
    field(page).click()
    expect(page.locator('.chip[data-name="flow/0007/001"]')).to_be_visible()


def pick(page, words):
    open_list(page)
    page.get_by_role("searchbox", name="Search networks").fill(words)
    page.keyboard.press("Enter")


def mirrored(folder: Path) -> tuple[Path, str]:
    """A made-up network, and its card: that of the default one, in which T4c is turned around."""
    content = json.loads(default().file.read_text(encoding="utf-8"))
    content["cell_types"]["TmY18"]["time_constant"] *= 1.01
    file = folder / "mirrored T4c.json"
    file.write_text(json.dumps(content), encoding="utf-8")
    content_hash = open_network(file).content_hash
    card = json.loads(json.dumps(find_card(open_network("default").content_hash)))
    row = card["cell_types"]["T4c"]
    row["pd_on"] = (row["pd_on"] + 180) % 360
    sentence = f"T4c prefers bright edges at 90° in flies and at {row['pd_on']:.0f}° here."
    card["contradictions"] = [{"cell_type": "T4c", "about": "direction", "sentence": sentence}]
    card["network"]["hash"] = content_hash
    keep_card(card)
    return file, content_hash


def test_networks_are_picked_by_name_and_their_cards_have_the_right_numbers(page):
    expect(field(page)).to_contain_text("Default")
    expect(page.get_by_text("T4c is tuned here as it is in flies.")).to_be_visible()
    page.get_by_role("button", name="Model card").click()
    dialog = page.get_by_role("dialog", name=re.compile("Model card"))
    dialog.get_by_role("tab", name="Answers").click()
    answers = described_answers(open_network("default").content_hash)
    expect(dialog.get_by_text(answers["T4c"]["generated"])).to_be_visible()  # in any case
    dialog.get_by_role("button", name="Tm3").click()
    expect(dialog.get_by_text(answers["Tm3"]["regularized"])).to_be_visible()
    picture = dialog.get_by_alt_text("Strips of the three answers of Tm3")
    expect(picture).to_have_js_property("naturalWidth", 1764)
    page.keyboard.press("Escape")
    pick(page, "prior")
    expect(page.get_by_role("alert")).to_contain_text(
        "In this network T4c hardly prefers any direction"
    )
    page.get_by_role("button", name="Model card").click()
    expect(dialog.get_by_role("tab")).to_have_count(4)
    card = find_card(prior_network().content_hash)
    wrong = len(card["contradictions"])
    expect(dialog.locator(".tile b").first).to_have_text("32 of 32")
    expect(dialog.locator(".tile b").last).to_have_text(str(wrong))
    expect(dialog.locator("figure")).to_have_count(8)
    expect(dialog.locator("figure.bad")).to_have_count(8)
    expect(dialog.locator(".polarity")).to_have_count(32)
    dialog.get_by_role("tab", name="All 65 cell types").click()
    expect(dialog.locator("table.cells tbody tr:not(.group)")).to_have_count(65)
    row = dialog.locator("table.cells tr", has_text="TmY18")
    expect(row).to_contain_text(f"{card['cell_types']['TmY18']['dsi_off']:.2f}")
    dialog.get_by_role("tab", name="Evidence").click()
    expect(dialog.locator("table:visible")).to_have_count(4)
    dialog.get_by_role("tab", name="Origin").click()
    expect(dialog.get_by_text(prior_network().content_hash)).to_be_visible()
    with page.expect_download() as download:
        dialog.get_by_role("button", name="JSON").or_(
            dialog.get_by_role("link", name="JSON")
        ).click()
    assert json.loads(Path(download.value.path()).read_text(encoding="utf-8")) == card
    page.keyboard.press("Escape")
    pick(page, "flow 0007/001")
    expect(field(page)).to_contain_text("flow/0007/001")
    expect(page.get_by_text("Its tuning has not been measured.")).to_be_visible()


def test_a_link_opens_the_network_that_was_chosen(page, served):
    open_list(page)
    for key in ("ArrowDown", "ArrowDown", "ArrowUp", "ArrowUp", "ArrowUp", "Enter"):
        page.keyboard.press(key)  # down to the second, up to the first, on to the last but one
    expect(field(page)).to_contain_text("flow/0007/000")
    expect(page).to_have_url(re.compile(r"\?cell=T4c&method=generated&network=flow/0007/000"))
    page.reload()
    expect(field(page)).to_contain_text("flow/0007/000")
    page.goto(f"{served.url}?cell=Mi1&network=own/nothing")
    expect(page.get_by_role("alert")).to_have_text(
        "The network of this link is not on this server, so the default one is chosen; choose another, "
        "or store that one here."
    )
    expect(field(page)).to_contain_text("Default")
    expect(page.get_by_role("button", name="Run Mi1")).to_be_visible()


def test_a_file_that_is_sent_is_warned_of_and_named_in_its_runs(page, served, tmp_path):
    file, content_hash = mirrored(tmp_path)
    field(page).click()
    chooser = page.locator("input[type=file]").first
    notes = tmp_path / "notes.json"
    notes.write_text("[1, 2]")
    chooser.set_input_files(notes)
    expect(page.locator(".networks .said")).to_have_text(
        "The file notes is no network of maxstim; give one that `maxstim fit` wrote."
    )
    assert not (served.data / "networks").exists()
    chooser.set_input_files(file)
    expect(field(page)).to_contain_text("mirrored-T4c")
    expect(page.get_by_role("alert")).to_have_text(
        "In this network T4c prefers downward motion; in flies it prefers upward motion."
    )
    for label, value in (("Stimulus duration", "0.1"), ("Iterations", "2")):
        entry = page.get_by_role("textbox", name=label).filter(visible=True)
        entry.fill(value)
        entry.press("Enter")
    page.get_by_role("button", name=re.compile("^Run T4c")).click()
    expect(page.locator("h1 + p").first).to_contain_text(
        "network own/mirrored-T4c", timeout=120_000
    )
    with page.expect_download() as download:
        page.get_by_role("button", name="NetCDF").or_(
            page.get_by_role("link", name="NetCDF")
        ).click()
    from maxstim_core.optimal.result import load

    download.value.save_as(tmp_path / "answer.nc")
    about = load(tmp_path / "answer.nc").attrs
    assert (about["network"], about["network_hash"]) == ("own/mirrored-T4c", content_hash)


def test_who_goes_through_the_list_stays_where_they_are_when_it_grows(page, tmp_path):
    open_list(page)
    page.keyboard.press("Escape")
    write_network(prior_network(), tmp_path / "late.json", {})
    store_text((tmp_path / "late.json").read_text(encoding="utf-8"), "late")
    field(page).click()
    for _ in range(2):
        page.keyboard.press("ArrowDown")
    expect(page.locator('.chip[data-name="own/late"]')).to_be_visible()
    expect(page.locator(".networks .chip:focus")).to_have_count(1)
