"""From what a search has measured to its best clips: the score, the order, and what repeats what.

A search measures once, for every cell type *i* and clip *k*, the peak of the central cell's voltage

    P_ik = max_t V_i(k, t),

and two numbers per cell type: the voltage that grey alone leads to, G_i (the state after one second of
uniform 0.5, docs/numerics.md#grey-and-fades), and the root mean square of the responses to the whole
set,

    R_i = sqrt(mean_kt V_i(k, t)²),

on raw voltages, every frame of every clip counted once: flyvis's ``responses_norm``, there over Sintel
(docs/numerics.md#units-of-responses). The scores are

- ``peak``: P_ik, by which flyvis chooses (docs/numerics.md#the-natural-answer);
- ``above_grey``: P_ik - G_i, what the clip adds to grey;
- ``rms``: P_ik / R_i, flyvis's unit of responses; 0 where R_i is 0, since then all voltages are.

For one cell type each is an increasing function of P_ik, so that all put its clips in the same order
and none needs another search. What a score changes is what can be compared: raw voltages within a
cell type; the others also between cell types, ``rms`` also between networks.

Near-identical clips are listed once: a clip is left out where the moment of its peak, as a frame of
the film that it was cut from, is on show in a better clip, turned and mirrored or not. A clip turned by
60° repeats the clip, and so does a piece of film cut a little later, if both hold that moment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from maxstim_core.errors import MaxstimError, shown
from maxstim_core.optimal.configs import SearchConfig
from maxstim_core.stimuli.clip_set import ClipSet
from maxstim_core.stimuli.stored.repeats import excerpts
from maxstim_core.storage.meaning import documented

if TYPE_CHECKING:
    import xarray as xr

    from maxstim_core.drawing.notebook import Result


def scored(
    peak: np.ndarray, grey_voltage: np.ndarray, rms_voltage: np.ndarray, score: str
) -> np.ndarray:
    """Return the scores of peak voltages: formulas above.

    Args:
        peak: P, in arbitrary units, any shape.
        grey_voltage: G, of a shape that broadcasts with it.
        rms_voltage: R, of a shape that broadcasts with it.
        score: ``peak``, ``above_grey`` or ``rms``.
    """
    if score == "above_grey":
        return peak - grey_voltage
    if score == "rms":
        return np.divide(peak, rms_voltage, out=np.zeros_like(peak), where=rms_voltage > 0)
    return peak


def with_ranks(measured: xr.Dataset, clips: ClipSet, config: SearchConfig) -> Result:
    """Add the best clips of each cell type, best first, to what a search has measured.

    Args:
        measured: Dims (cell_type, clip): ``clip_peak``, P, and ``clip_peak_frame``, its frame. Dim
            (cell_type): ``grey_voltage``, G, and ``rms_voltage``, R. Ranks that it has are replaced, and
            ``lowest_voltage`` is kept where it was measured.
        clips: The set that was searched; a cancelled search has measured its first clips.
        config: Score, number of clips, and whether to leave out the near-identical.

    Returns:
        The same, with the names of the clips as coordinate ``clip``, and dims (cell_type, rank):
        ``clip_index``, ``clip_name``, ``peak_frame``, ``peak_value`` (P) and ``score``. A cell type
        with fewer distinct clips than others has index and frame -1, no name and NaN in the ranks
        beyond.

    Raises:
        MaxstimError: if it is no search, that of an earlier maxstim, or of another set.
    """
    from maxstim_core.drawing.notebook import Result  # brings xarray: not before it is needed

    check_search(measured, clips)
    measured = Result.of(measured).drop_dims("rank", errors="ignore")
    peaks, frames = measured["clip_peak"].values, measured["clip_peak_frame"].values
    # A stable sort: of equal peaks the earlier clip wins, as in flyvis's argmax.
    order = np.argsort(-peaks, axis=1, kind="stable")
    lists = _distinct(order, frames, clips, config) if config.distinct else order
    kept = min(config.n_best, max(map(len, lists)))
    best = np.full((len(lists), kept), -1)
    for row, ranked in zip(best, lists, strict=True):
        row[: len(ranked)] = ranked[:kept]
    there = best >= 0
    peak = np.where(there, np.take_along_axis(peaks, best, 1), np.float32(np.nan))
    grey, rms = (measured[name].values[:, None] for name in ("grey_voltage", "rms_voltage"))
    names, dims = np.array(clips.names), ("cell_type", "rank")
    ranked = measured.assign_coords(clip=names[: peaks.shape[1]], rank=np.arange(kept)).assign(
        clip_index=(dims, best),
        clip_name=(dims, np.where(there, names[best], "")),
        peak_frame=(dims, np.where(there, np.take_along_axis(frames, best, 1), -1)),
        peak_value=(dims, peak),
        score=(dims, scored(peak, grey, rms, config.score)),
    )
    return documented(ranked)


def _distinct(
    order: np.ndarray, frames: np.ndarray, clips: ClipSet, config: SearchConfig
) -> list[list[int]]:
    """Return, for each cell type, the first clips that repeat none before them, best first."""
    of_clip = excerpts(clips)
    lists = []
    for ranked, peak_frames in zip(order, frames, strict=True):
        kept: list[int] = []
        for index in ranked:
            excerpt = of_clip[index]
            moment = excerpt.moment(int(peak_frames[index]), clips.dt, config.dt)
            if not any(of_clip[better].shows(excerpt, moment) for better in kept):
                kept.append(int(index))
            if len(kept) == config.n_best:
                break
        lists.append(kept)
    return lists


def check_search(found: object, clips: ClipSet) -> None:
    """Make sure that something is what a search of a set has found.

    Raises:
        MaxstimError: if it is something else, such as an answer, or the search of an earlier maxstim or
            of another set.
    """
    import xarray as xr

    if not isinstance(found, xr.Dataset) or "stimulus" in found:
        kind = "an answer" if isinstance(found, xr.Dataset) else f"{shown(found)}"
        raise MaxstimError(
            "What was found must be the result of a search, such as finish(search(network, clips)), "
            f"not {kind}."
        )
    if not {"clip_peak", "clip_peak_frame", "grey_voltage", "rms_voltage"} <= set(found.variables):
        raise MaxstimError("This search was made by an earlier maxstim; search again.")
    if found.attrs.get("clips_hash") != clips.content_hash:
        raise MaxstimError(
            f"This search was made in another set than {clips.name} is now; search again."
        )
