"""An atlas packed into one file of a few megabytes, which a page can show: docs/atlas.md.

Of one objective and one seed. A movie is kept as whole steps of contrast,

    x(t, c) = 0.5 + step · code(t, c),  code from -127 to 127,

with a step of its own: the coarsest with which the energy of what rounding changes is no more than a
share of the contrast energy. That share, the loss, is the least of a few with which the file is small
enough, and is written into it. The likeness of a movie with the same unpacked is at least √(1 - loss).
Responses, hashes of networks, settings, seed and what is alike are kept as they are; responses are those
to the movies before they were packed.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from maxstim_core.atlas.agreement import is_there
from maxstim_core.conventions import GREY
from maxstim_core.errors import MaxstimError
from maxstim_core.optimal.generate_config import GenerateConfig
from maxstim_core.storage.atomic import write_whole
from maxstim_core.storage.data_dir import data_directory
from maxstim_core.storage.netcdf import read_dataset, save

if TYPE_CHECKING:
    import xarray as xr

MOST_BUNDLE_BYTES = 12_000_000
"""Most bytes of a packed atlas."""

LOSSES = (0.002, 0.005, 0.01, 0.02, 0.05)
"""Shares of the contrast energy that rounding may change, tried until the file is small enough."""

BUNDLE_VERSION = 1
"""Of the layout of a packed atlas."""

_KIND = "packed atlas"
_CODES = 127
_HALVINGS = 12
"""How closely the coarsest step is found: to a thousandth of the range of steps."""

_NAME = "equal-energy.nc"

_COMPARED = ("likeness", "group", "place", "unlike")

_KEPT = (
    "central_response",
    "counted_response",
    "contrast_energy",
    "natural_response",
    "transfer_response",
)


def shipped_bundle() -> Path:
    """Return where the packed atlas that comes with maxstim is; it need not be there."""
    return Path(__file__).parents[1] / "data" / "atlas" / _NAME


def own_bundle() -> Path:
    """Return where that of the data directory is, which ``maxstim atlas make`` makes."""
    return data_directory() / "atlas" / _NAME


def bundle_file() -> Path | None:
    """Return the packed atlas to show, one's own before that which ships; None without any."""
    return next((path for path in (own_bundle(), shipped_bundle()) if path.is_file()), None)


def pack_atlas(
    answers: xr.Dataset,
    found: Mapping[str, tuple],
    path: str | os.PathLike,
    *,
    partial: bool = False,
    most_bytes: int = MOST_BUNDLE_BYTES,
) -> dict[str, Any]:
    """Write the answers to one objective from one seed, and what is alike, into one file.

    Args:
        answers: As of `maxstim_core.atlas.agreement.answers_of_atlas`.
        found: As of `maxstim_core.atlas.agreement.compare_answers`.
        path: Where to write it; replaced if it is there.
        partial: Whether answers may be missing.
        most_bytes: Most bytes of the file.

    Returns:
        ``bytes`` of the file, and ``loss``, the greatest share of the contrast energy of a movie that
        rounding changed.

    Raises:
        MaxstimError: if answers are missing and may not, the file would be too large, or it cannot be
            written.
    """
    check_complete(answers, partial=partial)
    there = is_there(answers)
    content = b""
    for loss in LOSSES:
        packed = _packed(answers, found, there, loss)
        content = _file_of(packed)
        if len(content) <= most_bytes:
            write_whole(path, "packed atlas", content)
            return {"bytes": len(content), "loss": float(packed["energy_lost"].max())}
    raise MaxstimError(
        f"This atlas would have {len(content) / 1e6:.1f} MB with a loss of {LOSSES[-1]:.0%}, and at "
        f"most {most_bytes / 1e6:g} MB are packed; make one of fewer cell types or networks."
    )


def check_complete(answers: xr.Dataset, *, partial: bool = False) -> None:
    """Make sure that answers are there to be packed.

    Args:
        answers: As of `maxstim_core.atlas.agreement.answers_of_atlas`.
        partial: Whether some may be missing.

    Raises:
        MaxstimError: if answers are missing and may not, or there is none.
    """
    there = is_there(answers)
    if not there.all() and not partial:
        raise MaxstimError(
            f"This atlas has {there.sum()} of {there.size} answers; run 'maxstim atlas run' again for "
            "the others, or pack what there is with --partial."
        )
    if not there.any():
        raise MaxstimError("This atlas has no answer yet; run 'maxstim atlas run' first.")


