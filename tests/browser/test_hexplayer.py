"""The hex player in a real browser: what is painted where, what the controls do, what is sent."""

from __future__ import annotations

import io
import os
import re
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import panel as pn
import pytest
import xarray as xr
from page_waits import messages, until_quiet
from PIL import Image
from playwright.sync_api import Page, expect

from dashboard.components.hexplayer.component import HexPlayer, central_trace
from maxstim_core.errors import MaxstimError
from maxstim_core.lattice import Lattice
from maxstim_core.optimal.result import answer

EYE = Lattice(15)
PLAYER = ".player[data-theme]"
DRAWN = f"{PLAYER}[data-frame]"

# Column, luminance and its grey, share of the colour range and its colour in Moreland's scale (ends
# and quarter points of the published table).
MARKS = {
    (-7, 0): (0.0, 0, 1.0, (180, 4, 38)),
    (3, 5): (0.2, 51, -1.0, (59, 76, 192)),
    (4, -9): (0.8, 204, 0.5, (245, 154, 123)),
    (-2, -6): (0.95, 242, -0.5, (141, 176, 254)),
}
LIMIT = 2.0


def spec_position(u: float, v: float) -> tuple[float, float]:
    """docs/numerics.md#the-lattice: x rightward and y upward in units of a hexagon's side."""
    return 1.5 * v, -np.sqrt(3) * (u + v / 2)


def marked(n_frames: int = 3, frame: int = 1) -> xr.Dataset:
    """Return grey and no response but for four columns in one frame; the peak is in that frame."""
    stimulus = np.full((n_frames, EYE.n_columns), 0.5)
    response = np.zeros((n_frames, EYE.n_columns))
    for (u, v), (luminance, _, share, _) in MARKS.items():
        stimulus[frame, EYE.index(u, v)] = luminance
        response[frame, EYE.index(u, v)] = share * LIMIT
    response[frame, EYE.center] = 0.01
    return answer(
        lattice=EYE,
        dt=0.01,
        stimulus=stimulus,
        response=response,
        attributes={"cell_type": "T4c", "method": "generated"},
    )


def moving_edge(n_frames: int = 80, *, method: str = "generated", stride=(1, 1)) -> xr.Dataset:
    """Return a dark disc that turns bright from below, and a smooth answer to the change."""
    t = np.arange(n_frames)[:, None]
    edge = -26 + t * 52 / (0.75 * n_frames)
    bright = np.tanh((edge - EYE.y) / 2.4)
    fade = np.clip(t / 20, 0, 1) * np.exp(-(EYE.x**2 + EYE.y**2) / 120)
    noise = np.random.default_rng(0).standard_normal((n_frames, EYE.n_columns))
    stimulus = np.clip(0.5 + 0.48 * bright * fade + 0.01 * noise, 0, 1)
    response, state = np.zeros_like(stimulus), np.zeros(EYE.n_columns)
    for frame, change in enumerate(np.gradient(stimulus, axis=0)):
        state = 0.82 * state + 2.5 * change
        response[frame] = 0.17 + state
    response[:, (EYE.u % stride[0] != 0) | (EYE.v % stride[1] != 0)] = np.nan
    central = response[:, EYE.center]
    variables = {}
    if method == "regularized":
        target = central + 0.03 * np.sin(np.arange(n_frames) / 6)
        variables["target_response"] = ("frame", target)
    if method == "generated":
        variables["best_stimulus"] = (("frame", "column"), stimulus)
        variables["best_central_response"] = ("frame", 0.95 * central)
    return answer(
        lattice=EYE,
        dt=0.01,
        stimulus=stimulus,
        response=response,
        variables=variables,
        attributes={"cell_type": "T4c", "method": method},
    )


@pytest.fixture
def show(serve, open_page):
    """Show a dataset in a player; return the page, the player's root and the running app."""

    def start(dataset: xr.Dataset | None, *, dark: bool = False, traces=(), **window):
        def app() -> HexPlayer:
            player = HexPlayer(dark=dark)
            if dataset is not None:
                player.show(dataset, title="A movie for T4c", traces=traces)
            return player

        served = serve(app)
        page = open_page(served.url, wait=PLAYER, **window)
        page.wait_for_function("() => document.querySelector('body') && Bokeh.documents[0].is_idle")
        if dataset is not None:
            page.locator(DRAWN).wait_for()
        return page, page.locator(PLAYER), served

    return start


