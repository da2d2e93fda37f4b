"""Lessons as students and lecturers go through them in Chromium."""

from __future__ import annotations

import re
import time

import pytest
from page_waits import until
from playwright.sync_api import Locator, Page, expect
from serving import Served

from dashboard.lessons.lesson import Lesson, LessonStep
from dashboard.lessons.lesson_catalog import SHIPPED, read_lessons

PATIENCE = 300_000
"""Milliseconds that a run of a lesson may take on a slow machine."""

LESSONS = {lesson.name: lesson for lesson in read_lessons().lessons}

MINE = """---
title: Mine <b>and bold</b>
minutes: 10
hide: runs, sweep
fix: method=generated
---
## Odd text
highlight: losses
<script>document.title = "spoilt"</script> and [a link](javascript:alert(1)), [another](https://example.org/).
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lessons")
    own = folder / "own"
    own.mkdir()
    (own / "mine.md").write_text(MINE, encoding="utf-8")
    (own / "wrong.md").write_text(MINE.replace("highlight:", "highlite:"), encoding="utf-8")
    served = Served(folder, "--lessons", str(own))
    yield served
    served.stop()


def open_lesson(visit, name: str, more: str = "", **size: int) -> Page:
    page = visit(f"?lesson={name}{more}", **size)
    expect(page.get_by_test_id("lesson-step")).to_contain_text("of")
    return page


def heading(page: Page) -> Locator:
    return page.get_by_test_id("lesson-heading")


def enter(page: Page, label: str, value: object) -> None:
    field = page.get_by_role("textbox", name=label).filter(visible=True).first
    field.fill(str(value))
    field.press("Enter")


def guess(page: Page, step: LessonStep) -> None:
    """Guess what is right, and see that it is said."""
    question = step.question
    assert question is not None
    expect(page.get_by_test_id("lesson-reveal")).to_be_hidden()
    if question.is_number:
        page.get_by_test_id("lesson-number").fill(f"{question.number:g}")
        page.get_by_role("button", name="Guess", exact=True).click()
    else:
        [right] = question.right
        page.get_by_role("radio", name=question.choices[right], exact=True).check()
    page.get_by_test_id("lesson-reveal").click()
    expect(page.get_by_test_id("lesson-revealed")).to_be_visible()
    said = "so you were close" if question.is_number else "You guessed right."
    expect(page.get_by_test_id("lesson-judged")).to_contain_text(said)


def reach(page: Page, step: LessonStep) -> None:
    """Do what a step asks for, and let it be checked."""
    if "cell is T4b" in str(step.goal):
        page.get_by_test_id("cell").click()
        page.get_by_placeholder(re.compile("^Search 65")).fill("T4b")
        page.locator('[data-name="T4b"]').filter(visible=True).click()
        expect(page.locator("h1").first).to_contain_text("T4b")
    else:
        if "6.7 and energy < 2" in str(step.goal):  # more is asked for than to press Run
            enter(page, "Contrast energy", 1.5)
        if "energy" not in step.sets.values and "weight_mei" not in step.sets.values:
            enter(page, "Iterations", 40)  # of these, any movie will do
        page.get_by_test_id("run").click()
        expect(page.get_by_test_id("run-status")).to_contain_text("is done", timeout=PATIENCE)
    said = page.get_by_test_id("lesson-said")
    give_up = time.monotonic() + PATIENCE / 1000
    while said.get_attribute("data-reached") != "true":  # the run before may have been done, too
        assert time.monotonic() < give_up, said.inner_text()
        page.get_by_test_id("lesson-check").click()
        page.wait_for_timeout(500)
    expect(said).to_contain_text(re.compile("above|at least|The cell type"))


@pytest.mark.parametrize("name", SHIPPED)
def test_a_student_walks_through(visit, name):
    lesson: Lesson = LESSONS[name]
    page = open_lesson(visit, name)
    expect(page.get_by_test_id("lesson-title")).to_have_text(lesson.title)
    for number, step in enumerate(lesson.steps, 1):
        expect(heading(page)).to_have_text(step.title)
        expect(page.get_by_test_id("lesson-step")).to_contain_text(
            f"Step {number} of {len(lesson.steps)}"
        )
        if step.sets.cell_type:
            expect(page.get_by_test_id("cell")).to_contain_text(step.sets.cell_type)
        if step.question is not None:
            guess(page, step)
        if step.goal is not None:
            reach(page, step)
        page.get_by_test_id("lesson-next").click()
    expect(page.get_by_test_id("lesson-list")).to_be_visible()


def test_the_button_opens_a_list_and_a_lecturer_s_lesson_is_text_alone(visit):
    page = visit()
    expect(page.get_by_test_id("lesson-panel")).to_have_count(0)
    page.get_by_test_id("lessons").click()
    listed = page.get_by_test_id("lesson-list").get_by_role("button")
    expect(listed).to_have_count(len(SHIPPED) + 1)
    expect(page.get_by_test_id("lesson-panel")).to_contain_text("The lesson wrong, line 8")
    page.get_by_test_id("lesson-mine").click()
    expect(page.get_by_test_id("lesson-title")).to_have_text("Mine <b>and bold</b>")
    text = page.get_by_test_id("lesson-text")
    expect(text).to_contain_text('<script>document.title = "spoilt"</script>')
    expect(text.get_by_role("link")).to_have_count(1)
    expect(text.get_by_role("link")).to_have_attribute("href", "https://example.org/")
    assert page.title() == "maxstim"
    page.get_by_test_id("lessons").click()
    expect(page.get_by_test_id("lesson-panel")).to_be_hidden()


def test_parts_get_a_ring_or_are_hidden_or_kept(visit):
    page = open_lesson(visit, "mine")
    losses, runs = (page.locator(f'[data-part="{name}"]') for name in ("losses", "runs"))
    expect(losses).to_be_in_viewport()
    expect(losses).to_have_css("outline-style", "solid")
    expect(runs).to_be_hidden()
    expect(page.get_by_test_id("sweep")).to_be_hidden()
    page.get_by_test_id("lesson-shows-all").click()
    expect(runs).to_be_visible()
    page.get_by_role("tab", name="Natural").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_test_id("lesson-note")).to_contain_text("keeps the method as set")
    expect(page.get_by_role("tab", name="Generated")).to_have_attribute("aria-selected", "true")
    page.get_by_test_id("lesson-close").click()
    expect(page.get_by_test_id("sweep")).to_be_visible()
    expect(losses).to_have_css("outline-style", "none")


def test_a_link_opens_a_step_and_the_address_follows(visit, served):
    page = open_lesson(visit, "direction", "&step=4")
    expect(heading(page)).to_have_text(LESSONS["direction"].steps[3].title)
    expect(page.get_by_test_id("cell")).to_contain_text("T5c")
    page.get_by_test_id("lesson-back").click()
    page.wait_for_url(re.compile("lesson=direction&step=3"))
    page.reload()
    expect(heading(page)).to_have_text(LESSONS["direction"].steps[2].title)
    page.goto(served.url + "?lesson=nothing")
    expect(page.get_by_test_id("lesson-note")).to_contain_text("not on this server")


@pytest.mark.parametrize(("width", "height"), [(390, 844), (1280, 800), (1920, 1080)])
def test_the_lesson_stands_beside_the_page_or_below_it(visit, width, height):
    page = open_lesson(visit, "direction", width=width, height=height)
    panel, main = page.get_by_test_id("lesson-panel"), page.get_by_role("main")

    def is_placed(boxes) -> bool:
        lesson, beside = boxes
        if width == 390:
            return lesson["y"] >= beside["y"] + beside["height"] - 2
        return lesson["x"] >= beside["x"] + beside["width"] - 2 and beside["width"] >= 500

    until(page, lambda: (panel.bounding_box(), main.bounding_box()), is_placed)
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
    expect(page.get_by_test_id("lesson-next")).to_be_attached()
    page.get_by_test_id("lesson-fold").click()
    expect(heading(page)).to_be_hidden()
    page.get_by_test_id("lesson-fold").click()
    expect(heading(page)).to_be_visible()


def test_a_lesson_is_gone_through_by_keyboard(visit):
    page = open_lesson(visit, "on-off")
    next_step = page.get_by_test_id("lesson-next")
    next_step.focus()
    page.keyboard.press("Enter")
    expect(heading(page)).to_be_focused()
    page.get_by_role("radio").first.focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("radio").nth(1)).to_be_focused()
    expect(page.get_by_role("radio").nth(1)).to_be_checked()
    reveal = page.get_by_test_id("lesson-reveal")
    expect(reveal).to_be_visible()
    reveal.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("lesson-revealed")).to_be_visible()


TUNED = [("on-off", 3, "Mi9"), ("on-off", 4, "L1"), ("direction", 1, "T4c"), ("direction", 2, "T4a"),
         ("direction", 4, "T5c"), ("direction", 7, "T4c"), ("trust", 3, "Tm3")]  # fmt: skip
"""Steps that ask for a polarity or a direction that the page knows."""


def expect_tuning(page: Page, cell_type: str, *, visible: bool) -> None:
    """What flies do is told in the headline, beside the picker and in its list; or nowhere."""
    for place in ("headline", "cell"):
        marks = page.get_by_test_id(place).locator('[data-part="tuning"]')
        assert marks.count()
        for k in range(marks.count()):
            expect(marks.nth(k)).to_be_visible(visible=visible)
    sentence = page.get_by_text(re.compile(f"^(In flies, {cell_type} |{cell_type} is tuned here)"))
    expect(sentence.filter(visible=True)).to_have_count(2 if visible else 0)
    page.get_by_test_id("cell").click()
    chip = page.locator(f'[data-name="{cell_type}"]').filter(visible=True)
    expect(chip).to_have_text(re.compile("ON|OFF"))
    assert (chip.inner_text().strip() != cell_type) == visible
    assert chip.get_attribute("title") is None
    page.get_by_placeholder(re.compile("^Search 65")).fill("off")
    expect(page.locator('[data-name="L1"]').filter(visible=True)).to_have_count(int(visible))
    page.keyboard.press("Escape")


@pytest.mark.parametrize(("name", "number", "cell_type"), TUNED)
def test_the_page_gives_no_answer_away(visit, name, number, cell_type):
    step = LESSONS[name].steps[number - 1]
    page = open_lesson(visit, name, f"&step={number}")
    expect(page.locator("h1").first).to_contain_text(cell_type)
    expect(page.get_by_test_id("lesson-panel")).to_contain_text("Hidden until the answer is out")
    expect_tuning(page, cell_type, visible=False)
    guess(page, step)
    expect_tuning(page, cell_type, visible=True)
    page.get_by_test_id("lesson-close").click()


@pytest.mark.parametrize(
    ("name", "number", "cell_type"), [("on-off", 1, "Mi1"), ("direction", 3, "T4a")]
)
def test_a_step_gives_away_nothing_that_is_found_out_later(visit, name, number, cell_type):
    page = open_lesson(visit, name, f"&step={number}")
    expect(page.locator("h1").first).to_contain_text(cell_type)
    expect_tuning(page, cell_type, visible=False)


def test_a_number_that_cannot_be_guessed_is_refused_beside_its_field(visit):
    page = open_lesson(visit, "optimal", "&step=2")
    field, refused = page.get_by_test_id("lesson-number"), page.get_by_test_id("lesson-refused")
    take = page.get_by_role("button", name="Guess", exact=True)
    expect(refused).to_be_hidden()
    for entry in ("", "-5", "abc"):
        field.fill(entry)
        take.click()
        expect(refused).to_have_text("Type a number from 0 to 3900.")
        expect(refused).to_be_in_viewport()
        expect(field).to_have_value(entry)
        expect(page.get_by_test_id("lesson-reveal")).to_be_hidden()
    field.fill("100")
    field.press("Enter")
    expect(refused).to_be_hidden()
    page.get_by_test_id("lesson-reveal").click()
    expect(page.get_by_test_id("lesson-judged")).to_have_text("You guessed 100; it is 4.3.")


@pytest.mark.parametrize(
    ("name", "number", "parts"),
    [("optimal", 2, "figures"), ("optimal", 3, "figures, traces, runs"), ("budget", 5, "controls")],
)
def test_a_step_hides_parts_until_its_answer_is_out(visit, name, number, parts):
    page = open_lesson(visit, name, f"&step={number}")
    named = [
        page.locator(f':is([data-part="{one}"], [data-testid="{one}"])')
        for one in parts.split(", ")
    ]
    for part in named:
        expect(part.first).to_be_hidden()
    guess(page, LESSONS[name].steps[number - 1])
    for part in named:
        expect(part.first).to_be_visible()


def test_followers_see_what_a_presenter_shows(visit, open_page, served):
    presenter = open_lesson(visit, "direction")
    presenter.get_by_test_id("class-open").click()
    expect(presenter.get_by_test_id("class-code")).to_have_text(re.compile("^[A-Z]{7}$"))
    code = presenter.get_by_test_id("class-code").inner_text()
    by_link = visit(f"?class={code}")
    by_code = visit()
    by_code.get_by_test_id("lessons").click()
    by_code.get_by_test_id("class-join-code").fill(code.lower())
    by_code.get_by_test_id("class-join").click()
    pages = [presenter, by_link, by_code]

    def expect_all(words: str, live: bool = False) -> None:
        for page in pages:
            expect(page.locator("h1").first).to_contain_text(words)
            expect(page.get_by_test_id("player")).to_have_attribute("data-live", str(live).lower())
            expect(page.get_by_text(f"Response of {words.split()[0]}")).to_be_visible()
            expect(page.get_by_text("You chose")).to_be_hidden()

    expect_all("T4c generated")
    presenter.get_by_test_id("lesson-next").click()
    expect_all("T4a generated")
    pages.append(visit(f"?class={code}"))  # who comes late
    expect_all("T4a generated")
    presenter.get_by_test_id("cell").click()
    presenter.locator('[data-name="Mi1"]').filter(visible=True).click()
    expect_all("Mi1 generated")
    enter(presenter, "Iterations", 150)
    presenter.get_by_test_id("run").click()
    pause = presenter.get_by_test_id("steer-pause")
    pause.click()
    expect(pause).not_to_have_text("Pause")
    for page in pages:
        expect(page.locator("h1").first).to_contain_text("Forming")
        expect(page.get_by_test_id("player")).to_have_attribute("data-live", "true")
    pages.append(open_page(f"{served.url}?class={code}"))  # `visit` waits for what is done
    expect(pages[-1].locator("h1").first).to_contain_text("Forming")
    pause.click()
    expect(presenter.get_by_test_id("run-status")).to_contain_text("is done", timeout=PATIENCE)
    expect_all("Mi1 generated")
    figures = presenter.locator('[data-part="figures"]').inner_text()
    for page in pages:
        expect(page.locator("h1").first).not_to_contain_text("Example")
        expect(page.locator('[data-part="figures"]').first).to_have_text(figures)
    presenter.get_by_test_id("view-atlas").click()
    expect(
        presenter.get_by_role("heading", name=re.compile("All cell types|Atlas")).first
    ).to_be_visible()
    presenter.get_by_test_id("lesson-next").click()
    pages.remove(presenter)  # the others follow in the main part: other views are one's own
    expect_all("T4a generated")


def in_sight(page: Page, part: Locator) -> bool:
    """Whether all of a part is in the window, and nothing lies on its middle."""
    box, size = part.bounding_box(), page.viewport_size
    if box is None or box["y"] < 0 or box["y"] + box["height"] > size["height"]:
        return False
    panel = page.get_by_test_id("lesson-panel").bounding_box()
    covered = panel["x"] < box["x"] + 1 and panel["y"] < box["y"] + box["height"]
    return not (size["width"] < 900 and covered)


@pytest.mark.parametrize("number", [2, 3, 6])
def test_play_is_in_sight_below_a_note_in_a_low_window(visit, number):
    page = open_lesson(visit, "budget", f"&step={number}", height=800)
    expect(page.get_by_text(re.compile("^This answer was made with"))).to_be_visible()
    play = page.get_by_role("button", name="Play", exact=True)
    until(page, lambda: in_sight(page, play), bool)


def test_next_is_in_sight_before_and_after_a_reveal(visit):
    page = open_lesson(visit, "on-off", height=800)
    for step in LESSONS["on-off"].steps[:5]:
        expect(heading(page)).to_have_text(step.title)
        until(page, lambda: in_sight(page, page.get_by_test_id("lesson-next")), bool)
        if step.question is not None:
            guess(page, step)
        until(page, lambda: in_sight(page, page.get_by_test_id("lesson-next")), bool)
        page.get_by_test_id("lesson-next").click()


@pytest.mark.parametrize(("name", "number"), [("direction", 1), ("direction", 2), ("budget", 2)])
def test_play_and_next_are_in_sight_on_a_phone(visit, name, number):
    page = open_lesson(visit, name, f"&step={number}", width=390, height=844)
    play = page.get_by_role("button", name="Play", exact=True)
    until(page, lambda: in_sight(page, play), bool)
    player, below = (
        page.locator(one).first for one in ('[data-testid="player"]', '[data-part="comparison"]')
    )
    boxes = player.bounding_box(), below.bounding_box()
    assert boxes[0]["y"] + boxes[0]["height"] <= boxes[1]["y"], "nothing lies on the player"


def test_a_presenter_and_two_followers(visit):
    presenter = open_lesson(visit, "direction")
    presenter.get_by_test_id("class-open").click()
    expect(presenter.get_by_test_id("class-code")).to_have_text(re.compile("^[A-Z]{7}$"))
    code = presenter.get_by_test_id("class-code").inner_text()
    first, second = (open_lesson(visit, "direction", f"&class={code}") for _ in range(2))
    first.get_by_role("button", name="Your name").click()
    first.get_by_label(re.compile("^As others see it")).fill("Ada <i>")
    first.get_by_role("button", name="Take this name").click()
    expect(presenter.get_by_test_id("class-facts")).to_contain_text("2 follow")
    presenter.get_by_test_id("lesson-next").click()
    for page in (first, second):
        expect(heading(page)).to_have_text(LESSONS["direction"].steps[1].title)
        expect(page.get_by_test_id("cell")).to_contain_text("T4a")
        expect(page.locator("h1").first).to_contain_text("T4a generated")
        expect(page.get_by_test_id("class-wall")).to_be_hidden()
    first.get_by_role("radio", name="Left").check()
    second.get_by_role("radio", name="Right").check()
    wall = presenter.get_by_test_id("class-wall")
    expect(wall).to_contain_text("Ada <i>guessed Left")
    expect(wall).to_contain_text("guessed Right")
    expect(presenter.get_by_test_id("class-counts").locator("li")).to_have_count(3)
    expect(first.get_by_test_id("class-wall")).to_contain_text("guessed Right")
    second.get_by_test_id("lesson-back").click()
    expect(second.get_by_test_id("class-follow")).not_to_be_checked()
    presenter.get_by_test_id("lesson-next").click()
    expect(heading(first)).to_have_text(LESSONS["direction"].steps[2].title)
    expect(heading(second)).to_have_text(LESSONS["direction"].steps[0].title)
    second.get_by_test_id("class-follow").check()
    expect(heading(second)).to_have_text(LESSONS["direction"].steps[2].title)
    presenter.reload()
    expect(presenter.get_by_test_id("class-end")).to_be_visible()
    presenter.get_by_test_id("class-end").click()
    for page in (first, second):
        expect(page.get_by_test_id("lesson-note")).to_contain_text("The class has ended")
    stranger = open_lesson(visit, "direction", f"&class={code}")
    expect(stranger.get_by_test_id("lesson-note")).to_contain_text("no class of this code")
