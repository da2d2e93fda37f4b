"""The view to paint in, without a browser: edits, whose turn it is, and what is told."""

import threading
import time

import numpy as np
import pytest
from packed import unpacked
from serving import run_apart
from toy_runs import toy_queue

import maxstim_core as ms
from dashboard.components.paint.component import PaintPanel
from dashboard.paint.edits import MOST_EDITS, MOST_POSITIONS, edited
from dashboard.paint.keeping import PaintingKeeper
from dashboard.paint.newest_in_turn import NewestInTurn
from dashboard.paint.view import FIRST_FRAMES, PaintView
from dashboard.paint.watching import WatchingNetwork, grey_response, watching_engine
from dashboard.state.choice import Choice
from dashboard.state.session import Session
from maxstim_core.errors import MaxstimError
from maxstim_core.lattice import Lattice
from maxstim_core.optimal.painted import PaintedConfig, watch_painting
from maxstim_core.runs.library import ResultLibrary
from maxstim_core.stimuli.painting import BrushStroke, Painting
from maxstim_core.stimuli.stored.paintings import PAINTED, painting_key, painting_name

EYE = Lattice(3)
WHITE_SPOT = ["brush", [360], 254, 5, 60, 2, 0]
"""A disc on the central column of the published eye."""


def blank(n_frames=6):
    return Painting.grey(EYE, n_frames=n_frames, dt=0.01)


def test_edits_are_made_in_their_order():
    levels = np.arange(2 * EYE.n_columns, dtype=np.uint8)
    found = edited(
        blank(),
        [
            ["brush", [0, 1], 254, 0, 2, 1, 1],
            ["copy", 1, 4],
            ["frames", 4, levels.tobytes()],
            ["length", 7],
        ],
    )
    first = blank().painted(BrushStroke([0, 1], 254, 0, 2, 1, 1)).copied_forward(1, 4)
    assert np.array_equal(found.levels[:4], first.levels[:4])
    assert np.array_equal(found.levels[4:6].ravel(), levels)
    assert found.n_frames == 7
    assert edited(found, [["blank", 3, 0.02]]).energy == 0


@pytest.mark.parametrize(
    "edit",
    [
        *(None, "brush", [], ["paint"], {"brush": 1}, ["brush", [], 0, 0, 1, 0, 0], ["copy"]),
        *(["brush", [0], 0, 0, 1, 0], ["brush", 0, 0, 0, 1, 0, 0], ["brush", ["a"], 0, 0, 1, 0, 0]),
        *(["brush", [0], "0", 0, 1, 0, 0], ["brush", [0], 0, 0, 1e9, 0, 0], ["length", 10**9]),
        *(["brush", [10**12], 0, 0, 1, 0, 0], ["brush", [0], 0, 0, 1, 10**6, 0]),
        *(["frames", 0, "text"], ["frames", 0, b""], ["frames", 0, b"12"], ["frames", 0, [1, 2]]),
        *(["frames", 5, bytes(2 * EYE.n_columns)], ["frames", 0, b"\xff" * EYE.n_columns]),
        *(["blank", 3, 0], ["blank", 3, float("nan")], ["blank", None, 0.01], ["length", True]),
        ["brush", [0] * (MOST_POSITIONS + 1), 0, 0, 1, 0, 0],
    ],
)
def test_whatever_else_a_browser_sends_is_refused_in_a_sentence(edit):
    with pytest.raises(MaxstimError):
        edited(blank(), [edit])


def test_no_message_makes_more_than_so_many_edits():
    with pytest.raises(MaxstimError):
        edited(blank(), [["length", 6]] * (MOST_EDITS + 1))


def test_in_front_of_grey_colors_are_at_0_and_the_response_is_as_in_any_answer():
    """As docs/paint.md says: a cell that still moves after the second of grey is above it by as much."""
    network = WatchingNetwork("default", "", "")
    engine = watching_engine(network)
    grey = Painting.grey(engine.layout.lattice, n_frames=FIRST_FRAMES, dt=0.01)
    for cell_type, highest in (("T5c", 0.023), ("T4c", 0.0)):
        watched = watch_painting(engine, cell_type, grey)
        above = watched.response - grey_response(engine, cell_type, grey)
        assert not above.any()
        cell = engine.layout.central_cells[[engine.network.cell_type(cell_type)]]
        voltage = ms.simulate(engine.network, grey.luminance, 0.01, cells=cell)
        scaled = watched.unit.scaled(np.asarray(voltage))
        assert float(scaled.max()) == pytest.approx(highest, abs=5e-4)
        assert abs(float(scaled.ravel()[0])) < 1e-3, (
            "the second of grey ends where the movie begins"
        )


