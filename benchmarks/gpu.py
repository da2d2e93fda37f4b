"""The CUDA engine on one card: as exact as the CPU's, and how fast beside flyvis's algorithm.

    python -m benchmarks.gpu [--json] [--only SECTION ...]

Needs torch with CUDA, Triton, numba and xarray, no installation. Each section reports its own failure
and the others go on. ``--rehearse`` tries the program out where there is no GPU, on a small eye in
Triton's interpreter; its times mean nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
import traceback
from collections.abc import Callable

DT, N_FRAMES, CELL_TYPE = 0.01, 80, "T4c"
BATCHES = (1, 8, 64, 512)
LIMIT_SECONDS = 540


class Bench:
    """What the sections share.

    Attributes:
        device: Where to compute.
        extent: Rings of the eye.
        batches: Numbers of stimuli.
        n_frames: Frames of a stimulus.
        dt: Seconds per frame.
        ceilings: What `ceilings` measured, by name.
    """

    def __init__(self, rehearse: bool) -> None:
        import torch

        from maxstim_core.conventions import MAX_DT
        from maxstim_core.networks.catalog import open_network
        from maxstim_core.simulation.cuda import CudaEngine

        self.torch = torch
        self.rehearse = rehearse
        self.device = "cpu" if rehearse else "cuda:0"
        self.extent = 1 if rehearse else 15
        self.batches = (1, 4) if rehearse else BATCHES
        self.n_frames, self.dt = (1, MAX_DT) if rehearse else (N_FRAMES, DT)
        self.network = open_network("flyvis-init", extent=self.extent)
        self.engine = CudaEngine(self.network, device=self.device)
        self.ceilings: dict[str, float] = {}

    def random(self, *shape: int, seed: int = 0):
        """Uniform numbers on the device, drawn on the CPU."""
        seeded = self.torch.Generator().manual_seed(seed)
        return self.torch.rand(shape, generator=seeded).to(self.device)

    def seconds(self, work: Callable[[], object], repeats: int = 7) -> float:
        """Median time of a call, by the device's own clock where there is one, after one to warm up."""
        work()
        times = []
        for _ in range(1 if self.rehearse else repeats):
            if self.device == "cpu":
                begun = time.perf_counter()
                work()
                times.append(time.perf_counter() - begun)
                continue
            begun, ended = (self.torch.cuda.Event(enable_timing=True) for _ in range(2))
            begun.record()
            work()
            ended.record()
            ended.synchronize()
            times.append(begun.elapsed_time(ended) / 1e3)
        return statistics.median(times)

    def graph(self, work: Callable[[], object]) -> Callable[[], object]:
        """Return a replay of `work`.

        Raises:
            RuntimeError: if it could not be recorded.
        """
        take_step = self.engine.repeated(work)
        for _ in range(3):
            take_step()
        if self.device != "cpu" and not take_step.recorded:
            raise RuntimeError("the work could not be recorded as a graph")
        return take_step

    def peak_gigabytes(self) -> float:
        """Largest memory of the device in use since the last call."""
        if self.device == "cpu":
            return float("nan")
        peak = self.torch.cuda.max_memory_allocated() / 1e9
        self.torch.cuda.reset_peak_memory_stats()
        return peak

    def empty(self) -> None:
        """Give cached memory back, for what comes next."""
        import gc

        gc.collect()
        if self.device != "cpu":
            self.torch.cuda.empty_cache()
            self.torch.cuda.reset_peak_memory_stats()