def canvas_pixels(page: Page, index: int) -> np.ndarray:
    """Return what a canvas shows on the screen, shape (row, column, 3)."""
    shot = page.locator(".view canvas").nth(index).screenshot()
    return np.asarray(Image.open(io.BytesIO(shot)).convert("RGB")).astype(int)


def center_of(pixels: np.ndarray, color: tuple[int, int, int], tolerance: int = 0) -> np.ndarray:
    """Return the middle of the pixels of one colour as (x, y)."""
    rows, columns = np.nonzero(np.abs(pixels - color).max(axis=-1) <= tolerance)
    assert len(rows) > 20, f"no hexagon is painted in {color}"
    return np.array([np.median(columns) + 0.5, np.median(rows) + 0.5])


def frame_of(player) -> int:
    return int(player.get_attribute("data-frame"))


def expect_frame(player, frame: int) -> None:
    expect(player).to_have_attribute("data-frame", str(frame))


def expect_playing(player, playing: bool) -> None:
    expect(player).to_have_attribute("data-playing", str(playing).lower())


@pytest.mark.parametrize("density", [1, 2])
def test_four_marked_hexagons_are_painted_where_the_spec_puts_them(show, density):
    page, player, _ = show(marked(), density=density)
    expect_frame(player, 1)
    for index, part in enumerate(("grey", "colour")):
        pixels = canvas_pixels(page, index)
        colors = [(m[1],) * 3 if part == "grey" else m[3] for m in MARKS.values()]
        found = np.array([center_of(pixels, c, 0 if part == "grey" else 2) for c in colors])
        wanted = np.array([spec_position(u, v) for u, v in MARKS])
        # The screen's y points down. One scale for both axes, and the centre in the middle.
        (scale_x, x0), (scale_y, y0) = (np.polyfit(wanted[:, k], found[:, k], 1) for k in (0, 1))
        assert scale_x == pytest.approx(-scale_y, rel=0.01) and scale_x > 4 * density
        height, width, _ = pixels.shape
        assert (x0, y0) == pytest.approx((width / 2, height / 2), abs=1.5 * density)
        fitted = np.stack([x0 + scale_x * wanted[:, 0], y0 + scale_y * wanted[:, 1]], axis=-1)
        assert np.abs(fitted - found).max() < density
    # Up on the eye is (u, v) = (-1, 0): the black hexagon lies straight above the centre.
    black = center_of(canvas_pixels(page, 0), (0, 0, 0))
    assert black[0] == pytest.approx(width / 2, abs=density) and black[1] < height / 2


def test_canvases_have_the_resolution_of_the_screen(show):
    page, _, _ = show(marked(), density=2)
    sizes = page.evaluate(
        "() => [...document.querySelectorAll('*')].flatMap((e) => e.shadowRoot"
        " ? [...e.shadowRoot.querySelectorAll('canvas')] : [])"
        ".map((c) => [c.width / c.clientWidth, c.height / c.clientHeight])"
    )
    # One canvas per map, two for the trace.
    assert np.array(sizes) == pytest.approx(2, rel=0.01) and len(sizes) == 4


def test_every_other_frame_is_grey_and_neutral(show):
    page, player, _ = show(marked())
    player.focus()
    page.keyboard.press("Home")
    expect_frame(player, 0)
    stimulus, response = (canvas_pixels(page, index) for index in (0, 1))
    assert not (stimulus == 0).all(axis=-1).any()
    height, width, _ = stimulus.shape
    scale = width / (3 * 15 + 2)
    for u, v in MARKS:
        x, y = spec_position(u, v)
        row, column = round(height / 2 - scale * y), round(width / 2 + scale * x)
        assert tuple(stimulus[row, column]) == (128, 128, 128)
        assert tuple(response[row, column]) == (221, 221, 221)


def test_luminance_outside_its_range_is_clipped_but_told(show):
    dataset = marked()
    dataset["stimulus"][1, int(EYE.index(-7, 0))] = 1.25
    page, _, _ = show(dataset)
    hover(page, 0, -7, 0)
    expect(page.get_by_role("tooltip")).to_contain_text("luminance 1.250")
    point = screen_position(page, 0, -7, 0)
    page.mouse.move(0, 0)
    shot = np.asarray(Image.open(io.BytesIO(page.screenshot())).convert("RGB"))
    assert tuple(shot[round(point[1]), round(point[0])]) == (255, 255, 255)


