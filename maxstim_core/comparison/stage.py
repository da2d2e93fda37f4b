"""By which of its settings an answer is judged, where they changed while it was made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from maxstim_core.optimal.generate_config import GenerateConfig

if TYPE_CHECKING:
    import xarray as xr


def stage_of(answer: xr.Dataset, config: GenerateConfig) -> GenerateConfig:
    """Return the settings by which the last iteration of a generated answer was taken.

    These are those that a schedule ends with, unless the run was stopped before.

    Args:
        answer: The answer, whose iterations say how far it came; to its end if it has none.
        config: Its settings.
    """
    n_done = answer.sizes.get("iteration", config.n_steps)
    begun = [stage for start, stage in config.stages if start < n_done]
    return begun[-1] if begun else config.stages[0][1]
