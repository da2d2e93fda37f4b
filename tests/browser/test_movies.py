"""A movie of one's own: dropped on the page, seen, stored, searched; or refused in one sentence."""

from __future__ import annotations

import json
import re
import time

import av
import numpy as np
import pytest
from page_waits import until
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from serving import Served

PATIENCE = 90_000
"""Milliseconds that something may take on a slow machine before a test gives up."""

MAXIMAL_MESSAGE = 20_000_000
"""Bytes beyond which a message closes the connection."""


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A dashboard of its own, with an empty data directory."""
    served = Served(tmp_path_factory.mktemp("served"))
    yield served
    said = served.stop()
    assert "Closed the connection" not in said  # all that the page sends is let through
    assert served.uploads() == []
    assert "Fault" not in said
    assert "Traceback" not in said


@pytest.fixture
def visit(browser: Browser, served: Served):
    """Open the page on the natural tab, and the dialog; at the end, no page may have complained."""
    contexts, complaints = [], []

    def open_page() -> Page:
        context = browser.new_context(viewport={"width": 1280, "height": 800})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("console", lambda said: said.type == "error" and complaints.append(said.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.sent = []
        page.on("websocket", lambda socket: socket.on("framesent", lambda m: page.sent.append(m)))
        page.goto(served.url)
        expect(page.locator("h1").first).to_be_visible()
        page.get_by_role("tab", name="Natural").click()
        expect(page.get_by_role("button", name=re.compile("^Run .* natural"))).to_be_visible()
        assert page.locator(".zone").count() == 0, "The dialog is made when it is wanted."
        page.get_by_role("button", name="Add your own").filter(visible=True).click()
        expect(page.locator(".zone")).to_be_visible()
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


def write_film(path, *, n_frames=36, size=(120, 200), noise=0, fps=30):
    """Write a bright edge that moves up; noise makes a large file."""
    height, width = size
    random = np.random.default_rng(0)
    with av.open(str(path), "w", format="mp4") as film:
        stream = film.add_stream("libx264", rate=fps)
        stream.height, stream.width, stream.pix_fmt = height, width, "yuv420p"
        stream.options = {"crf": "0" if noise else "20", "preset": "ultrafast"}
        for k in range(n_frames):
            picture = np.full((height, width, 3), 40, np.uint8)
            picture[height - (k * height) // n_frames :] = (230, 220, 200)
            if noise:
                picture = random.integers(0, 256, picture.shape, np.uint8)
            film.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        film.mux(stream.encode())
    return path


def choose(page: Page, path) -> None:
    page.locator(".zone input[type=file]").set_input_files(path)


def eye(page: Page) -> str:
    """What the fly's eye looks like."""
    return page.locator("canvas.eye").evaluate("(canvas) => canvas.toDataURL()")


def hold_still(page: Page) -> None:
    page.get_by_role("button", name="Pause").click()
    page.get_by_label("Frame of the preview").fill("9")
    expect(page.locator(".eyeview")).to_have_attribute("data-frame", "9")


def until_changed(page: Page, before: str) -> str:
    """Wait until the eye looks different and then stays as it is."""
    deadline, last = time.monotonic() + PATIENCE / 1000, before
    while time.monotonic() < deadline:
        page.wait_for_timeout(400)
        now = eye(page)
        if now == last != before:
            return now
        last = now
    raise AssertionError("What the fly sees has not changed.")


