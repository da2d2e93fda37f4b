"""What an address may say."""

import dataclasses
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toy_runs import toy_queue

import maxstim_core as ms
from dashboard.app import App
from dashboard.state.choice import Choice
from dashboard.state.link_keys import LINK_KEYS, PLACE_ROOM
from dashboard.state.link_settings import (
    linked_settings,
    refused_settings,
    settings_of_link,
    settings_of_run,
    take_settings,
)
from dashboard.state.page_link import address_of, room_for_query
from dashboard.state.url import LONGEST_LINK, PageAddress
from dashboard.state.views import VIEWS
from maxstim_core.networks.bundled import DEFAULT, default
from maxstim_core.networks.connectome import bundled_connectome
from maxstim_core.networks.user_networks import store_text
from maxstim_core.optimal.configs import CONFIGS, GenerateConfig, starting_preset
from maxstim_core.optimal.shared_settings import MAX_FRAMES
from maxstim_core.runs.library import ResultLibrary
from maxstim_core.runs.request import RunRequest


@pytest.fixture(autouse=True)
def data(monkeypatch, tmp_path):
    """A data directory with one network of a person's own."""
    monkeypatch.setenv("MAXSTIM_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("FLYVIS_ROOT_DIR", raising=False)
    store_text(default().file.read_text(encoding="utf-8"), "mine")


@pytest.mark.parametrize("network", ["default", "maxstim/003", "own/mine", ""])
def test_an_address_carries_what_is_on_the_page(network):
    address = PageAddress("CT1(M10)", "regularized", network, "T4c-generated")
    assert PageAddress.parse(address.search()) == address
    assert "%2F" not in address.search()


def test_a_network_that_is_not_here_is_one_sentence():
    for name in ("own/yours", "maxstim/010", "../secrets", str(default().file), "<b>", "a" * 9999):
        address = PageAddress.parse(PageAddress(network=name, cell_type="Mi1").search())
        [problem] = address.problems
        assert address == PageAddress(cell_type="Mi1", network=DEFAULT, problems=(problem,))
        assert problem.startswith("The network of this link is not on this server")
        assert problem.count(".") == 1 and name not in problem


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("cell", "T5z"), ("cell", "t4c"), ("cell", "<script>alert(1)</script>"), ("cell", "a" * 9999),
        ("method", "foo"), ("method", "Generated"), ("method", "<b>"),
        ("view", "atlas "), ("view", "<b>"), ("view", "__class__"), ("view", "v" * 9999),
        ("run", "../../etc/passwd"), ("run", "/etc/passwd"), ("run", "a" * 500), ("run", "a\0b"),
    ],
)  # fmt: skip
def test_what_there_is_not_is_one_sentence(name, value):
    address = PageAddress.parse("?" + urlencode({name: value}))
    [problem] = address.problems
    assert address == PageAddress(problems=(problem,))
    assert {"cell": "cell type"}.get(name, name) in problem
    assert problem.count(".") == 1 and value not in problem


@pytest.mark.parametrize(
    "search", ["", "?", "?cell=&method=&run=&network=", "?utm_source=mail&fbclid=x"]
)
def test_an_address_that_says_nothing_has_no_problem(search):
    assert PageAddress.parse(search) == PageAddress()


@pytest.mark.parametrize(
    ("search", "told"),
    [
        (
            "?cel=T4c",
            "“cel”, which the page does not know; it was left out: check how it is written.",
        ),
        (
            "?seed=1&Cell=T4c&theme=dark",
            "“Cell” and “seed”, which the page does not know; they were",
        ),
        ("?<b>=1", "1 key, which"),
        ("?a=&b=1&c=1&d=1&e=" + "x" * 999, "“a”, “b”, “c” and 2 more, which"),
    ],
)
def test_keys_that_the_page_does_not_know_are_one_sentence(search, told):
    address = PageAddress.parse(search)
    [problem] = address.problems
    assert problem.startswith(f"This link has {told}") and problem.count(".") == 1
    assert address == PageAddress(problems=(problem,))


