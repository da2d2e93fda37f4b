"""Requests: what they hold, and what makes two of them the same."""

import dataclasses
import json

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from maxstim_core.devices import choose_device
from maxstim_core.errors import MaxstimError
from maxstim_core.lattice import Lattice
from maxstim_core.networks.network import Network
from maxstim_core.networks.silencing import silenced
from maxstim_core.networks.unfitted import prior_network
from maxstim_core.optimal import configs
from maxstim_core.optimal.configs import GenerateConfig, RegularizeConfig, SearchConfig
from maxstim_core.optimal.result import answer
from maxstim_core.runs.request import (
    RunRequest,
    config_of,
    content_key,
    opened,
    opened_network,
)
from maxstim_core.runs.store import RunStore
from maxstim_core.settings import setting
from maxstim_core.stimuli.catalog import open_clips

CONFIGS = st.one_of(
    st.builds(SearchConfig, n_best=st.integers(1, 100)),
    st.builds(RegularizeConfig, l2_act=st.floats(0, 1e6), clamp=st.booleans()),
    st.builds(GenerateConfig, random_seed=st.integers(0, 9), lr=st.floats(1e-6, 10)),
)
REQUESTS = st.builds(
    RunRequest,
    cell_type=st.sampled_from(["T4c", "CT1(M10)"]),
    config=CONFIGS,
    network=st.sampled_from(["default", "models/flow/0000"]),
    clips=st.sampled_from(["made", "holiday"]),
    device=st.sampled_from(["auto", "cpu", "cuda", "cuda:1"]),
)


@given(REQUESTS)
def test_survives_json(request):
    again = RunRequest.from_json(request.to_json())
    assert again == request
    assert hash(again) == hash(request)
    assert again.method == request.config.method


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"method": "guessed", "config": {}, "cell_type": "T4c"}',
        '{"method": "natural", "config": {"speed": 1}, "cell_type": "T4c"}',
        '{"method": "natural", "config": {}, "cell_type": "T4c", "colour": 1}',
    ],
)
def test_text_that_is_no_request_is_refused(text):
    with pytest.raises(MaxstimError, match=r"no description of a run|There is no setting 'speed'"):
        RunRequest.from_json(text)


@pytest.mark.parametrize(
    ("values", "advice"),
    [
        ({"cell_type": ""}, "cell_type of a run must be a name"),
        ({"network": None}, "network of a run must be a name"),
        ({"device": "gpu"}, "no device 'gpu'; choose"),
        ({"device": "cuda:x"}, "no device 'cuda:x'; choose"),
        ({"config": {"lr": 1}}, "needs a SearchConfig"),
        ({"clip": None}, "must be the name of a clip"),
        ({"clip": "scene 1", "config": GenerateConfig()}, "only of a natural or regularized run"),
    ],
)
def test_wrong_values_are_refused(values, advice):
    with pytest.raises(MaxstimError, match=advice):
        RunRequest(**{"cell_type": "T4c", "config": SearchConfig(), **values})


def test_the_key_covers_all_that_an_answer_tells_and_nothing_else():
    network, clips = prior_network(1), open_clips("made", 1)
    request = RunRequest("T4c", RegularizeConfig())
    key = content_key(request, network, clips)
    assert content_key(dataclasses.replace(request, device="cuda:1"), network, clips) == key
    assert content_key(request, prior_network(1), open_clips("made", 1)) == key
    changed = {**network.parameters.__dict__, "time_constant": np.full(65, 0.04)}
    others = [
        (dataclasses.replace(request, cell_type="T4d"), network, clips),
        (dataclasses.replace(request, config=RegularizeConfig(l2_act=2.0)), network, clips),
        (dataclasses.replace(request, config=SearchConfig()), network, clips),
        (dataclasses.replace(request, clip=clips.names[0]), network, clips),
        (dataclasses.replace(request, network="prior"), network, clips),
        (request, prior_network(2), clips),
        (request, network, dataclasses.replace(clips, name="mine")),
        (
            request,
            Network("prior", network.layout, type(network.parameters)(**changed)),
            clips,
        ),
        (request, network, open_clips("made", 1, dt=0.02)),
    ]
    assert len({key, *(content_key(*other) for other in others)}) == 1 + len(others)


