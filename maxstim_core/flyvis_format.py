"""Published flyvis model folders, read without executing anything in them (spec §4).

Folders are never written to. Where flyvis would go on with random weights (no validation file), this
refuses.
"""

from __future__ import annotations

import os
import pickle
import re
from pathlib import Path

import h5py
import numpy as np
import yaml

from maxstim_core.connectome import bundled_connectome
from maxstim_core.errors import MaxstimError
from maxstim_core.lattice import Lattice
from maxstim_core.network import Layout, Network, Parameters

_CONNECTOME_FILE = "fib25-fib19_v2.2.json"

_TENSORS = {
    "nodes_bias": "resting_potential",
    "nodes_time_const": "time_constant",
    "edges_sign": "synapse_sign",
    "edges_syn_count": "synapse_count",
    "edges_syn_strength": "synapse_strength",
}
"""flyvis's names of the five tensors, and ours."""


def read_model(folder: str | os.PathLike, extent: int | None = None) -> Network:
    """Open a flyvis model folder at its best checkpoint, as flyvis chooses it (spec §4.3).

    Args:
        folder: For example ``…/flow/0000/000``.
        extent: Rings of the eye; the model's own if None.

    Raises:
        MaxstimError: if the folder is no flyvis model, was trained on another connectome, lacks a
            validation loss, or holds a damaged checkpoint.
    """
    folder = Path(folder)
    settings = _network_settings(folder)
    layout = Layout(bundled_connectome(), Lattice(settings["extent"] if extent is None else extent))
    checkpoint = best_checkpoint(folder)
    return Network(_short_name(folder), layout, _parameters(checkpoint))


def best_checkpoint(folder: str | os.PathLike) -> Path:
    """Return the checkpoint of least validation error (``validation/epe``, else ``loss``).

    Raises:
        MaxstimError: if there is no checkpoint, no validation file, or their numbers differ.
    """
    folder = Path(folder)
    numbered = {
        int(match.group()): path
        for path in folder.glob("chkpts/chkpt_*")
        if (match := re.search(r"\d+", path.name))
    }
    if not numbered:
        raise MaxstimError(f"The model folder {folder} has no checkpoint; copy it again, whole.")
    errors = _validation_errors(folder)
    if len(errors) != len(numbered):
        raise MaxstimError(
            f"The model folder {folder} has {len(numbered)} checkpoints but {len(errors)} validation "
            "errors, so that the best one is unknown; copy it again, whole."
        )
    return numbered[sorted(numbered)[int(np.argmin(errors))]]


def _network_settings(folder: Path) -> dict:
    """Extent of a model, once it is sure that its connectome and dynamics are ours."""
    path = folder / "_meta.yaml"
    try:
        config = yaml.safe_load(path.read_text(encoding="utf-8"))["config"]
        network = config["network"]
        connectome = network["connectome"]
        activation = network.get("dynamics", {}).get("activation", {}).get("type", "relu")
        file, fill = connectome["file"], connectome.get("n_syn_fill", 1)
        settings = {"extent": int(connectome["extent"])}
    except (OSError, yaml.YAMLError, UnicodeDecodeError, ValueError) as error:
        raise MaxstimError(
            f"The folder {folder} is no flyvis model: its _meta.yaml cannot be read "
            f"({type(error).__name__}); give a folder such as flow/0000/000."
        ) from error
    except (KeyError, TypeError, AttributeError) as error:
        raise MaxstimError(
            f"The _meta.yaml in {folder} does not describe a flyvis network; give a folder such as "
            "flow/0000/000."
        ) from error
    if (Path(str(file)).name, fill, activation) != (_CONNECTOME_FILE, 1, "relu"):
        raise MaxstimError(
            f"The model in {folder} uses connectome {file}, gap filling {fill} and activation "
            f"{activation}; only {_CONNECTOME_FILE}, 1 and relu can be opened."
        )
    return settings


def _validation_errors(folder: Path) -> np.ndarray:
    for name in ("epe", "loss"):
        path = folder / "validation" / f"{name}.h5"
        if path.exists():
            try:
                with h5py.File(path, "r") as file:
                    return np.atleast_1d(file["data"][()])
            except (OSError, KeyError) as error:
                raise MaxstimError(
                    f"The validation file {path} cannot be read; copy the model folder again."
                ) from error
    raise MaxstimError(
        f"The model folder {folder} has no validation/epe.h5 or validation/loss.h5, so that its best "
        "checkpoint is unknown; copy it again, whole."
    )


def _parameters(checkpoint: Path) -> Parameters:
    import torch  # only here: the page opens its bundled networks without torch

    damaged = f"The checkpoint {checkpoint} is damaged or no flyvis checkpoint; copy it again."
    try:
        content = torch.load(checkpoint, map_location="cpu", weights_only=True)
        tensors = content["network"]
        found = {ours: tensors[theirs].numpy() for theirs, ours in _TENSORS.items()}
    except pickle.UnpicklingError as error:
        raise MaxstimError(
            f"The checkpoint {checkpoint} is damaged or holds more than numbers, so it was not opened; "
            "get the model from a source you trust."
        ) from error
    except (
        OSError,
        RuntimeError,
        EOFError,
        KeyError,
        TypeError,
        AttributeError,
        ValueError,
    ) as error:
        raise MaxstimError(damaged) from error
    found["synapse_count"] = np.exp(found["synapse_count"])  # stored as its logarithm
    return Parameters(**found)


def _short_name(folder: Path) -> str:
    """``flow/0000/000`` of a longer path: how flyvis names a model."""
    return "/".join(folder.resolve().parts[-3:])
