"""Published flyvis models on this computer: where they are, and which of them open.

flyvis keeps its models under ``FLYVIS_ROOT_DIR`` as ``results/<task>/<ensemble>/<model>``, an ensemble
being a folder of model folders with numbers for names (docs/numerics.md#model-folders); ``maxstim models
fetch`` keeps them alike in the data directory. Nothing here writes to them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from maxstim_core.errors import MaxstimError
from maxstim_core.networks.flyvis_download import fetched_folder
from maxstim_core.networks.flyvis_format import read_model, short_name, validation_error
from maxstim_core.networks.network import Network
from maxstim_core.storage.atomic import sweep_parts_of_ended
from maxstim_core.storage.data_dir import entries
from maxstim_core.storage.litter import is_litter

ROOT_VARIABLE = "FLYVIS_ROOT_DIR"

_DEPTH = 4
"""Folders below the one given in which ensembles are looked for: results, task and ensemble, and one."""


@dataclass(frozen=True)
class Member:
    """A model of an ensemble.

    Attributes:
        name: For example ``flow/0000/000``.
        folder: Where it is.
        network: The network at its best checkpoint; None if it cannot be opened.
        validation_error: Of that checkpoint; not a number if it was never validated.
        problem: One sentence that says why it cannot be opened; empty if it can.
    """

    name: str
    folder: Path
    network: Network | None = None
    validation_error: float = float("nan")
    problem: str = ""


def results_folders() -> tuple[Path, ...]:
    """Return the folders of published models that are there: flyvis's own, then the downloaded one."""
    sweep_parts_of_ended(fetched_folder().parent)  # of a download that was killed
    root = os.environ.get(ROOT_VARIABLE)
    roots = ([Path(os.path.expanduser(root))] if root else []) + [fetched_folder()]
    return tuple(root / "results" for root in roots if os.path.isdir(root / "results"))


def find_model(name: str | os.PathLike) -> Path | None:
    """Return a model or ensemble by its path, or by what flyvis calls it: ``flow/0000/000``."""
    if not str(name):  # which as a path would be the current folder
        return None
    places = [Path(name), *(results / name for results in results_folders())]
    return next((folder for folder in places if os.path.isdir(folder)), None)


def published_models(folder: str | os.PathLike | None = None) -> dict[str, Path]:
    """Return the folder of each published model by its name in flyvis, without opening any.

    Args:
        folder: Where to look; `results_folders` if None.

    Raises:
        MaxstimError: if `folder` is no folder.
    """
    found: dict[str, Path] = {}
    for place in results_folders() if folder is None else (folder,):
        for ensemble in find_ensembles(place):
            for member in numbered(ensemble):
                found.setdefault(short_name(member), member)
    return found


def find_ensembles(folder: str | os.PathLike) -> list[Path]:
    """Return all folders at or below `folder` that hold numbered model folders, sorted.

    What may not be read is passed over, and so is what systems leave beside a person's files.

    Raises:
        MaxstimError: if `folder` is no folder.
    """
    if not isinstance(folder, str | os.PathLike) or not os.path.isdir(folder):
        raise MaxstimError(f"There is no folder {folder}; check the path.")
    return sorted(_ensembles(Path(folder), _DEPTH))


def read_ensemble(ensemble: str | os.PathLike, extent: int | None = None) -> list[Member]:
    """Open the models of an ensemble, by number; those that do not open say why.

    Args:
        ensemble: Folder of numbered model folders.
        extent: Rings of the eye; each model's own if None.

    Raises:
        MaxstimError: if the folder holds no numbered model folders.
    """
    ensemble = Path(ensemble)
    folders = numbered(ensemble)
    if not folders:
        raise MaxstimError(
            f"The folder {ensemble} holds no models; an ensemble is a folder of folders named 000, 001 "
            "and so on."
        )
    return [_member(folder, extent) for folder in folders]


def numbered(ensemble: Path) -> list[Path]:
    """Return the model folders of an ensemble, which have numbers for names, sorted.

    Raises:
        MaxstimError: if it may not be read.
    """
    folders = entries(ensemble) if os.path.isdir(ensemble) else ()
    return [folder for folder in folders if folder.name.isdecimal() and os.path.isdir(folder)]


def _ensembles(folder: Path, depth: int) -> Iterator[Path]:
    try:
        inside = [
            Path(entry)
            for entry in os.scandir(folder)
            if entry.is_dir(follow_symlinks=False) and not is_litter(entry.name)
        ]
    except OSError:
        return
    if any(child.name.isdecimal() and os.path.isdir(child / "chkpts") for child in inside):
        yield folder
    elif depth:
        for child in inside:
            yield from _ensembles(child, depth - 1)


def _member(folder: Path, extent: int | None) -> Member:
    name = short_name(folder)
    try:
        return Member(name, folder, read_model(folder, extent), validation_error(folder))
    except MaxstimError as error:
        return Member(name, folder, problem=str(error))
