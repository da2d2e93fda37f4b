"""The CPU engine against the reference engine."""

import hashlib
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from random_networks import networks

from maxstim_core.networks.unfitted import flyvis_initial_network, prior_network
from maxstim_core.simulation import cpu_loops, cpu_vectors
from maxstim_core.simulation.choose_engine import make_engine
from maxstim_core.simulation.cpu import CpuEngine
from maxstim_core.simulation.differentiable import (
    parameter_tensors,
    simulate_differentiably,
    steady_state_of,
)
from maxstim_core.simulation.engine import FreeParameters
from maxstim_core.simulation.reference import ReferenceEngine
from maxstim_core.simulation.stencil import Stencil, vector_places


def everything(engine, movie, dt, weights, cells):
    """Activity, and the gradients of a random functional of it with respect to all inputs."""
    movie = movie.clone().requires_grad_()
    free = parameter_tensors(engine)
    state = steady_state_of(engine, dt, free).expand(len(movie), -1).clone().requires_grad_()
    parameters = FreeParameters(*(values.clone().requires_grad_() for values in free))
    given_state = {"initial_state": state, "parameters": parameters}
    activity = simulate_differentiably(engine, movie, dt, cells=cells, **given_state)
    (activity * weights).sum().backward()
    return [activity.detach(), movie.grad, state.grad, *(values.grad for values in parameters)]


def assert_agree(network, n_samples, n_frames, dt, threads, seed=0):
    seeded = torch.Generator().manual_seed(seed)
    layout = network.layout
    movie = 2 * torch.rand(n_samples, n_frames, layout.lattice.n_columns, generator=seeded)
    cells = torch.randperm(layout.n_cells, generator=seeded)[:40]
    weights = torch.randn(n_samples, n_frames, len(cells), generator=seeded)
    found = everything(CpuEngine(network, threads=threads), movie, dt, weights, cells)
    expected = everything(ReferenceEngine(network), movie, dt, weights, cells)
    torch.testing.assert_close(found[0], expected[0], rtol=0, atol=1e-5)
    for ours, theirs in zip(found[1:], expected[1:], strict=True):
        assert (ours - theirs).abs().max() <= 1e-4 * theirs.abs().max()


@settings(max_examples=40)
@given(networks(), st.integers(1, 4), st.integers(1, 8), st.floats(0.002, 0.05), st.integers(1, 3))
def test_agrees_on_random_networks(network, n_samples, n_frames, dt, threads):
    assert_agree(network, n_samples, n_frames, dt, threads)


@pytest.mark.parametrize("extent", [1, 2, 5, 8, 15])
def test_agrees_on_the_connectome(extent):
    assert_agree(flyvis_initial_network(extent), 2, 12, 0.01, 2)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_threads_sharing_a_stimulus_agree(threads):
    assert_agree(prior_network(15), 1, 15, 0.01, threads)


