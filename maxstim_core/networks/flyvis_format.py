"""flyvis model folders: read without executing anything in them, and written as flyvis opens them.

A folder that is read is never written to. Where flyvis would go on with random weights (no validation
file), this refuses.
"""

from __future__ import annotations

import io
import os
import pickle
import re
import stat
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from maxstim_core.errors import MaxstimError
from maxstim_core.lattice import Lattice
from maxstim_core.networks.connectome import bundled_connectome
from maxstim_core.networks.layout import Layout
from maxstim_core.networks.network import Network, Parameters
from maxstim_core.storage.atomic import aside, exclusively, put_in_place
from maxstim_core.storage.hdf5 import as_damaged, open_hdf5
from maxstim_core.storage.torch_archive import check_torch_archive

_CONNECTOME_FILE = "fib25-fib19_v2.2.json"

_FIRST_CHECKPOINT = "chkpt_00000"

_MOST_CHECKPOINTS = 1_000_000
"""No model has more: a validation file that claims to is not read into memory."""

_MOST_BRACKETS = 500
"""In the settings of a model, which are written without any: PyYAML takes long for thousands."""

_MOST_META_BYTES = 200_000
_MOST_VALIDATION_BYTES = 100_000_000
_MOST_CHECKPOINT_BYTES = 200_000_000
_MOST_NUMBERS = 1_000_000
"""Of a model: published ones have 2 kB of settings, 50 kB of checkpoint and 2355 counts of synapses."""

_MOST_EXTENT = 40
"""Rings of the largest eye that is opened: 4921 columns."""

_UNREADABLE = "cannot be read; copy the model folder again."

_TENSORS = {
    "nodes_bias": "resting_potential",
    "nodes_time_const": "time_constant",
    "edges_sign": "synapse_sign",
    "edges_syn_count": "synapse_count",
    "edges_syn_strength": "synapse_strength",
}
"""flyvis's names of the five tensors, and ours."""


def read_model(folder: str | os.PathLike, extent: int | None = None) -> Network:
    """Open a flyvis model folder at its best checkpoint, as flyvis chooses it.

    How it does: docs/numerics.md#model-folders.

    Args:
        folder: For example ``…/flow/0000/000``.
        extent: Rings of the eye; the model's own if None.

    Raises:
        MaxstimError: if the folder is no flyvis model, was trained on another connectome, lacks a
            validation loss, or holds a damaged checkpoint.
    """
    folder = Path(folder)
    settings = _settings(folder)
    layout = _layout(settings.extent if extent is None else extent)
    checkpoint = best_checkpoint(folder)
    return Network(short_name(folder), layout, _parameters(folder, checkpoint))


def write_model(network: Network, folder: str | os.PathLike) -> None:
    """Write a network as a model folder that flyvis opens: `NetworkView` and `Ensemble` take it.

    It has one checkpoint and no decoder. Its validation error is not a number, because nobody has
    measured one.

    Args:
        network: A network of the bundled connectome.
        folder: Folder to make, for example ``…/results/flow/9000/000``; the one above it must be there.

    Raises:
        MaxstimError: if the folder is there, cannot be written, or the network has a negative synapse
            strength, which flyvis would set to zero.
    """
    _write_folder(folder, lambda part: _write_model(network, part))


def write_ensemble(networks: Iterable[Network], folder: str | os.PathLike) -> None:
    """Write networks as the models 000, 001 and so on of an ensemble, all or none.

    Args:
        networks: As in `write_model`.
        folder: Folder to make, for example ``…/results/flow/9000``; the one above it must be there.

    Raises:
        MaxstimError: as `write_model`.
    """

    def write(part: Path) -> None:
        for number, network in enumerate(networks):
            model = part / f"{number:03d}"
            model.mkdir()
            _write_model(network, model)

    _write_folder(folder, write)


def _write_folder(folder: str | os.PathLike, write: Callable[[Path], None]) -> None:
    folder = Path(folder)
    if os.path.lexists(folder):
        raise MaxstimError(f"There is something at {folder} already; name a new folder.")
    try:
        with aside(folder.parent) as part:
            part.mkdir()
            write(part)
            with exclusively(folder.parent):
                put_in_place(part, folder)
    except FileExistsError:
        raise MaxstimError(f"There is something at {folder} already; name a new folder.") from None
    except OSError as error:
        raise MaxstimError(
            f"The model folder {folder} could not be written ({error.strerror or error}); choose a "
            "place that exists, is writable and has room."
        ) from error


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


