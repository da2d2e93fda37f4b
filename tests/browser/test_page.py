"""The page in a real browser: what a person sees, clicks and gets."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import parse_qs, urlparse
from urllib.request import urlopen

import pytest
from page_waits import MAIN_SCROLL, messages, until, until_quiet
from playwright.sync_api import Browser, Page, expect

from maxstim_core.optimal.configs import GenerateConfig, flyvis_preset, starting_preset
from maxstim_core.optimal.result import load

ROOT = Path(__file__).parents[2]
PATIENCE = 240_000
"""Milliseconds that a run may take on a slow machine before a test gives up."""


@pytest.fixture(scope="module")
def address(tmp_path_factory) -> str:
    """Address of a dashboard of its own, with an empty data directory."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("data")
    environment = {
        **os.environ,
        "MAXSTIM_DATA_DIR": str(folder / "maxstim"),
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
    }
    command = [sys.executable, "-m", "panel", "serve", "dashboard", "--port", str(port)]
    with open(folder / "server.log", "wb") as log:
        server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    try:
        url = f"http://localhost:{port}/dashboard"
        for _ in range(1500):
            try:
                urlopen(url, timeout=30).close()
                break
            except OSError:
                assert server.poll() is None, _said(folder)
                time.sleep(0.2)
        yield url
        # Tornado complains of browsers that leave; only lines of our own count.
        faults = re.findall(r"Fault .*|File .*/(?:dashboard|maxstim_core)/.*", _said(folder))
        assert not faults
    finally:
        server.terminate()
        server.wait(120)


def _said(folder: Path) -> str:
    return (folder / "server.log").read_text()