def screen_position(page: Page, index: int, u: int, v: int, rings: int = 15) -> tuple[float, float]:
    box = page.locator(".view canvas").nth(index).bounding_box()
    scale = min(box["width"] / (3 * rings + 2), box["height"] / (np.sqrt(3) * (2 * rings + 1)))
    x, y = spec_position(u, v)
    return (
        box["x"] + box["width"] / 2 + scale * x,
        box["y"] + box["height"] / 2 - scale * y,
    )


def hover(page: Page, index: int, u: int, v: int, rings: int = 15) -> None:
    page.mouse.move(*screen_position(page, index, u, v, rings))


@pytest.mark.parametrize("index", [0, 1])
def test_hovering_tells_column_and_values(show, index):
    page, _, _ = show(marked())
    tip = page.get_by_role("tooltip")
    for (u, v), (luminance, _, share, _) in MARKS.items():
        hover(page, index, u, v)
        place = f"({u}, {v})".replace("-", "−")
        voltage = f"{share * LIMIT:.2f}".replace("-", "−")
        expect(tip).to_contain_text(f"column (u, v) {place}")
        expect(tip).to_contain_text(f"luminance {luminance:.3f}")
        expect(tip).to_contain_text(f"voltage {voltage}")
    box = page.locator(".view canvas").nth(index).bounding_box()
    page.mouse.move(box["x"] + 2, box["y"] + 2)  # in the corner that the hexagon leaves free
    expect(tip).to_be_hidden()


def test_columns_without_a_cell_are_outlines_and_say_so(show):
    page, _, _ = show(moving_edge(method="natural", stride=(3, 2)))
    hover(page, 1, 1, 0)
    expect(page.get_by_role("tooltip")).to_contain_text("no cell in this column")
    page.mouse.move(0, 0)
    pixels = canvas_pixels(page, 1)
    box = page.locator(".view canvas").nth(1).bounding_box()
    for (u, v), empty in {(1, 0): True, (4, -3): True, (3, 0): False, (-3, 4): False}.items():
        x, y = screen_position(page, 1, u, v)
        color = pixels[int(y - box["y"]), int(x - box["x"])]
        assert (tuple(color) == (255, 255, 255)) is empty


def test_keys_step_jump_and_play(show):
    page, player, _ = show(moving_edge())
    player.focus()
    page.keyboard.press("Home")
    expect_frame(player, 0)
    page.keyboard.press("ArrowLeft")
    expect_frame(player, 0)
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    expect_frame(player, 3)
    page.keyboard.press("Shift+ArrowRight")
    expect_frame(player, 13)
    page.keyboard.press("ArrowLeft")
    expect_frame(player, 12)
    page.keyboard.press("End")
    expect_frame(player, 79)
    page.keyboard.press("ArrowRight")
    expect_frame(player, 79)
    page.keyboard.press("Home")
    page.keyboard.press("Space")
    expect_playing(player, True)
    page.keyboard.press("Space")
    expect_playing(player, False)


def test_it_starts_at_the_peak_and_reads_out_what_is_shown(show):
    dataset = moving_edge()
    central = dataset["central_response"].values
    peak = int(central.argmax())
    page, player, _ = show(dataset)
    expect_frame(player, peak)
    value = page.locator("[data-value]")
    expect(value.nth(0)).to_have_text(f"{peak + 1} / 80")
    expect(value.nth(1)).to_have_text("0")
    expect(value.nth(2)).to_have_text(f"{dataset['stimulus'].values[peak, EYE.center]:.2f}")
    expect(value.nth(3)).to_have_text(f"{central[peak]:.3f}")
    page.get_by_role("button", name="Step back").click()
    expect(value.nth(1)).to_have_text("−10")
    slider = page.get_by_role("slider", name="Frame")
    expect(slider).to_have_attribute("aria-valuetext", f"frame {peak} / 80, −10 ms")