def test_settings_of_any_method_are_known():
    for config_class in CONFIGS.values():
        for item in dataclasses.fields(config_class):
            problems = PageAddress.parse(f"?{item.name}=1").problems
            assert not any("does not know" in problem for problem in problems), item.name


@pytest.mark.parametrize("view", list(VIEWS))
def test_an_address_opens_the_view_that_is_open(view):
    assert PageAddress.parse(PageAddress(view=view).search()).view == view


def test_a_sweep_is_seen_in_its_own_view():
    address = PageAddress(sweep="a" * 40, view="sweep")
    assert "view" not in address.search()
    assert PageAddress.parse(address.search()).sweep == "a" * 40


def test_a_key_that_looks_like_a_number_stays_text():
    assert PageAddress.parse("?run=12e45").run == "12e45"


CELL_TYPES = st.lists(st.sampled_from(bundled_connectome().names), unique=True, max_size=65)
TEXTS = {
    "objective": st.sampled_from(["flyvis", "drive", "suppress", "level:1.2"])
    | CELL_TYPES.filter(bool).map(lambda names: f"contrast:{','.join(names)}"),
    "window": st.sampled_from(["", "0.2:0.4", "0.01:0.7"]),
    "stim_window": st.sampled_from(["", "0.1:0.3"]),
    "start": st.sampled_from(["", "0f" * 12]),
    "silence": CELL_TYPES.map(lambda names: ",".join(sorted(names))),
    "schedule": st.sampled_from(
        ["", "40: lr=0.02 weight_mei=1000", "3: last_only=no; 8: energy=50"]
    ),
}
"""Values of the settings that are any text."""


def values_of(item: dataclasses.Field) -> st.SearchStrategy:
    """Any value that a setting takes."""
    if isinstance(item.default, bool):
        return st.booleans()
    if isinstance(item.default, str):
        return TEXTS[item.name] if item.name in TEXTS else st.sampled_from(item.metadata["choices"])
    low, high = item.metadata["bounds"]
    return (st.integers if isinstance(item.default, int) else st.floats)(low, high)


@st.composite
def chosen(draw: st.DrawFn, method: str) -> dict:
    """Any values of any settings of a method."""
    items = linked_settings(CONFIGS[method])
    return draw(st.fixed_dictionaries({}, optional={item.name: values_of(item) for item in items}))


def told(choice: Choice) -> dict:
    """What a choice asks for of its method, as far as it has an effect."""
    mine = choice.settings[choice.method]
    idle = mine.without_effect()
    values = {name: value for name, value in mine.values().items() if name not in idle}
    beside = () if choice.method == "generated" else (choice.clips,)
    return values, idle, beside, choice.clip if choice.method == "regularized" else ""


def opened(address: PageAddress, named: RunRequest | None) -> Choice:
    """What is chosen on a page that is opened by an address."""
    choice = Choice()
    if named is not None:
        choice.take(named)
    choice.method = address.method
    take_settings(choice, address.method, address.settings)
    return choice


@settings(max_examples=150, deadline=None)
@given(drawn=st.data(), method=st.sampled_from([*CONFIGS]), has_run=st.booleans())
def test_any_choice_of_settings_comes_back_from_its_address(drawn, method, has_run):
    choice, named = Choice(method=method), None
    if has_run:
        steps = drawn.draw(st.integers(1, 50))
        config = CONFIGS[method](
            **({} if method == "natural" else {"n_iters": steps}), silence="Mi9"
        )
        named = RunRequest("T4c", config, clips="made" if method != "generated" else "scenes")
    choice.settings[method].take(drawn.draw(chosen(method)))
    choice.clips = drawn.draw(st.sampled_from(["scenes", "made"]))
    if method == "regularized":
        choice.clip = drawn.draw(st.sampled_from(["", "scene 3, turned by 60°", "a&b=c d+e"]))
    address = PageAddress("T4c", method, settings=settings_of_link(choice, named))
    read = PageAddress.parse(address.search())
    assert read == address
    assert told(opened(read, named)) == told(choice)