def test_a_film_is_dropped_seen_adjusted_stored_and_searched(visit, served, tmp_path):
    page = visit()
    choose(page, write_film(tmp_path / "My walk (1).mp4"))
    expect(page.locator("canvas.movie")).to_be_visible()
    expect(
        page.get_by_text("36 frames at 30 frames/s: 2 clips of 0.8 s, which overlap")
    ).to_be_visible()
    name = page.get_by_label("Name", exact=True)
    expect(name).to_have_value("My-walk-1")
    expect(page.locator(".busy")).to_be_hidden()
    hold_still(page)
    first = until_changed(page, "")

    contrast = page.get_by_role("textbox", name="Contrast")
    contrast.fill("99")
    page.get_by_role("button", name="Store and use it").click()
    alert = page.get_by_role("alert").filter(visible=True)
    expect(alert).to_have_text("Contrast must be between 0.1 and 10.")
    expect(contrast).to_have_attribute("aria-invalid", "true")
    contrast.fill("3")
    contrast.press("Enter")
    expect(alert).to_have_count(0)
    second = until_changed(page, first)
    scale = page.get_by_role("textbox", name="Scale")
    scale.fill("1")
    scale.press("Enter")
    third = until_changed(page, second)
    box = page.locator("canvas.movie").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + box["width"] / 5, y + box["height"] / 3, steps=4)
    page.mouse.up()
    until_changed(page, third)

    name.fill("sintel")
    name.press("Enter")
    page.get_by_role("button", name="Store and use it").click()
    expect(alert).to_contain_text("already")
    name.fill("walk")
    name.press("Enter")
    expect(alert).to_have_count(0)  # what it takes away moves the button
    page.get_by_role("button", name="Store and use it").click()
    expect(page.get_by_role("dialog")).to_be_hidden()
    folder = served.data / "clips" / "walk"
    index = json.loads((folder / "set.json").read_text())
    about = index["about"]
    assert (about["source"], about["pixels"], about["contrast"]) == ("My walk (1).mp4", 1, 3)
    left, top, width, height = about["crop"]
    # The middle of the picture, a fifth and a third of it further on.
    assert (left + width // 2) / 200 == pytest.approx(0.7, abs=0.02)
    assert (top + height // 2) / 120 == pytest.approx(0.83, abs=0.02)

    for tab in ("Regularized", "Natural"):
        page.get_by_role("tab", name=tab).click()
        chosen = page.get_by_role("combobox").filter(has_text="walk", visible=True)
        expect(chosen).to_be_visible()
    page.get_by_role("button", name=re.compile("^Run ")).click()
    expect(page.locator("h1").first).to_have_text(re.compile("T4c natural"))
    expect(page.locator("h1 + p").first).to_contain_text("walk, 0.")
    page.get_by_role("tab", name="Regularized").click()
    iterations = page.get_by_role("textbox", name="Iterations").filter(visible=True)
    iterations.fill("2")
    iterations.press("Enter")
    page.get_by_role("button", name=re.compile("^Run ")).click()
    expect(page.locator("h1").first).to_have_text(re.compile("T4c regularized"))


def test_what_was_made_of_a_file_is_shown_and_its_ground_can_be_chosen(visit, served, tmp_path):
    page = visit()
    Image.new("RGBA", (80, 60), (255, 255, 255, 0)).save(tmp_path / "clear.png")
    choose(page, tmp_path / "clear.png")
    facts = page.locator(".file-facts li").first
    expect(facts).to_have_text(
        "Stored as 80 × 60 pixels, square, upright, full range; transparent pixels lie on 0.5."
    )
    expect(page.locator(".busy")).to_be_hidden()
    first = until_changed(page, "")
    ground = page.get_by_role("textbox", name="Ground")
    ground.fill("0.9")
    ground.press("Enter")
    expect(facts).to_contain_text("transparent pixels lie on 0.9.")
    until_changed(page, first)


DROP_ANOTHER = """(zone, [refused, taken]) => {
  const drop = (name, bytes) => {
    const dropped = new DataTransfer()
    dropped.items.add(new File([new Uint8Array(bytes)], name))
    zone.dispatchEvent(new DragEvent("drop", {dataTransfer: dropped, bubbles: true, cancelable: true}))
  }
  const {send} = WebSocket.prototype
  WebSocket.prototype.send = function (message) {
    send.call(this, message)
    if (typeof message !== "string" || !message.includes('"chunk"')) return
    WebSocket.prototype.send = send
    setTimeout(drop, 0, "taken.mp4", taken)
  }
  drop("refused.mp4", refused)
}"""


def test_a_file_dropped_while_another_is_refused_is_seen(visit, tmp_path):
    page = visit()
    film = write_film(tmp_path / "taken.mp4").read_bytes()
    page.locator(".zone").evaluate(DROP_ANOTHER, [list(b"no movie"), list(film)])
    expect(page.locator("canvas.movie")).to_be_visible()
    expect(page.get_by_role("alert").filter(visible=True)).to_have_count(0)
    expect(page.get_by_label("Name", exact=True)).to_have_value("taken")


def test_what_is_no_movie_is_refused_and_what_is_large_arrives_in_pieces(visit, served, tmp_path):
    huge, text, empty, dot = (
        tmp_path / n for n in ("huge.mp4", "text.mp4", "empty.mp4", "dot.png")
    )
    with huge.open("wb") as file:
        file.write(b"\0\0\0 ftypisom")
        file.truncate(2_000_000_000)
    text.write_text("Once upon a time there was a fly. " * 100_000)
    with av.open(str(empty), "w", format="mp4") as film:
        stream = film.add_stream("libx264", rate=24)
        stream.height, stream.width, stream.pix_fmt = 64, 64, "yuv420p"
        film.start_encoding()
    Image.new("L", (1, 1)).save(dot)
    before = set(served.uploads())  # of pages that other tests have open
    page = visit()
    alert = page.get_by_role("alert").filter(visible=True)
    for path, says in (
        (huge, "huge.mp4 has 2.0 GB"),
        (text, re.compile("text.mp4 is no movie.*use mp4, mov, webm")),
        (empty, re.compile("empty.mp4 (is damaged|holds no pictures)")),
        (dot, "1 x 1 pixels, too small"),
    ):
        already = len(page.sent)
        choose(page, path)
        expect(alert).to_contain_text(says)
        said = alert.inner_text().strip()
        assert said.endswith(".")
        assert "\n" not in said
        assert "maxstim-" not in said, "Where the server keeps it is nobody's business."
        expect(page.locator(".zone")).to_be_visible()
        if path in (huge, text):  # of the one nothing is sent, of the other no more than a piece
            assert sum(map(len, page.sent[already:])) < (10_000 if path == huge else 2_000_000)
    until(page, served.uploads, before.issuperset)

    large = write_film(tmp_path / "large.mp4", n_frames=14, size=(720, 1280), noise=1)
    assert large.stat().st_size > MAXIMAL_MESSAGE
    already = len(page.sent)
    choose(page, large)
    expect(page.locator("canvas.movie")).to_be_visible()
    expect(alert).to_have_count(0)
    sizes = [len(message) for message in page.sent[already:]]
    assert sum(sizes) > large.stat().st_size
    assert max(sizes) < MAXIMAL_MESSAGE / 10
    assert set(served.uploads()) - before == {"large.mp4"}
    page.get_by_role("button", name="close", exact=True).click()
    expect(page.get_by_role("dialog")).to_be_hidden()
    until(page, served.uploads, before.issuperset)
