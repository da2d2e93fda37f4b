"""Cell types silenced on the page, as a person does it."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlparse

import pytest
from playwright.sync_api import Page, expect
from serving import Served

import maxstim_core as ms
from maxstim_core.optimal.result import load, silence_of

PATIENCE = 300_000
"""Milliseconds that a run may take on a slow machine before a test gives up."""


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    served = Served(tmp_path_factory.mktemp("silence"))
    yield served
    served.stop()


def field(page: Page, label: str):
    return page.get_by_role("textbox", name=label).filter(visible=True)


def section(page: Page):
    titled = page.get_by_text("Silenced cell types", exact=True)
    return page.locator("details.section").filter(has=titled).filter(visible=True)


def switch(page: Page, name: str):
    inputs = section(page).get_by_role("group", name="Silence an input type")
    return inputs.get_by_role("button", name=name, exact=True)


def choose_cell(page: Page, name: str) -> None:
    page.get_by_test_id("cell").click()
    cells = page.get_by_role("dialog", name="Cell types", exact=True)
    cells.get_by_role("button", name=re.compile(rf"^{name}\b")).first.click()


def test_an_input_type_is_switched_off_run_told_everywhere_and_opened_again(visit, tmp_path):
    page = visit()
    expect(section(page)).not_to_have_attribute("open", "")
    section(page).locator("summary").click()
    switch(page, "Mi9").click()
    switch(page, "C3").click()
    expect(field(page, "Silenced")).to_have_value("C3,Mi9")
    expect(switch(page, "Mi9")).to_have_attribute("aria-pressed", "true")
    expect(switch(page, "Mi1")).to_have_attribute("aria-pressed", "false")
    expect(section(page).locator("summary")).to_contain_text("1 changed")
    field(page, "Stimulus duration").fill("0.1")
    field(page, "Stimulus duration").press("Enter")
    field(page, "Iterations").fill("12")
    field(page, "Iterations").press("Enter")
    page.get_by_test_id("run").click()
    expect(page.get_by_test_id("run-status")).to_contain_text("is done", timeout=PATIENCE)
    expect(page.locator("h1 + p").first).to_contain_text("silenced C3,Mi9")
    expect(page.locator(".run", has_text="silenced C3,Mi9").first).to_be_visible()

    page.get_by_role("button", name="Code").click()
    code = page.get_by_role("dialog")
    expect(code).to_contain_text('silence="C3,Mi9"')
    code.get_by_role("tab", name="Command line").click()
    expect(code).to_contain_text("--silence C3,Mi9")
    page.keyboard.press("Escape")
    with page.expect_download() as download:
        page.get_by_role("button", name="NetCDF").click()
    download.value.save_as(tmp_path / "answer.nc")
    answer = load(tmp_path / "answer.nc")
    assert silence_of(answer) == "C3,Mi9"
    changed = ms.silenced(ms.open_network("default"), "Mi9,C3")
    assert answer.attrs["network_hash"] == changed.content_hash

    expect(page).to_have_url(re.compile("run=[0-9a-f]{64}"))
    said = parse_qs(urlparse(page.url).query)
    assert said["silence"] == ["C3,Mi9"]
    again = visit("?" + urlparse(page.url).query)
    expect(again.locator("h1 + p").first).to_contain_text("silenced C3,Mi9")
    expect(field(again, "Silenced")).to_have_value("C3,Mi9")

    switch(page, "Mi9").click()
    switch(page, "C3").click()
    expect(field(page, "Silenced")).to_have_value("")
    expect(section(page).locator("summary")).not_to_contain_text("changed")


def test_what_cannot_be_silenced_is_said_beneath_the_field(visit):
    page = visit()
    section(page).locator("summary").click()
    field(page, "Silenced").fill("Mi99")
    field(page, "Silenced").press("Enter")
    expect(section(page)).to_contain_text("There is no cell type 'Mi99'; did you mean")
    field(page, "Silenced").fill("Mi1")
    field(page, "Silenced").press("Enter")
    expect(section(page)).not_to_contain_text("There is no cell type")
    choose_cell(page, "Mi1")
    expect(section(page)).to_contain_text("Mi1 is the cell type that is asked")
    expect(switch(page, "L1")).to_be_visible()
    expect(section(page).get_by_role("button", name="Mi1", exact=True)).to_be_hidden()


@pytest.mark.parametrize("method", ["Natural", "Regularized"])
def test_every_method_has_the_switches(visit, method):
    page = visit()
    page.get_by_role("tab", name=method).click()
    section(page).locator("summary").click()
    switch(page, "Mi9").click()
    expect(field(page, "Silenced")).to_have_value("Mi9")
    expect(section(page).locator("summary")).to_contain_text("1 changed")
