"""Configurations: flyvis's values, validation, printing, hashing."""

import json
from dataclasses import asdict, dataclass, fields

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from maxstim_core import settings
from maxstim_core.errors import MaxstimError
from maxstim_core.optimal.configs import (
    METHODS,
    GenerateConfig,
    RegularizeConfig,
    SearchConfig,
    flyvis_preset,
    loss_of,
    term_title,
    weights_of,
)

ALL = (SearchConfig, RegularizeConfig, GenerateConfig)
HASHES = [
    "fcfa1953879df75890d61ed1d68dfbed59900d4487d1ca9bd5d60262a2a967ce",
    "e575e5e1d4b6ec374f6bb2a253fc1be4d68778a34d80232cd4419b54992e02a5",
    "30ad348d80caadb134f59bbf253b599f6c7b7cecc4450ab79c76075bfb6190f0",
]


def test_defaults_are_flyvis_s():
    generate = GenerateConfig()
    assert (generate.t_stim, generate.dt, generate.lr, generate.n_iters) == (
        49 / 200,
        0.01,
        0.01,
        200,
    )
    assert (generate.weight_central, generate.weight_mei) == (1, 3000)
    assert (generate.random_seed, generate.last_only, generate.n_frames) == (0, True, 24)
    regularize = RegularizeConfig()
    assert (regularize.l2_act, regularize.l2_stim, regularize.lr) == (1, 1, 0.01)
    assert (regularize.n_iters, regularize.dt, regularize.clamp) == (100, 0.01, True)
    assert flyvis_preset(RegularizeConfig) == RegularizeConfig(clamp=False)
    assert flyvis_preset(SearchConfig, n_best=2) == SearchConfig(protocol="flyvis", n_best=2)


@pytest.mark.parametrize("config_class", ALL)
def test_every_setting_is_described(config_class):
    for setting in fields(config_class):
        about = setting.metadata
        assert about["doc"].endswith(".")
        assert about["label"]
        if type(setting.default) in (int, float):
            low, high = about["bounds"]
            soft_low, soft_high = about["softbounds"]
            assert low <= soft_low <= setting.default <= soft_high <= high
            assert about["step"] > 0


@pytest.mark.parametrize(
    ("config_class", "setting", "value"),
    [
        (GenerateConfig, "dt", 0.051),
        (GenerateConfig, "dt", 0),
        (GenerateConfig, "dt", float("nan")),
        (GenerateConfig, "n_iters", -1),
        (GenerateConfig, "n_iters", 2.5),
        (GenerateConfig, "n_iters", True),
        (GenerateConfig, "lr", "fast"),
        (GenerateConfig, "weight_mei", -1),
        (GenerateConfig, "last_only", 1),
        (GenerateConfig, "t_stim", 0.001),
        (RegularizeConfig, "clamp", "yes"),
        (SearchConfig, "protocol", "other"),
        (SearchConfig, "n_best", None),
    ],
)
def test_refuses_in_one_sentence(config_class, setting, value):
    with pytest.raises(MaxstimError) as refusal:
        config_class(**{setting: value})
    assert str(refusal.value).endswith(".")
    assert "\n" not in str(refusal.value)


def test_refuses_more_frames_than_a_run_can_hold():
    with pytest.raises(MaxstimError, match="20000 frames"):
        GenerateConfig(t_stim=10, dt=0.0005)


@pytest.mark.parametrize("config_class", ALL)
def test_json_and_python_make_the_same_configuration(config_class):
    config = flyvis_preset(config_class, dt=0.005)
    assert config_class(**json.loads(config.to_json())) == config
    assert eval(config.to_python()) == config


@given(st.floats(0.001, 0.05), st.floats(0.001, 0.05))
def test_hash_follows_content(a, b):
    same = RegularizeConfig(dt=a).content_hash == RegularizeConfig(dt=b).content_hash
    assert same == (a == b)


def test_hash_tells_methods_apart():
    assert len({config_class().content_hash for config_class in ALL}) == 3


@dataclass(frozen=True)
class Extended(GenerateConfig):
    """The generated method, with a setting that it did not have when answers were stored."""

    tilt: float = settings.setting(
        0.0, "Tilt of the eye.", label="Tilt", unit="°", bounds=(-90.0, 90.0), step=1.0, later=True
    )


def test_a_later_setting_leaves_no_trace_while_it_has_its_default():
    old, new = GenerateConfig(n_iters=7), Extended(n_iters=7)
    assert new.to_json() == old.to_json() and new.to_dict() == old.to_dict()
    assert new.content_hash == old.content_hash
    assert Extended(**json.loads(old.to_json())) == new
    tilted = Extended(n_iters=7, tilt=3.0)
    assert json.loads(tilted.to_json()) == {**json.loads(old.to_json()), "tilt": 3.0}
    assert tilted.content_hash != old.content_hash
    assert Extended(**json.loads(tilted.to_json())) == tilted


def test_hashes_are_those_under_which_answers_are_stored():
    """With another hash, no stored answer would be found."""
    assert [config_class().content_hash for config_class in ALL] == HASHES


