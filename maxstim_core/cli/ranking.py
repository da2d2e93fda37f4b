"""The best clips of a search as lines to read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from maxstim_core.optimal.configs import SCORES, SearchConfig

if TYPE_CHECKING:
    import xarray as xr


def ranking(found: xr.Dataset, cell_type: str, config: SearchConfig) -> Iterator[str]:
    """Yield a heading and a line for each of the best clips of a cell type.

    Args:
        found: What a search has found, of all cell types.
        cell_type: For example ``T4c``.
        config: As given to the search.
    """
    best = found.sel(cell_type=cell_type)
    best = best.isel(rank=best["clip_index"].values >= 0)
    yield f"{cell_type}: {SCORES[config.score][0]}"
    for rank in range(best.sizes["rank"]):
        one = best.isel(rank=rank)
        moment = 1e3 * config.dt * int(one["peak_frame"])
        score, name = float(one["score"]), str(one["clip_name"].item())
        yield f"{rank + 1:>4}  {score:>9.4g}  at {moment:>4.0f} ms  {name}"
