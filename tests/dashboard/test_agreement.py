"""Headline, picture, exports, sidebar, list and address of a page belong to one answer.

MAXSTIM_SEQUENCES is how many random sequences are gone through; by default few.
"""

import os
import random
import re
import time

import pytest
from packed import unpacked
from toy_runs import FOREVER, REFUSING, SLOW, toy_queue

from dashboard.app import App
from dashboard.state.link_settings import setting_label
from dashboard.state.url import PageAddress
from maxstim_core.runs.library import ResultLibrary
from maxstim_core.runs.snapshot import LIVE

CELLS = ("T4c", "T5a", "Mi1", "Tm3")

SEQUENCES = int(os.environ.get("MAXSTIM_SEQUENCES", "12"))

STEPS = 25
"""What is done in a sequence."""

ENTRIES = {
    "objective": ("flyvis", "contrast:", "contrast:T4a, T4x", "level:much", "level:2", "group:Mi1"),
    "silence": ("", "Mi1", "Mi1, T4x"),
    "n_iters": ("", "many", "3", "50"),
    "energy": ("none", "0", "100", "-3"),
    "schedule": ("", "2: lr=0.1", "later"),
    "lr": ("fast", "1e99", "0.1"),
}
"""What a person types into fields, values of theirs or none, by the name of the setting."""


@pytest.fixture(scope="module")
def queue(tmp_path_factory):
    """A queue whose worker serves all tests of this file; the seed says what a run does."""
    toys = toy_queue(tmp_path_factory.mktemp("agreement"))
    yield toys
    toys.close()


def disagreements(app: App) -> list[str]:
    """Return what parts of a page say that others do not."""
    session, choice = app.session, app.choice
    headline, run = app.headline.panel.shown, app.sidebar.panel.run
    if session.shown.question is None:
        return []
    found = re.search(r"<h1>(\S+) <small>(\w+)</small>(.*)</h1>", headline["html"])
    cell_type, method, marks = found.groups()
    forming = "Forming" in marks
    player = unpacked(app.player.live or app.player.scene)
    answer_keys = {run.run_id: run.result.stem for run in session.runs if run.result is not None}
    answer_keys |= {entry.key: entry.key for entry in session.finished}
    told = {
        "the player's cell type": (player["cell_type"], cell_type),
        "whether the player is live": (bool(player.get("live")), forming),
        "whether there is something to take home": (headline["live"], forming),
        "the question on show": (
            (session.shown.question.cell_type, session.shown.question.method),
            (cell_type, method),
        ),
        "the sidebar's cell type": (app.sidebar.panel.choice["cell_type"], choice.cell_type),
        "the label of Run": (run["label"], f"Run {choice.cell_type} {choice.method}"),
        "the chosen row": (
            app.history.list.chosen == session.key
            or answer_keys.get(app.history.list.chosen) == session.lasting_key,
            True,
        ),
        "the further networks of the sidebar": (
            tuple(app.sidebar.panel.choice["values"]["generated"]["across"]["further"]),
            choice.further,
        ),
        "the networks on show": (
            " at once (" in headline["html"],
            bool(session.shown.question.further),
        ),
    }
    settings = choice.settings[choice.method]
    no_values = {setting_label(choice.method, name) for name in settings.entries.refused}
    told["the fields that the link leaves as they were"] = (
        set(re.findall(r"“([^”]+)” is [^“]+ in the link: what its field shows", app.page.left_out)),
        no_values,
    )
    asked = PageAddress.parse(app.page.link_query)
    told["the address"] = (
        (asked.cell_type, asked.method, asked.run),
        (choice.cell_type, choice.method, session.link_key),
    )
    if not forming:
        answer, which = session.shown.finished, headline["iteration"]
        if which == "best":
            own = session.answer["best_stimulus"].values
            told["the best iteration"] = ((answer["stimulus"].values == own).all(), True)
        else:
            told["the answer that is taken home"] = (answer is session.answer, True)
        told["the iteration on show"] = (session.shown.best, which == "best")
        peak = float(re.search(r"peak (\S+) a\.u\.", headline["html"])[1].replace("−", "-"))
        drawn = float(player["central"].max())
        told["the peak in the picture"] = (drawn == pytest.approx(peak, rel=0.01, abs=0.01), True)
        told["the name of the file"] = (app.headline._data()[0].partition("_")[0], cell_type)
        coming = (
            session.run is not None and session.run.state in LIVE
        )  # and then the address is its
        if session.link_key and not (session.link_iteration or session.submitting or coming):
            linked = session.library.open(session.link_key)
            told["the answer of the address"] = (linked.attrs["config"], answer.attrs["config"])
            comes = "best" if session._awaits_best else which  # in a moment: it is being computed
            told["its iteration in the address"] = (asked.shown or comes, comes)
        told["the cell type that is taken home"] = (answer.attrs["cell_type"], cell_type)
    further = session.shown.question.further
    if (cell_type, method) == (choice.cell_type, choice.method) and further != choice.asked_further:
        told["that other networks are chosen"] = ("network" in headline["note"], True)
    if (cell_type, method) != (choice.cell_type, choice.method):
        told["that something else is chosen"] = (choice.cell_type in headline["note"], True)
        live = session.run is not None and session.run.state in LIVE
        told["the key in the address"] = (session.link_key == "" or live, True)
    return [f"{what}: {a!r}, not {b!r}" for what, (a, b) in told.items() if a != b]