def short_name(folder: str | os.PathLike) -> str:
    """Return what flyvis calls a model: ``flow/0000/000`` of a longer path."""
    return "/".join(Path(folder).resolve().parts[-3:])


def was_trained(folder: str | os.PathLike) -> bool:
    """Return whether flyvis trained a model: whether its settings name a task.

    Raises:
        MaxstimError: if the folder is no flyvis model or was made with another connectome.
    """
    return _settings(Path(folder)).has_task


def validation_error(folder: str | os.PathLike) -> float:
    """Return the least validation error of a model, by which its best checkpoint is chosen.

    Raises:
        MaxstimError: if there is no validation file, or it cannot be read.
    """
    return float(np.min(_validation_errors(Path(folder))))


@lru_cache(maxsize=2)
def _layout(extent: int) -> Layout:
    """The layout of published models; it takes longer to make than a model to read."""
    return Layout(bundled_connectome(), Lattice(extent))


def _write_model(network: Network, folder: Path) -> None:
    if (network.parameters.synapse_strength < 0).any():
        raise MaxstimError(
            f"The network {network.name} has a negative synapse strength, which flyvis would set to "
            "zero; export another network."
        )
    import torch

    connectome = {
        "type": "ConnectomeFromAvgFilters",
        "file": _CONNECTOME_FILE,
        "extent": network.lattice.extent,
        "n_syn_fill": 1,
    }
    import h5py
    import yaml

    config = {"type": "NetworkDir", "network": {"connectome": connectome}}
    meta = yaml.safe_dump({"config": config, "status": "done"}, sort_keys=False)
    (folder / "_meta.yaml").write_text(meta, encoding="utf-8")
    values = {ours: torch.tensor(getattr(network.parameters, ours)) for ours in _TENSORS.values()}
    values["synapse_count"] = values["synapse_count"].double().log().float()
    (folder / "chkpts").mkdir()
    checkpoint = {"network": {theirs: values[ours] for theirs, ours in _TENSORS.items()}}
    packed = io.BytesIO()  # torch's own writing to disk hides why it fails
    torch.save(checkpoint, packed)
    (folder / "chkpts" / _FIRST_CHECKPOINT).write_bytes(packed.getvalue())
    (folder / "validation").mkdir()
    with h5py.File(folder / "validation" / "epe.h5", "w") as file:
        file["data"] = np.array([np.nan])


class _Settings(NamedTuple):
    """What ``_meta.yaml`` says of a model."""

    extent: int
    has_task: bool