@pytest.mark.parametrize(
    ("config", "key"),
    [
        (SearchConfig(), "5e68c2da2cf39ab11419876f13db30c65819f7e764d5ec289e1a3585a9330800"),
        (RegularizeConfig(), "b79393c0180efadffed81abfd302962a40873244992a0547b38769b1fc92682e"),
        (GenerateConfig(), "9715791d97de447b4dc6875d0a302ba1f79c5a23799fd946051f02ba040d8623"),
    ],
    ids=lambda value: getattr(value, "method", ""),
)
def test_the_keys_of_answers_that_are_stored_already(config, key):
    """They were written before cell types could be silenced."""
    clips = None if config.method == "generated" else open_clips("made", 1)
    assert content_key(RunRequest("T4c", config), prior_network(1), clips) == key


@pytest.mark.parametrize("config", [SearchConfig(), RegularizeConfig(), GenerateConfig()])
def test_silenced_cell_types_make_another_request(config):
    plain = RunRequest("T4c", config, network="prior", clips="probes")
    silent = dataclasses.replace(plain, config=dataclasses.replace(config, silence=("Mi9", "C3")))
    again = dataclasses.replace(plain, config=dataclasses.replace(config, silence="C3, Mi9"))
    assert silent == again == RunRequest.from_json(silent.to_json())
    assert json.loads(silent.to_json())["config"]["silence"] == "C3,Mi9"
    assert "silence" not in plain.to_json()
    assert opened(silent)[0].content_hash == silenced(opened(plain)[0], "Mi9,C3").content_hash
    assert content_key(silent, *opened(silent)) == content_key(again, *opened(again))
    assert content_key(silent, *opened(silent)) != content_key(plain, *opened(plain))
    for silence, said in (("Mi99", "no cell type 'Mi99'"), ("T4c", "The response of T4c is asked")):
        wrong = dataclasses.replace(plain, config=dataclasses.replace(config, silence=silence))
        with pytest.raises(MaxstimError, match=said):
            opened(wrong)


SEVERAL = RunRequest(
    "T4c", GenerateConfig(across="least"), network="prior", further_networks=("maxstim/002",)
)


def test_further_networks_are_part_of_a_request_and_leave_no_trace_where_there_are_none():
    assert RunRequest.from_json(SEVERAL.to_json()) == SEVERAL
    assert SEVERAL.networks == ("prior", "maxstim/002")
    alone = dataclasses.replace(SEVERAL, further_networks=())
    assert "further" not in alone.to_json() and RunRequest.from_json(alone.to_json()) == alone
    network, clips, further = opened(SEVERAL)
    assert clips is None and [each.name for each in further] == ["maxstim/002"]
    key = content_key(SEVERAL, network, clips, further)
    renamed = dataclasses.replace(SEVERAL, further_networks=("mine",))
    other = content_key(SEVERAL, network, None, [opened_network("maxstim/003")])
    keys = {
        key, content_key(renamed, network, None, further), other,
        content_key(alone, *opened(alone)),
    }  # fmt: skip
    assert len(keys) == 4 and content_key(SEVERAL, *opened(SEVERAL)) == key
    with pytest.raises(ValueError):
        content_key(SEVERAL, network, None)


def test_cell_types_are_silenced_in_all_networks():
    config = GenerateConfig(silence="Mi9")
    network, _, [further] = opened(dataclasses.replace(SEVERAL, config=config))
    assert network.content_hash == silenced(opened_network("prior"), "Mi9").content_hash
    assert further.content_hash == silenced(opened_network("maxstim/002"), "Mi9").content_hash


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"further_networks": ["default"]}, "must be a tuple of names"),
        ({"further_networks": ("",)}, "must be a tuple of names"),
        ({"further_networks": ("default", "default")}, "default is asked twice at once"),
        ({"further_networks": ("prior",)}, "prior is asked twice at once"),
        ({"further_networks": tuple(map(str, range(10)))}, "at most 10 networks at once, not 11"),
        ({"config": SearchConfig()}, "Only a generated stimulus is made for several networks"),
    ],
)
def test_further_networks_that_make_no_run_are_refused(changes, said):
    with pytest.raises(MaxstimError, match=said):
        dataclasses.replace(SEVERAL, **changes)


@pytest.mark.parametrize(
    ("networks", "across", "said"),
    [
        (("default", "maxstim/001"), "mean", "default and maxstim/001 are one and the same; leave"),
        (("default", "prior", "maxstim/002"), "disagreement", "Two networks can disagree"),
        (("default", "no-such"), "mean", "no-such"),
        (("default", "{small}"), "mean", "have other cell types or eyes; ask them one by one"),
    ],
)
def test_networks_that_cannot_be_asked_at_once_are_refused_before_work(
    networks, across, said, monkeypatch
):
    network, *further = networks
    if "{small}" in further:
        monkeypatch.setattr(
            "maxstim_core.runs.request.open_network", lambda name: prior_network(extent=3)
        )
    config = GenerateConfig(across=across)
    with pytest.raises(MaxstimError, match=said) as refused:
        opened(RunRequest("T4c", config, network=network, further_networks=tuple(further)))
    assert str(refused.value).count(". ") == 0


