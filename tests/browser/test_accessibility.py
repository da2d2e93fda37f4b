"""axe-core finds nothing in any state of the page, and the page is used by keyboard.

axe-core is no part of the environment: MAXSTIM_AXE names its ``axe.min.js``, as ``npm pack axe-core``
unpacks it; without, its checks are skipped.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from serving import Served
from small_atlas import packed_atlas, three_networks

pytestmark = pytest.mark.outside

STATES: dict[str, Callable[[Page, Served], None]] = {}
"""What is done to the page before it is checked, by what that is called."""


def state(do: Callable[[Page, Served], None]) -> Callable[[Page, Served], None]:
    STATES[do.__name__] = do
    return do


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    served = Served(tmp_path_factory.mktemp("axe"))
    yield served
    served.stop()


@pytest.fixture(scope="module")
def axe():
    path = Path(os.environ.get("MAXSTIM_AXE", "axe.min.js"))
    if not path.is_file():
        pytest.skip("There is no axe-core; MAXSTIM_AXE names its axe.min.js.")
    return path.read_text()


@pytest.fixture
def open_page(browser, served):
    contexts = []

    def visit(search: str = "", *, theme: str = "light", width: int = 1280, height: int = 800):
        context = browser.new_context(viewport={"width": width, "height": height})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(90_000)
        page.add_init_script(f"localStorage.setItem('maxstim-theme', '{theme}')")
        page.goto(served.url + search)
        expect(page.locator("h1").first).to_contain_text(re.compile("T4c|Mi1"))
        expect(page.get_by_test_id("player")).to_have_attribute("data-live", "false")
        return page

    yield visit
    for context in contexts:
        context.close()


def enter(page: Page, label: str, value: object) -> None:
    entry = page.get_by_role("textbox", name=label).filter(visible=True)
    entry.fill(str(value))
    entry.press("Enter")


@state
def as_it_opens(page: Page, served: Served) -> None:
    """Leave it as it is."""


@state
def natural(page: Page, served: Served) -> None:
    page.get_by_role("tab", name="Natural").click()
    expect(page.locator("h1").first).to_contain_text("natural")


@state
def regularized(page: Page, served: Served) -> None:
    page.get_by_role("tab", name="Regularized").click()
    expect(page.locator("h1").first).to_contain_text("regularized")


@state
def link(page: Page, served: Served) -> None:
    page.get_by_test_id("copy-link").click()
    expect(page.get_by_test_id("link")).to_be_visible()


@state
def cell_types(page: Page, served: Served) -> None:
    page.get_by_test_id("cell").click()
    expect(page.get_by_placeholder(re.compile("^Search 65"))).to_be_visible()


@state
def networks(page: Page, served: Served) -> None:
    page.get_by_role("button", name=re.compile("^Network")).click()
    expect(page.get_by_role("button", name="Upload a network file…")).to_be_visible()


@state
def controls_and_curve(page: Page, served: Served) -> None:
    for kind, button, found in (
        ("controls", "Compare", "table"),
        ("curve", "Find the curve", "input[type=range]"),
    ):
        section = page.get_by_test_id(kind)
        section.locator("summary").click()
        expect(section).to_have_attribute("data-state", re.compile("none|there"))
        if section.get_attribute("data-state") == "none":
            section.get_by_role("button", name=button).click()
        expect(section.locator(found)).to_be_visible(timeout=400_000)


@state
def mechanism(page: Page, served: Served) -> None:
    section = page.get_by_test_id("mechanism")
    section.locator("summary").click()
    expect(section).to_have_attribute("data-state", re.compile("none|there"))
    if section.get_attribute("data-state") == "none":
        section.get_by_role("button", name="Take it apart").click()
    section.get_by_role("button", name="Show Mi9").click(timeout=400_000)
    expect(page.get_by_test_id("input-cells")).to_contain_text("Mi9")


@state
def pinned_answers(page: Page, served: Served) -> None:
    page.get_by_test_id("view-compare").click()
    chooser = page.get_by_role("combobox", name="Pin a stored answer…")
    for key in ("T4c-generated", "T4c-natural"):
        if page.locator(f"[data-pin='{key}']").count() == 0:
            chooser.select_option(key)
        expect(page.locator(f"[data-film='{key}'][data-frame]")).to_be_visible()


@state
def sweep_that_is_chosen(page: Page, served: Served) -> None:
    page.get_by_test_id("sweep").click()
    page.get_by_role("button", name=re.compile("^Learning rate")).click()
    expect(page.get_by_role("textbox", name="Learning rate: from")).to_be_visible()
    expect(page.get_by_test_id("sweep-view")).to_be_visible()


@state
def sweep_that_is_done(page: Page, served: Served) -> None:
    pytest.importorskip("zarr")
    enter(page, "Stimulus duration", 0.1)
    enter(page, "Iterations", 2)
    sweep_that_is_chosen(page, served)
    page.get_by_test_id("start-sweep").click()
    expect(page.get_by_test_id("sweep-state")).to_have_text("3 answers.", timeout=400_000)
    tiles = page.locator(".tile[data-frame]")
    expect(tiles).to_have_count(3)
    for tile in tiles.all():
        tile.click()
    expect(page.locator(".one-player[data-frame]")).to_have_count(3)


def atlas_file(served: Served) -> Path:
    return served.data / "atlas" / "equal-energy.nc"


@state
def atlas_with_a_cell_type_open(page: Page, served: Served) -> None:
    pytest.importorskip("zarr")
    if not atlas_file(served).is_file():
        shutil.rmtree(served.data / "made.zarr", ignore_errors=True)
        packed_atlas(served.data, three_networks(), missing={(3, 1)})
    page.get_by_test_id("view-atlas").click()
    page.get_by_test_id("atlas-tiles").locator("[data-tile=R6]").click()
    expect(page.locator(".one-player[data-frame]")).to_have_count(1)
    expect(page.get_by_test_id("atlas-matrix")).to_be_visible()


@state
def painting(page: Page, served: Served) -> None:
    page.get_by_test_id("view-paint").click()
    expect(page.get_by_test_id("paint-verdict")).to_contain_text("Nothing is painted yet")
    page.get_by_test_id("paint-canvas").press(" ")
    expect(page.get_by_test_id("paint-verdict")).to_contain_text("the optimizer")
    page.get_by_test_id("paint-code").click()
    expect(page.get_by_test_id("paint-code-lines")).to_be_visible()
    page.keyboard.press("Escape")


@state
def help_dialog(page: Page, served: Served) -> None:
    page.get_by_role("button", name="How to read this").click()
    expect(page.get_by_role("dialog")).to_be_visible()


@state
def model_card(page: Page, served: Served) -> None:
    page.get_by_role("button", name="Model card").click()
    expect(page.get_by_role("dialog")).to_contain_text("known polarities right")


@state
def code_dialog(page: Page, served: Served) -> None:
    page.get_by_role("button", name="Code").click()
    expect(page.get_by_role("dialog")).to_contain_text("import maxstim_core")


@state
def movie_dialog(page: Page, served: Served) -> None:
    natural(page, served)
    page.get_by_role("button", name="Add your own…").filter(visible=True).click()
    expect(page.get_by_role("dialog")).to_be_visible()


@state
def questions_to_begin_with(page: Page, served: Served) -> None:
    page.get_by_role("button", name=re.compile("^Question")).click()
    expect(page.get_by_role("dialog", name="Examples")).to_be_visible()


@state
def objective_with_sections_open(page: Page, served: Served) -> None:
    page.get_by_role("combobox", name="Objective", exact=True).select_option("contrast")
    enter(page, "Cell types", "T4x")
    for summary in page.locator("details.section summary").filter(visible=True).all():
        summary.click()
    expect(page.get_by_role("textbox", name="Contrast energy")).to_be_visible()


@state
def cell_types_of_an_objective(page: Page, served: Served) -> None:
    page.get_by_role("combobox", name="Objective", exact=True).select_option("group")
    page.get_by_role("button", name="Choose cell types").click()
    expect(page.get_by_role("dialog", name="Other cell types")).to_be_visible()


@state
def a_number_that_is_none(page: Page, served: Served) -> None:
    enter(page, "Iterations", "many")
    page.get_by_test_id("run").click()
    expect(page.get_by_role("alert").first).to_contain_text("Iterations")


@state
def running_and_cancelled(page: Page, served: Served) -> None:
    enter(page, "Iterations", 20_000)
    page.get_by_test_id("run").click()
    expect(page.locator("h1").first).to_contain_text("Forming")


@state
def failed(page: Page, served: Served) -> None:
    enter(page, "Iterations", 19_000)
    page.get_by_test_id("run").click()
    expect(page.locator("h1").first).to_contain_text("Forming")
    for worker in workers(served.process.pid):
        os.kill(worker, signal.SIGKILL)
    expect(page.get_by_role("alert").first).to_contain_text(re.compile("process.* died"))


@state
def list_of_lessons(page: Page, served: Served) -> None:
    page.get_by_test_id("lessons").click()
    expect(page.get_by_test_id("lesson-list").get_by_role("button").first).to_be_visible()


@state
def lesson_with_a_class(page: Page, served: Served) -> None:
    list_of_lessons(page, served)
    page.get_by_test_id("lesson-direction").click()
    page.get_by_role("radio").first.check()
    page.get_by_test_id("lesson-reveal").click()
    expect(page.get_by_test_id("lesson-revealed")).to_be_visible()
    page.get_by_test_id("class-open").click()
    expect(page.get_by_test_id("class-counts")).to_be_visible()


def workers(server: int) -> list[int]:
    """Return the process ids of the children of a server."""
    children = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(stat.read_text().rpartition(")")[2].split()[1]) == server:
                children.append(int(stat.parent.name))
        except OSError:
            continue
    return children


_COME_TO_REST = """() => Promise.allSettled(document.getAnimations()
    .filter((one) => Number.isFinite(one.effect?.getComputedTiming().endTime))
    .map((one) => one.finished))"""
"""What fades in has other colors meanwhile."""


def violations(page: Page, axe: str) -> list[str]:
    """Return what axe-core says of the page, a sentence each."""
    page.evaluate(_COME_TO_REST)
    page.evaluate(axe + "; undefined")
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    return [
        f"{one['id']}: {one['help']}: {node['html'][:160]} {node.get('any', [{}])[:1]}"
        for one in found
        for node in one["nodes"]
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", STATES)
def test_axe_finds_nothing(open_page, served, axe, name, theme):
    if name == "failed" and not Path("/proc").is_dir():
        pytest.skip("Only where processes are listed can the worker be found.")
    page = open_page(theme=theme)
    STATES[name](page, served)
    assert violations(page, axe) == []
    if name == "running_and_cancelled":
        page.get_by_role("button", name="Cancel", exact=True).click()
        expect(page.locator("h1").first).to_contain_text("Cancelled early")
        assert violations(page, axe) == []


@pytest.mark.parametrize("width", [390, 1024, 1920])
def test_axe_finds_nothing_at_other_widths(open_page, axe, width):
    page = open_page(width=width, height=844)
    assert violations(page, axe) == []


@pytest.mark.parametrize("method", ["natural", "regularized", "generated"])
@pytest.mark.parametrize(("width", "height"), [(1280, 800), (1920, 1080)])
def test_play_is_in_sight_without_scrolling(open_page, method, width, height):
    page = open_page(f"?cell=T4c&method={method}", width=width, height=height)
    expect(page.locator("h1").first).to_contain_text(method)
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_in_viewport(ratio=1)


def test_a_phone_shows_and_plays(open_page):
    page = open_page(width=390, height=844)
    page.get_by_role("button", name="Play", exact=True).click()
    expect(page.get_by_test_id("player")).to_have_attribute("data-playing", "true")
    wider = page.evaluate("document.documentElement.scrollWidth > innerWidth")
    assert not wider


def test_run_is_reached_by_a_skip_link_and_by_a_shortcut(open_page):
    page = open_page()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # the skip link
    expect(page.get_by_test_id("run")).to_be_focused()
    seed = page.get_by_role("textbox", name="Seed").filter(visible=True)
    enter(page, "Stimulus duration", 0.1)
    enter(page, "Iterations", 3)
    seed.fill("5")
    seed.press("Control+Enter")
    expect(page.locator("h1 + p").first).to_contain_text("seed 5")


def test_the_parts_of_the_page_have_lasting_names(open_page):
    page = open_page()
    for name in ("headline", "player", "run", "cell"):
        expect(page.get_by_test_id(name)).to_be_visible()
    expect(page.get_by_test_id("connection")).to_be_attached()


def test_no_slider_is_read_aloud_at_every_step(open_page):
    page = open_page()
    live = page.locator("output, [aria-live]:not([hidden]), [role=status]:not([hidden])")
    for region in live.all():
        assert region.locator("input[type=range]").count() == 0
        assert region.evaluate("node => node.tagName") != "OUTPUT"