def test_of_one_page_the_newest_is_done_and_pages_take_turns():
    turns, done, gate = NewestInTurn(), [], threading.Event()
    first = turns.run("a", gate.wait)
    while not first.running():
        time.sleep(0.001)
    asked = [turns.run("a", lambda k=k: done.append(("a", k))) for k in range(5)]
    other = turns.run("b", lambda: done.append(("b", 0)))
    newest = turns.run("a", lambda: done.append(("a", 5)))
    gate.set()
    other.result(30)
    newest.result(30)
    assert done == [("a", 5), ("b", 0)], "the page that asked often keeps its place, and no more"
    assert all(one.cancelled() for one in asked)


def test_what_fails_for_one_page_is_done_for_the_next():
    turns = NewestInTurn()
    failed = turns.run("a", lambda: 1 / 0)
    assert turns.run("b", lambda: "there").result(30) == "there"
    assert isinstance(failed.exception(30), ZeroDivisionError)


@pytest.fixture(scope="module")
def queue(tmp_path_factory):
    toys = toy_queue(tmp_path_factory.mktemp("paint"))
    yield toys
    toys.close()


@pytest.fixture
def page(queue, monkeypatch):
    """A view that is open, and the blocks that its browser is told."""
    monkeypatch.setenv("MAXSTIM_DATA_DIR", str(queue.store.root))
    session = Session(Choice(), queue, ResultLibrary(queue.folder))
    shown, blocks = [], []
    view = PaintView(session, shown.append)
    assert view.panel is None, "nothing is made before the view is opened"
    view.is_open = True
    assert shown == [view.panel]
    view.panel.tell = lambda block: blocks.append(unpacked(block))
    return view, blocks


def say(view, **message):
    view.panel._handle_msg(message)


def until(view, is_so):
    give_up = time.monotonic() + 120
    while not is_so():
        assert time.monotonic() < give_up, view.session.problem
        time.sleep(0.01)
        view.poll()


def newest(blocks, kind):
    return next((block for block in reversed(blocks) if block["kind"] == kind), None)


def begun(page):
    view, blocks = page
    say(view, ready=True)
    until(view, lambda: newest(blocks, "response") and newest(blocks, "rival"))
    return view, blocks, newest(blocks, "painting")["generation"]


def edit(view, generation, serial, *edits):
    say(view, edits=list(edits), serial=serial, generation=generation)


def test_the_browser_begins_with_grey_and_is_told_the_response_to_each_edit(page):
    view, blocks, generation = begun(page)
    first = newest(blocks, "painting")
    assert first["levels"].shape == (FIRST_FRAMES, 721) and (first["levels"] == 127).all()
    grey = newest(blocks, "response")
    assert abs(grey["above_grey"]) < 1e-3 and grey["energy"] == 0
    edit(view, generation, 1, WHITE_SPOT)
    until(view, lambda: newest(blocks, "response")["serial"] == 1)
    told = newest(blocks, "response")
    network = ms.open_network("default")
    center = network.layout.central_cells[network.cell_type("T4c")]
    luminance = view.moment.painting.luminance
    voltage = ms.simulate(network, luminance, 0.01, cells=[center]).values[:, 0]
    units, kind = ms.response_units(network), network.cell_type("T4c")
    assert np.allclose(told["trace"], (voltage - units.grey[kind]) / units.rms[kind], atol=1e-4)
    assert told["energy"] == pytest.approx(view.moment.painting.energy) and told["energy"] > 0
    assert told["unit"] == "RMS" and told["cell_type"] == "T4c"