def test_buttons_slider_and_trace_move_the_playhead(show):
    page, player, _ = show(moving_edge())
    page.get_by_role("button", name="First frame", exact=True).click()
    expect_frame(player, 0)
    page.get_by_role("button", name="Step forward").click()
    expect_frame(player, 1)
    page.get_by_role("button", name="Last frame").click()
    expect_frame(player, 79)
    slider = page.get_by_role("slider", name="Frame")
    slider.fill("40")
    expect_frame(player, 40)
    slider.press("ArrowRight")
    expect_frame(player, 41)
    trace = page.locator(".trace").bounding_box()
    middle = trace["y"] + trace["height"] / 3
    page.mouse.move(trace["x"] + trace["width"] / 2, middle)
    page.mouse.down()
    assert abs(frame_of(player) - 40) <= 3
    page.mouse.move(trace["x"] + trace["width"] - 1, middle, steps=4)
    expect_frame(player, 79)
    page.mouse.move(trace["x"] - 200, middle)
    expect_frame(player, 0)
    page.mouse.up()
    page.mouse.move(trace["x"] + trace["width"] / 2, middle)
    expect_frame(player, 0)


def test_space_plays_after_a_click_and_presses_a_focused_button(show):
    page, player, _ = show(moving_edge())
    page.get_by_role("button", name="Step forward").click()
    page.keyboard.press("Space")
    expect_playing(player, True)
    page.keyboard.press("Space")
    expect_playing(player, False)
    page.get_by_role("button", name="First frame", exact=True).focus()
    page.keyboard.press("Space")
    expect_frame(player, 0)
    expect_playing(player, False)


def test_the_keys_of_the_page_are_the_players_unless_something_else_uses_them(serve, open_page):
    entry = pn.widgets.TextInput(value="12", label="Entry")

    def app() -> pn.Column:
        player = HexPlayer()
        player.show(moving_edge())
        presses = pn.widgets.Button(label="Press")
        presses.param.watch(lambda event: setattr(entry, "value", f"{event.new} presses"), "clicks")
        return pn.Column("# A heading", player, entry, presses, pn.Spacer(height=2000))

    page = open_page(serve(app).url, wait=DRAWN)
    player = page.locator(PLAYER)
    page.get_by_role("heading", name="A heading").click()
    frame = frame_of(player)
    page.keyboard.press("ArrowLeft")
    expect_frame(player, frame - 1)
    page.keyboard.press("Space")
    expect_playing(player, True)
    page.keyboard.press("Space")
    expect_playing(player, False)
    assert page.evaluate("scrollY") == 0
    field, frame = page.get_by_label("Entry"), frame_of(player)
    field.click()
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Space")
    expect(field).to_have_value("1 2")
    button = page.get_by_role("button", name="Press", exact=True)
    button.focus()
    page.keyboard.press("Space")
    expect(field).to_have_value("1 presses")
    expect_playing(player, False)
    expect_frame(player, frame)
    page.keyboard.press("ArrowLeft")
    expect_frame(player, frame - 1)


def test_playing_loops_or_stops_at_the_end(show):
    page, player, _ = show(marked(n_frames=6))
    page.get_by_label("Speed").select_option("1/3")
    player.evaluate(
        "(e) => { window.seen = []; new MutationObserver(() => seen.push(e.dataset.frame))"
        ".observe(e, {attributeFilter: ['data-frame']}) }"
    )
    page.get_by_role("button", name="Play").click()
    page.wait_for_function("() => seen.some((f, i) => i && +f < +seen[i - 1])")
    expect_playing(player, True)
    page.get_by_role("button", name="Loop").click()
    expect_playing(player, False)
    expect_frame(player, 5)
    page.get_by_role("button", name="Play").click()
    page.wait_for_function("() => +seen.at(-1) < 5")
    expect_frame(player, 5)
    expect_playing(player, False)


@pytest.mark.parametrize(("speed", "frames"), [("1/20", 3), ("1/6", 10), ("real time", 60)])
def test_speed_is_relative_to_real_time(show, speed, frames):
    page, player, _ = show(moving_edge())
    page.get_by_label("Speed").select_option(speed)
    player.focus()
    page.keyboard.press("Home")
    page.clock.install(time=0)
    page.clock.pause_at(datetime.fromtimestamp(60, UTC))
    page.keyboard.press("Space")
    # Time passes in steps of one screen frame, 16 ms, of which the first only starts the clock.
    page.clock.run_for(600)
    assert frames - 3 <= frame_of(player) <= frames