def test_same_bits_twice():
    network = prior_network(6)
    movie = torch.rand(1, 20, 127, generator=torch.Generator().manual_seed(1))
    cells, weights = torch.arange(network.layout.n_cells), torch.ones(1, 20, 1)
    engine = CpuEngine(network, threads=2)
    first, second = (everything(engine, movie, 0.01, weights, cells) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


def test_is_the_default_on_a_cpu():
    network = prior_network(1)
    assert isinstance(make_engine(network), CpuEngine)
    assert isinstance(make_engine(network, dtype="float64"), ReferenceEngine)


@pytest.mark.parametrize("spoil", [1e30, float("nan")])
def test_a_network_that_explodes_leaves_nothing_behind(spoil):
    engine = CpuEngine(prior_network(3), threads=1)
    cells = torch.arange(engine.layout.n_cells)
    movie = torch.rand(2, 20, 37, generator=torch.Generator().manual_seed(3))
    sound = parameter_tensors(engine)
    strengths = sound.synapse_strength * spoil
    lost = FreeParameters(sound.resting_potential, sound.time_constant, strengths)

    def both_ways(parameters: FreeParameters) -> list[torch.Tensor]:
        free = FreeParameters(*(x.clone().requires_grad_() for x in parameters))
        voltage = simulate_differentiably(engine, movie, 0.01, cells=cells, parameters=free)
        return [voltage, *torch.autograd.grad(voltage.square().mean(), free)]

    before = both_ways(sound)
    assert not torch.isfinite(both_ways(lost)[0]).all()
    assert all(torch.equal(a, b) for a, b in zip(before, both_ways(sound), strict=True))


def squares(engine, movie, cells):
    return simulate_differentiably(engine, movie, 0.01, cells=cells).square().sum()


def test_two_rollouts_before_their_adjoints_do_not_mix():
    """A kept state belongs to one rollout until its adjoint is done."""
    engine = CpuEngine(prior_network(3), threads=1)
    seeded = torch.Generator().manual_seed(2)
    a, b = (torch.rand(8, 37, generator=seeded).requires_grad_() for _ in range(2))
    cells = engine.layout.central_cells
    alone = torch.autograd.grad(squares(engine, a, cells), a)[0]
    first, second = (squares(engine, x, cells) for x in (a, b))
    torch.autograd.grad(second, b)
    assert torch.equal(torch.autograd.grad(first, a)[0], alone)


def test_whatever_others_do_with_memory_meanwhile_changes_no_bit():
    network = prior_network(extent=15)
    engine = make_engine(network, threads=1)
    movie = np.random.default_rng(0).random((1, 8, network.lattice.n_columns), np.float32)

    def respond():
        return engine.simulate(movie, 0.01, initial_state="rest")

    alone, is_over = respond(), threading.Event()

    def fill():  # far more threads than the allocator has places apart
        while not is_over.is_set():
            [np.full(n_numbers, 1e24, np.float32) for n_numbers in (721, 1136, 1152) * 6]

    with ThreadPoolExecutor(40) as threads:
        for _ in range(20):
            threads.submit(fill)
        answers = [one.result() for one in [threads.submit(respond) for _ in range(200)]]
        is_over.set()
    assert all(np.array_equal(answer, alone) for answer in answers)


def test_calls_from_several_threads_take_turns():
    engine = CpuEngine(prior_network(4), threads=2)
    movie = torch.rand(30, 61, generator=torch.Generator().manual_seed(3))
    expected, found = engine.simulate(movie, 0.01), []

    def work():
        for _ in range(5):
            found.append(np.array_equal(engine.simulate(movie, 0.01), expected))

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert found == [True] * 15


INTERRUPTED = """
import signal, sys
import numpy as np, torch
from maxstim_core.networks.unfitted import prior_network
from maxstim_core.simulation.cpu import CpuEngine

engine = CpuEngine(prior_network(4), threads=2)
movie = torch.rand(30, 61, generator=torch.Generator().manual_seed(3))
expected = engine.simulate(movie, 0.01)
signal.signal(signal.SIGALRM, signal.default_int_handler)  # as Ctrl-C, but at a chosen moment
caught = 0
for delay in np.random.default_rng(0).uniform(1e-5, 4e-3, 300):
    try:
        signal.setitimer(signal.ITIMER_REAL, delay)
        while True:
            engine.simulate(movie, 0.01)
    except KeyboardInterrupt:
        caught += 1
assert caught == 300
assert np.array_equal(engine.simulate(movie, 0.01), expected)
"""


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="timers here are of another kind")
def test_ctrl_c_at_any_moment_leaves_an_engine_that_works():
    """An interrupted call must not leave half a team waiting for the other half."""
    subprocess.run([sys.executable, "-c", INTERRUPTED], check=True, timeout=500)


def test_threads_end_with_their_engine():
    before = threading.active_count()
    for _ in range(3):
        CpuEngine(prior_network(1), threads=2).simulate(torch.rand(2, 7), 0.01)
    patience = time.monotonic() + 60
    while threading.active_count() > before and time.monotonic() < patience:
        time.sleep(0.01)
    assert threading.active_count() <= before


@pytest.mark.parametrize("extent", [1, 5, 15])
def test_stencil_has_all_edges_and_no_others(extent):
    """Every tap read at every cell finds the source cell of an edge, or a place without a cell."""
    layout = prior_network(extent).layout
    stencil = Stencil(layout)
    cell_at = np.full(stencil.size * 65 + 2 * stencil.margin, -1)
    cell_at[stencil.margin + stencil.cell_position] = np.arange(layout.n_cells)
    taps, edges = stencil.forward, set()
    for kind in range(65):
        for k in range(taps.first[kind], taps.first[kind + 1]):
            for cell in layout.cells(kind):
                place = stencil.cell_position[cell] - kind * stencil.size
                # Beyond the first and last row there is padding, not the next type.
                read = place + taps.shift[k]
                if 0 <= read < stencil.size:
                    source = cell_at[stencil.margin + taps.other[k] * stencil.size + read]
                    if source >= 0:
                        edges.add((source, cell, taps.order[k]))
        if extent == 15 and kind == 12:
            break  # some types are enough on the largest eye
    expected = zip(*layout.edges, strict=True)
    kinds = 65 if extent < 15 else 13
    last = layout.first_cell[kinds]
    assert edges == {edge for edge in expected if edge[1] < last}


