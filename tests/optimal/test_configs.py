"""Configurations: flyvis's values, validation, printing, hashing."""

import json
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maxstim_core.errors import MaxstimError
from maxstim_core.optimal.configs import (
    GenerateConfig,
    RegularizeConfig,
    SearchConfig,
    flyvis_preset,
)

ALL = (SearchConfig, RegularizeConfig, GenerateConfig)


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
