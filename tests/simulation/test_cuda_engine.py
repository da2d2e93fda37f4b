"""The CUDA engine against the reference engine: compiled on a GPU, elsewhere in Triton's interpreter."""

import importlib
import os
import subprocess
import sys
import warnings

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from random_networks import networks

from maxstim_core.errors import MaxstimError
from maxstim_core.lattice import Lattice
from maxstim_core.networks.connectome import Connectome, bundled_connectome
from maxstim_core.networks.layout import Layout, pair_signs
from maxstim_core.networks.network import Network, Parameters
from maxstim_core.networks.unfitted import flyvis_initial_network, prior_network
from maxstim_core.optimal.adam import Steps
from maxstim_core.optimal.configs import GenerateConfig, loss_of
from maxstim_core.optimal.constraints import displayable
from maxstim_core.optimal.generated import generate, noise
from maxstim_core.simulation.choose_engine import make_engine
from maxstim_core.simulation.cpu import CpuEngine
from maxstim_core.simulation.cuda import FEW, MANY, MANY_STIMULI, CudaEngine, Tile
from maxstim_core.simulation.differentiable import parameter_tensors, simulate_differentiably
from maxstim_core.simulation.engine import FreeParameters
from maxstim_core.simulation.reference import ReferenceEngine

COMPILED = torch.cuda.is_available()
with pytest.MonkeyPatch.context() as patch:
    if not COMPILED:
        patch.setenv("TRITON_INTERPRET", "1")  # read when Triton and the kernels are imported
    triton = pytest.importorskip("triton", reason="Triton is not installed.")
    kernels = importlib.import_module("maxstim_core.simulation.cuda_kernels")

DEVICE = "cuda" if COMPILED else "cpu"
WHOLE, PARTS = Tile(positions=128, taps=64, warps=1), Tile(positions=16, taps=16, warps=1)
"""All taps of nearly every type and a small eye at once; several rounds and several blocks for both."""

FEW_TYPES = ("R1", "R8", "L3", "Lawf1", "Mi9", "T4a")
"""Few, so that the interpreter is done soon; one of them has a stride."""


def few_types(extent):
    """The synapses that the connectome has between a few types, with random parameters."""
    whole = bundled_connectome()
    types = tuple(t for t in whole.cell_types if t.name in FEW_TYPES)
    between = [s for s in whole.synapses if {s.source, s.target} <= set(FEW_TYPES)]
    layout = Layout(Connectome(types, tuple(between)), Lattice(extent))
    random = np.random.default_rng(0)
    parameters = Parameters(
        resting_potential=random.normal(0.3, 0.3, len(types)),
        time_constant=random.uniform(0.005, 0.1, len(types)),
        synapse_sign=pair_signs(layout),
        synapse_count=layout.tap_counts,
        synapse_strength=random.uniform(0, 0.01, len(layout.pairs)),
    )
    return Network("few types", layout, parameters)


@pytest.fixture(autouse=True, scope="module")
def interpreted():
    """Interpret kernels where there is no GPU, in this module only."""
    with pytest.MonkeyPatch.context() as patch:
        if not COMPILED:
            patch.setenv("TRITON_INTERPRET", "1")
        yield


def cuda_engine(network, tile=WHOLE):
    return CudaEngine(network, device=DEVICE, few=tile, many=tile)


def everything(engine, seed, n_samples, n_frames, dt, n_cells=40):
    """Activity, and the gradients of a random functional of it with respect to all inputs."""
    seeded, layout = torch.Generator().manual_seed(seed), engine.layout
    movie = 2 * torch.rand(n_samples, n_frames, layout.lattice.n_columns, generator=seeded) - 0.5
    # A given state: the grey one takes a hundred frames, which is long for an interpreter.
    state = 0.5 * torch.randn(n_samples, layout.n_cells, generator=seeded)
    cells = torch.randperm(layout.n_cells, generator=seeded)[:n_cells]
    cells = torch.cat([cells, cells[:2], cells[:1]])  # one asked for three times, one twice
    weights = torch.randn(n_samples, n_frames, len(cells), generator=seeded).to(engine.device)
    movie, state = (values.to(engine.device).requires_grad_() for values in (movie, state))
    free = parameter_tensors(engine)
    parameters = FreeParameters(*(values.clone().requires_grad_() for values in free))
    given = {"initial_state": state, "parameters": parameters}
    activity = simulate_differentiably(engine, movie, dt, cells=cells, **given)
    (activity * weights).sum().backward()
    gradients = [movie.grad, state.grad, *(values.grad for values in parameters)]
    return [values.cpu() for values in (activity.detach(), *gradients)]


def assert_agree(engine, *sizes, seed=0, **options):
    """Activity within 1e-5, all gradients within 1e-4 of the largest."""
    found = everything(engine, seed, *sizes, **options)
    expected = everything(ReferenceEngine(engine.network), seed, *sizes, **options)
    torch.testing.assert_close(found[0], expected[0], rtol=0, atol=1e-5)
    for ours, theirs in zip(found[1:], expected[1:], strict=True):
        assert (ours - theirs).abs().max() <= 1e-4 * theirs.abs().max()


