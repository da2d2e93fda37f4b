"""What linked plots of many runs cost a server when HoloViews draws and links them.

python -m benchmarks.linked_plots --runs 500

Parallel coordinates (`holoviews.Segments`, which draws all lines at once) and a scatter
(`holoviews.Points`) of the same runs, linked by `holoviews.selection.link_selections`, as a Panel page
would show them. The page draws its own on a canvas instead (`dashboard/components/sweep`), where a
selection is a matter of the browser alone: this is why.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from itertools import pairwise
from statistics import median

import holoviews as hv
import numpy as np
import pandas as pd
import panel as pn
from bokeh.document import Document
from holoviews.selection import link_selections

from benchmarks.measured import machine

AXES = ("lr", "weight_mei", "n_iters", "response", "energy", "roughness")


def main() -> None:
    """Print how long making the plots and selecting in them takes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=500, help="lines, and points")
    parser.add_argument("--selections", type=int, default=7, help="times that some are selected")
    options = parser.parse_args()
    hv.extension("bokeh", logo=False)

    document, links = Document(), link_selections.instance(index_cols=["run"])
    made = _cpu_seconds(lambda: document.add_root(_page(options.runs, links).get_root(document)))
    taken = [
        _cpu_seconds(lambda least=k / 10: _select(links, least)) for k in range(options.selections)
    ]
    print(f"{options.runs} runs, {len(AXES)} axes: {len(list(document.models))} models")
    print(f"making them: {made:.2f} s of CPU")
    print(f"a selection: {median(taken):.2f} s of CPU in the median of {len(taken)}, "
          f"{min(taken):.2f} to {max(taken):.2f} s")  # fmt: skip
    print(f"HoloViews {hv.__version__}, Panel {pn.__version__}; {machine()}.")


def _page(n_runs: int, links: link_selections) -> pn.viewable.Viewable:
    """Return both plots of some made-up runs."""
    numbers = np.random.default_rng(0).random((n_runs, len(AXES)))
    runs = pd.DataFrame(numbers, columns=list(AXES)).assign(run=range(n_runs))
    pieces = [
        runs.assign(x0=float(k), y0=runs[left], x1=float(k + 1), y1=runs[right])
        for k, (left, right) in enumerate(pairwise(AXES))
    ]
    lines = hv.Segments(pd.concat(pieces), ["x0", "y0", "x1", "y1"], ["run", *AXES])
    others = [name for name in AXES if name not in ("response", "energy")]
    points = hv.Points(runs, ["response", "energy"], ["run", *others])
    return pn.pane.HoloViews(links(lines.opts(tools=["box_select"]) + points))


def _select(links: link_selections, least: float) -> None:
    links.selection_expr = hv.dim("response") > least


def _cpu_seconds(do: Callable[[], object]) -> float:
    before = time.process_time()
    do()
    return time.process_time() - before


if __name__ == "__main__":
    main()
