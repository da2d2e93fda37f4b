"""The page's settings agree with the configurations of the core."""

import dataclasses
import subprocess
import sys
import time

import numpy as np
import param
import pytest

from dashboard.state.choice import Choice
from dashboard.state.settings import settings_class
from maxstim_core.errors import MaxstimError
from maxstim_core.optimal.configs import (
    CONFIGS,
    GenerateConfig,
    RegularizeConfig,
    SearchConfig,
    flyvis_preset,
    starting_preset,
)
from maxstim_core.stimuli.stored.import_movie import import_movie

FIELDS = [(config, field) for config in CONFIGS.values() for field in dataclasses.fields(config)]


def test_the_page_offers_all_three_methods():
    assert set(CONFIGS.values()) == {SearchConfig, RegularizeConfig, GenerateConfig}


@pytest.mark.parametrize("config", CONFIGS.values())
def test_names_agree(config):
    mirror = settings_class(config)
    own = set(mirror.param) - set(param.Parameterized.param)
    assert own == {field.name for field in dataclasses.fields(config)} == set(mirror.names())


@pytest.mark.parametrize(("config", "field"), FIELDS, ids=lambda x: getattr(x, "name", ""))
def test_defaults_bounds_labels_and_help_agree(config, field):
    parameter = settings_class(config).param[field.name]
    assert parameter.default == field.default
    assert type(parameter.default) is type(field.default)
    assert parameter.doc == field.metadata["doc"]
    assert parameter.label == field.metadata["label"]
    assert settings_class(config).unit(field.name) == field.metadata["unit"]
    if field.metadata["choices"]:
        assert tuple(parameter.objects) == field.metadata["choices"]
    if field.metadata["bounds"]:
        assert parameter.bounds == field.metadata["bounds"]
        assert parameter.softbounds == field.metadata["softbounds"]
        assert parameter.step == field.metadata["step"]


@pytest.mark.parametrize("config", CONFIGS.values())
def test_settings_make_the_configuration_that_they_took(config):
    settings = settings_class(config)()
    assert settings.config() == config()
    settings.load_flyvis()
    assert settings.config() == flyvis_preset(config)
    settings.load_starting()
    assert settings.config() == starting_preset(config)


def test_the_page_starts_with_the_starting_values():
    choice = Choice()
    assert choice.request().config == starting_preset(GenerateConfig)
    assert (choice.cell_type, choice.network) == ("T4c", "default")


def test_a_slider_refuses_what_the_configuration_refuses():
    settings = Choice().settings["generated"]
    with pytest.raises(ValueError, match=r"0\.05"):
        settings.dt = 0.06
    assert settings.dt == 0.01


def test_a_number_is_refused_by_the_configuration_itself():
    settings = Choice().settings["generated"]
    with pytest.raises(MaxstimError, match=r"must lie between 0\.0005 and 0\.05 s"):
        settings.set_number("dt", 0.06)
    settings.set_number("n_iters", 7)
    assert settings.dt == 0.01 and settings.config().n_iters == 7


def test_settings_that_contradict_each_other_are_refused_with_a_sentence():
    choice = Choice()
    choice.settings["generated"].param.update(t_stim=0.001, dt=0.05)
    with pytest.raises(MaxstimError, match="0 frames"):
        choice.request()


@pytest.mark.parametrize("where", [{"network": "prior"}, {"network": "a/b"}])
def test_a_run_can_be_taken_up_again(where):
    request = Choice(cell_type="Mi1", method="regularized", **where).request()
    choice = Choice()
    choice.settings["regularized"].l2_act = 3.0
    choice.take(request)
    assert choice.request() == request


def test_the_page_does_not_import_torch():
    code = "import sys, dashboard.app; assert not {'torch', 'numba'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_sets_of_movies_in_the_data_directory_are_offered(monkeypatch, tmp_path):
    monkeypatch.setenv("MAXSTIM_DATA_DIR", str(tmp_path))
    assert list(Choice().param.clips.objects) == ["scenes", "made", "probes"]
    film = tmp_path / "film.npy"
    np.save(film, np.random.default_rng(0).random((12, 721), np.float32))
    import_movie(film, "holiday", fps=50, seconds=0.1)
    choice, give_up = Choice(method="natural"), time.monotonic() + 60
    while "holiday" not in choice.param.clips.objects:  # as the page does at every poll
        assert time.monotonic() < give_up
        time.sleep(0.05)
        choice.offer_sets()
    choice.clips = "holiday"
    request = choice.request()
    assert request.clips == "holiday"
    again = Choice()
    again.take(request)
    assert again.clips == "holiday"


def test_the_set_of_a_link_is_chosen_though_it_was_stored_a_moment_ago(monkeypatch, tmp_path):
    monkeypatch.setenv("MAXSTIM_DATA_DIR", str(tmp_path))
    choice = Choice(method="natural")
    np.save(tmp_path / "film.npy", np.full((12, 721), 0.5, np.float32))
    import_movie(tmp_path / "film.npy", "holiday", fps=50)
    choice.take(dataclasses.replace(choice.request(), clips="holiday"))
    assert choice.clips == "holiday"


def test_a_set_that_was_removed_is_not_chosen(monkeypatch, tmp_path):
    monkeypatch.setenv("MAXSTIM_DATA_DIR", str(tmp_path))
    choice = Choice(method="natural")
    choice.take(dataclasses.replace(choice.request(), clips="gone"))
    assert choice.clips == "scenes"