def test_neither_playing_nor_scrubbing_nor_zooming_sends_a_message(show):
    page, player, _ = show(moving_edge())
    before = until_quiet(page)  # Panel tells the server about a new page: its size, its language
    assert before
    player.focus()
    page.keyboard.press("Home")
    page.keyboard.press("Space")
    page.wait_for_function(
        "() => [...document.querySelectorAll('*')].some((e) => "
        "+e.shadowRoot?.querySelector('.player')?.dataset.frame > 12)"
    )
    page.keyboard.press("Space")
    page.get_by_role("slider", name="Frame").fill("40")
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    trace = page.locator(".trace").bounding_box()
    page.mouse.move(trace["x"] + 200, trace["y"] + 40)
    page.mouse.down()
    page.mouse.move(trace["x"] + 500, trace["y"] + 40, steps=20)
    page.mouse.up()
    hover(page, 0, 2, 2)
    page.get_by_role("button", name="Show 6 rings").click()
    page.get_by_role("button", name="From baseline").click()
    page.get_by_label("Speed").select_option("1/20")
    page.wait_for_timeout(300)
    assert [str(message)[:80] for message in messages(page)[len(before) :]] == []


def test_zoom_shows_fewer_rings_larger(show):
    page, player, _ = show(marked())
    rings = page.get_by_role("slider", name="Rings shown")
    expect(rings).to_have_value("15")
    page.get_by_role("button", name="Show 6 rings").click()
    expect(rings).to_have_value("6")
    hover(page, 0, -6, 0, rings=6)
    expect(page.get_by_role("tooltip")).to_contain_text("(−6, 0)")
    player.focus()
    page.keyboard.press("+")
    expect(rings).to_have_value("5")
    page.keyboard.press("-")
    expect(rings).to_have_value("6")
    page.get_by_role("button", name="Show all rings").click()
    expect(rings).to_have_value("15")


def test_change_from_first_frame_is_symmetric_about_the_baseline(show):
    dataset = marked()
    dataset["response"] += 1
    dataset["central_response"] += 1
    page, _, _ = show(dataset)
    ends = page.locator(".ends").nth(1)
    expect(ends).to_have_text("3.000−3.00")
    toggle = page.get_by_role("button", name="From baseline")
    toggle.click()
    expect(toggle).to_have_attribute("aria-pressed", "true")
    expect(ends).to_have_text("2.000−2.00")
    expect(page.locator("[data-value=voltage]")).to_have_text("0.010")


def test_the_border_does_not_set_the_colors(show):
    dataset = marked()
    dataset["response"][:, EYE.ring >= 13] = 10 * LIMIT
    page, _, _ = show(dataset)
    ends = page.locator(".view").nth(1).locator(".ends span")
    expect(ends.first).to_have_text("2.00")
    page.get_by_role("button", name="From baseline").click()
    expect(ends.first).to_have_text("2.00")
    page.get_by_role("button", name="About this view").click()
    expect(page.get_by_text("the 3 outermost rings left out")).to_be_visible()


def test_a_response_of_zero_everywhere_is_drawn_neutral(show):
    dataset = marked()
    dataset["response"] *= 0
    page, _, _ = show(dataset)
    expect(page.locator(".ends").nth(1)).to_have_text("1.000−1.00")
    assert center_of(canvas_pixels(page, 1), (221, 221, 221)) is not None


def test_new_data_are_shown_in_the_same_elements(show):
    page, player, served = show(marked())
    page.get_by_role("button", name="Show 6 rings").click()
    player.evaluate("(e) => { e.mark = 'the same' }")
    served.change(lambda shown: shown.show(moving_edge(), title="Another"))
    expect(page.locator("[data-value=frame]")).to_contain_text("/ 80")
    expect(page.get_by_role("heading", name="Another")).to_be_visible()
    assert player.evaluate("(e) => e.mark") == "the same"
    expect(page.get_by_role("slider", name="Rings shown")).to_have_value("6")
    served.change(lambda shown: shown.clear())
    expect(page.get_by_text("Nothing to show yet")).to_be_visible()
    expect(page.get_by_role("button", name="Play")).to_be_disabled()