def test_compiled_kernels_are_of_these_vectors():
    source = Path(cpu_vectors.__file__).read_bytes()
    assert hashlib.sha256(source).hexdigest()[:16] == cpu_loops._OF_VECTORS, (
        "write it into cpu_loops.py"
    )


@given(st.sets(st.integers(0, 200), min_size=1), st.sampled_from([4, 8, 16]))
def test_vectors_cover_all_columns_once(position, lanes):
    places = vector_places(np.array(sorted(position)), lanes)
    covered = (places[:, None] + np.arange(lanes)).ravel()
    assert set(covered) >= position and len(set(covered)) == len(covered)
    assert set(places.tolist()) <= position


def test_the_published_eye_needs_few_vectors():
    position = Stencil(prior_network(15).layout).position
    assert [len(vector_places(position, lanes)) * lanes for lanes in (8, 16)] == [832, 960]


_LEAVES_WHILE_IT_COMPUTES = """
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np

import maxstim_core as ms
from maxstim_core.simulation.choose_engine import make_engine

engine = make_engine(ms.open_network("prior", extent=5), device="cpu", threads=2)
grey = np.full((4, 20, 91), 0.5, np.float32)


def compute_for_ever():
    while True:
        engine.simulate(grey, 0.01)


ThreadPoolExecutor(1).submit(compute_for_ever)
time.sleep(0.3)
"""


def test_python_ends_while_a_thread_of_its_own_computes():
    done = subprocess.run(
        [sys.executable, "-c", _LEAVES_WHILE_IT_COMPUTES], capture_output=True, timeout=500
    )
    assert done.returncode == 0
    assert done.stderr == b""


@settings(max_examples=25)
@given(networks(), st.integers(1, 20), st.integers(1, 5), st.integers(1, 3), st.integers(0, 100))
def test_a_stimulus_does_not_depend_on_those_abreast(network, n_samples, n_frames, threads, seed):
    """To the bit, both ways: eight go abreast where there are enough, the rest by themselves."""
    drawn = np.random.default_rng(seed)
    layout = network.layout
    movie = drawn.random((n_samples, n_frames, layout.lattice.n_columns), np.float32)
    state = drawn.standard_normal((n_samples, layout.n_cells)).astype(np.float32)
    cells = drawn.permutation(layout.n_cells)[:20]
    cotangent = drawn.standard_normal((n_samples, n_frames, len(cells))).astype(np.float32)

    def both_ways(engine, samples):
        found = engine.rollout(
            movie[samples],
            state[samples],
            0.01,
            cells=cells,
            parameters=engine.parameters,
            tape=True,
        )
        back = engine.adjoint(found.tape, cotangent[samples], with_parameters=False)
        return [found.activity, found.final_state, back.movie, back.initial_state]

    together = both_ways(CpuEngine(network, threads=threads), slice(None))
    alone = CpuEngine(network, threads=1)
    for k in range(n_samples):
        for one, of_all in zip(both_ways(alone, slice(k, k + 1)), together, strict=True):
            np.testing.assert_array_equal(one[0], of_all[k])


def test_one_that_explodes_leaves_those_abreast_as_they_are():
    engine = CpuEngine(prior_network(3), threads=1)
    movie = np.random.default_rng(0).random((8, 12, 37), np.float32)
    spoilt = movie.copy()
    spoilt[3] *= np.float32(1e38)
    before = engine.simulate(movie, 0.01, cells=np.arange(5))
    beside = engine.simulate(spoilt, 0.01, cells=np.arange(5))
    others = np.arange(8) != 3
    np.testing.assert_array_equal(beside[others], before[others])
    np.testing.assert_array_equal(engine.simulate(movie, 0.01, cells=np.arange(5)), before)
