"""Several networks asked at once on the page, as a person does it."""

from __future__ import annotations

import json
import re
from urllib.parse import parse_qs, urlparse

import pytest
from playwright.sync_api import Page, expect
from serving import Served

import maxstim_core as ms
from maxstim_core.optimal.result import load

PATIENCE = 300_000
"""Milliseconds that a run or its controls may take on a slow machine before a test gives up."""

BOTH = "for default and maxstim/002 at once (least)"


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with pytest.MonkeyPatch.context() as changed:
        changed.setenv("MAXSTIM_CONTROLS_AHEAD", "1")
        served = Served(tmp_path_factory.mktemp("several"))
    yield served
    served.stop()


def section(page: Page):
    titled = page.get_by_text("Objective in detail", exact=True)
    return page.locator("details.section").filter(has=titled).filter(visible=True)


def how(page: Page):
    return section(page).get_by_role("combobox", name="Several networks")


def chosen(page: Page):
    return section(page).get_by_role("group", name="Further networks").get_by_role("button")


def figures(page: Page):
    return page.locator("h1 + p").first


def fill(page: Page, label: str, value: object) -> None:
    field = page.get_by_role("textbox", name=label).filter(visible=True)
    field.fill(str(value))
    field.press("Enter")


def test_networks_are_added_asked_at_once_told_everywhere_and_opened_again(visit, tmp_path):
    page = visit()
    section(page).locator("summary").click()
    expect(how(page)).to_be_hidden()
    page.get_by_role("button", name="Choose further networks").click()
    offered = page.get_by_role("dialog", name="Further networks")
    expect(offered.locator("[data-name=default]")).to_be_hidden()
    offered.locator("[data-name='maxstim/002']").click()
    offered.locator("[data-name='maxstim/003']").click()
    page.keyboard.press("Escape")
    expect(chosen(page)).to_have_text(["maxstim/002", "maxstim/003"])
    chosen(page).nth(1).click()
    expect(chosen(page)).to_have_text(["maxstim/002"])
    how(page).select_option("least")
    expect(section(page).locator("summary")).to_contain_text("1 changed")
    fill(page, "Stimulus duration", 0.1)
    fill(page, "Iterations", 12)
    note = page.get_by_text("You chose networks default and maxstim/002 at once; this is network")
    expect(note).to_be_visible()
    page.get_by_test_id("run").click()
    expect(page.get_by_test_id("run-status")).to_contain_text("is done", timeout=PATIENCE)
    expect(figures(page)).to_contain_text(f"{BOTH}, response of default")
    expect(page.locator(".run", has_text="with maxstim/002").first).to_be_visible()
    expect(note).to_be_hidden()

    page.get_by_role("button", name="Code").click()
    code = page.get_by_role("dialog").filter(visible=True)
    expect(code).to_contain_text("[network, *others]")
    code.get_by_role("tab", name="Command line").click()
    expect(code).to_contain_text("--network default,maxstim/002")
    expect(code).to_contain_text("--across least")
    page.keyboard.press("Escape")
    with page.expect_download() as download:
        page.get_by_role("button", name="NetCDF", exact=True).click()
    download.value.save_as(tmp_path / "answer.nc")
    answer = load(tmp_path / "answer.nc")
    config = ms.GenerateConfig(**json.loads(answer.attrs["config"]))
    assert config.across == "least"
    networks = [ms.open_network("default"), ms.open_network("maxstim/002")]
    assert answer.attrs["networks"] == '["default", "maxstim/002"]'
    again = ms.finish(ms.generate(networks, "T4c", config))
    assert (again.stimulus.values == answer.stimulus.values).all()

    expect(page).to_have_url(re.compile("run=[0-9a-f]{64}"))
    said = parse_qs(urlparse(page.url).query)
    assert said["further"] == ["maxstim/002"] and said["across"] == ["least"]
    other = visit("?" + urlparse(page.url).query)
    expect(figures(other)).to_contain_text(BOTH)
    expect(chosen(other)).to_have_text(["maxstim/002"])
    expect(how(other)).to_have_value("least")
    other.reload()
    expect(figures(other)).to_contain_text(BOTH)
    expect(how(other)).to_have_value("least")

    page.get_by_test_id("sweep").click()
    expect(page.get_by_text("A sweep asks one network; leave out the further")).to_be_visible()


def test_controls_tell_which_networks_a_movie_was_made_for(visit):
    page = visit("?cell=T4c&method=generated&further=maxstim/002&t_stim=0.1&n_iters=10")
    page.get_by_test_id("run").click()
    expect(page.get_by_test_id("run-status")).to_contain_text("is done", timeout=PATIENCE)
    expect(figures(page)).to_contain_text("for default and maxstim/002 at once (mean)")
    controls = page.get_by_test_id("controls")
    expect(controls).to_have_attribute("data-state", "there", timeout=PATIENCE)
    controls.locator("summary").click()
    listed = controls.get_by_role("listitem")
    expect(listed.filter(has_text=re.compile("^maxstim/002 fitted"))).to_have_count(1)
    expect(listed.filter(has_text=re.compile("^maxstim/003 predicted"))).to_have_count(1)