def opened(queue, visitor: str, key: str) -> App:
    """Open a page as its address asks for it."""
    app = App(queue, ResultLibrary(queue.folder), visitor)
    if key:
        app.session.follow(key)
    app.start()
    return app


def do(app: App, chance: random.Random) -> str:
    """Do something that a person may do, and return what."""
    session, choice = app.session, app.choice
    acts = (
        "choose",
        "choose",
        "further",
        "type",
        "type",
        "run",
        "run",
        "cancel",
        "follow",
        "move",
        "iteration",
        "wait",
    )
    match chance.choice(acts):
        case "choose":
            choice.cell_type = chance.choice(CELLS)
            choice.method = chance.choice(("generated", "generated", "natural"))
            return f"choose {choice.cell_type} {choice.method}"
        case "further":
            names = chance.choice(((), ("maxstim/002",), ("maxstim/002", "prior")))
            told = {"method": "generated", "setting": "across", "further": list(names)}
            app.sidebar.panel._handle_msg(told)
            return f"ask {names} at once"
        case "type":
            name = chance.choice([*ENTRIES])
            told = {"method": "generated", "setting": name, "entry": chance.choice(ENTRIES[name])}
            app.sidebar.panel._handle_msg(told)
            return f"type {told['entry']!r} for {name}"
        case "iteration":
            app.headline.panel._handle_msg({"iteration": chance.choice(("last", "best"))})
            return "iteration"
        case "run":
            seed, iterations = chance.choice(((0, 3), (SLOW, FOREVER), (REFUSING, 9)))
            choice.method = "generated"
            choice.settings["generated"].param.update(random_seed=seed, n_iters=iterations)
            session.start()
            return f"run {choice.cell_type} with seed {seed}"
        case "cancel":
            session.cancel()
            return "cancel"
        case "follow":
            keys = [row["key"] for row in app.history.list.rows]
            if keys:
                session.follow(chance.choice(keys))
            return "follow"
        case "move":
            choice.settings["generated"].n_iters = chance.choice((3, 50))
            return "move a slider"
    time.sleep(0.05)
    return "wait"


def end_runs(*pages: App) -> None:
    """Cancel what a visitor has asked for, of which some may still be on its way to the queue."""
    for app in pages:
        while app.session.submitting:
            app.session.poll()
            time.sleep(0.02)
    session = pages[-1].session
    for run in session.queue.snapshots(session.id):
        if run.state in LIVE:
            session.queue.cancel(run.run_id)


@pytest.mark.parametrize("seed", range(SEQUENCES))
def test_the_parts_of_a_page_agree_whatever_is_done(queue, seed):
    chance, done = random.Random(seed), []
    visitor = f"{seed:032x}"
    pages = [opened(queue, visitor, "")]
    try:
        for _ in range(STEPS):
            if chance.random() < 0.05:
                pages.append(opened(queue, visitor, pages[-1].session.link_key))
                done.append("reload")
            else:
                done.append(do(pages[-1], chance))
            app = pages[-1]
            assert disagreements(app) == [], done
            app.session.poll()
            app.networks.poll()
            assert disagreements(app) == [], [*done, "poll"]
    finally:
        end_runs(*pages)  # else the sequences after it would wait for them


def test_a_run_pressed_while_another_forms_leaves_no_frozen_preview(queue):
    app = opened(queue, "", "")
    session, choice = app.session, app.choice
    choice.settings["generated"].param.update(random_seed=SLOW, n_iters=FOREVER)
    choice.cell_type = "Tm3"
    session.start()
    give_up = time.monotonic() + 60
    while not app.player.live:
        assert time.monotonic() < give_up, session.run
        session.poll()
        time.sleep(0.02)
    choice.cell_type = "Mi1"
    session.start()
    while session.key == "" or session.run is None or session.run.request.cell_type != "Mi1":
        session.poll()
        assert disagreements(app) == []
    assert not app.player.live and "T4c" in app.headline.panel.shown["html"]
    assert app.headline.panel.shown["note"].startswith("Mi1 is on its way; this is T4c")
    end_runs(app)