def _settings(folder: Path) -> _Settings:
    """Settings of a model, once it is sure that its connectome and dynamics are ours."""
    import yaml  # not before it is needed, as h5py: bundled networks need neither

    path = folder / "_meta.yaml"
    try:
        with _own_file(folder, path, _MOST_META_BYTES).open(encoding="utf-8") as file:
            text = file.read(_MOST_META_BYTES)
            whole = not file.read(1)
        if not whole or text.count("[") + text.count("{") > _MOST_BRACKETS:
            raise ValueError("longer, or nested deeper, than a settings file")
        config = yaml.safe_load(text)["config"]
        network = config["network"]
        connectome = network["connectome"]
        activation = network.get("dynamics", {}).get("activation", {}).get("type", "relu")
        file_name, fill = connectome["file"], connectome.get("n_syn_fill", 1)
        extent, has_task = connectome["extent"], bool(config.get("task"))
    except (OSError, yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise MaxstimError(
            f"The folder {folder} is no flyvis model: its _meta.yaml cannot be read "
            f"({type(error).__name__}); give a folder such as flow/0000/000."
        ) from error
    except (KeyError, TypeError, AttributeError) as error:
        raise MaxstimError(
            f"The _meta.yaml in {folder} does not describe a flyvis network; give a folder such as "
            "flow/0000/000."
        ) from error
    if (_base_name(file_name), fill, activation) != (_CONNECTOME_FILE, 1, "relu"):
        told = map(_shown, (file_name, fill, activation))
        raise MaxstimError(
            "The model in {} uses connectome {}, gap filling {} and activation {}; only {}, 1 and relu "
            "can be opened.".format(folder, *told, _CONNECTOME_FILE)
        )
    if not isinstance(extent, int) or isinstance(extent, bool) or not 1 <= extent <= _MOST_EXTENT:
        raise MaxstimError(
            f"The _meta.yaml in {folder} says that the eye has {_shown(extent)} rings; it must be "
            f"a whole number from 1 to {_MOST_EXTENT}."
        )
    return _Settings(extent, has_task)


def _shown(value: object) -> str:
    """A value of a settings file in a refusal: one of lists in lists could become very long."""
    plain = value is None or isinstance(value, str | int | float)
    return f"{value!r:.60}" if plain else f"a {type(value).__name__}"


def _base_name(file: object) -> str:
    return re.split(r"[/\\]", file)[-1] if isinstance(file, str) else ""


def _own_file(folder: Path, path: Path, most_bytes: int) -> Path:
    """Return a file of a model folder, once it is sure that it is one, of a size that such a file has.

    Raises:
        OSError: if it is not there.
        MaxstimError: if it is none, too large, or a link out of the folder: what is read of a folder
            lies in it.
    """
    about = os.stat(path)
    if not path.resolve().is_relative_to(folder.resolve()):
        raise MaxstimError(
            f"{path} is a link to something outside its model folder, which is not read; copy the file "
            "into the folder."
        )
    # A pipe may stand for a file: who fills it is waited for, and Ctrl-C ends that.
    is_file = stat.S_ISREG(about.st_mode) or stat.S_ISFIFO(about.st_mode)
    if not is_file or about.st_size > most_bytes:
        raise MaxstimError(
            f"{path} is no file of up to {most_bytes / 1e6:g} MB as flyvis writes it; copy the model "
            "folder again."
        )
    return path


def _validation_errors(folder: Path) -> np.ndarray:

    for name in ("epe", "loss"):
        path = folder / "validation" / f"{name}.h5"
        if os.path.exists(path):
            what = f"The validation file {path}"
            try:
                _own_file(folder, path, _MOST_VALIDATION_BYTES)
                with open_hdf5(path, what, _UNREADABLE) as file, as_damaged(what, _UNREADABLE):
                    stored = file["data"]
                    if stored.dtype.kind not in "fiu" or not 0 < stored.size < _MOST_CHECKPOINTS:
                        raise ValueError(stored)
                    return np.ravel(stored[()])
            except OSError as error:
                raise MaxstimError(f"{what} {_UNREADABLE}") from error
    raise MaxstimError(
        f"The model folder {folder} has no validation/epe.h5 or validation/loss.h5, so that its best "
        "checkpoint is unknown; copy it again, whole."
    )


def _parameters(folder: Path, checkpoint: Path) -> Parameters:
    import torch  # only here: the page opens its bundled networks without torch

    damaged = f"The checkpoint {checkpoint} is damaged or no flyvis checkpoint; copy it again."
    try:
        _own_file(folder, checkpoint, _MOST_CHECKPOINT_BYTES)
        check_torch_archive(checkpoint, _MOST_CHECKPOINT_BYTES)
        content = torch.load(checkpoint, map_location="cpu", weights_only=True)
        found = {}
        for theirs, ours in _TENSORS.items():
            tensor = content["network"][theirs]
            # A view may be far larger than what is stored: its size is known before it is copied.
            if not isinstance(tensor, torch.Tensor) or tensor.numel() > _MOST_NUMBERS:
                raise TypeError(theirs)
            if tensor.ndim != 1 or not tensor.is_floating_point():
                raise TypeError(theirs)
            found[ours] = tensor.detach().float().numpy()
    except MaxstimError:
        raise
    except pickle.UnpicklingError as error:
        raise MaxstimError(
            f"The checkpoint {checkpoint} is damaged or holds more than numbers, so it was not opened; "
            "get the model from a source you trust."
        ) from error
    except Exception as error:  # a file that is something else raises whatever it is taken for
        raise MaxstimError(damaged) from error
    with np.errstate(over="ignore"):  # what is infinite is refused
        found["synapse_count"] = np.exp(found["synapse_count"])  # stored as its logarithm
    return Parameters(**found)
