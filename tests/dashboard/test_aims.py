"""Objective and constraints on the page: chosen, refused, without effect, in examples and addresses."""

import dataclasses

import pytest

from dashboard.sidebar.controls import Controls, sidebar_description
from dashboard.sidebar.examples import examples
from dashboard.state.choice import Choice
from dashboard.state.objective import check_others, entry_of_kind, read_objective, siblings
from dashboard.state.settings import sectioned
from dashboard.state.typed_numbers import LONGEST_ENTRY
from dashboard.state.url import PageAddress
from dashboard.text.differences import settings_unlike
from maxstim_core.errors import MaxstimError
from maxstim_core.networks.connectome import bundled_connectome
from maxstim_core.optimal.configs import GenerateConfig, starting_preset
from maxstim_core.optimal.objectives.chosen import OBJECTIVES, Objective
from maxstim_core.runs.request import opened


@pytest.fixture
def page():
    """A choice, its generated settings, and what tells both to the browser."""
    choice = Choice()
    return choice, choice.settings["generated"], Controls(choice)


def say(controls, setting, **said):
    controls.take({"method": "generated", "setting": setting, **said})
    return controls.words()["values"]["generated"][setting]


def test_every_setting_has_a_field(page):
    _, _, controls = page
    generated = next(m for m in sidebar_description()["methods"] if m["method"] == "generated")
    described = [setting["name"] for setting in generated["settings"]]
    names = [item.name for item in dataclasses.fields(GenerateConfig)]
    assert set(names) == set(described)
    assert [*controls.words()["values"]["generated"]] == described
    kinds = next(s for s in generated["settings"] if s["name"] == "objective")["choices"]
    assert [kind["value"] for kind in kinds] == [*OBJECTIVES]
    assert all(kind["label"] and kind["meaning"].endswith(".") for kind in kinds)


@pytest.mark.parametrize(
    ("cell_type", "others"),
    [
        ("T4c", "T4a T4b T4d"), ("T2", "T2a"), ("T2a", "T2"), ("Tm5a", "Tm5b Tm5c"), ("Mi1", ""),
        ("TmY5a", ""), ("CT1(M10)", ""), ("Am", ""), ("Tm5Y", ""),
    ],
)  # fmt: skip
def test_siblings_differ_by_their_last_letter(cell_type, others):
    assert siblings(cell_type) == tuple(others.split())


@pytest.mark.parametrize(
    ("entry", "objective"),
    [
        ("drive", "drive"),
        ("level:1,2", "level:1.2"),
        ("level: 1.20", "level:1.2"),
        ("level:−0.5", "level:-0.5"),
        (" contrast: T4a,T4b , T4d,", "contrast:T4a,T4b,T4d"),
    ],
)
def test_one_objective_is_written_in_one_way(entry, objective):
    assert read_objective(entry) == objective


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("contrast:", "Name the cell types that are not to respond"),
        ("group: ,", "Name the cell types that are to respond as well"),
        ("contrast:T4a,T4a", "names each of its cell types once"),
        ("level:", "must be a number between -100 and 100 RMS"),
        ("level:900", "must lie between -100 and 100 RMS"),
        ("shout", "There is no objective 'shout'"),
    ],
)
def test_what_is_no_objective_is_one_sentence_at_its_field_and_never_run(page, entry, said):
    choice, settings, controls = page
    shown = say(controls, "objective", entry=entry)
    assert shown["text"] == entry and said in shown["problem"]
    assert settings.objective == "flyvis"
    with pytest.raises(MaxstimError, match=said):
        choice.request()
    assert say(controls, "objective", restore=True)["text"] == "flyvis"
    assert choice.request().config == starting_preset(GenerateConfig)


def test_the_chosen_cell_type_and_what_is_none_cannot_be_among_the_others(page):
    choice, _, controls = page
    say(controls, "objective", entry="contrast:T4a,T4b")
    assert choice.request().config.objective == "contrast:T4a,T4b"
    choice.cell_type = "T4a"
    problem = controls.words()["values"]["generated"]["objective"]["problem"]
    assert problem == "T4a is the cell type that the movie is for; leave it out of the others."
    with pytest.raises(MaxstimError, match="leave it out of the others"):
        choice.request()
    shown = say(controls, "objective", entry="contrast:T4x")
    assert shown["problem"].startswith("There is no cell type 'T4x'; did you mean ")
    with pytest.raises(MaxstimError, match="There is no cell type 'T4x'"):
        choice.request()


def test_another_kind_keeps_the_cell_types_and_begins_with_the_siblings(page):
    choice, settings, controls = page
    assert say(controls, "objective", kind="contrast")["text"] == "contrast:T4a,T4b,T4d"
    say(controls, "objective", entry="contrast:Mi1")
    assert say(controls, "objective", kind="group")["text"] == "group:Mi1"
    assert say(controls, "objective", kind="level")["text"] == "level:1"
    choice.cell_type = "Mi1"
    shown = say(controls, "objective", kind="contrast")
    assert shown["text"] == "contrast:" and shown["problem"].startswith("Name the cell types")
    assert say(controls, "objective", kind="suppress") == {
        "value": "suppress", "text": "suppress", "problem": "",
    }  # fmt: skip
    assert settings.objective == "suppress"
    assert entry_of_kind("drive", "contrast:Mi1", "T4c") == "drive"


