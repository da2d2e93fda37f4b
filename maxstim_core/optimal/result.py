"""The one shape of an answer: an `xarray.Dataset` that saves, loads and can be run again.

It is a `maxstim_core.drawing.notebook.Result`, which shows itself in a notebook.

Dimensions and coordinates:

- ``frame``, with ``time`` (frame): start of each frame in seconds;
- ``column``, with ``u`` and ``v`` (column): axial coordinates on the eye;
- ``iteration`` and ``term``: the loss as logged before each step;
- ``rank``: the best clips of a natural search, best first;
- ``shown`` and ``clip_frame``: the first of these clips to look at, and their frames.

Variables, where the method has them:

- ``stimulus`` (frame, column): luminance of the *last* iterate, or of the best natural clip;
- ``response`` (frame, column): voltage of every cell of the type for exactly that stimulus, NaN in
  columns where the type has no cell;
- ``central_response`` (frame): the same of the central cell;
- ``best_stimulus``, ``best_central_response``: of the iterate of lowest total loss;
- ``target_response`` (frame): what a regularised run tries to keep;
- ``loss`` (iteration, term);
- ``named_response``, ``best_named_response`` (named): what counts of the response of each cell type that
  the objective names, the one that was asked for first, in RMS above grey in the first network;
- ``clip_name``, ``clip_index``, ``peak_frame``, ``peak_value`` (voltage) and ``score`` (rank);
- ``shown_stimulus`` (shown, clip_frame, column): luminance of the best clips, uint8, 255 is white;
- ``shown_response`` (shown, clip_frame): voltage of the central cell, NaN after the end of a clip.

Attributes hold ``method``, ``cell_type``, ``config`` (JSON), ``network``, ``network_hash``, ``dt``,
``status`` ("complete" or "cancelled"), ``device`` and the versions of maxstim, numpy and what the
engine computes with (``numba_version`` or ``torch_version``), and ``cancelled_by`` where no person
cancelled: "server" of a run that was going when its server was stopped. Regularized and generated
answers have ``contrast_energy``, sum_th (x_th - 0.5)^2 of ``stimulus``, and ``missed``, a sentence,
where the best iterate is not on its budget of energy or at its level, and ``grey_voltage``, the voltage
of the central cell under grey, unless they were stored before that was told; generated ones with an
objective in units of RMS have ``rms_voltage`` as well: G and R of
`maxstim_core.optimal.response_units`.
Generated answers of several networks have ``networks`` and ``network_hashes``, JSON lists of all of
them, of which ``network`` and ``network_hash`` are the first; those of a contrast have ``contrast``, a
sentence that says whether it holds.
Natural answers also have ``clips``, ``clips_hash``, ``clip`` (the clip that was asked for by name, or
""), ``shown_clip`` (the clip that ``stimulus`` is) and ``source`` (the same), and ``grey_voltage`` and
``rms_voltage``, G and R of `maxstim_core.optimal.ranking`, and ``lowest_voltage`` over the set, unless
the search was stored before that was measured; regularised ones have ``shown_clip`` (the clip that they
began from), ``source`` (where that came from, in words), and ``clips`` and ``clip`` where it is a clip
of a set. Answers stored before ``shown_clip`` was written lack it: ask `clip_of`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from maxstim_core import __version__
from maxstim_core.errors import MaxstimError
from maxstim_core.lattice import Lattice
from maxstim_core.optimal.constraints import contrast_energy
from maxstim_core.optimal.named_response import contrast_words
from maxstim_core.settings import Config
from maxstim_core.storage.labeled import Labeled
from maxstim_core.storage.netcdf import read_dataset

if TYPE_CHECKING:
    import xarray as xr

    from maxstim_core.drawing.notebook import Result
    from maxstim_core.simulation.engine import Engine


BY_SERVER = "server"
"""Attribute ``cancelled_by`` of what was kept of a run whose server was stopped."""


def labeled_answer(
    *,
    lattice: Lattice,
    dt: float,
    stimulus: np.ndarray,
    response: np.ndarray,
    variables: dict[str, tuple] | None = None,
    attributes: dict[str, object] | None = None,
) -> Labeled:
    """Return the arrays of one answer, which `result_of` makes the dataset of.

    Args:
        lattice: The eye that the columns belong to.
        dt: Seconds per frame.
        stimulus: Luminance, shape (frame, column).
        response: Voltage of the cell type in each column, shape (frame, column), NaN where there is
            no cell.
        variables: Further variables as ``name: (dims, values)``.
        attributes: Further attributes.
    """
    n_frames = len(stimulus)
    versions = {"maxstim_version": __version__, "numpy_version": np.__version__}
    return Labeled(
        variables={
            "stimulus": (("frame", "column"), stimulus.astype(np.float32)),
            "response": (("frame", "column"), response.astype(np.float32)),
            "central_response": ("frame", response[:, lattice.center].astype(np.float32)),
            **(variables or {}),
        },
        coordinates={
            "time": ("frame", np.arange(n_frames) * dt, {"units": "s"}),
            "u": ("column", lattice.u),
            "v": ("column", lattice.v),
        },
        attrs={"dt": dt, **versions, **(attributes or {})},
    )


def answer(**given: Any) -> Result:
    """Return the dataset of one answer: arguments as for `labeled_answer`."""
    return result_of(labeled_answer(**given))


def result_of(labeled: Labeled) -> Result:
    """Return labeled arrays as the result that a person works with."""
    from maxstim_core.drawing.notebook import Result  # brings xarray: not before it is needed

    return Result.of(labeled.to_dataset())


def load(path: str | os.PathLike) -> Result:
    """Read a result written by `save`, wholly into memory.

    Args:
        path: Its file.

    Returns:
        The dataset, which shows its strip in a notebook; its variables, with dimensions and units, are
        described in `maxstim_core.optimal.result`.

    Raises:
        MaxstimError: if the file is missing, damaged, or was not written by maxstim.
    """
    from maxstim_core.drawing.notebook import Result

    return Result.of(read_dataset(path))


def lattice_of(answer: xr.Dataset) -> Lattice:
    """Return the eye that the columns of an answer belong to, from their coordinates.

    Raises:
        MaxstimError: if it has no coordinates, or they are those of no eye.
    """
    if not {"u", "v"} <= set(answer.variables):
        raise MaxstimError(
            "This result does not say where its columns are (u and v); run it again."
        )
    return Lattice.of(answer["u"].values, answer["v"].values)


def has_other_best(answer: xr.Dataset) -> bool:
    """Tell whether an answer holds an iteration of lower loss than its last one."""
    return "best_stimulus" in answer and not np.array_equal(
        answer["best_stimulus"].values, answer["stimulus"].values
    )


def cancelled_after(answer: xr.Dataset) -> int | None:
    """Return after how many iterations the run of an answer was cancelled.

    Args:
        answer: An answer of any method.

    Returns:
        0 of a search, whose answer does not tell its clips; None where no run was cancelled.
    """
    if answer.attrs.get("status") != "cancelled":
        return None
    return answer.sizes.get("iteration", 0)


def at_best(answer: xr.Dataset) -> xr.Dataset:
    """Return an answer as it was at its iteration of lowest loss: what is drawn and taken home of it.

    Args:
        answer: One with ``best_response`` (frame, column), as
            `maxstim_core.runs.responses.with_best_response` returns it.
    """
    shown = ["stimulus", "response", "central_response"]
    told = {}
    if "best_named_response" in answer:
        shown.append("named_response")
        numbers = answer["best_named_response"].values.tolist()
        told = {"contrast": contrast_words(answer["named"].values.tolist(), numbers)}
    best = {name: answer[f"best_{name}"] for name in shown}
    others = answer.drop_vars([f"best_{name}" for name in best])
    energy = contrast_energy(best["stimulus"].values)
    told = told if "contrast" in answer.attrs else {}
    return others.assign(best).assign_attrs(iteration="best", contrast_energy=energy, **told)


def provenance(engine: Engine, config: Config) -> dict[str, object]:
    """Return the attributes by which a result can be made again."""
    return {
        "method": config.method,
        "config": config.to_json(),
        "seed": getattr(config, "random_seed", -1),
        "network": engine.network.name,
        "network_hash": engine.network.content_hash,
        "device": engine.device,
        "dtype": engine.dtype,
        **engine.versions,
    }


def voltage_in_grey(engine: Engine, cell_type: int, dt: float) -> float:
    """Return the voltage of the central cell of a type under grey: what a run begins from.

    Args:
        engine: The network.
        cell_type: Number of the cell type.
        dt: Seconds per frame.
    """
    state = engine.host(engine.steady_state(dt))
    return float(state[0, engine.layout.central_cells[cell_type]])


def networks_of(about: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of the networks that an answer was made for at once; none where it was one.

    Args:
        about: Attributes of the answer.

    Raises:
        ValueError: if they are no names.
    """
    names = json.loads(str(about.get("networks", "[]")))
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError("The networks of an answer are a list of names.")
    return tuple(names)