def ceilings(bench: Bench) -> list[dict]:
    """What the card can do at best: memory, cache, and the launch of a kernel."""
    torch, rows, copies = bench.torch, [], 20
    for name, megabytes in (("memory", 2048), ("cache", 16)):
        source = bench.random(megabytes * 2**20 // 8)
        target = torch.empty_like(source)

        def copy(target=target, source=source):
            for _ in range(copies):
                target.copy_(source)
            return target

        rate = copies * 2 * 4 * source.numel() / bench.seconds(bench.graph(copy))
        bench.ceilings[name] = rate
        what = f"{name}, copy of {megabytes / 2:g} MB"
        rows.append({"ceiling": what, "value": f"{rate / 1e9:.0f} GB/s"})
    tiny = torch.zeros(1, device=bench.device)

    def launches():
        for _ in range(200):
            tiny.add_(1)
        return tiny

    per_launch = bench.seconds(bench.graph(launches)) / 200
    bench.ceilings["launch"] = per_launch
    rows.append({"ceiling": "smallest kernel, in a graph", "value": f"{per_launch * 1e6:.2f} µs"})
    alone = bench.seconds(launches) / 200
    rows.append({"ceiling": "smallest kernel, launched", "value": f"{alone * 1e6:.2f} µs"})
    return rows


def equality(bench: Bench) -> list[dict]:
    """Largest difference from the CPU engine, gradients of the largest entry; the same bits twice."""
    from maxstim_core.simulation.choose_engine import make_engine

    rows, on_cpu = [], make_engine(bench.network, device="cpu")
    names = ("activity", "movie", "state", "rest", "time constant", "strength")
    for batch in (1, 3, 8, 20):
        n_frames = min(bench.n_frames, 40)
        movie = bench.random(batch, n_frames, bench.network.lattice.n_columns).cpu()
        n_types = len(bench.network.connectome.names)
        weights = bench.random(batch, n_frames, n_types, seed=1).cpu() - 0.5
        expected = _everything(on_cpu, movie, weights, bench.dt)
        found, again = (_everything(bench.engine, movie, weights, bench.dt) for _ in "ab")
        row = {"batch": batch, "frames": n_frames}
        for name, ours, theirs in zip(names, found, expected, strict=True):
            scale = 1 if name == "activity" else theirs.abs().max()
            row[name] = f"{((ours - theirs).abs().max() / scale).item():.1e}"
        row["same bits twice"] = all(
            bench.torch.equal(a, b) for a, b in zip(found, again, strict=True)
        )
        rows.append(row)
        if bench.rehearse:
            break
    return rows


def _everything(engine, movie, weights, dt) -> list:
    """Central activity and the gradients of a weighted sum of it, on the CPU."""
    from maxstim_core.simulation.differentiable import (
        parameter_tensors,
        simulate_differentiably,
        steady_state_of,
    )
    from maxstim_core.simulation.engine import FreeParameters

    movie, free = movie.to(engine.device).requires_grad_(), parameter_tensors(engine)
    state = steady_state_of(engine, dt, free).expand(len(movie), -1).clone().requires_grad_()
    parameters = FreeParameters(*(p.clone().requires_grad_() for p in free))
    cells = engine.layout.central_cells
    given = {"initial_state": state, "parameters": parameters}
    activity = simulate_differentiably(engine, movie, dt, cells=cells, **given)
    (activity * weights.to(engine.device)).sum().backward()
    results = [activity.detach(), movie.grad, state.grad, *(p.grad for p in parameters)]
    return [result.cpu() for result in results]


def frames(bench: Bench) -> list[dict]:
    """One frame forward and one back, in a graph, and what that is of the card's ceilings."""
    torch, engine, rows = bench.torch, bench.engine, []
    cells = torch.as_tensor(engine.layout.central_cells, device=bench.device)
    n_taps, size = len(bench.network.layout.tap_pair), engine._stencil.size
    for batch in bench.batches:
        movie = bench.random(batch, bench.n_frames, bench.network.lattice.n_columns)
        state = engine.steady_state(bench.dt).expand(batch, -1)
        cotangent = bench.random(batch, bench.n_frames, len(cells))
        given = {"cells": cells, "parameters": engine.parameters}

        def forward(movie=movie, state=state, given=given):
            return engine.rollout(movie, state, bench.dt, tape=False, **given).activity

        def both(movie=movie, state=state, given=given, cotangent=cotangent):
            tape = engine.rollout(movie, state, bench.dt, tape=True, **given).tape
            return engine.adjoint(tape, cotangent, with_parameters=False).movie

        ahead = bench.seconds(bench.graph(forward)) / bench.n_frames
        there_and_back = bench.seconds(bench.graph(both)) / bench.n_frames
        bench.empty()
        read = 4 * n_taps * size * batch  # by the taps of a frame, from whatever cache they hit
        moved = 2 * 4 * engine._stride * batch  # a state read and one written
        rows.append(
            {
                "batch": batch,
                "forward µs": f"{ahead * 1e6:.2f}",
                "forward + back µs": f"{there_and_back * 1e6:.2f}",
                "forward ns per stimulus": f"{ahead * 1e9 / batch:.0f}",
                "taps read TB/s": f"{read / ahead / 1e12:.2f}",
                "states moved, of memory ceiling": _share(moved / ahead, bench, "memory"),
                "smallest kernel, of forward": _share(ahead, bench, "launch", inverse=True),
            }
        )
    return rows


def _share(value: float, bench: Bench, ceiling: str, inverse: bool = False) -> str:
    if ceiling not in bench.ceilings:
        return "ceiling unknown"
    share = value / bench.ceilings[ceiling]
    return f"{1 / share if inverse else share:.0%}"


def steps(bench: Bench) -> list[dict]:
    """One optimisation step: replayed, launched, and by flyvis's algorithm."""
    torch, engine, rows = bench.torch, bench.engine, []
    for batch in bench.batches:
        bench.empty()
        ours = _descent(bench, batch)
        take_step = engine.repeated(ours)
        losses = [take_step()[:, 0].clone() for _ in range(3)]
        bench.peak_gigabytes()
        replayed = bench.seconds(take_step)
        row = {
            "batch": batch,
            "graph": getattr(take_step, "recorded", False),
            "step ms": f"{replayed * 1e3:.3f}",
            "ms per stimulus": f"{replayed * 1e3 / batch:.4f}",
            "peak GB": f"{bench.peak_gigabytes():.2f}",
        }
        del take_step
        bench.empty()
        row["launched ms"] = f"{bench.seconds(ours, 3) * 1e3:.2f}"
        del ours
        bench.empty()
        theirs = None
        try:
            theirs = _edge_descent(bench, batch)
            same = zip(losses, [theirs().clone() for _ in range(3)], strict=True)
            difference = max(((a - b) / b).abs().max().item() for a, b in same)
            bench.peak_gigabytes()
            edgewise = bench.seconds(theirs, 3)
            row |= {
                "edges ms": f"{edgewise * 1e3:.1f}",
                "edges ÷ this": f"{edgewise / replayed:.1f}",
                "edges peak GB": f"{bench.peak_gigabytes():.2f}",
                "loss difference": f"{difference:.1e}",
            }
            del theirs
        except torch.cuda.OutOfMemoryError:
            row["edges ms"] = "out of memory"
        rows.append(row)
    bench.empty()
    return rows


def _descent(bench: Bench, batch: int):
    from maxstim_core.optimal.adam import Steps
    from maxstim_core.optimal.configs import loss_of
    from maxstim_core.optimal.constraints import displayable

    layout, config = bench.network.layout, _config(bench)
    central = [layout.central_cells[bench.network.cell_type(CELL_TYPE)]] * batch
    start = bench.random(batch, bench.n_frames, layout.lattice.n_columns)
    return Steps(bench.engine, central, start, loss_of(config), displayable, config)


def _config(bench: Bench, **changes):
    from maxstim_core.optimal.configs import GenerateConfig

    return GenerateConfig(dt=bench.dt, **changes)


def _edge_descent(bench: Bench, batch: int) -> Callable:
    from benchmarks.edges import EdgeSimulator
    from maxstim_core.optimal.configs import loss_of

    torch, network = bench.torch, bench.network
    simulate, loss = EdgeSimulator(network, bench.device), loss_of(_config(bench))
    state = bench.engine.steady_state(bench.dt).expand(batch, -1)
    cells = torch.as_tensor(network.layout.central_cells, device=bench.device)
    central = cells[[network.cell_type(CELL_TYPE)]]
    movie = bench.random(batch, bench.n_frames, network.lattice.n_columns).requires_grad_()
    optimizer = torch.optim.Adam([movie], lr=_config(bench).lr)

    def step():
        optimizer.zero_grad()
        totals = loss(movie, simulate(movie, state, bench.dt, central)[..., 0])[:, 0]
        totals.sum().backward()
        optimizer.step()
        with torch.no_grad():
            movie.clamp_(0, 1)
        return totals.detach()

    return step


def tiles(bench: Bench) -> list[dict]:
    """Other sizes of a program than `FEW` and `MANY`: time of a frame forward and back."""
    from maxstim_core.simulation import cuda

    rows = []
    shapes = [(32, 16, 4), (32, 32, 4), (32, 32, 8), (32, 64, 8), (64, 16, 4), (64, 32, 8)]
    shapes += [(128, 4, 4), (128, 8, 4), (128, 8, 8), (128, 16, 8)]
    cells = bench.torch.as_tensor(bench.network.layout.central_cells, device=bench.device)
    for shape in shapes[:1] if bench.rehearse else shapes:
        tile = cuda.Tile(*shape)
        engine = cuda.CudaEngine(bench.network, device=bench.device, few=tile, many=tile)
        row = {"positions × taps, warps": "{} × {}, {}".format(*shape)}
        for batch in bench.batches[:3]:
            movie = bench.random(batch, bench.n_frames, bench.network.lattice.n_columns)
            state = engine.steady_state(bench.dt).expand(batch, -1)
            cotangent = bench.random(batch, bench.n_frames, len(cells))

            def both(engine=engine, movie=movie, state=state, cotangent=cotangent):
                given = {"cells": cells, "parameters": engine.parameters, "tape": True}
                tape = engine.rollout(movie, state, bench.dt, **given).tape
                return engine.adjoint(tape, cotangent, with_parameters=False).movie

            spent = bench.seconds(bench.graph(both), 5) / bench.n_frames
            row[f"batch {batch}, µs"] = f"{spent * 1e6:.2f}"
            bench.empty()
        rows.append(row)
    return rows


def search(bench: Bench) -> list[dict]:
    """The natural search of 2,268 clips of 80 frames, clips in the host's memory."""
    from benchmarks.edges import EdgeSimulator
    from maxstim_core.optimal.configs import SearchConfig
    from maxstim_core.optimal.natural import Search
    from maxstim_core.stimuli.clip_set import ArrayClips

    n_clips, torch = (4 if bench.rehearse else 2268), bench.torch
    movies = bench.random(n_clips, bench.n_frames, bench.network.lattice.n_columns)
    clips = movies.cpu().numpy()
    del movies
    bench.empty()
    names = tuple(str(k) for k in range(n_clips))
    seconds = []
    for _ in range(2):  # the first compiles
        found = Search(
            bench.engine,
            ArrayClips("random", names, list(clips), bench.dt),
            SearchConfig(dt=bench.dt),
        )
        begun = time.perf_counter()
        for _ in found:
            pass
        seconds.append(time.perf_counter() - begun)
    row = {
        "clips": n_clips,
        "seconds": f"{seconds[-1]:.2f}",
        "peak GB": f"{bench.peak_gigabytes():.2f}",
    }
    batch = min(16, n_clips)
    simulate = EdgeSimulator(bench.network, bench.device)
    cells = torch.as_tensor(bench.network.layout.central_cells, device=bench.device)
    movie = torch.as_tensor(clips[:batch], device=bench.device)
    state = bench.engine.steady_state(bench.dt).expand(batch, -1)
    with torch.no_grad():
        edgewise = (
            bench.seconds(lambda: simulate(movie, state, bench.dt, cells), 3) * n_clips / batch
        )
    row[f"edges s (from {batch} clips at once)"] = f"{edgewise:.1f}"
    row["edges ÷ this"] = f"{edgewise / seconds[-1]:.1f}"
    return [row]


def many(bench: Bench) -> list[dict]:
    """All 65 cell types from 8 seeds, 200 steps, flyvis's 24 frames."""
    from maxstim_core.optimal.batch import generate_many

    small = {"cell_types": ["L1", "T4c"], "seeds": (0, 1)}
    chosen = small if bench.rehearse else {"seeds": range(8)}
    config = _config(bench, n_iters=2, t_stim=0.06) if bench.rehearse else _config(bench)
    bench.peak_gigabytes()
    begun = time.perf_counter()
    run = generate_many(bench.network, config=config, device=bench.device, **chosen)
    for _ in run:
        pass
    found = run.result()
    spent = time.perf_counter() - begun
    return [
        {
            "cell types": found.sizes["cell_type"],
            "seeds": found.sizes["seed"],
            "steps": found.sizes["iteration"],
            "seconds, all included": f"{spent:.2f}",
            "peak GB": f"{bench.peak_gigabytes():.2f}",
            "mean loss, first and last": "{:.3f}, {:.3f}".format(
                *(float(found.loss[i, ..., 0].mean()) for i in (0, -1))
            ),
        }
    ]


SECTIONS = {
    "ceilings": ceilings,
    "equality": equality,
    "frames": frames,
    "steps": steps,
    "many": many,
    "search": search,
    "tiles": tiles,
}
"""What is measured, in this order."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--only", nargs="+", choices=tuple(SECTIONS), help="sections to run")
    parser.add_argument("--rehearse", action="store_true", help="try out, in Triton's interpreter")
    options = parser.parse_args()
    if options.rehearse:
        os.environ["TRITON_INTERPRET"] = "1"
    import torch

    if not options.rehearse and not torch.cuda.is_available():
        sys.exit(
            "There is no GPU that torch can use; --rehearse tries this program out without one."
        )
    begun = time.perf_counter()
    bench = Bench(options.rehearse)
    report = {"machine": _machine(bench), "sections": {}}
    if not options.json:
        print(report["machine"], flush=True)
    for name in options.only or SECTIONS:
        section = SECTIONS[name]
        if time.perf_counter() - begun > LIMIT_SECONDS and not options.rehearse:
            report["sections"][name] = {"error": "left out: the time is up"}
        else:
            report["sections"][name] = _attempted(section, bench)
        if not options.json:
            print(_table(section.__doc__.splitlines()[0], report["sections"][name]), flush=True)
    if options.json:
        print(json.dumps(report))


def _attempted(section: Callable, bench: Bench) -> dict:
    begun = time.perf_counter()
    try:
        result = {"rows": section(bench)}
    except Exception as error:
        traceback.print_exc()
        result = {
            "error": f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
        }
    bench.empty()
    return {**result, "seconds": round(time.perf_counter() - begun, 1)}


def _machine(bench: Bench) -> str:
    import triton

    torch = bench.torch
    card = "Triton's interpreter" if bench.rehearse else torch.cuda.get_device_name(0)
    return f"{card}, torch {torch.__version__}, Triton {triton.__version__}, extent {bench.extent}"


def _table(title: str, section: dict) -> str:
    lines = ["", f"**{title}**", ""]
    if "error" in section:
        return "\n".join([*lines, f"Failed: {section['error']}"])
    columns = list(dict.fromkeys(name for row in section["rows"] for name in row))
    lines += ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    for row in section["rows"]:
        lines.append("| " + " | ".join(str(row.get(name, "")) for name in columns) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
