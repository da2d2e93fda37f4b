"""The second stage of a fit: its decoder, its scenes, and how it goes on from the first."""

import dataclasses
import json

import numpy as np
import pytest
import torch

from maxstim_core.cli import main
from maxstim_core.errors import MaxstimError
from maxstim_core.lattice import Lattice, ring_distance
from maxstim_core.model_cards.origin import origin_of
from maxstim_core.networks.network_file import read_about, read_network
from maxstim_core.networks.unfitted import prior_network
from maxstim_core.simulation.choose_engine import make_engine
from maxstim_core.simulation.differentiable import parameter_tensors
from maxstim_core.training import flow as flow_module
from maxstim_core.training.config import FitConfig
from maxstim_core.training.decoder import RINGS, FlowDecoder, HexConvolution, endpoint_error
from maxstim_core.training.fit import WEIGHTS, Fit
from maxstim_core.training.flow import FlowStage, FlowTask, draw_scenes

ONE_STAGE = FitConfig(n_iters=2, extent=5, n_scenes=0)
TWO_STAGES = dataclasses.replace(ONE_STAGE, flow_steps=2)
LATTICE = Lattice(8)


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Few scenes and steps for decoders."""
    monkeypatch.setattr(flow_module, "_N_SCENES", 8)
    monkeypatch.setattr(flow_module, "N_UNSEEN", 8)
    monkeypatch.setattr(flow_module, "DECODER_STEPS", 20)


@pytest.fixture(scope="module")
def engine():
    return make_engine(prior_network(5))


def convolution(n_in=3, n_out=2):
    return HexConvolution(LATTICE, n_in, n_out, torch.Generator().manual_seed(0))


def test_a_convolution_reaches_exactly_the_columns_around():
    values = torch.zeros(1, 3, LATTICE.n_columns, requires_grad=True)
    convolution()(values)[0, 0, LATTICE.center].backward()
    reached = (values.grad[0] != 0).all(0).numpy()
    np.testing.assert_array_equal(reached, LATTICE.ring <= RINGS)


def test_a_decoder_tells_a_moved_picture_as_moved():
    """Where the border of the eye is out of reach for both pictures."""
    decoder = FlowDecoder(LATTICE, 3, seed=0)
    voltage = torch.randn(1, 1, 3, LATTICE.n_columns, generator=torch.Generator().manual_seed(1))
    decoder.scale_to(voltage)
    u, v = LATTICE.u - 1, LATTICE.v + 2
    source = LATTICE.index(u, v)
    moved = torch.where(torch.as_tensor(source >= 0), voltage[..., source], 0.0)
    near = np.maximum(LATTICE.ring, ring_distance(u, v)) <= LATTICE.extent - 2 * RINGS
    assert near.sum() > 20
    torch.testing.assert_close(decoder(moved)[..., near], decoder(voltage)[..., source[near]])


def test_a_decoder_learns_what_voltages_say():
    random = torch.Generator().manual_seed(0)
    flow = 10 * torch.randn(4, 5, 2, LATTICE.n_columns, generator=random)
    voltage = torch.cat([flow, -flow], 2) / 10
    decoder = FlowDecoder(LATTICE, 4, seed=0)
    decoder.scale_to(voltage)
    adam = torch.optim.Adam(decoder.parameters(), 0.02)
    for _ in range(100):
        adam.zero_grad()
        endpoint_error(decoder(voltage), flow).backward()
        adam.step()
    assert endpoint_error(decoder(voltage), flow) < 0.5 * endpoint_error(0 * flow, flow)


def test_endpoint_error_is_a_length():
    flow = torch.zeros(2, 3, 2, 7)
    told = flow + torch.tensor([3.0, 4.0])[:, None]
    assert endpoint_error(told, flow).item() == pytest.approx(5)


def test_scenes_are_the_same_for_the_same_seed():
    one, same, other = (
        draw_scenes(Lattice(5), 0.01, 2, np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one.movies, same.movies)
    assert not np.array_equal(one.movies, other.movies)
    assert one.movies.shape == (2, 80, 91)
    assert one.flow.shape == (2, 11, 2, 91)


def test_unseen_scenes_are_the_same_for_all_fits_and_shown_to_none(engine):
    tasks = [FlowTask(engine, 0.01, seed) for seed in (0, 1)]
    zeros = [task.errors_of_constants()[0] for task in tasks]
    assert zeros[0] == zeros[1] > 0
    random = np.random.default_rng(0)
    shown, unseen = (
        {flow_module._any_scene(random, first)["seed"] for _ in range(50)}
        for first in (0, flow_module._UNSEEN_SEEDS)
    )
    assert max(shown) < min(unseen)


def test_decoders_of_the_same_network_are_the_same(engine):
    errors = []
    for _ in range(2):
        task, own = FlowTask(engine, 0.01, seed=3), parameter_tensors(engine)
        errors.append(task.error(task.fitted_decoder(own), own))
    assert errors[0] == errors[1]


def test_a_lost_network_is_refused():
    engine = make_engine(prior_network(5))  # its own: what is left of a lost network may stay in it
    own = parameter_tensors(engine)
    lost = own._replace(synapse_strength=1e6 * own.synapse_strength)
    task = FlowTask(engine, 0.01, seed=0)
    with pytest.raises(MaxstimError, match="do not stay finite; start the fit again"):
        task.error(task.fitted_decoder(lost), lost)


def test_without_a_second_stage_all_is_as_it_was():
    assert "flow_steps" not in json.loads(ONE_STAGE.to_json())
    assert json.loads(TWO_STAGES.to_json())["flow_steps"] == 2
    assert FitConfig().content_hash == (
        "512d2d5de4d9ee2167b476e4445a7f739e8701b10030606d900b6d631dd334e3"
    )
    one = Fit(ONE_STAGE)
    list(one)
    assert one.flow_errors() is None
    two = Fit(TWO_STAGES)
    for report in two:
        if report.step == ONE_STAGE.n_iters:
            break
    assert two.network().content_hash == one.network().content_hash


def test_the_network_learns_to_let_flow_be_told(engine):
    """Its own parameters lower the error of a decoder that stays as it is."""
    stage = FlowStage(engine, 0.01, seed=0)
    own = parameter_tensors(engine)
    stage.begin(own)
    log_strength = own.synapse_strength.log().requires_grad_()
    adam, errors = torch.optim.Adam([log_strength], 0.01), []
    for _ in range(6):
        now = own._replace(synapse_strength=log_strength.exp())
        found = stage.terms(now, np.random.default_rng(0))
        adam.zero_grad()
        found["decoded flow"].backward()
        adam.step()
        errors.append(found["decoded flow"].item())
    assert errors[-1] < errors[0]
    assert set(found) < set(WEIGHTS)


def test_going_on_in_either_stage_changes_nothing(tmp_path):
    through = Fit(TWO_STAGES)
    reports = list(through)
    assert ["decoded flow" in report.terms for report in reports] == [False, False, True, True]
    assert {"direction", "flash index"} < set(reports[-1].terms)
    for pause in (1, 2, 3):
        path = tmp_path / f"{pause}.pt"
        for report in Fit(TWO_STAGES, checkpoint=path, every=1):
            if report.step == pause:
                break
        resumed = Fit(TWO_STAGES, checkpoint=path, every=1)
        assert resumed.step == pause
        list(resumed)
        assert resumed.network().content_hash == through.network().content_hash
    assert resumed.flow_errors() == through.flow_errors()


def test_a_second_stage_goes_on_from_a_fit_without_one(tmp_path):
    path = tmp_path / "fit.pt"
    list(Fit(ONE_STAGE, checkpoint=path))
    two = Fit(TWO_STAGES, checkpoint=path)
    assert two.step == ONE_STAGE.n_iters
    list(two)
    with pytest.raises(MaxstimError, match="other settings"):
        Fit(ONE_STAGE, checkpoint=path)
    with pytest.raises(MaxstimError, match="other settings"):
        Fit(dataclasses.replace(TWO_STAGES, flow_steps=3), checkpoint=path)


def test_fit_with_a_second_stage_from_the_command_line(tmp_path, capsys):
    output = tmp_path / "n.json"
    small_fit = ("--iterations", "1", "--extent", "5", "--n-scenes", "0", "--device", "cpu")
    code = main(["fit", *small_fit, "--flow-steps", "2", "--output", str(output)])
    told = capsys.readouterr()
    assert code == 0
    assert told.out == f"{output}\n"
    assert "endpoint error on unseen scenes" in told.err
    about = read_about(output)
    assert about["steps_done"] == 3
    assert about["config"]["flow_steps"] == 2
    assert 0 < about["flow"]["after"] < 2 * about["flow"]["of_zero"]
    assert any("through a decoder" in sentence for sentence in origin_of(output).fitted)
    assert np.isfinite(read_network(output).parameters.synapse_strength).all()


def test_refuses_flow_steps_that_make_no_sense(tmp_path, capsys):
    output = tmp_path / "n.json"
    assert main(["fit", "--flow-steps", "-1", "--output", str(output)]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1 and "Flow steps" in told
    assert not output.exists()
