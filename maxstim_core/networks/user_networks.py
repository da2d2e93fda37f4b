"""Networks that a person has stored: network files in the data directory, called ``own/…``.

A file ``networks/mine.json`` is called ``own/mine``; one of a folder, ``networks/lab/000.json``, is
``own/lab/000``. Files are written whole or not at all. A network and an ensemble cannot have one name:
of several processes that store something under one name at the same moment, one does.
"""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from maxstim_core.errors import MaxstimError
from maxstim_core.networks.network import Network
from maxstim_core.networks.network_file import MOST_NETWORK_BYTES, parse_network, write_network
from maxstim_core.storage.atomic import (
    aside,
    exclusively,
    put_in_place,
    remove_whole,
    sweep_leftovers,
)
from maxstim_core.storage.data_dir import data_directory

PREFIX = "own/"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_NAMES = re.compile(rf"{PREFIX}({_NAME.pattern})(/{_NAME.pattern})?")


def own_folder() -> Path:
    """Return where they are; the folder need not exist."""
    return data_directory() / "networks"


def own_names() -> tuple[str, ...]:
    """Return the names of all stored networks, sorted."""
    folder = own_folder()
    sweep_leftovers(folder)
    try:
        found = (*folder.glob("*.json"), *folder.glob("*/*.json"))
    except OSError:  # a folder that may not be read holds none for us
        return ()
    files = (file for file in found if os.path.isfile(file))
    names = (PREFIX + file.relative_to(folder).with_suffix("").as_posix() for file in files)
    return tuple(sorted(name for name in names if _NAMES.fullmatch(name)))


def own_file(name: str | os.PathLike) -> Path | None:
    """Return the file of a stored network by its name, or None."""
    if not _NAMES.fullmatch(str(name)):
        return None
    sweep_leftovers(own_folder())
    file = own_folder() / f"{str(name).removeprefix(PREFIX)}.json"
    return file if os.path.isfile(file) else None


def name_for(text: str) -> str:
    """Return a name under which something can be stored: what cannot stand in one becomes a hyphen."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-._")[:64]


def check_new(name: str, *, replace: bool = False) -> None:
    """Make sure that a network or an ensemble can be stored under a name.

    Raises:
        MaxstimError: if the name cannot be one, or is taken and `replace` is not set.
    """
    if not _NAME.fullmatch(name):
        raise MaxstimError(
            f"A network cannot be called {name!r}; use up to 64 letters, digits, dots, hyphens and "
            "underscores, with a letter or digit first."
        )
    if name.lower().endswith(".json"):  # an ensemble would be where the file of a network is
        raise MaxstimError(
            f"A network cannot be called {name!r}; leave .json out, which its file gets by itself."
        )
    if any(map(os.path.lexists, _places(name))) and not replace:
        raise MaxstimError(
            f"There is a network or an ensemble {PREFIX}{name} already; give another name, or say that "
            "it shall be replaced."
        )


def store_text(text: str, name: str, *, replace: bool = False) -> str:
    """Store the content of a network file, as it is, and return the network's name.

    Raises:
        MaxstimError: if it is no network of maxstim, the name is taken, or it cannot be written.
    """
    check_new(name, replace=replace)
    _check_text(text, name)
    with _made(lambda part: part.write_text(text, encoding="utf-8")) as part:
        return _name(part, name, ".json", replace)


def store_beside(text: str, name: str) -> str:
    """Store the content of a network file under a name or, where others have it, with a number.

    Raises:
        MaxstimError: as `store_text`.
    """
    check_new(name, replace=True)
    _check_text(text, name)
    with _made(lambda part: part.write_text(text, encoding="utf-8")) as part:
        for number in itertools.count(1):
            tried = name if number == 1 else f"{name[:58]}-{number}"
            file, folder = _places(tried)
            if os.path.isfile(file) and file.read_text(encoding="utf-8", errors="replace") == text:
                return PREFIX + tried
            if not os.path.lexists(file) and not os.path.lexists(folder):
                break
        return _name(part, tried, ".json")


def store_network(
    network: Network, about: dict[str, object], name: str, *, replace: bool = False
) -> str:
    """Store a network and return its name.

    Raises:
        MaxstimError: as `maxstim_core.networks.network_file.write_network`, or if the name is taken.
    """
    check_new(name, replace=replace)
    with _made(lambda part: write_network(network, part, about)) as part:
        return _name(part, name, ".json", replace)


def store_ensemble(
    members: Iterable[tuple[str, Network, dict[str, object]]], name: str, *, replace: bool = False
) -> str:
    """Store networks as an ensemble, all or none, and return its name.

    Args:
        members: What each is called in it, the network, and how it was made.
        name: Name of the ensemble.
        replace: Whether one of this name is replaced.

    Raises:
        MaxstimError: as `store_network`.
    """
    check_new(name, replace=replace)

    def write(part: Path) -> None:
        part.mkdir()
        for member, network, about in members:
            write_network(network, part / f"{member}.json", about)

    with _made(write) as part:
        return _name(part, name, "", replace)


def remove_own(name: str) -> int:
    """Remove a stored network, or an ensemble with all its members; return how many networks that were.

    Raises:
        MaxstimError: if there is no such network or ensemble, or it cannot be removed.
    """
    members = [known for known in own_names() if known == name or known.startswith(f"{name}/")]
    if not members or not _NAMES.fullmatch(name):
        raise MaxstimError(
            f"There is no network {name!r} of your own to remove; 'maxstim models list' shows those "
            f"there are, as {PREFIX}NAME."
        )
    file, folder = own_file(name), own_folder()
    place = file or folder / name.removeprefix(PREFIX)
    try:
        with exclusively(folder):
            remove_whole(place, folder)
            if place.parent != folder and not any(place.parent.iterdir()):
                place.parent.rmdir()
    except OSError as error:
        raise MaxstimError(
            f"The network {name} cannot be removed ({error.strerror or error}); check the permissions "
            f"of {own_folder()}."
        ) from error
    return len(members)


def _places(name: str) -> tuple[Path, Path]:
    """Where a network and where an ensemble of a name would be."""
    return own_folder() / f"{name}.json", own_folder() / name


def _check_text(text: str, name: str) -> None:
    if len(text) > MOST_NETWORK_BYTES:
        raise MaxstimError(
            f"The file is larger than {MOST_NETWORK_BYTES / 1e6:g} MB, so it is no network."
        )
    parse_network(text, name)


@contextmanager
def _made(write: Callable[[Path], object]) -> Iterator[Path]:
    """Write something aside, and give names alone until it has its own."""
    folder = own_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        sweep_leftovers(folder)
        with aside(folder) as part:
            write(part)
            with exclusively(folder):
                yield part
    except OSError as error:
        raise MaxstimError(
            f"The network could not be stored in {folder} ({error.strerror or error}); make room "
            "there, or name another folder in MAXSTIM_DATA_DIR."
        ) from error


def _name(part: Path, name: str, ending: str, replace: bool = False) -> str:
    """Give what was made its name, unless somebody else has meanwhile, and return what it is called."""
    check_new(name, replace=replace)
    try:
        put_in_place(
            part, own_folder() / f"{name}{ending}", replaced=_places(name) if replace else ()
        )
    except FileExistsError:  # a disk that knows no locks
        check_new(name)
        raise
    return PREFIX + name