@pytest.fixture
def visit(browser: Browser, address: str):
    """Open the page in a browser of its own; at the end, no complaint and no foreign request."""
    contexts, complaints, hosts = [], [], set()

    def open_page(search: str = "", *, width: int = 1280, height: int = 900) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(90_000)
        page.on("console", lambda said: said.type == "error" and complaints.append(said.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: hosts.add(urlparse(request.url).hostname))
        page.on("websocket", lambda socket: hosts.add(urlparse(socket.url).hostname))
        page.sent = []
        page.on("websocket", lambda socket: socket.on("framesent", lambda m: page.sent.append(m)))
        page.goto(address + search)
        expect(page.get_by_role("button", name=re.compile("^Run "))).to_be_visible()
        expect(page.locator("h1").first).to_be_visible()
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []
    assert hosts <= {"localhost", "127.0.0.1", None, ""}


def run_button(page: Page):
    return page.get_by_role("button", name=re.compile("^Run "))


def status(page: Page):
    return page.get_by_test_id("run-status")


def headline(page: Page):
    return page.locator("h1").first


def number(page: Page, label: str):
    """The field for the number with this label, on the tab in sight."""
    return page.get_by_role("textbox", name=label).filter(visible=True)


def enter(page: Page, label: str, value: object) -> None:
    """Type a number into the field with this label, on the tab in sight."""
    entry = number(page, label)
    entry.fill(str(value))
    entry.press("Enter")


def choose_method(page: Page, method: str) -> None:
    page.get_by_role("tab", name=method).click()
    expect(run_button(page)).to_contain_text(method.lower())


def small(page: Page, *, iterations: int = 3, seed: int = 0) -> None:
    """Choose a generated run that takes a moment."""
    choose_method(page, "Generated")
    enter(page, "Stimulus duration", 0.1)
    enter(page, "Iterations", iterations)
    enter(page, "Seed", seed)


def test_a_first_time_visitor_sees_a_finished_example(visit):
    page = visit()
    expect(headline(page)).to_have_text(re.compile("T4c generated.*Example"))
    expect(page.locator("canvas").first).to_be_visible()
    expect(page.get_by_text("No GPU found: running on the CPU.")).to_be_visible()


def test_every_cell_type_can_be_found_and_chosen(visit):
    page = visit()
    page.get_by_role("button", name=re.compile("^Cell type")).click()
    expect(page.locator(".chip[data-name]:visible")).to_have_count(65)
    page.get_by_role("searchbox", name="Search cell types").fill("off up")
    expect(page.locator(".chip[data-name]:visible")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(run_button(page)).to_contain_text("Run T5c")
    expect(page.get_by_text("dark edges that move up")).to_be_visible()
    expect(page).to_have_url(re.compile("cell=T5c"))


def test_typed_values_and_presets_reach_the_run(visit):
    page = visit()
    presets = {"flyvis's values": flyvis_preset, "maxstim's values": starting_preset}
    for name, preset in presets.items():
        enter(page, "Pull to grey", 42)
        page.get_by_role("button", name=name).filter(visible=True).click()
        wanted = f"{preset(GenerateConfig).weight_mei:g}"
        expect(number(page, "Pull to grey")).to_have_value(wanted)


def slider(page: Page, label: str):
    return page.get_by_role("slider", name=label).filter(visible=True)


def test_a_number_can_be_typed_again_and_again(visit):
    page = visit()
    for value in ("20", "15", "1e2", "40"):
        enter(page, "Iterations", value)
        expect(slider(page, "Iterations")).to_have_value(f"{round(float(value), -1):.0f}")
        expect(number(page, "Iterations")).to_have_value(f"{float(value):.0f}")
    for value in ("0.5", "0,7"):
        enter(page, "Stimulus duration", value)
        expect(slider(page, "Stimulus duration")).to_have_value(value.replace(",", "."))
    number(page, "Stimulus duration").press("ArrowUp")
    expect(slider(page, "Stimulus duration")).to_have_value("0.705")
    slider(page, "Stimulus duration").press("ArrowRight")
    expect(number(page, "Stimulus duration")).to_have_value("0.71")
    # A click on Run takes what has only just been typed.
    enter(page, "Stimulus duration", 0.1)
    number(page, "Seed").fill("31")
    number(page, "Iterations").fill("3")
    run_button(page).click()
    expect(status(page)).to_contain_text("is done", timeout=PATIENCE)
    expect(page.locator("h1 + p").first).to_contain_text("seed 31")
    expect(page.locator("h1 + p").first).to_contain_text("10 frames of 10 ms")


def test_what_is_no_value_is_marked_explained_and_never_run(visit):
    page = visit()
    before = headline(page).inner_text()
    for label, entry, allowed in (
        ("Stimulus duration", "99", "between 0.001 and 10 s"),
        ("Stimulus duration", "-3", "between 0.001 and 10 s"),
        ("Stimulus duration", "", "between 0.001 and 10 s"),
        ("Frame duration", "abc", "between 0.0005 and 0.05 s"),
        ("Iterations", "3.7", "a whole number between 1 and 100000"),
        ("Iterations", "1e9", "a whole number between 1 and 100000"),
    ):
        shown = slider(page, label).input_value()
        enter(page, label, entry)
        expect(number(page, label)).to_have_attribute("aria-invalid", "true")
        expect(number(page, label)).to_have_value(entry)
        expect(page.get_by_text(allowed, exact=True).filter(visible=True)).to_be_visible()
        expect(slider(page, label)).to_have_value(shown)
        assert float(slider(page, label).get_attribute("max")) <= 500
        run_button(page).click()
        alert = page.get_by_role("alert")
        expect(alert).to_have_text(f"{label} must be {allowed}.")
        number(page, label).press("Escape")
        expect(number(page, label)).to_have_attribute("aria-invalid", "false")
        expect(number(page, label)).not_to_have_value(entry)
        expect(alert).to_have_count(0)
    assert headline(page).inner_text() == before
    assert status(page).count() == 0

    # The alert can be put away, comes back, and goes with the preset that mends the field.
    enter(page, "Iterations", "many")
    for _ in range(2):
        run_button(page).click()
        expect(page.get_by_role("alert")).to_contain_text("Iterations must be")
        page.get_by_role("button", name="Close", exact=True).click()
        expect(page.get_by_role("alert")).to_have_count(0)
    enter(page, "Iterations", 30_000)
    expect(slider(page, "Iterations")).to_have_attribute("max", "30000")
    enter(page, "Iterations", "")
    run_button(page).click()
    expect(page.get_by_role("alert")).to_contain_text("Iterations must be")
    page.get_by_role("button", name="maxstim's values").filter(visible=True).click()
    expect(number(page, "Iterations")).to_have_value("200")
    expect(number(page, "Iterations")).to_have_attribute("aria-invalid", "false")
    expect(slider(page, "Iterations")).to_have_attribute("max", "500")
    expect(page.get_by_role("alert")).to_have_count(0)


def test_a_click_on_a_number_changes_nothing(visit):
    page = visit()
    for method in ("Natural", "Regularized", "Generated"):
        choose_method(page, method)
        expect(headline(page)).to_contain_text(f"T4c {method.lower()}")  # the page moves until then
        entries = page.locator(".number input[type=text]").filter(visible=True)
        expect(entries.first).to_be_visible()
        for k in range(entries.count()):
            entry = entries.nth(k)
            entry.evaluate("(entry) => entry.scrollIntoView({block: 'nearest'})")
            before = entry.input_value()
            box = entry.bounding_box()
            for across in (0.05, 0.5, 0.95):
                for down in (0.1, 0.5, 0.95):
                    page.mouse.click(
                        box["x"] + across * box["width"], box["y"] + down * box["height"]
                    )
                    assert entry.evaluate("(entry) => entry.getRootNode().activeElement === entry")
            page.wait_for_timeout(100)
            assert entry.input_value() == before


def places(page: Page) -> list[dict]:
    """Where Run and Cancel are."""
    cancel = page.get_by_role("button", name="Cancel", exact=True)
    return [button.bounding_box() for button in (run_button(page), cancel)]


def test_run_and_cancel_keep_their_places(visit):
    page = visit()
    page.evaluate("document.fonts.ready")  # letters of another width may move what is below
    before = places(page)
    small(page, iterations=20_000, seed=41)
    run_button(page).click()
    expect(status(page)).to_contain_text("iteration", timeout=PATIENCE)
    expect(page.get_by_test_id("steer-pause")).to_be_visible()
    until(page, lambda: places(page), lambda now: now == before)
    page.get_by_role("button", name="Cancel", exact=True).click()
    expect(status(page)).to_contain_text("was cancelled", timeout=PATIENCE)
    until(page, lambda: places(page), lambda now: now == before)


def test_each_method_runs_and_the_answers_are_compared(visit):
    page = visit()
    page.get_by_role("button", name=re.compile("^Cell type")).click()
    page.get_by_role("searchbox", name="Search cell types").fill("Mi1")
    page.keyboard.press("Enter")
    choose_method(page, "Natural")
    run_button(page).click()
    expect(headline(page)).to_have_text(re.compile("Mi1 natural"), timeout=PATIENCE)
    expect(page.get_by_text("Best clips")).to_be_visible(timeout=PATIENCE)
    choose_method(page, "Regularized")
    enter(page, "Iterations", 3)
    run_button(page).click()
    expect(headline(page)).to_have_text(re.compile("Mi1 regularized"), timeout=PATIENCE)
    expect(page.get_by_text(re.compile("root mean square deviation"))).to_be_visible()
    small(page)
    run_button(page).click()
    expect(status(page)).to_contain_text("Mi1 generated is done", timeout=PATIENCE)
    expect(headline(page)).to_have_text(re.compile("^Mi1 generated"))
    runs = page.locator(
        ".run[data-state=done]", has_text="Mi1"
    )  # not the one that comes with maxstim
    expect(runs.locator(".chip.done")).to_have_count(3)
    expect(runs.filter(has_text="generated")).to_contain_text("3 iterations · seed 0")
    expect(runs.filter(has_text="natural")).to_contain_text(re.compile(r"peak [0-9.-]+ a\.u\."))
    # Each line says where it comes from, and two of them are of one clip.
    line = page.locator("p.small", has_text="Natural").first
    expect(line).to_contain_text(re.compile(r"Natural\s+scene "), use_inner_text=True)
    clip = re.search(r"Natural\s+(scene .*)", line.inner_text())
    expect(page.get_by_text(f"from {clip[1]} · 3 iterations")).to_have_count(1)
    expect(page.locator(".run", has_text="T4c")).not_to_have_count(0)
    page.get_by_label("Mi1 only").check()
    expect(page.locator(".run", has_text="T4c")).to_have_count(0)
    expect(runs).to_have_count(3)
    page.get_by_label("Mi1 only").uncheck()
    expect(page.locator(".run", has_text="T4c")).not_to_have_count(0)
    page.locator(".run", has_text="Mi1 natural").click()
    expect(headline(page)).to_have_text(re.compile("Mi1 natural"))
    page.wait_for_function(f"({MAIN_SCROLL})() < 5")
    expect(page.get_by_role("tab", name="Natural")).to_have_attribute("aria-selected", "true")


def test_the_best_clips_are_browsed_and_one_is_regularized(visit, tmp_path):
    page = visit()
    choose_method(page, "Regularized")
    enter(page, "Iterations", 3)
    choose_method(page, "Natural")
    page.get_by_label("Movies to search", exact=True).filter(visible=True).select_option(
        label="Textbook stimuli alone"
    )
    page.get_by_label("Score", exact=True).filter(visible=True).select_option(
        label="Peak in units of RMS"
    )
    expect(page.get_by_text("compare between cell types and networks")).to_be_visible()
    run_button(page).click()
    thumbs = page.locator(".thumb")
    expect(page.locator(".thumb[data-frame]")).to_have_count(12, timeout=PATIENCE)
    expect(page.get_by_text("in units of the cell's RMS over the set")).to_be_visible()
    scores = [float(text) for text in thumbs.locator("b").all_inner_texts()]
    assert scores == sorted(scores, reverse=True) and scores[0] > 1
    names = thumbs.locator(".name").all_inner_texts()
    pictures = thumbs.evaluate_all(
        "all => all.map((one) => one.querySelector('canvas').toDataURL())"
    )
    assert len(set(names)) == len(set(pictures)) == 12

    # Playing is the browser's own business, and only of what is in sight.
    already, still = until_quiet(page), frames_of(thumbs)
    thumbs.nth(2).hover()
    expect(thumbs.nth(2)).not_to_have_attribute("data-frame", still[2])
    page.mouse.move(0, 0)
    expect(thumbs.nth(2)).to_have_attribute("data-frame", still[2])
    page.get_by_role("button", name="Play all").click()
    for k in range(3):
        expect(thumbs.nth(k)).not_to_have_attribute("data-frame", still[k])
    in_sight = page.locator(".strip").evaluate("strip => strip.scrollWidth / strip.clientWidth")
    assert in_sight > 1.2 and frames_of(thumbs)[11] == still[11]
    page.get_by_role("button", name="More clips").click()
    expect(thumbs.nth(11)).not_to_have_attribute("data-frame", still[11])
    page.get_by_role("button", name="Pause").click()
    assert frames_of(thumbs) == still
    assert messages(page) == already

    # The card below has their whole names, and leads to them as well.
    clips = page.locator(".clip")
    assert clips.locator(".name").all_inner_texts() == names
    clips.nth(5).click()
    expect(clips.nth(5)).to_have_attribute("aria-current", "true", timeout=PATIENCE)
    expect(thumbs.nth(5)).to_have_attribute("aria-current", "true")
    expect(page.locator("h1 + p").first).to_contain_text(names[5])

    thumbs.nth(2).click()
    expect(thumbs.nth(2)).to_have_attribute("aria-current", "true", timeout=PATIENCE)
    expect(page.locator("h1 + p").first).to_contain_text(names[2])
    expect(page.locator(".run", has_text=names[2])).to_have_count(1)
    page.get_by_role("button", name="Regularize this clip").click()
    expect(headline(page)).to_have_text(re.compile("T4c regularized"), timeout=PATIENCE)
    expect(page.get_by_text(f"Begins from “{names[2]}”")).to_be_visible()
    expect(status(page)).to_contain_text("is done", timeout=PATIENCE)
    # The clips stay, to go back to; which of them was regularized is told everywhere.
    expect(thumbs).to_have_count(12)
    expect(thumbs.nth(2)).to_have_attribute("aria-current", "true")
    expect(page.get_by_text("choose one to go back to it")).to_be_visible()
    expect(page.get_by_role("button", name="Regularize this clip")).to_be_hidden()
    expect(page.locator(".run", has_text=f"from {names[2]}")).to_have_count(1)
    with page.expect_download() as download:
        page.get_by_role("button", name="NetCDF").or_(
            page.get_by_role("link", name="NetCDF")
        ).click()
    download.value.save_as(tmp_path / "answer.nc")
    record = {"method": "regularized", "clips": "probes", "clip": plain(names[2])}
    assert load(tmp_path / "answer.nc").attrs.items() >= record.items()
    thumbs.nth(4).click()
    expect(page.locator("h1 + p").first).to_contain_text(names[4], timeout=PATIENCE)
    expect(page.get_by_text(f"Begins from “{names[4]}”")).to_be_visible()
    page.get_by_role("button", name="Regularize this clip").click()
    expect(page.locator(".run", has_text=f"from {names[4]}")).to_have_count(1)
    expect(headline(page)).to_have_text(re.compile("T4c regularized"), timeout=PATIENCE)


def plain(name: str) -> str:
    """Return the name of a clip without what its columns are in degrees, which the page adds."""
    return re.sub(r" \([^)]*°[^)]*\)", "", name)


def frames_of(thumbs) -> list[str]:
    return thumbs.evaluate_all("all => all.map((one) => one.dataset.frame)")


def test_a_finished_run_opens_from_its_link_and_can_be_taken_home(visit, tmp_path):
    page = visit()
    small(page, seed=7)
    run_button(page).click()
    expect(status(page)).to_contain_text("is done", timeout=PATIENCE)
    expect(headline(page)).to_have_text(re.compile("^T4c generated(?!.*Example)"))
    expect(page).to_have_url(re.compile("run=[0-9a-f]{64}"))  # by content: it outlives the server
    facts = page.locator("h1 + p").first.inner_text()
    again = visit("?" + urlparse(page.url).query)
    expect(headline(again)).to_have_text(re.compile("^T4c generated(?!.*Example)"))
    expect(again.locator("h1 + p").first).to_have_text(facts)
    for label, ending in (("NetCDF", "nc"), ("Figure", "png"), ("Film", "gif")):
        with again.expect_download() as download:
            again.get_by_role("button", name=label).or_(
                again.get_by_role("link", name=label)
            ).click()
        download.value.save_as(tmp_path / f"answer.{ending}")
    answer = load(tmp_path / "answer.nc")
    assert (answer.attrs["cell_type"], int(answer.attrs["seed"])) == ("T4c", 7)
    assert (tmp_path / "answer.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "answer.gif").read_bytes().startswith(b"GIF89a")
    assert download.value.suggested_filename.startswith("T4c_generated_seed-7_")
    again.get_by_role("button", name="Code").click()
    expect(again.locator("pre").first).to_contain_text("random_seed=7")


def test_a_run_is_cancelled_and_the_best_so_far_is_kept(visit):
    page = visit()
    small(page, iterations=20_000, seed=11)
    run_button(page).click()
    expect(status(page)).to_contain_text("iteration", timeout=PATIENCE)
    expect(headline(page)).to_contain_text("Forming", timeout=PATIENCE)
    page.get_by_role("button", name="Cancel", exact=True).click()
    expect(status(page)).to_contain_text("was cancelled", timeout=PATIENCE)
    expect(headline(page)).to_contain_text("Cancelled early")
    row = page.locator(".run[aria-current=true]")
    expect(row).to_contain_text(re.compile("[0-9]+ of 20000 iterations · seed 11"))
    expect(page.get_by_role("button", name="Cancel", exact=True)).to_be_disabled()


def regularize(page: Page, *, iterations: int):
    choose_method(page, "Regularized")
    enter(page, "Iterations", iterations)
    run_button(page).click()


def test_two_visitors_share_one_queue(visit):
    first, second = visit(), visit()
    regularize(first, iterations=20_000)
    expect(status(first)).to_contain_text("iteration", timeout=PATIENCE)
    regularize(second, iterations=19_999)
    expect(status(second)).to_contain_text("waits: next in line", timeout=PATIENCE)
    regularize(second, iterations=20_000)
    expect(status(second)).to_contain_text(
        re.compile("iteration [0-9]+ of 20000"), timeout=PATIENCE
    )
    second.locator(".run", has_text="in line").click()
    second.get_by_role("button", name="Cancel", exact=True).click()
    expect(status(second)).to_contain_text("cancelled", timeout=PATIENCE)
    first.get_by_role("button", name="Cancel", exact=True).click()
    expect(status(first)).to_contain_text(re.compile("cancelled|iteration"), timeout=PATIENCE)
    second.locator(".run", has_text=re.compile("step|starting")).first.click()
    second.get_by_role("button", name="Cancel", exact=True).click()
    expect(status(second)).to_contain_text("cancelled", timeout=PATIENCE)


def test_generated_runs_of_two_visitors_go_on_together(visit):
    pages = visit(), visit()
    for seed, page in enumerate(pages, start=21):
        small(page, iterations=20_000, seed=seed)
        run_button(page).click()
    for page in pages:
        expect(status(page)).to_contain_text(
            re.compile("iteration [0-9]{2,} of 20000"), timeout=PATIENCE
        )
    for page in pages:
        page.get_by_role("button", name="Cancel", exact=True).click()
        expect(status(page)).to_contain_text("cancelled", timeout=PATIENCE)


def test_a_bad_network_is_one_sentence_and_changes_nothing(visit):
    page = visit()
    before = headline(page).inner_text()
    page.get_by_role("button", name=re.compile("^Network")).click()
    entry = page.get_by_label(re.compile("^Path of a network file"))
    entry.fill("no/such/folder")
    entry.press("Enter")
    expect(page.get_by_role("alert").first).to_contain_text("There is no network 'no/such/folder'")
    run_button(page).click()
    # One of the network's own, one of the run; a new alert is on the page a moment before its text.
    alerts = page.get_by_role("alert").filter(has_text="no/such/folder")
    expect(alerts).to_have_count(2, timeout=PATIENCE)
    for said in alerts.all_inner_texts():
        assert re.fullmatch(r"There is no network [^\n]*\.", said.strip())
    assert headline(page).inner_text() == before
    expect(page.locator(".run", has_text="folder")).to_have_count(0)


def test_an_address_that_makes_no_sense_opens_the_example(visit):
    page = visit("?cell=T9z&method=magic&run=../../etc/passwd")
    expect(headline(page)).to_have_text(re.compile("T4c generated.*Example"))
    said = page.get_by_role("alert").filter(has_text="The cell type of this link")
    expect(said).to_have_count(1)
    for search, sentence in (
        ("?run=deadbeef", "The result of this link is not on this server; run it again."),
        ("?method=foo", "The method of this link is none of the three here"),
    ):
        page = visit(search)
        expect(page.get_by_role("alert")).to_contain_text(sentence)
        page.wait_for_timeout(2000)
        expect(page.get_by_role("alert")).to_contain_text(sentence)
    page = visit("?run=0123456789abcdef&cell=Mi1")
    expect(page.get_by_role("alert")).to_contain_text("not on this server")
    expect(run_button(page)).to_contain_text("Mi1")


def test_scrubbing_sends_nothing(visit):
    page = visit()
    player = page.locator("[data-frame]").first
    expect(player).to_be_visible()
    player.focus()
    already = until_quiet(page)
    frame = int(player.get_attribute("data-frame"))
    for _ in range(5):
        page.keyboard.press("ArrowLeft")
    expect(player).to_have_attribute("data-frame", str(frame - 5))
    assert messages(page) == already


def test_the_film_is_drawn_while_the_page_goes_on_and_can_be_had_twice(visit):
    page = visit()
    film = page.get_by_role("button", name="Film", exact=True)
    films = []
    for _ in range(2):
        with page.expect_download() as made:
            # In one go: the film may be there before one could look.
            assert film.evaluate("(button) => (button.click(), button.ariaBusy)") == "true"
        films.append(Path(made.value.path()).read_bytes())
        expect(film).not_to_have_attribute("aria-busy", "true")
    assert films[0] == films[1] and films[0].startswith(b"GIF89a")
    assert re.fullmatch(r"T4c_\w+_.*[.]gif", made.value.suggested_filename)


def test_choosing_shows_what_there_is_or_says_what_is_on_show(visit):
    page = visit("?cell=T5b&method=regularized")
    expect(headline(page)).to_have_text(re.compile("^T5b generated"))
    note = page.get_by_text(
        "You chose T5b regularized; this is T5b generated. Press Run for T5b regularized."
    )
    expect(note).to_be_visible()
    expect(page).to_have_url(re.compile("cell=T5b(?!.*run=)"))
    choose_method(page, "Generated")
    expect(page).to_have_url(re.compile("cell=T5b&method=generated.*run=."))
    page.get_by_role("button", name=re.compile("^Cell type")).click()
    page.get_by_role("searchbox", name="Search cell types").fill("T4c")
    page.keyboard.press("Enter")
    expect(note).to_be_hidden()
    expect(page).to_have_url(re.compile("cell=T4c&method=generated.*run=."))
    generated = parse_qs(urlparse(page.url).query)["run"][0]
    choose_method(page, "Natural")
    expect(headline(page)).to_have_text(re.compile("^T4c natural"))
    expect(page).to_have_url(re.compile(f"method=natural.*run=(?!{generated})."))


def test_the_theme_is_kept_for_the_next_visit(visit):
    page = visit()
    player = page.locator(".player[data-theme]")
    expect(player).to_have_attribute("data-theme", "light")
    page.get_by_label("Toggle theme").click()
    expect(player).to_have_attribute("data-theme", "dark")
    page.reload()
    expect(player).to_have_attribute("data-theme", "dark")
    expect(page.locator("h1").first).to_have_css("color", "rgb(232, 237, 236)")


def test_a_first_visit_has_the_theme_of_the_system_and_later_ones_the_chosen(visit):
    page = visit()
    page.evaluate("localStorage.removeItem('maxstim-theme')")
    page.emulate_media(color_scheme="dark")
    page.reload()
    player = page.locator(".player[data-theme]")
    expect(player).to_have_attribute("data-theme", "dark")
    page.get_by_label("Toggle theme").click()
    expect(player).to_have_attribute("data-theme", "light")
    page.reload()
    expect(player).to_have_attribute("data-theme", "light")
    expect(page.get_by_label("Toggle theme")).to_have_attribute("aria-pressed", "false")


def test_the_lower_cards_keep_their_legends_in_a_narrow_window(visit):
    page = visit(width=900, height=800)
    cards = page.locator("h2", has_text=re.compile("^(Central cell|Loss|Runs)$"))
    expect(cards).to_have_count(3)
    lefts = cards.evaluate_all("all => all.map((one) => one.getBoundingClientRect().left)")
    assert max(lefts) - min(lefts) < 12
    example, figure = page.locator("h1 .mark").first, page.get_by_text("Figure").first
    expect(example).to_be_visible()
    assert example.bounding_box()["y"] + 20 < figure.bounding_box()["y"]


@pytest.mark.parametrize("width", [1280, 1920])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_page_fits(visit, tmp_path, width, theme):
    page = visit(width=width, height=1080 if width == 1920 else 800)
    if theme == "dark":
        page.get_by_label("Toggle theme").click()
    expect(page.locator("canvas").first).to_be_visible()
    page.wait_for_timeout(1500)
    folder = Path(os.environ.get("MAXSTIM_SCREENSHOTS", tmp_path))
    page.screenshot(path=folder / f"page-{width}-{theme}.png")
    wider = page.evaluate(
        "() => [document.scrollingElement, ...document.querySelectorAll('*')]"
        ".filter((e) => e.scrollWidth > innerWidth).length"
    )
    assert wider == 0
    page.locator(".runs").scroll_into_view_if_needed()
    page.wait_for_timeout(500)
    page.screenshot(path=folder / f"page-{width}-{theme}-below.png")