@settings(max_examples=6)
@given(networks(), st.integers(1, 5), st.integers(1, 2), st.floats(0.002, 0.05))
def test_agrees_on_random_networks(network, n_samples, n_frames, dt):
    assert_agree(cuda_engine(network), n_samples, n_frames, dt)


@pytest.mark.parametrize(
    ("extent", "n_samples", "n_frames", "tile"),
    [(3, 1, 3, WHOLE), (2, 6, 2, WHOLE), (2, 1, 2, PARTS), (1, MANY_STIMULI, 1, PARTS)],
)
def test_agrees_on_few_types(extent, n_samples, n_frames, tile):
    assert_agree(cuda_engine(few_types(extent), tile), n_samples, n_frames, 0.01)


@pytest.mark.parametrize("tile", [FEW, MANY], ids=["few", "many"])
def test_forward_agrees_on_the_connectome(tile):
    network = prior_network(1)
    movie = torch.rand(1, 7, generator=torch.Generator().manual_seed(1))
    found = cuda_engine(network, tile).simulate(movie, 0.01, initial_state="rest")
    expected = ReferenceEngine(network).simulate(movie, 0.01, initial_state="rest")
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)


def test_records_every_cell_and_clamps_time_constants():
    engine = cuda_engine(few_types(1))
    assert_agree(engine, 1, 2, 0.1, n_cells=engine.layout.n_cells)


def test_same_bits_twice_whatever_was_computed_between():
    engine = cuda_engine(few_types(1))
    first = everything(engine, 1, 2, 2, 0.01)
    everything(engine, 2, 2, 2, 0.01)
    second = everything(engine, 1, 2, 2, 0.01)
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


def test_a_batch_equals_its_samples_alone():
    engine = cuda_engine(few_types(1))
    movies = torch.rand(5, 2, 7, generator=torch.Generator().manual_seed(2))
    together = engine.simulate(movies, 0.01, initial_state="rest")
    for movie, activity in zip(movies, together, strict=True):
        alone = engine.simulate(movie, 0.01, initial_state="rest")
        np.testing.assert_allclose(alone, activity, rtol=0, atol=1e-6)


def test_two_rollouts_before_their_adjoints_do_not_mix():
    engine = cuda_engine(few_types(1))
    seeded = torch.Generator().manual_seed(2)
    a, b = torch.rand(2, 3, 7, generator=seeded).to(DEVICE).unbind()
    given = {"dt": 0.01, "cells": engine.layout.central_cells, "initial_state": "rest"}
    first, second = (simulate_differentiably(engine, x.requires_grad_(), **given) for x in (a, b))
    torch.autograd.grad(second.square().sum(), b)
    mixed = torch.autograd.grad(first.square().sum(), a)[0]
    again = simulate_differentiably(engine, a, **given)
    assert torch.equal(mixed, torch.autograd.grad(again.square().sum(), a)[0])


def test_a_second_backward_pass_is_refused():
    """The first has overwritten the voltages: a wrong gradient would be worse than none."""
    engine = cuda_engine(few_types(1))
    movie = torch.rand(1, 7, device=DEVICE).requires_grad_()
    total = simulate_differentiably(engine, movie, 0.01, initial_state="rest").sum()
    total.backward(retain_graph=True)
    with pytest.raises(MaxstimError, match="one backward pass"):
        total.backward()


def test_descends_as_the_cpu_engine():
    config = GenerateConfig(t_stim=0.1, dt=0.05, n_iters=3)
    network = few_types(1)
    found, expected = (
        descended(engine, config, 3) for engine in (cuda_engine(network), CpuEngine(network))
    )
    np.testing.assert_allclose(found.stimuli.cpu(), expected.stimuli, rtol=0, atol=1e-5)
    np.testing.assert_allclose(found.best_total.cpu(), expected.best_total, rtol=1e-5, atol=1e-5)


def descended(engine, config, n_steps, take_step=None):
    network = engine.network
    start = engine.array(noise(config, network)[None])
    central = np.array([[network.layout.central_cells[network.cell_type("T4a")]]])
    steps = Steps(engine, central, start, loss_of(config), displayable, config)
    take_step = (take_step or (lambda steps: steps))(steps)
    for _ in range(n_steps):
        take_step()
    return steps