def test_any_cell_type_may_watch_and_has_its_own_answer_to_beat(page):
    view, blocks, _ = begun(page)
    before = newest(blocks, "rival")
    assert before["there"] and before["energy"] > 0 and before["above_grey"] > 0
    say(view, cell="Mi1")
    until(view, lambda: newest(blocks, "rival")["cell_type"] == "Mi1")
    until(view, lambda: newest(blocks, "response")["cell_type"] == "Mi1")
    assert newest(blocks, "rival")["above_grey"] != before["above_grey"]
    say(view, cell="T99")
    assert view.session.choice.cell_type == "Mi1"


def test_what_the_settings_silence_is_silenced_while_painting(page):
    view, blocks, generation = begun(page)
    edit(view, generation, 1, WHITE_SPOT)
    until(view, lambda: newest(blocks, "response")["serial"] == 1)
    whole = newest(blocks, "response")
    choice = view.session.choice
    choice.settings[choice.method].silence = "Mi1,Tm3"
    until(view, lambda: newest(blocks, "response")["silenced"] == "Mi1, Tm3")
    told = newest(blocks, "response")
    without = ms.silenced(ms.open_network("default"), "Mi1,Tm3")
    center = without.layout.central_cells[without.cell_type("T4c")]
    voltage = ms.simulate(without, view.moment.painting.luminance, 0.01, cells=[center]).values
    assert np.ptp(told["trace"] - voltage[:, 0]) < 1e-4, "the same but for grey"
    assert whole["unit"] == "RMS" and told["unit"] == "a.u."
    choice.settings[choice.method].silence = "T4c"
    until(view, lambda: view.session.problem)
    assert "T4c is the cell type that is asked" in view.session.problem


@pytest.mark.parametrize("typed", ["T4c", "Bogus"])
def test_what_cannot_be_silenced_is_said_beside_the_response_that_goes_on(page, typed):
    view, blocks, generation = begun(page)
    assert newest(blocks, "response")["note"] == ""
    choice = view.session.choice
    choice.settings[choice.method].silence = "Mi1"
    until(view, lambda: newest(blocks, "response")["silenced"] == "Mi1")
    choice.settings[choice.method].silence = typed
    until(view, lambda: newest(blocks, "response")["note"])
    edit(view, generation, 1, WHITE_SPOT)
    until(view, lambda: newest(blocks, "response")["serial"] == 1)
    told = newest(blocks, "response")
    assert told["silenced"] == "Mi1" and typed in told["note"]
    assert told["note"].endswith("Until then the response is with Mi1 silenced as before.")
    assert newest(blocks, "rival")["silenced"] == "Mi1"
    choice.settings[choice.method].silence = ""
    until(view, lambda: not newest(blocks, "response")["note"])


@pytest.mark.parametrize("cell_type", ["T4c", "T5d", "Mi1", "CT1(M10)"])
def test_in_grey_every_cell_is_at_what_it_does_in_grey(page, cell_type):
    view, blocks = page
    view.session.choice.cell_type = cell_type
    say(view, ready=True)
    until(view, lambda: newest(blocks, "response"))
    told = newest(blocks, "response")
    assert told["cell_type"] == cell_type and {*np.unique(told["response"])} <= {0, 128}
    assert told["limit"] == pytest.approx(2), "next to nothing is not drawn as much"


def test_a_response_is_told_above_what_each_cell_does_in_grey(page):
    view, blocks, generation = begun(page)
    edit(view, generation, 1, WHITE_SPOT)
    until(view, lambda: newest(blocks, "response")["serial"] == 1)
    told, network = newest(blocks, "response"), ms.open_network("default")
    kind, movie = network.cell_type("T4c"), view.moment.painting.luminance
    cells = network.layout.cells(kind)
    shown, grey = (
        network.layout.on_columns(kind, ms.simulate(network, one, 0.01, cells=cells).values)
        for one in (movie, np.full_like(movie, 0.5))
    )
    limit = told["limit"] * ms.response_units(network).rms[kind]
    drawn = (told["response"].astype(float) - 128) / 127 * limit
    assert np.allclose(drawn, np.clip(shown - grey, -limit, limit), atol=0.6 * limit / 127)


def test_what_goes_on_from_a_painting_silences_what_the_response_did(keeper, monkeypatch):
    made, view, _, _, _ = keeper
    asked = []
    monkeypatch.setattr(view.session, "submit", asked.append)
    made._network = WatchingNetwork("default", "", "Mi1")
    run_apart(made.way("regularized")())
    run_apart(made.way("generated")())
    assert [request.config.silence for request in asked] == ["Mi1", "Mi1"]
    assert view.session.choice.settings["regularized"].silence == "Mi1"