@settings(max_examples=100, deadline=None)
@given(drawn=st.data(), room=st.integers(60, LONGEST_LINK))
def test_a_link_has_its_length_says_what_it_leaves_out_and_keeps_all_else(drawn, room):
    choice = Choice()
    choice.settings["generated"].take(drawn.draw(chosen("generated")))
    said = settings_of_link(choice, None)
    address = PageAddress("T4c", "generated", "maxstim/003", "a" * 64, settings=said, frame=7)
    link = address.link(room)
    assert len(link.search) <= room
    read = PageAddress.parse(link.search)
    assert not read.problems and (read.cell_type, read.method) == ("T4c", "generated")
    gone = [name for name in said if name not in read.settings]
    assert read.settings == {name: said[name] for name in said if name not in gone}
    gone += [
        key.name
        for key in LINK_KEYS
        if getattr(read, key.attribute) != getattr(address, key.attribute)
    ]
    assert len(link.left_out) == len(gone)
    assert bool(link.note) == bool(gone)
    assert all(f"“{name}”" in link.note for name in link.left_out)


def test_numbers_are_as_people_type_them_and_what_is_as_always_is_not_said():
    choice = Choice()
    choice.settings["generated"].take(
        {"lr": 1e-5, "n_iters": 40, "last_only": False, "t_stim": 0.8}
    )
    assert PageAddress("T4c", settings=settings_of_link(choice, None)).search() == (
        "?cell=T4c&lr=0.00001&n_iters=40&last_only=0"
    )


def test_what_differs_from_the_run_is_said_even_where_it_is_as_always():
    choice = Choice()
    run = RunRequest("T4c", starting_preset(GenerateConfig, silence="Mi9", n_iters=40))
    choice.take(run)
    choice.settings["generated"].silence = ""
    said = settings_of_link(choice, run)
    assert said == {"silence": "", "n_iters": 40}  # n_iters for a server that has no such run
    assert PageAddress("T4c", settings=said).search() == "?cell=T4c&silence=&n_iters=40"


def test_what_the_run_has_as_well_is_left_out_first_and_without_a_word():
    names = ",".join(bundled_connectome().names[:30])
    choice = Choice()
    run = RunRequest("T4c", starting_preset(GenerateConfig, silence=names, lr=0.5))
    choice.take(run)
    choice.settings["generated"].n_iters = 40
    said = settings_of_link(choice, run)
    address = PageAddress(
        "T4c", "generated", "", "a" * 64, settings=said, of_run=settings_of_run(said, run)
    )
    link = address.link(150)
    assert link.search.endswith("&n_iters=40&lr=0.5") and link.note == ""
    assert dataclasses.replace(address, run="").link(150).left_out == ("Silenced",)


def test_the_whole_link_has_its_length_with_what_the_browser_adds():
    page = "http://lab.example:5006/dashboard"
    place = PageAddress(iteration=100_000, frame=MAX_FRAMES).search()
    assert len(place) == PLACE_ROOM
    names = ",".join(bundled_connectome().names[:30])
    address = PageAddress("CT1(M10)", "generated", "default", "a" * 64, settings={"silence": names})
    link = address.link(room_for_query(page))
    assert len(page + link.search + place) <= LONGEST_LINK
    assert link.left_out == ("Silenced",)
    assert link.note == "The link leaves out “Silenced”: it has room for 300 characters."
    assert room_for_query("x" * 400) == 0
    assert PageAddress("T4c", "generated", settings={"lr": 0.5}).link(0).search == "?"