COMPILE = """
import sys
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource, compile
from maxstim_core.simulation import cuda_kernels as kernels
from maxstim_core.simulation.cuda import CUDA_LANES as LANES, FEW, MANY

INTEGERS = "frame before after n_groups n_recorded n_taps stride margin pitch size".split()
TABLES = "record tap_first tap_shift is_input tap_target tap_source".split()

def kind(name):
    if name in ("LANES", "BLOCK", "TAPS"):
        return "constexpr"
    return "i32" if name in INTEGERS else "fp32" if name == "dt" else (
        "*i32" if name in TABLES else "*fp32")

for kernel in (kernels.advance, kernels.retreat, kernels.correlate):
    names = kernel.arg_names
    few = () if kernel is kernels.correlate else ((FEW, 1), (FEW, LANES))
    for tile, lanes in (*few, (MANY, 1), (MANY, LANES)):
        chosen = {"LANES": lanes, "BLOCK": tile.positions * lanes, "TAPS": tile.taps}
        source = ASTSource(
            fn=kernel,
            signature={name: kind(name) for name in names},
            constexprs={(names.index(k),): v for k, v in chosen.items() if k in names},
            attrs={(i,): [["tt.divisibility", 16]] for i, n in enumerate(names) if kind(n)[0] == "*"},
        )
        done = compile(source, GPUTarget("cuda", 80, 32), {"num_warps": tile.warps})
        wide = "ld.global.v4" in done.asm["ptx"]
        assert done.asm["cubin"] and wide == (lanes == LANES), (kernel, tile, lanes)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="Triton's compiler is for Linux")
def test_kernels_compile_without_a_gpu_and_load_sixteen_bytes_at_a_time(tmp_path):
    environment = {**os.environ, "TRITON_CACHE_DIR": str(tmp_path)}
    environment.pop("TRITON_INTERPRET", None)
    subprocess.run([sys.executable, "-c", COMPILE], check=True, env=environment, timeout=300)


def test_without_triton_a_gpu_engine_is_refused_in_one_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "triton", None)
    monkeypatch.delitem(sys.modules, "maxstim_core.simulation.cuda_kernels")
    monkeypatch.delattr("maxstim_core.simulation.cuda_kernels")
    with pytest.raises(MaxstimError, match="The package triton is not installed"):
        cuda_engine(prior_network(1))


@pytest.mark.gpu
def test_is_chosen_on_a_gpu():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert isinstance(make_engine(prior_network(1), device="cuda"), CudaEngine)
    double = make_engine(prior_network(1), device="cuda", dtype="float64")
    assert isinstance(double, ReferenceEngine)


@pytest.mark.gpu
def test_without_triton_a_gpu_computes_with_plain_torch(monkeypatch):
    monkeypatch.setitem(sys.modules, "triton", None)
    monkeypatch.delitem(sys.modules, "maxstim_core.simulation.cuda_kernels")
    monkeypatch.delattr("maxstim_core.simulation.cuda_kernels")
    with pytest.warns(RuntimeWarning, match="slower: The package triton is not installed"):
        assert isinstance(make_engine(prior_network(1), device="cuda"), ReferenceEngine)


@pytest.mark.gpu
@pytest.mark.parametrize(("n_samples", "n_frames"), [(1, 30), (3, 20), (8, 20), (37, 10)])
def test_full_eye_agrees_on_a_gpu(n_samples, n_frames):
    assert_agree(CudaEngine(flyvis_initial_network(15)), n_samples, n_frames, 0.01)


@pytest.mark.gpu
@pytest.mark.parametrize("n_samples", [1, 20])
def test_full_eye_same_bits_twice_on_a_gpu(n_samples):
    engine = CudaEngine(flyvis_initial_network(15))
    first, second = (everything(engine, 1, n_samples, 30, 0.01) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


@pytest.mark.gpu
def test_a_recorded_step_equals_a_launched_one():
    """To the last bit, and the step is recorded indeed."""
    engine, config = CudaEngine(flyvis_initial_network(15)), GenerateConfig()
    recorded = []

    def record(steps):
        recorded.append(engine.repeated(steps))
        return recorded[0]

    replayed, launched = descended(engine, config, 12, record), descended(engine, config, 12)
    assert recorded[0].recorded
    assert torch.equal(replayed.stimuli, launched.stimuli)
    assert torch.equal(replayed.best, launched.best)


@pytest.mark.gpu
def test_a_gpu_descends_as_the_cpu():
    network, config = flyvis_initial_network(15), GenerateConfig(n_iters=20)
    runs = [generate(network, "T4c", config, device=d, report_every=7) for d in ("cuda", "cpu")]
    on_gpu, on_cpu = (list(run) and run.result() for run in runs)
    np.testing.assert_allclose(on_gpu.stimulus, on_cpu.stimulus, atol=1e-4)
    np.testing.assert_allclose(on_gpu.loss, on_cpu.loss, rtol=1e-4)


@pytest.mark.gpu
def test_too_many_stimuli_end_in_a_sentence_that_helps():
    engine = CudaEngine(prior_network(15))
    torch.cuda.set_per_process_memory_fraction(0.02)
    try:
        movie = torch.rand(1, 20, 721, device="cuda").expand(1000, -1, -1).requires_grad_()
        with pytest.raises(MaxstimError, match="do not fit into the memory"):
            simulate_differentiably(engine, movie, 0.01, cells=engine.layout.central_cells)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)


def test_kernels_are_what_this_module_says():
    assert isinstance(kernels.advance, triton.JITFunction) == COMPILED
