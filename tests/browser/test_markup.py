"""Nothing that a visitor or a file names is ever HTML or Markdown on the page."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, expect
from serving import Served

from maxstim_core.model_cards.store import card_as_json
from maxstim_core.networks.bundled import cards_folder
from maxstim_core.networks.catalog import open_network
from maxstim_core.networks.network_file import write_network
from maxstim_core.networks.unfitted import prior_network
from maxstim_core.networks.user_networks import store_text
from maxstim_core.runs.library import the_library
from maxstim_core.runs.store import RunStore

MARK = "<img class=evil src=x onerror=document.title='evil'>"
"""What would make an element and run a script, were it taken for HTML."""

MARKDOWN = "![evil](http://127.0.0.1:9/evil.png) <b class=evil>bold</b>"


def evil_result(store: RunStore) -> str:
    """Store an answer all of whose words are markup, and return its key."""
    answer = the_library().open(the_library().example().key).copy()
    words = (
        "clip",
        "network",
        "clips",
        "device",
        "movie",
        "source",
        "source_name",
        "maxstim_version",
    )
    for name in words:
        answer.attrs[name] = f"{MARK} {MARKDOWN}"
    key = "e" * 64
    store.save(key, answer)
    return key


def evil_card(folder) -> None:
    """Store a network and a card of it all of whose words are markup."""
    file = folder.parent / "evil.json"
    write_network(prior_network(), file, {"made_by": MARK})
    stored = open_network(store_text(file.read_text(encoding="utf-8"), "evil"))
    card = json.loads(next(iter(sorted(cards_folder().glob("*.json")))).read_text(encoding="utf-8"))
    card["network"]["hash"] = stored.content_hash
    card["maxstim_version"] = card["origin"]["made_by"] = MARK
    card["network"]["connectome_hash"] = MARKDOWN
    card["origin"]["fitted"] = card["origin"]["not_fitted"] = [MARK, MARKDOWN]
    card["origin"]["held_out"] = [MARK]
    card["evidence"]["scenes"][0]["picture"] = f"{MARK} {MARKDOWN}"
    card["contradictions"] = [{"cell_type": "T4c", "sentence": MARK, "about": MARK}]
    cards = folder / "cards"
    cards.mkdir(parents=True)
    (cards / f"{stored.content_hash}.json").write_text(card_as_json(card), encoding="utf-8")


@pytest.mark.slow
def test_names_and_words_of_files_are_text(browser: Browser, tmp_path, monkeypatch):
    monkeypatch.setenv("MAXSTIM_DATA_DIR", str(tmp_path / "data"))
    key = evil_result(RunStore())
    evil_card(tmp_path / "data")
    served = Served(tmp_path)
    context = browser.new_context()
    asked = []
    try:
        page = context.new_page()
        page.set_default_timeout(90_000)
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{served.url}?run={key}")
        expect(page.locator("h1").first).to_be_visible()
        expect(page.get_by_text("<img class=evil").first).to_be_visible()
        assert page.locator(".evil").count() == 0

        page.goto(f"{served.url}?network=own/evil")
        page.get_by_role("button", name="Model card").click()
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_text("made by <img").first).to_be_visible()
        for tab in ("All 65 cell types", "Evidence", "Origin"):
            dialog.get_by_role("tab", name=tab).click()
            page.wait_for_timeout(500)
            assert page.locator(".evil").count() == 0
        expect(dialog.get_by_text("![evil]").first).to_be_visible()
        assert page.title() == "maxstim"
    finally:
        context.close()
        served.stop()
    assert not [url for url in asked if "evil.png" in url or url.endswith("/x")]


@pytest.mark.slow
def test_names_of_files_clips_and_sets_are_text(browser: Browser, tmp_path):
    served = Served(tmp_path)
    context = browser.new_context(viewport={"width": 1280, "height": 1600})
    asked = []
    try:
        page = context.new_page()
        page.set_default_timeout(90_000)
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{served.url}?cell=L1")
        page.get_by_role("tab", name="Natural").click()

        page.get_by_role("button", name="Add your own").filter(visible=True).click()
        zone = page.locator(".zone input[type=file]")
        wrong = tmp_path / f"{MARK.replace('/', '')}.txt"
        wrong.write_text("no movie")
        zone.set_input_files(wrong)
        expect(page.get_by_text("img class").first).to_be_visible()  # in the refusal
        named = tmp_path / "named.npz"
        np.savez(named, **{MARK: np.array(["text"])})
        zone.set_input_files(named)
        alert = page.get_by_role("alert").filter(visible=True)
        expect(alert).to_contain_text(MARK)  # the name of an array
        assert page.locator(".evil").count() == 0
        film = wrong.with_suffix(".gif")
        frames = [Image.fromarray(np.full((60, 60), 12 * k, np.uint8)) for k in range(20)]
        frames[0].save(film, save_all=True, append_images=frames[1:], duration=40)
        zone.set_input_files(film)
        expect(page.locator("canvas.movie")).to_be_visible()
        assert page.locator(".evil").count() == 0
        name = page.get_by_label("Name", exact=True)
        for text in (MARK, "<b class=evil>_a_ *b*</b>"):
            name.fill(text)
            name.press("Enter")
            page.get_by_role("button", name="Store and use it").click()
            expect(alert).to_contain_text(text[:20])
            assert page.locator(".evil").count() == 0
        name.fill("walk")
        name.press("Enter")
        page.get_by_role("button", name="Store and use it").click()
        expect(page.locator("canvas.movie")).to_have_count(0)

        # What the page itself would not let through, a file in the data folder may still hold.
        index = next((tmp_path / "data" / "clips").glob("*/set.json"))
        about = json.loads(index.read_text(encoding="utf-8"))
        about["clips"] = [[f"{MARK} {MARKDOWN}", *window[1:]] for window in about["clips"]]
        about["about"] = dict.fromkeys(about["about"], MARK)
        index.write_text(json.dumps(about), encoding="utf-8")
        page.get_by_role("button", name="Run L1 natural").click()
        headline = page.get_by_test_id("headline")
        expect(headline).to_contain_text(MARK)
        for place in (page.get_by_role("region", name="Runs"), page.locator("main")):
            expect(place.get_by_text("<img class=evil").first).to_be_visible()
        page.get_by_role("button", name=re.compile("Code")).click()
        expect(page.get_by_role("dialog").filter(visible=True).first).to_be_visible()
        assert page.locator(".evil").count() == 0
        page.keyboard.press("Escape")

        field = page.get_by_role("button", name=re.compile("^Network "))
        field.click()
        chooser = page.locator("input[type=file]").first
        sent = {"name": f"{MARK}.json", "mimeType": "application/json"}
        chooser.set_input_files({**sent, "buffer": b"{}"})
        expect(page.locator(".networks .said")).to_contain_text("is no network of maxstim")
        chooser.set_input_files({**sent, "buffer": network_text().encode()})
        expect(field).to_contain_text("img-class-evil")
        assert page.locator(".evil").count() == 0
        assert page.title() == "maxstim"
    finally:
        context.close()
        said = served.stop()
    assert "Traceback" not in said
    assert not [url for url in asked if "evil.png" in url or url.endswith("/x")]


def network_text() -> str:
    """Return the text of a network file whose words are markup."""
    file = Path(tempfile.mkdtemp()) / "evil.json"
    write_network(prior_network(), file, {"made_by": MARK})
    return file.read_text(encoding="utf-8")