def test_edits_of_a_painting_that_is_gone_do_nothing(page):
    view, blocks, generation = begun(page)
    say(view, textbook={"kind": "bar", "direction": 90, "degrees": 30, "luminance": 1})
    until(view, lambda: newest(blocks, "painting")["generation"] == generation + 1)
    started = view.moment.painting
    assert newest(blocks, "painting")["undoable"] and started.energy > 0
    edit(view, generation, 7, WHITE_SPOT)
    assert view.moment.painting is started
    edit(view, generation + 1, 1, WHITE_SPOT)
    assert view.moment.painting is not started


def test_what_cannot_be_is_one_sentence_and_the_browser_gets_what_there_is(page):
    view, blocks, generation = begun(page)
    before = view.moment.painting
    edit(view, generation, 1, WHITE_SPOT, ["brush", [99999], 0, 0, 1, 0, 0])
    assert view.session.problem and view.moment.painting is before
    assert np.array_equal(newest(blocks, "painting")["levels"], before.levels)
    view.session.problem = ""
    say(view, textbook={"kind": "spiral"})
    assert "spiral" in view.session.problem
    for nonsense in ({}, {"edits": 3}, {"press": 3}, {"press": "x"}, {"textbook": 1}, {"ready": 1}):
        view.panel._handle_msg(nonsense)
    view.panel._handle_msg("text")
    assert view.moment.painting is before


@pytest.fixture
def keeper(page):
    view, _, generation = begun(page)
    edit(view, generation, 1, WHITE_SPOT)
    painting, stored, taken = view.moment.painting, [], []
    view.panel.take = lambda name, data: taken.append((name, data))
    network = WatchingNetwork("default", "", "")
    made = PaintingKeeper(
        view.session, view.panel, painting, network, lambda *kept: stored.append(kept)
    )
    return made, view, painting, stored, taken


def test_a_stored_painting_is_in_the_library(keeper):
    made, view, painting, stored, _ = keeper
    assert painting_name(painting_key(painting)) in run_apart(made.way("store")())
    [(kept, key)] = stored
    assert kept is painting
    entry = view.session.library.find(key)
    assert (entry.method, entry.cell_type) == (PaintedConfig.method, "T4c")
    answer = ms.load(entry.path)
    assert np.array_equal(answer["stimulus"].values, painting.luminance)


def test_a_painting_is_taken_home(keeper):
    made, _, _, _, taken = keeper
    for name in ("figure", "film", "data"):
        run_apart(made.way(name)())
    assert [name.rsplit(".", 1)[1] for name, _ in taken] == ["png", "gif", "nc"]
    assert all(name.startswith("T4c_painted") for name, _ in taken)
    assert made.way("anything else") is None


def test_a_painting_is_regularized_and_improved_by_runs_that_name_it(keeper, monkeypatch):
    made, view, painting, _, _ = keeper
    asked, key = [], painting_key(painting)
    monkeypatch.setattr(view.session, "submit", asked.append)
    run_apart(made.way("regularized")())
    run_apart(made.way("generated")())
    regularized, improved = asked
    assert (regularized.clips, regularized.clip) == (f"{PAINTED}{key}", painting_name(key))
    assert improved.config.start == key and improved.config.n_frames == painting.n_frames
    assert view.session.choice.settings["generated"].start == key
    clips = ms.open_clips(regularized.clips)
    assert np.array_equal(clips[0], painting.luminance)


def test_an_answer_is_painted_on(page):
    view, _, _ = begun(page)
    example = view.session.library.example()
    painting = run_apart(started(view, example.key))
    answer = ms.load(example.path)
    assert np.abs(painting.luminance - answer["stimulus"].values).max() < 0.003


async def started(view, key):
    await view._begin_from(key)
    return view.moment.painting


def test_what_the_panel_is_told_by_no_dictionary_is_not_heard():
    heard = []
    panel = PaintPanel(heard.append)
    for message in (None, 3, "ready", [1]):
        panel._handle_msg(message)
    assert heard == []
