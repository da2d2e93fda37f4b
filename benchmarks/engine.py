"""One optimisation step of T4c, 80 frames, 721 columns: maxstim's engines and flyvis, pair by pair.

    python -m benchmarks.engine [--flyvis-python PATH] [--pairs N] [--threads N] [--json]

Every line is the median over all pairs; flyvis is timed over its steps 5 to 25, since it slows as it
goes. Both start from the same noise and network: their losses are compared too. Below the table stands
what share of the machine's multiply-adds per second the simulation reaches.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys

from benchmarks.ceiling import multiply_adds_per_second
from benchmarks.measured import Child, machine

CELL_TYPE, N_FRAMES, DT = "T4c", 80, 0.01
N_EDGES = 1_513_231
"""Multiply-adds that a frame of the published eye needs (docs/numerics.md#cells-and-synapses)."""

RUNS = (("cpu", 1), ("cpu", 8), ("reference", 1))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--flyvis-python", help="Python of an environment that has flyvis")
    parser.add_argument("--pairs", type=int, default=5, help="times that each is measured")
    parser.add_argument("--threads", type=int, default=2, help="threads for each")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = parser.parse_args()

    what = (CELL_TYPE, str(N_FRAMES), str(DT))
    children = {
        f"maxstim {name}, {batch}": Child(
            sys.executable, "steps_maxstim.py", *what, name, str(batch), threads=options.threads
        )
        for name, batch in RUNS
    }
    if options.flyvis_python:
        children["flyvis"] = Child(
            options.flyvis_python, "steps_flyvis.py", *what, threads=options.threads
        )
    measured = {name: [] for name in children}
    for _ in range(options.pairs):
        for name, child in children.items():
            measured[name].append(child.measure())
    figures = {
        name: _summary(children[name].ready, runs, measured.get("flyvis"))
        for name, runs in measured.items()
    }
    for child in children.values():
        child.close()
    ceiling = multiply_adds_per_second(options.threads)
    if options.json:
        about = {"machine": machine(), "threads": options.threads}
        print(json.dumps({**about, "runs": figures, "multiply_adds_per_second": ceiling}))
    else:
        print(_table(figures, options))
        print(_shares(figures, ceiling))


def _summary(ready: dict, runs: list[dict], flyvis: list[dict] | None) -> dict:
    step = statistics.median(statistics.median(run["steps"]) for run in runs)
    summary = {
        "step_ms": 1e3 * step,
        "peak_megabytes": max(run["peak_megabytes"] for run in runs),
        **ready,
    }
    if "forward" in runs[0]:
        forward = statistics.median(statistics.median(run["forward"]) for run in runs)
        summary["forward_ms_per_frame"] = 1e3 * forward
    if flyvis:
        pairs = zip(flyvis, runs, strict=True)
        ratios = [statistics.median(a["steps"]) / statistics.median(b["steps"]) for a, b in pairs]
        summary["flyvis_ratio"] = statistics.median(ratios)
        losses = zip(flyvis[0]["losses"], runs[0]["losses"], strict=True)
        summary["loss_difference"] = max(abs(b / a - 1) for a, b in losses)
    return summary


def _table(figures: dict, options: argparse.Namespace) -> str:
    lines = [
        f"{machine()}; {options.threads} threads, {options.pairs} pairs",
        "",
        "| engine, stimuli at once | ms per step and stimulus | ms per frame forward | flyvis ÷ this | "
        "largest relative difference of loss | peak MB | import s | open s |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, row in figures.items():
        cells = [
            name,
            f"{row['step_ms']:.1f}",
            _maybe(row, "forward_ms_per_frame", ".3f"),
            _maybe(row, "flyvis_ratio", ".1f"),
            _maybe(row, "loss_difference", ".1e"),
            f"{row['peak_megabytes']:.0f}",
            f"{row['import_seconds']:.1f}",
            f"{row['open_seconds']:.2f}",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _shares(figures: dict, ceiling: dict[str, float]) -> str:
    """What the simulation reaches of what the machine can do."""
    lines = [
        "",
        f"A frame needs {N_EDGES / 1e6:.3f} million multiply-adds. This machine does "
        f"{ceiling['loop'] / 1e9:.1f} thousand million a second in a plain loop over arrays in the "
        f"nearest cache, {ceiling['matrix'] / 1e9:.1f} in a matrix product.",
        "",
        "| engine, stimuli at once | thousand million a second | of the loop | of the matrix product |",
        "|---|---|---|---|",
    ]
    for name, row in figures.items():
        if "forward_ms_per_frame" in row:
            rate = N_EDGES / (1e-3 * row["forward_ms_per_frame"])
            shares = (rate / ceiling[kind] for kind in ("loop", "matrix"))
            cells = [name, f"{rate / 1e9:.1f}", *(f"{share:.0%}" for share in shares)]
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _maybe(row: dict, key: str, style: str) -> str:
    return format(row[key], style) if key in row else ""


if __name__ == "__main__":
    main()