def test_a_preview_leaves_playhead_zoom_and_speed_alone(show):
    dataset = marked(n_frames=24)
    page, player, served = show(dataset)
    page.get_by_role("slider", name="Frame").fill("17")
    page.get_by_role("button", name="Show 6 rings").click()
    page.get_by_label("Speed").select_option("1/20")
    levels = np.full((24, EYE.n_columns), 30, np.uint8)
    served.change(lambda shown: shown.preview(levels, EYE))
    expect(player).to_have_attribute("data-live", "true")
    expect(page.get_by_text("The response is on its way")).to_be_visible()
    expect_frame(player, 17)
    center_of(canvas_pixels(page, 0), (30, 30, 30))
    served.change(lambda shown: shown.preview(levels + 90, EYE))
    expect(page.locator("[data-value=luminance]")).to_have_text(f"{120 / 255:.2f}")
    center_of(canvas_pixels(page, 0), (120, 120, 120))
    expect_frame(player, 17)
    expect(page.get_by_role("slider", name="Rings shown")).to_have_value("6")
    expect(page.get_by_label("Speed")).to_have_value("0")
    player.focus()
    page.keyboard.press("Space")
    served.change(lambda shown: shown.preview(levels + 50, EYE))
    expect_playing(player, True)
    page.keyboard.press("Space")
    served.change(lambda shown: shown.show(dataset))
    expect_frame(player, 1)
    expect(player).to_have_attribute("data-live", "false")


def test_a_preview_brings_its_response_with_its_own_trace_and_scale(show):
    levels = np.full((24, EYE.n_columns), 128, np.uint8)
    voltage = np.zeros((24, EYE.n_columns), np.float32)
    for (u, v), (_, _, share, _) in MARKS.items():
        voltage[:, EYE.index(u, v)] = share * LIMIT
    voltage[:, EYE.index(5, 5)] = np.nan
    voltage[:, EYE.center] = np.linspace(0, 1.5, 24)
    page, player, served = show(moving_edge(24))
    page.get_by_role("slider", name="Frame").fill("23")
    served.change(
        lambda shown: shown.preview(levels, EYE, response=voltage, cell_type="T5a", limit=LIMIT)
    )
    expect(player).to_have_attribute("data-live", "true")
    expect(page.get_by_text("Response of T5a")).to_be_visible()
    expect(page.locator("[data-value=voltage]")).to_have_text("1.500")
    expect(page.locator(".view .ends").nth(1)).to_have_text(re.compile("^2.00"))
    pixels = canvas_pixels(page, 1)
    for *_, color in MARKS.values():
        center_of(pixels, color, 2)
    served.change(lambda shown: shown.preview(levels, EYE))
    expect(page.get_by_text("The response is on its way")).to_be_visible()
    expect(page.locator("[data-value=voltage]")).to_have_text("–")


def test_traces_are_named_and_the_deviation_from_the_target_is_told(show):
    dataset = moving_edge(method="regularized")
    off = dataset["target_response"] - dataset["central_response"]
    rms = float(np.sqrt(np.mean(off.values**2)))
    other = central_trace(moving_edge(24, method="natural"), "natural", color="rgb(217, 138, 11)")
    page, _, _ = show(dataset, traces=[other])
    legend = page.locator(".legend")
    expect(legend).to_contain_text(f"target (deviation {rms:.3f} RMS)")
    expect(legend.locator(".entry", has_text="natural").locator("i")).to_have_css(
        "border-top-color", "rgb(217, 138, 11)"
    )
    expect(legend.locator("i.dash")).to_have_count(1)


def test_the_best_iterate_can_be_shown(show):
    page, _, served = show(moving_edge())
    legend = page.locator(".legend")
    expect(legend).to_contain_text("last iteration (shown above)")
    expect(legend.locator(".entry", has_text="best iteration")).to_have_count(1)
    served.change(lambda shown: shown.show(moving_edge(), variable="best_stimulus"))
    expect(page.get_by_text("Only the central response is kept")).to_be_visible()
    expect(legend).to_contain_text("best iteration (shown above)")
    same = moving_edge()
    same["best_central_response"] = same["central_response"] * 1.001
    served.change(lambda shown: shown.show(same))
    expect(legend.locator(".entry")).to_have_count(0)