@pytest.mark.parametrize(
    ("method", "name", "value", "named"),
    [
        ("generated", "n_iters", "0", "iterations"), ("generated", "n_iters", "1.5", "iterations"),
        ("generated", "lr", "fast", "learning rate"), ("generated", "lr", "inf", "learning rate"),
        ("generated", "t_stim", "1_0", "stimulus duration"), ("generated", "last_only", "yes", "frame"),
        ("generated", "schedule", "soon", "changes"), ("generated", "silence", "a" * 2000, "silenced"),
        ("generated", "weight_mei", "1.2.3", "pull to grey"), ("natural", "score", "loud", "score"),
        ("natural", "clips", "no such set", "movies"), ("regularized", "clip", "a\0b", "clip"),
        ("regularized", "clip", "a" * 500, "clip"), ("natural", "lr", "0.1", "natural movie"),
        ("generated", "clips", "made", "generated movie"), ("generated", "frame", "0", "frame"),
        ("generated", "frame", "-3", "frame"), ("generated", "frame", "1.5", "frame"),
        ("generated", "across", "foo", "several networks"), ("generated", "rings", "99", "rings"),
        ("generated", "iteration", "x", "iteration"),
        ("generated", "iteration", "1000000", "iteration"),
    ],
)  # fmt: skip
def test_each_value_that_is_none_is_one_sentence_and_nothing_else_is_lost(
    method, name, value, named
):
    others = {"cell": "Mi1", "method": method, "dt": "0.005"}
    address = PageAddress.parse("?" + urlencode({**others, name: value}))
    [problem] = address.problems
    assert address == PageAddress("Mi1", method, problems=(problem,), settings={"dt": 0.005})
    assert named in problem.lower() and problem.count(".") == 1 and problem.endswith(".")
    assert len(value) < 4 or value not in problem
    assert " is none" not in problem, "one sentence for “rings” and for “learning rate”"


@pytest.mark.parametrize("frame", [MAX_FRAMES, MAX_FRAMES + 1, 5000, "1e9"])
def test_a_frame_beyond_any_end_is_the_last(frame):
    address = PageAddress.parse(f"?frame={frame}")
    assert (address.frame, address.problems) == (MAX_FRAMES, ())


@pytest.mark.parametrize(
    ("method", "name", "value", "said"),
    [
        ("generated", "silence", "Bogus", "no cell type"),
        ("generated", "silence", "Mi1,T4c", "T4c is the cell type"),
        ("natural", "silence", "T4c", "T4c is the cell type"),
        ("generated", "objective", "contrast:T4c", "T4c is the cell type"),
        ("generated", "objective", "group:Bogus", "no cell type"),
        ("regularized", "clip", "foo", "not among its movies"),
    ],
)
def test_what_does_not_go_with_the_rest_of_a_link_is_a_sentence_and_left_out(
    queue, method, name, value, said
):
    app = App(queue, ResultLibrary(queue.folder))
    link = urlencode({"cell": "T4c", "method": method, "dt": "0.005", name: value})
    app.opened.choose(PageAddress.parse(f"?{link}"))
    [problem] = app.opened.problems
    assert said in problem and "of this link" in problem
    assert app.choice.settings[method].dt == 0.005 and app.choice.clip == ""
    assert name not in address_of(app.session).settings
    app.choice.request()


def test_clips_that_there_are_are_begun_from():
    choice, name = Choice(method="regularized"), ms.open_clips("made").names[3]
    assert refused_settings(choice, "regularized", {"clips": "made", "clip": name}) == {}
    assert "clip" in refused_settings(choice, "regularized", {"clip": name})


@pytest.fixture(scope="module")
def queue(tmp_path_factory):
    toys = toy_queue(tmp_path_factory.mktemp("link"))
    yield toys
    toys.close()


def test_an_address_carries_a_lesson_its_step_and_a_class():
    address = PageAddress(cell_type="T4c", lesson="on-off", step=3, classroom="BCDFGHJ")
    assert PageAddress.parse(address.search()) == address
    assert "lesson=on-off&step=3&class=BCDFGHJ" in address.search()
    assert PageAddress.parse("?class=bcdfghj").classroom == "BCDFGHJ"


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("lesson=../x", "lesson"),
        ("lesson=" + "a" * 99, "lesson"),
        ("class=%3Cb%3E", "class"),
        ("class=B1", "class"),
        ("step=many", "step"),
        ("step=100", "step"),
    ],
)
def test_a_lesson_or_a_class_that_cannot_be_is_one_sentence(query, words):
    address = PageAddress.parse(f"?{query}")
    [problem] = address.problems
    assert problem.startswith(f"The {words} of this link")
    assert (address.lesson, address.step, address.classroom) == ("", 0, "")
