"""What the page says of formulas, cards and networks."""

import re
from dataclasses import replace

import pytest

from dashboard.model_card.figures import polarity_figure, summary_tiles
from dashboard.sidebar.controls import Controls
from dashboard.state.choice import Choice
from dashboard.state.networks import grouped_networks
from dashboard.text.words import equation, equation_html, status_sentence, task_in_line
from maxstim_core.model_cards.store import find_card
from maxstim_core.networks.bundled import default
from maxstim_core.networks.catalog import known_networks, open_network
from maxstim_core.optimal.configs import CONFIGS, GenerateConfig, SearchConfig, loss_of
from maxstim_core.runs.request import RunRequest
from maxstim_core.runs.snapshot import RunSnapshot, TaskSnapshot
from maxstim_core.runs.task import TaskRequest
from maxstim_core.tuning.facts import CLEAR


@pytest.mark.parametrize("method", ["regularized", "generated"])
def test_a_formula_has_the_names_of_its_controls_and_tells_its_symbols(method):
    config = CONFIGS[method]()
    shown, code = equation_html(config).split("<details")
    weights = [name for name in re.findall(r"\w+", equation(config)) if hasattr(config, name)]
    assert weights
    for name in weights:
        label = config.__dataclass_fields__[name].metadata["label"]
        assert f"<b>{label}</b>" in shown and name not in shown and name in code
    for symbol in "axth":
        assert f"<i>{symbol}</i>: " in shown


def test_a_formula_is_that_of_the_loss_itself():
    config = GenerateConfig(weight_central=2.0, last_only=False)
    with_numbers = equation(config).replace("weight_central", "2").replace("weight_mei", "3000")
    assert with_numbers == f"loss = {loss_of(config)}"
    assert "−<b>Weight of the response</b> · mean<sub>t</sub> exp(a<sub>t</sub>)" in equation_html(
        config
    )
    last = equation_html(GenerateConfig())
    assert "exp(a<sub>last</sub>) + <b>Pull to grey</b> · mean<sub>t,h</sub>" in last
    assert "(x<sub>t,h</sub> − 0.5)<sup>2</sup>" in last


def test_a_formula_follows_the_settings():
    choice = Choice()
    controls = Controls(choice)
    assert "a<sub>last</sub>" in controls.words()["formulas"]["generated"]
    choice.settings["generated"].last_only = False
    formula = controls.words()["formulas"]["generated"]
    assert "a<sub>last</sub>" not in formula and "mean<sub>t</sub> exp" in formula


def test_a_search_has_no_formula():
    assert equation_html(SearchConfig()) == ""


@pytest.mark.parametrize("state", ["running", "cancelled"])
def test_where_a_run_stands_is_plain_text(state):
    request = RunRequest("Mi1", SearchConfig(), "scenes", "default")
    run = RunSnapshot("run", request, "person", state, message="Searching 'scenes' & more <b>.")
    assert "'scenes' & more <b>" in status_sentence(run)


@pytest.mark.parametrize(
    ("position", "ahead", "said"),
    [
        (1, (), "Next in line."),
        (1, ("sweep",), "Next in line, after a sweep."),
        (3, ("run", "sweep", "run"), "3rd in line, after 2 runs and a sweep."),
        (
            5,
            ("sweep", "run", "model card", "comparison", "comparison"),
            "5th in line, after a sweep, a run, a model card and 2 comparisons.",
        ),
    ],
)
def test_what_waits_says_behind_what(position, ahead, said):
    request = TaskRequest("module:function", {}, "key")
    assert task_in_line(TaskSnapshot("id", request, "anna", "queued", position, ahead)) == said


def test_a_run_that_was_sent_back_to_its_beginning_says_where_it_stands():
    run = RunSnapshot("run", RunRequest("Mi1", GenerateConfig()), "person", "running")
    paused = replace(run, message="Paused.", paused=True, n_steps=2000)
    assert status_sentence(paused) == "Mi1 generated: paused, 0 of 2000."


def test_every_bundled_network_is_described_in_a_line():
    groups = grouped_networks(known_networks())
    members = {one["name"]: one for group in groups for one in group["members"]}
    assert members["default"]["note"].startswith(f"The recommended one ({default().member}): ")
    assert members["default"]["more"] == default().because or members["default"]["more"].endswith(
        default().because
    )
    fitted = [one["note"] for name, one in members.items() if re.fullmatch(r"maxstim/\d+", name)]
    assert len(fitted) == 10 and len(set(fitted)) > 5
    for note in fitted:
        assert re.fullmatch(
            r"\d+ of 32 polarities right, T4 and T5 within \d+°; (not )?fitted to .+\.", note
        )


def test_a_card_tells_what_was_fitted_and_what_is_hardly_an_answer():
    card = find_card(open_network("default").content_hash)
    left_out = " and ".join(card["origin"]["held_out"])
    assert left_out and f"but for those of {left_out}." in summary_tiles(card)
    faint = [
        row["fri"]
        for row in card["cell_types"].values()
        if row["known_polarity"] and abs(row["fri"]) < CLEAR
    ]
    assert faint and polarity_figure(card).count("<b>≈</b>") == len(faint)
    assert "None of this was fitted" in summary_tiles(find_card(open_network("prior").content_hash))