def test_a_setting_takes_or_refuses_a_value_by_itself():
    assert GenerateConfig.taken("n_iters", "7") == 7
    with pytest.raises(MaxstimError, match="must lie between"):
        GenerateConfig.taken("n_iters", 0)
    with pytest.raises(MaxstimError, match="no setting 'speed'"):
        GenerateConfig.taken("speed", 1)


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_a_method_is_told_in_one_place(method):
    config = method.config_class()
    assert METHODS[config.method] is method
    assert method.title and method.sentence.endswith(".") and method.color.startswith("#")
    loss, names = loss_of(config), [item.name for item in fields(config)]
    assert len(weights_of(config)) == len(loss.parts)
    for name, (weight, term) in zip(weights_of(config), loss.parts, strict=True):
        assert name in names and weight == getattr(config, name)
        assert term_title(term.name) == term.title and term.symbols
    assert loss.titles == tuple(map(term_title, loss.terms))


def test_a_loss_prints_its_formula_without_what_a_run_brings():
    kept = loss_of(RegularizeConfig(l2_act=10.0))
    assert str(kept) == "10 * sum_t (a_t - target_t)^2 + 1 * sum_th (x_th - 0.5)^2"
    assert kept.formula(["A", "B"]) == "A * sum_t (a_t - target_t)^2 + B * sum_th (x_th - 0.5)^2"
    stimulus, response = torch.zeros(2, 3), torch.ones(1, 2)
    with pytest.raises(MaxstimError, match="no response to keep"):
        kept(stimulus, response)
    found = loss_of(RegularizeConfig(l2_act=10.0), torch.zeros(2))(stimulus, response)
    np.testing.assert_allclose(found, [21.5, 20.0, 1.5])


@pytest.mark.parametrize(
    ("settings", "titles"),
    [
        ({"objective": "drive"}, ("Total loss", "Response term", "Grey term")),
        ({"objective": "level:1"}, ("Total loss", "Distance from the level")),
        (
            {"objective": "contrast:T4a", "energy": 9.0, "weight_quiet": 1.0},
            ("Total loss", "Other cell types less this one", "Other cell types"),
        ),
        (
            {"objective": "suppress", "energy": 9.0, "weight_slow": 1.0, "weight_smooth": 1.0},
            ("Total loss", "Response term", "Change in time", "Change between columns"),
        ),
    ],
)
def test_the_terms_of_every_objective_have_titles(settings, titles):
    config = GenerateConfig(**settings)
    loss = loss_of(config)
    assert tuple(term_title(name, config) for name in loss.terms) == loss.titles == titles


@given(
    st.sampled_from(["flyvis", "drive", "level:1", "contrast:T4a"]),
    st.sampled_from(["", "0.1:0.2"]),
    st.booleans(),
    st.sampled_from([0.0, 9.0]),
)
def test_what_has_no_effect_can_be_left_at_its_default(objective, window, last_only, energy):
    """Whatever is chosen is then a configuration, and nothing that is lowered has changed."""
    values = {
        "objective": objective, "window": window, "last_only": last_only, "energy": energy,
        "window_counts": "peak", "temperature": 2.0, "weight_mei": 7.0,
        "levels": 0, "darkest": 0.0, "brightest": 1.0,
    }  # fmt: skip
    idle = GenerateConfig.without_effect(values)
    assert all(sentence.endswith(".") for sentence in idle.values())
    config = GenerateConfig(**{name: v for name, v in values.items() if name not in idle})
    assert ("window" in idle) == (objective == "flyvis" or not last_only)
    try:
        as_given = GenerateConfig(**values)
    except MaxstimError:
        return  # a window, or an energy, that contradicts the objective
    assert str(loss_of(as_given)) == str(loss_of(config))
    assert as_given.counted == config.counted


@pytest.mark.parametrize(
    ("settings", "pulls"),
    [
        ({}, True),
        ({"levels": 2}, False),
        ({"levels": 2, "darkest": 0.5}, True),
        ({"levels": 3}, True),
        ({"levels": 3, "energy": 9.0}, False),
    ],
)
def test_what_has_a_level_at_grey_and_no_budget_is_pulled_there(settings, pulls):
    config = GenerateConfig(objective="drive", **settings)
    assert ("weight_mei" in weights_of(config)) == pulls
    assert ("weight_mei" in GenerateConfig.without_effect(asdict(config))) != pulls


@pytest.mark.parametrize(
    ("settings", "has_one"),
    [({}, True), ({"darkest": 0.3, "brightest": 0.7}, True), ({"darkest": 0.3}, False)],
)
def test_two_levels_equally_far_from_grey_take_no_budget(settings, has_one):
    values = asdict(GenerateConfig(objective="drive", levels=2, **settings))
    assert ("energy" in GenerateConfig.without_effect(values)) == has_one


def test_a_term_of_no_method_goes_by_its_name():
    assert term_title("slow_in_time") == "Slow in time"
    assert term_title("total") == "Total loss"
