"""Controls and curve on the page, as a person uses them."""

from __future__ import annotations

import re

import pytest
from page_waits import messages, until_quiet
from playwright.sync_api import Page, expect
from serving import Served

import maxstim_core as ms
from maxstim_core.comparison.report import report_of
from maxstim_core.networks.catalog import ensemble_members
from maxstim_core.runs.store import RunStore
from maxstim_core.runs.stored_search import StoredSearch

PATIENCE = 300_000
"""Milliseconds that controls or a curve may take on a slow machine before a test gives up."""


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with pytest.MonkeyPatch.context() as changed:
        changed.setenv("MAXSTIM_CONTROLS_AHEAD", "1")
        served = Served(tmp_path_factory.mktemp("comparison"))
    yield served
    served.stop()


@pytest.fixture(scope="module")
def search(served):
    """The search of the default set, stored as the server's own search ahead stores it."""
    network, clips = ms.open_network("default"), ms.open_clips("scenes")
    search = StoredSearch(network, clips, ms.SearchConfig(), "cpu", RunStore(served.data))
    for _ in search:
        pass
    return network, clips, search.result()


def run_short(page: Page, seed: int) -> None:
    """A run of 0.2 s that no other test has made."""
    for label, value in (("Stimulus duration", 0.2), ("Iterations", 12), ("Seed", seed)):
        field = page.get_by_role("textbox", name=label).filter(visible=True)
        field.fill(str(value))
        field.press("Enter")
    page.get_by_test_id("run").click()
    said = page.get_by_test_id("run-status")
    expect(said).to_contain_text("is done", timeout=PATIENCE)


def opened(page: Page, kind: str):
    section = page.get_by_test_id(kind)
    section.locator("summary").focus()
    page.keyboard.press("Enter")
    return section


def test_controls_follow_a_run_and_their_numbers_are_those_of_the_front_door(
    visit, served, tmp_path
):
    page = visit()
    run_short(page, 7)
    section = page.get_by_test_id("controls")
    expect(section).to_have_attribute("data-state", "there", timeout=PATIENCE)
    with page.expect_download() as download:
        page.get_by_role("button", name="NetCDF", exact=True).click()
    download.value.save_as(tmp_path / "answer.nc")
    network = ms.open_network("default")
    others = [ms.open_network(name) for name in ensemble_members("maxstim")]
    answer = ms.load(tmp_path / "answer.nc")
    run = ms.controls(answer, network, others=others)
    report = report_of(ms.finish(run))
    expect(page.locator("p.verdict")).to_have_text(report["headline"])
    expect(section.locator("summary")).to_contain_text(report["headline"])

    opened(page, "controls")
    table = section.locator("table")
    rows = {row["name"]: row for row in report["controls"] if row["family"] == "turned"}
    assert len(rows) == 5
    for name, row in rows.items():
        line = table.get_by_role("row").filter(has_text=name)
        expect(line).to_contain_text(f"{row['response']:.2f}".replace("-", "−"))
    edge = next(row for row in report["controls"] if row["family"] == "edge")
    expect(table.get_by_role("row").filter(has_text=edge["name"]).first).to_contain_text(
        f"{edge['response']:.2f}"
    )
    listed = section.get_by_role("listitem")
    expect(listed).to_have_count(len(report["transfer"]))
    for each in report["transfer"]:
        line = listed.filter(has_text=re.compile(rf"^{each['network']} {each['relation']}"))
        expect(line).to_contain_text(f"{each['response']:.2f}".replace("-", "−"))
    size = report["smallest"]["columns"]["size"]
    expect(section).to_contain_text(f"{size} columns (")

    player = page.get_by_test_id("player")
    section.get_by_role("button", name=re.compile("^Play turned by 180°")).click()
    expect(player).to_have_attribute("data-lent", "turned by 180°")
    apart = page.get_by_test_id("headline").get_by_test_id("apart")
    expect(apart).to_have_text("the player shows turned by 180°; figures and files: the answer")
    page.get_by_role("button", name="Back to the answer").click()
    expect(player).to_have_attribute("data-lent", "")
    expect(apart).to_be_hidden()
    expect(section.get_by_role("button", name=re.compile("^Play the answer"))).to_have_attribute(
        "aria-pressed", "true"
    )
    again = visit("?" + page.url.partition("?")[2])
    expect(again.locator("p.verdict")).to_have_text(report["headline"])


def test_controls_of_an_example_wait_for_the_button(visit, search):
    page = visit("?cell=Mi1")
    expect(page.get_by_role("heading", name=re.compile("^Mi1"))).to_be_visible()
    section = opened(page, "controls")
    expect(section).to_have_attribute("data-state", "none")
    expect(section).to_contain_text("lets every run go first")
    section.get_by_role("button", name="Compare").click()
    expect(section).to_have_attribute("data-state", "going")
    section.get_by_role("button", name="Cancel").click()
    expect(section).to_have_attribute("data-state", "none", timeout=PATIENCE)
    expect(page.locator("p.verdict")).to_be_hidden()


def test_the_dial_of_the_curve_changes_the_movie_and_asks_the_server_nothing(
    visit, served, tmp_path
):
    page = visit()
    run_short(page, 8)
    section = opened(page, "curve")
    section.get_by_role("button", name="Find the curve").click()
    dial = section.get_by_role("slider", name="Contrast energy")
    dial.wait_for(timeout=PATIENCE)
    expect(page.get_by_test_id("controls")).to_have_attribute(
        "data-state", "there", timeout=PATIENCE
    )
    player = page.get_by_test_id("player")
    dial.focus()
    before = until_quiet(page)
    seen = set()
    for _ in range(11):
        page.keyboard.press("ArrowLeft")
        seen.add(player.get_attribute("data-lent"))
    assert len(seen) == 11 and all(name.startswith("Contrast energy") for name in seen)
    page.wait_for_timeout(500)
    assert messages(page) == before
    expect(dial).to_have_value("0")
    with page.expect_download() as download:
        section.get_by_role("button", name="Take home (NetCDF)").click()
    assert download.value.suggested_filename.startswith("curve_T4c_generated")
    download.value.save_as(tmp_path / "curve.nc")
    found = ms.load(tmp_path / "curve.nc")
    assert found.stimulus.dims == ("energy", "frame", "column") and found.sizes["energy"] == 12
    lowest = float(found.counted_response[0])
    expect(section.locator(".told")).to_contain_text(f"response {lowest:.2f}")