def test_what_a_browser_may_say_is_bounded(page):
    choice, _, controls = page
    before = choice.request()
    for said in ({"kind": "shout"}, {"value": "drive"}, {"entry": 3}, {"kind": 3}, {}):
        say(controls, "objective", **said)
    controls.take({"example": "No such example"})
    assert choice.request() == before
    shown = say(controls, "objective", entry="group:" + "a" * 10_000)
    assert len(shown["text"]) <= LONGEST_ENTRY


def test_what_has_no_effect_says_why_and_is_left_at_its_default(page):
    choice, settings, controls = page

    def idle():
        values = controls.words()["values"]["generated"]
        return {name for name, shown in values.items() if "idle" in shown}

    assert idle() == {"window", "window_counts", "temperature"}
    settings.param.update(objective="contrast:T4a", window="0.2:0.4", energy=50.0)
    assert idle() == {"last_only", "weight_mei"}
    assert choice.request().config.window == "0.2:0.4"
    # A window with the objective of flyvis would be refused; it waits until it counts again.
    say(controls, "window_counts", value="peak")
    say(controls, "objective", kind="flyvis")
    assert idle() == {"window", "window_counts", "temperature", "weight_mei"}
    config = choice.request().config
    assert (config.window, config.window_counts, config.energy) == ("", "mean", 50.0)
    say(controls, "objective", kind="level")
    assert idle() == {"last_only", "temperature", "energy", "weight_mei"}
    config = choice.request().config
    assert (config.window, config.window_counts, config.energy) == ("0.2:0.4", "peak", 0.0)
    settings.last_only = False
    assert "window" in idle() and choice.request().config.last_only is False


def test_a_field_without_effect_does_not_hold_up_a_run(page):
    choice, _, controls = page
    say(controls, "objective", kind="drive")
    shown = say(controls, "window", entry="soon")
    assert "two times in seconds" in shown["problem"]
    with pytest.raises(MaxstimError, match="two times in seconds"):
        choice.request()
    say(controls, "objective", kind="flyvis")
    assert choice.request().config == starting_preset(GenerateConfig)
    assert say(controls, "window", entry=" 0.2 : 0.4")["text"] == "0.2:0.4"


@pytest.mark.parametrize("cell_type", ["T4c", "T5a", "Mi1", "CT1(Lo1)", "T2"])
def test_every_example_can_be_run_and_sets_what_it_says(page, cell_type):
    choice, settings, controls = page
    choice.cell_type = cell_type
    offered = examples(cell_type)
    assert len({one.title for one in offered}) == len(offered) >= 9
    assert any("siblings" in one.title for one in offered) == bool(siblings(cell_type))
    settings.n_iters = 7
    say(controls, "window_counts", value="peak")
    say(controls, "window", entry="soon")
    for example in offered:
        controls.take({"example": example.title})
        request = choice.request()
        assert request.config == starting_preset(GenerateConfig, n_iters=7, **example.aims)
        assert controls.words()["examples"]["chosen"] == example.title
        assert settings.aims() == example.aims
        opened(request)  # the network has its cell types, and its eye room for the energy
        for name, value in example.aims.items():
            words = Objective.parse(value).words if name == "objective" else str(value)
            assert words.removesuffix(".0") in example.sets
    settings.rings = 2
    assert controls.words()["examples"]["chosen"] == ""


def test_an_address_carries_objective_and_constraints_that_are_not_the_defaults():
    aims = {"objective": "contrast:T4a,T4b", "energy": 100.0, "rings": 3, "window": "0.2:0.4"}
    address = PageAddress("T4c", "generated", settings=aims)
    assert address.search() == (
        "?cell=T4c&method=generated&objective=contrast:T4a,T4b&energy=100&rings=3&window=0.2:0.4"
    )
    assert PageAddress.parse(address.search()) == address
    assert PageAddress.parse(PageAddress("T4c", "generated").search()).settings == {}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("objective", "shout"), ("objective", "level:x"), ("objective", "a" * 9999),
        ("energy", "-1"), ("energy", "nan"), ("levels", "1.5"), ("window", "<b>"), ("rings", "99"),
    ],
)  # fmt: skip
def test_what_an_address_has_wrong_of_them_is_one_sentence(name, value):
    address = PageAddress.parse(f"?cell=T4c&{name}={value}")
    [problem] = address.problems
    assert address == PageAddress("T4c", problems=(problem,))
    assert problem.count(".") == 1 and value not in problem


def test_what_stands_in_no_section_is_no_aim():
    assert {"n_iters", "weight_mei"}.isdisjoint(item.name for item in sectioned(GenerateConfig))


def test_what_tells_two_runs_apart_leaves_out_what_changes_nothing(page):
    choice, settings, _ = page
    other = choice.request()
    settings.param.update(objective="suppress", energy=100.0)
    mine = choice.request()
    assert settings_unlike(mine, other) == ["objective “Suppress the cell”", "contrast energy 100"]
    assert settings_unlike(other, mine) == [
        "objective “As flyvis does”",
        "no budget of contrast energy",
    ]
    idle = dataclasses.replace(
        mine, config=dataclasses.replace(mine.config, temperature=2.0, weight_mei=3.0)
    )
    assert settings_unlike(idle, mine) == []


def test_others_are_checked_by_name():
    check_others("drive", "T4c")
    check_others("group:" + ",".join(bundled_connectome().names[:9]), "T4c")