def test_a_player_that_is_taken_away_lets_go(serve, open_page):
    def app() -> pn.Column:
        player = HexPlayer()
        player.show(moving_edge())
        return pn.Column(player)

    served = serve(app)
    page = open_page(served.url, wait=PLAYER)
    player = page.locator(PLAYER)
    player.focus()
    page.keyboard.press("Space")
    expect_playing(player, True)
    player.evaluate("(e) => { window.left = e }")
    served.change(lambda column: column.clear())
    expect(player).to_have_count(0)
    page.wait_for_function("() => left.dataset.playing === 'false'")
    key = "new KeyboardEvent('keydown', {key: 'End', bubbles: true})"
    page.evaluate(f"() => left.dispatchEvent({key})")
    assert page.evaluate("() => left.dataset.frame") != "79"
    served.change(lambda column: column.append(HexPlayer()))
    expect(page.get_by_text("Nothing to show yet")).to_be_visible()


def test_the_theme_changes_in_place(show):
    _, player, served = show(moving_edge())
    expect(player).to_have_attribute("data-theme", "light")
    frame = frame_of(player)
    served.change(lambda shown: setattr(shown, "dark", True))
    expect(player).to_have_attribute("data-theme", "dark")
    expect(player).to_have_css("color", "rgb(232, 237, 236)")
    assert frame_of(player) == frame


def test_all_controls_have_names_and_show_their_focus(show):
    page, player, _ = show(moving_edge())
    for node in page.locator(f"{PLAYER} :is(button, input, select)").all():
        name = node.get_attribute("aria-label")
        assert name, node.evaluate("(e) => e.outerHTML")
    page.keyboard.press("Tab")
    expect(player).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="First frame", exact=True)).to_have_css(
        "outline-width", "2px"
    )
    page.get_by_role("button", name="About this view").click()
    expect(page.get_by_text("Each hexagon is one column of the eye")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_text("Each hexagon is one column of the eye")).to_be_hidden()


def test_nothing_jumps_while_playing(show):
    page, player, _ = show(moving_edge())
    measure = "(e) => [...e.querySelectorAll('canvas, b, em, button, input')].map((n) => {"
    measure += "const b = n.getBoundingClientRect(); return [b.x, b.y, b.width, b.height]})"
    page.evaluate("document.fonts.ready")  # a page font that comes late moves the digits once
    before = player.evaluate(measure)
    for frame in (0, 7, 33, 79):
        page.get_by_role("slider", name="Frame").fill(str(frame))
        assert player.evaluate(measure) == before


@pytest.mark.parametrize("width", [600, 900, 1280, 1900])
def test_it_fits_the_window(show, width):
    page, _, _ = show(moving_edge(method="regularized"), width=width, height=1000)
    wider = "() => document.scrollingElement.scrollWidth > innerWidth"
    page.wait_for_function(f"() => !({wider})()")
    page.set_viewport_size({"width": 640, "height": 900})
    expect(page.locator(".trace canvas").first).not_to_have_css("width", f"{width}px")
    page.wait_for_function(f"() => !({wider})()")