def open_bundle(path: str | os.PathLike) -> xr.Dataset:
    """Read a packed atlas, wholly into memory.

    Args:
        path: Its file.

    Returns:
        Dims cell_type, network, frame, column: what `pack_atlas` has written; `bundled_movies` unpacks
        movies.

    Raises:
        MaxstimError: if it is none, damaged, or of another version.
    """
    found = read_dataset(path)
    needed = {*_KEPT, *_COMPARED, "code", "step", "status", "u", "v"}
    if found.attrs.get("kind") != _KIND or not needed <= set(found.variables):
        raise MaxstimError(
            f"The file {path} is no packed atlas; make one with 'maxstim atlas pack'."
        )
    if found.attrs.get("bundle_version") != BUNDLE_VERSION:
        raise MaxstimError(
            f"The packed atlas {path} is of another version of maxstim; pack it again with 'maxstim "
            "atlas pack'."
        )
    about = found.attrs
    return found.assign_coords(objective=about["objective"], seed=int(about["seed"]))


def comparison_of(bundle: xr.Dataset) -> dict[str, tuple]:
    """Return how alike the answers of a packed atlas are, as `compare_answers` tells it.

    Args:
        bundle: As of `open_bundle`.
    """
    return {name: (bundle[name].dims, bundle[name].values, {}) for name in _COMPARED}


def bundled_movies(bundle: xr.Dataset) -> np.ndarray:
    """Return the movies of a packed atlas, or of a part of it, shape (..., frame, column), float32."""
    codes = bundle["code"].transpose(..., "frame", "column").values
    step = bundle["step"].values[..., None, None]
    return (np.float32(GREY) + step * codes).astype(np.float32)


def coarse_codes(movie: np.ndarray, loss: float) -> tuple[np.ndarray, float, float]:
    """Return a movie as whole steps of contrast, the coarsest that lose no more than they may.

    Args:
        movie: Luminance, shape (frame, column).
        loss: Share of the contrast energy that rounding may change.

    Returns:
        Codes of the same shape, int8; the step; and the share that is lost: more than `loss` only where
        the finest step of so many codes loses more.
    """
    contrast = np.asarray(movie, np.float64) - GREY
    energy, highest = float(np.square(contrast).sum()), float(np.abs(contrast).max(initial=0))
    if not energy:
        return np.zeros(contrast.shape, np.int8), 0.0, 0.0

    def lost(step: float) -> float:
        return float(np.square(contrast - step * np.rint(contrast / step)).sum()) / energy

    fine, coarse = _single(highest / _CODES), _single(2 * highest)
    if lost(fine) < loss:
        for _ in range(_HALVINGS):
            middle = _single((fine + coarse) / 2)
            fine, coarse = (middle, coarse) if lost(middle) <= loss else (fine, middle)
    return np.clip(np.rint(contrast / fine), -_CODES, _CODES).astype(np.int8), fine, lost(fine)


def _single(step: float) -> float:
    """Return a step as it is kept, in single precision."""
    return float(np.float32(step))


def _packed(
    answers: xr.Dataset, found: Mapping[str, tuple], there: np.ndarray, loss: float
) -> xr.Dataset:
    shape = (*there.shape, answers.sizes["frame"], answers.sizes["column"])
    codes = np.zeros(shape, np.int8)
    step, lost = np.zeros(there.shape, np.float32), np.zeros(there.shape, np.float32)
    for k, j in np.argwhere(there):
        movie = answers["stimulus"].isel(cell_type=k, network=j).transpose("frame", "column").values
        codes[k, j], step[k, j], lost[k, j] = coarse_codes(movie, loss)
    dims = ("cell_type", "network")
    kept = answers[[name for name in (*_KEPT, "status") if name in answers]]
    kept = kept.drop_vars(["objective", "seed"]).transpose(*dims, ...).load().drop_encoding()
    kept = kept.assign_coords({name: ("column", answers[name].values) for name in ("u", "v")})
    kept = kept.assign({name: (list(held[0]), *held[1:]) for name, held in found.items()})
    code_attrs = {
        "long_name": "contrast of the stimulus in steps",
        "comment": "luminance = 0.5 + step * code",
        "units": "1",
    }
    kept = kept.assign(
        code=((*dims, "frame", "column"), codes, code_attrs),
        step=(dims, step, {"long_name": "luminance of one step of the code", "units": "1"}),
        energy_lost=(
            dims,
            lost,
            {"long_name": "share of the contrast energy that rounding changed"},
        ),
    )
    kept.attrs = _attributes(answers, loss)
    return kept


def _attributes(answers: xr.Dataset, loss: float) -> dict[str, Any]:
    """Return what a packed atlas says of itself."""
    about = answers.attrs
    objective, seed = str(answers["objective"].values), int(answers["seed"].values)
    settings = {**json.loads(about["config"]), "objective": objective, "random_seed": seed}
    config = GenerateConfig(**settings)
    kept = ("method", "dt", "device", "maxstim_version", "numpy_version", "identity")
    return {
        "kind": _KIND,
        "bundle_version": BUNDLE_VERSION,
        **{name: about[name] for name in kept if name in about},
        "objective": objective,
        "seed": seed,
        "config": config.to_json(),
        "config_hash": config.content_hash,
        "loss": loss,
    }


def _file_of(packed: xr.Dataset) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "atlas.nc"
        save(packed, path)
        return path.read_bytes()