def fitted_hashes(answer: xr.Dataset) -> frozenset[str]:
    """Return the hashes of all networks that an answer was made for."""
    about = answer.attrs
    try:
        several = map(str, json.loads(about.get("network_hashes", "[]")))
        return frozenset([str(about["network_hash"]), *several])
    except (KeyError, TypeError, ValueError):  # of no run
        return frozenset()


def silence_of(answer: xr.Dataset) -> str:
    """Return which cell types were silenced for an answer, as settings say it; empty for none."""
    try:
        return str(json.loads(answer.attrs["config"]).get("silence", ""))
    except (KeyError, TypeError, ValueError, AttributeError):  # of no run, or of another version
        return str(answer.attrs.get("silence", ""))


def clip_of(answer: xr.Dataset | Mapping[str, object]) -> str:
    """Return the name of the clip that an answer shows, or began from; nothing if there is none.

    Args:
        answer: The answer, or its attributes alone.

    Returns:
        Attribute ``shown_clip``. Answers stored before that was written have only ``source``: the same
        name, before which a regularized answer may say the set, as "scenes: scene 34".
    """
    about = getattr(answer, "attrs", answer)
    if "shown_clip" in about:
        return str(about["shown_clip"])
    return str(about.get("source", "")).removeprefix(f"{about.get('clips', '')}: ")