@pytest.mark.parametrize("width", [1280, 1920])
@pytest.mark.parametrize("dark", [False, True])
def test_it_is_drawn_on_light_and_dark_pages(show, tmp_path, width, dark):
    height = {1280: 800, 1920: 1080}[width]
    page, _, _ = show(moving_edge(), dark=dark, width=width, height=height)
    # The player is transparent: the page around it is what is dark.
    page.add_style_tag(content=f"body {{ background: {'#1a2022' if dark else '#ffffff'} }}")
    folder = Path(os.environ.get("MAXSTIM_SCREENSHOTS", tmp_path))
    path = folder / f"player-{width}-{'dark' if dark else 'light'}.png"
    page.screenshot(path=path, full_page=True)
    pixels = np.asarray(Image.open(path).convert("RGB")).astype(int)
    assert pixels.shape[1] == width
    ground = pixels[-1, 0]
    assert (ground == ([26, 32, 34] if dark else 255)).all()
    drawn = np.abs(pixels - ground).max(2) > 20
    left, right = drawn[:, : width // 2], drawn[:, width // 2 :]
    assert 0.1 < left.mean() < 0.9
    assert 0.1 < right.mean() < 0.9
    red, blue = pixels[..., 0] - pixels[..., 2] > 60, pixels[..., 2] - pixels[..., 0] > 60
    assert red[:, width // 2 :].any()
    assert blue[:, width // 2 :].any()


def test_bad_data_are_refused_in_one_sentence():
    player = HexPlayer()
    with pytest.raises(MaxstimError, match="'stimulus' or 'best_stimulus'"):
        player.show(marked(), variable="movie")
    with pytest.raises(MaxstimError, match="holds no 'best_stimulus'"):
        player.show(marked(), variable="best_stimulus")
    with pytest.raises(MaxstimError, match="721 columns"):
        player.preview(np.zeros((3, 720), np.uint8), EYE)
    assert (player.scene, player.live) == (b"", b"")


def run_of(player: HexPlayer, *iterations: int) -> None:
    """Show what a run makes of its first iterations, one after the other."""
    for iteration in iterations:
        levels = np.full((3, EYE.n_columns), 10 * iteration + 100, np.uint8)
        player.preview(levels, EYE, run="mine", iteration=iteration)


def ended(n_iters: int) -> xr.Dataset:
    """Return what that run ends with."""
    made = marked()
    made["loss"] = (("iteration", "term"), np.zeros((n_iters, 1)))
    return made


def look_at(page: Page, place: int) -> None:
    slider = page.get_by_test_id("iteration")
    slider.evaluate("(node, value) => { node.value = value }", place)
    slider.dispatch_event("input")


def test_the_last_place_of_the_iterations_is_the_answer_with_its_own_number(show):
    page, _, served = show(marked())
    for k in range(4):
        served.change(lambda shown, k=k: run_of(shown, 2 * k))
        expect(page.locator(PLAYER)).to_have_attribute("data-iteration", str(2 * k))
    served.change(lambda shown: shown.show(ended(9), run="mine"))
    row = page.locator(".iterations")
    expect(row.locator(".count")).to_have_text("9")
    expect(page.get_by_test_id("iteration")).to_have_attribute("max", "4")
    look_at(page, 0)
    expect(row.locator(".count")).to_have_text("0")
    expect(page.get_by_text("Stimulus, iteration 0")).to_be_visible()
    page.get_by_role("button", name="Back to the answer").click()
    expect(row.locator(".count")).to_have_text("9")
    expect(page.get_by_text("Stimulus, iteration 0")).to_have_count(0)
    # One whose last preview was of its last iteration has that once.
    served.change(lambda shown: shown.show(ended(6), run="mine"))
    expect(page.get_by_test_id("iteration")).to_have_attribute("max", "3")
    best = ended(6).assign(
        best_stimulus=ended(6)["stimulus"], best_central_response=ended(6)["central_response"]
    )
    served.change(lambda shown: shown.show(best, variable="best_stimulus", run="mine"))
    expect(row.locator(".count")).to_have_text("best")
    served.change(lambda shown: shown.show(marked()))  # which is of no iteration
    expect(page.locator(PLAYER)).to_have_attribute("data-iteration", "")


def test_going_back_to_the_beginning_leaves_nothing_of_what_came_after(show):
    page, _, served = show(marked())
    for iteration in (2, 4, 0):
        served.change(lambda shown, k=iteration: run_of(shown, k))
        expect(page.locator(PLAYER)).to_have_attribute("data-iteration", str(iteration))
    expect(page.locator(".iterations")).to_be_hidden()


def test_the_rest_of_the_page_hears_what_the_player_shows_instead(show):
    page, _, served = show(marked())
    page.evaluate(
        "document.addEventListener('maxstim-apart', (event) => { window.apart = event.detail })"
    )
    for k in range(3):
        served.change(lambda shown, k=k: run_of(shown, k))
        expect(page.locator(PLAYER)).to_have_attribute("data-iteration", str(k))
    served.change(lambda shown: shown.show(ended(9), run="mine"))
    expect(page.locator(".iterations .count")).to_have_text("9")
    assert page.evaluate("window.apart") == ""
    look_at(page, 1)
    assert page.evaluate("window.apart") == "iteration 1"
    look_at(page, 3)
    assert page.evaluate("window.apart") == ""
