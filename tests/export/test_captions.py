"""What is said of a run tells it from others of the same question."""

import json

import pytest

from maxstim_core.export.captions import aim_words, describe_settings, settings_words
from maxstim_core.optimal.configs import (
    GenerateConfig,
    RegularizeConfig,
    SearchConfig,
    starting_preset,
)


@pytest.mark.parametrize(
    ("config", "steps", "words"),
    [
        (starting_preset(GenerateConfig), 200, "200 iterations · seed 0"),
        (starting_preset(GenerateConfig, n_iters=3, random_seed=7), 3, "3 iterations · seed 7"),
        (starting_preset(RegularizeConfig, n_iters=400), 54, "54 of 400 iterations"),
        (starting_preset(RegularizeConfig, n_iters=1), 1, "1 iteration"),
        (
            starting_preset(GenerateConfig, t_stim=0.1, weight_mei=300.0, last_only=False),
            200,
            "200 iterations · seed 0 · stimulus duration 0.1 s · pull to grey 300 · "
            "not: last frame only",
        ),
        (
            starting_preset(GenerateConfig, objective="suppress", energy=100.0, rings=3),
            200,
            "200 iterations · seed 0 · objective “Suppress the cell” · contrast energy 100 · rings 3",
        ),
        (  # what changes nothing is not told
            starting_preset(GenerateConfig, objective="level:1", weight_mei=3.0, temperature=2.0),
            200,
            "200 iterations · seed 0 · objective “Reach a level (1 RMS)”",
        ),
        (starting_preset(SearchConfig), 0, ""),
        (starting_preset(SearchConfig, silence=("Mi9", "C3")), 0, "silenced C3,Mi9"),
        (starting_preset(SearchConfig, score="rms"), 0, "score: peak in units of RMS"),
        (starting_preset(SearchConfig, protocol="flyvis"), 0, "before each clip: flyvis's fade-in"),
    ],
)
def test_what_differs_from_the_starting_values_is_said(config, steps, words):
    assert settings_words(config, steps) == words
    assert describe_settings(config.method, config.to_json(), steps) == words


def test_the_aims_of_a_stimulus_are_told_by_themselves():
    config = GenerateConfig(n_iters=3, objective="drive", energy=50.0, window="0.1:0.2", levels=3)
    aims = [
        "objective “Drive the cell”",
        "window of the response 0.1:0.2",
        "contrast energy 50",
        "levels 3",
    ]
    assert aim_words(config) == aims
    assert aim_words(config, but=("energy", "window")) == ["objective “Drive the cell”", "levels 3"]
    assert aim_words(GenerateConfig(n_iters=3)) == aim_words(RegularizeConfig()) == []


@pytest.mark.parametrize(
    ("method", "config"),
    [("magic", "{}"), ("generated", "{"), ("generated", json.dumps({"n_iters": -1}))],
)
def test_settings_that_cannot_be_read_are_left_out(method, config):
    assert describe_settings(method, config, 3) == ""


def test_the_iterations_of_a_run_are_those_it_was_given_on_the_way():
    changed = "50: n_iters=90 lr=0.02; 60: objective=suppress energy=20"
    config = GenerateConfig(n_iters=2000, schedule=changed)
    said = settings_words(config, 90)
    assert said.startswith("90 iterations · seed 0")
    assert said.endswith(
        "changes on the way (after 50: learning rate 0.02 and iterations 90, after 60: objective "
        "“Suppress the cell” and contrast energy 20)"
    )
    assert settings_words(config, 40).startswith("40 of 90 iterations")
    assert "=" not in "".join(aim_words(config))


def test_a_painting_that_a_stimulus_starts_from_goes_by_its_short_name():
    config = starting_preset(GenerateConfig, start="17fade" + 18 * "0")
    assert settings_words(config, 200) == "200 iterations · start from painting 17fade"
    assert aim_words(config) == ["start from painting 17fade"]