def test_a_run_of_yesterday_names_no_clip():
    text = RunRequest("T4c", RegularizeConfig()).to_json().replace('"clip": "", ', "")
    assert RunRequest.from_json(text).clip == ""


def test_a_clip_that_is_not_in_the_set_is_refused():
    request = RunRequest("T4c", RegularizeConfig(), clips="probes", clip="bright disc, radius 9")
    with pytest.raises(MaxstimError, match="did you mean 'bright disc, radius"):
        opened(request)


def test_a_generated_answer_needs_no_clips():
    assert opened(RunRequest("T4c", GenerateConfig(), clips="holiday"))[1] is None


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"objective": "contrast:T4x"}, "There is no cell type 'T4x'; did you mean "),
        ({"objective": "group:T4c"}, "names T4c alone; name other cell types"),
        ({"objective": "drive", "energy": 1e6}, "contrast energy must lie between 0 and"),
        (
            {"objective": "drive", "energy": 10.0, "levels": 2},
            "have one energy, .*; leave the energy",
        ),
        ({"objective": "drive", "energy": 1.0, "levels": 4}, "contrast energy must lie between"),
    ],
)
def test_what_a_generated_stimulus_cannot_be_is_refused_before_anything_waits(settings, said):
    with pytest.raises(MaxstimError, match=said) as refused:
        opened(RunRequest("T4c", GenerateConfig(**settings)))
    assert str(refused.value).count(". ") == 0


def test_settings_are_read_from_an_answer_or_not_at_all():
    config = GenerateConfig(objective="suppress", energy=3.0)
    about = {"method": "generated", "config": config.to_json()}
    assert config_of(xr.Dataset(attrs=about)) == config
    for wrong in ({}, {"method": "magic"}, {"config": "{"}, {"config": '{"energy": -1}'}):
        attrs = {**about, **wrong} if wrong else {}
        assert config_of(xr.Dataset(attrs=attrs)) is None


def test_bundled_networks_are_opened_once():
    request = RunRequest("T4c", GenerateConfig())
    assert opened(request)[0] is opened(request)[0]


@pytest.mark.parametrize(
    ("name", "devices", "chosen"),
    [
        ("auto", ("cpu",), "cpu"),
        ("auto", ("cpu", "cuda:0", "cuda:1"), "cuda:0"),
        ("cuda", ("cpu", "cuda:0", "cuda:1"), "cuda:0"),
        ("cuda:1", ("cpu", "cuda:0", "cuda:1"), "cuda:1"),
        ("cpu", ("cpu", "cuda:0"), "cpu"),
    ],
)
def test_devices_by_name(name, devices, chosen):
    assert choose_device(name, devices) == chosen


def test_devices_that_are_not_there():
    with pytest.raises(MaxstimError, match="no GPU was found"):
        choose_device("cuda:0", ("cpu",))
    with pytest.raises(MaxstimError, match="choose auto or cpu or cuda:0"):
        choose_device("cuda:1", ("cpu", "cuda:0"))


def test_a_setting_that_came_later_finds_the_answers_stored_before(monkeypatch, tmp_path):
    old = RunRequest("T4c", GenerateConfig(n_iters=7))
    network, text, store = prior_network(1), old.to_json(), RunStore(tmp_path)
    key, grey = content_key(old, network, None), np.full((2, 7), 0.5)
    store.save(key, answer(lattice=Lattice(1), dt=0.01, stimulus=grey, response=grey))

    @dataclasses.dataclass(frozen=True)
    class Extended(GenerateConfig):
        tilt: float = setting(
            0.0, "Tilt.", label="Tilt", bounds=(-90.0, 90.0), step=1.0, later=True
        )

    monkeypatch.setitem(configs.CONFIGS, "generated", Extended)
    new = RunRequest.from_json(text)
    assert new.config == Extended(n_iters=7)
    assert new.to_json() == text
    assert content_key(new, network, None) == key
    assert store.find(content_key(new, network, None)) is not None
    tilted = dataclasses.replace(new, config=Extended(n_iters=7, tilt=3.0))
    assert json.loads(tilted.to_json())["config"]["tilt"] == 3.0
    assert RunRequest.from_json(tilted.to_json()) == tilted
    assert store.find(content_key(tilted, network, None)) is None
