"""Networks that a person has stored: network files in the data directory, called ``own/…``.

A file ``networks/mine.json`` is called ``own/mine``; one of a folder, ``networks/lab/000.json``, is
``own/lab/000``. Files are written whole or not at all.
"""

from __future__ import annotations

import itertools
import os
import re
import shutil
import uuid
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from maxstim_core.errors import MaxstimError
from maxstim_core.networks.network import Network
from maxstim_core.networks.network_file import MOST_BYTES, parse_network, write_network
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
    if len(text) > MOST_BYTES:
        raise MaxstimError(f"The file is larger than {MOST_BYTES / 1e6:g} MB, so it is no network.")
    parse_network(text, name)
    _put(name, lambda part: part.write_text(text, encoding="utf-8"), ".json")
    return PREFIX + name


def store_beside(text: str, name: str) -> str:
    """Store the content of a network file under a name or, where others have it, with a number.

    Raises:
        MaxstimError: as `store_text`.
    """
    for number in itertools.count(1):
        tried = name if number == 1 else f"{name[:58]}-{number}"
        file, folder = _places(tried)
        if os.path.isfile(file) and file.read_text(encoding="utf-8", errors="replace") == text:
            return PREFIX + tried
        if not os.path.lexists(file) and not os.path.lexists(folder):
            break
    return store_text(text, tried)


def store_network(
    network: Network, about: dict[str, object], name: str, *, replace: bool = False
) -> str:
    """Store a network and return its name.

    Raises:
        MaxstimError: as `maxstim_core.networks.network_file.write_network`, or if the name is taken.
    """
    check_new(name, replace=replace)
    _put(name, lambda part: write_network(network, part, about), ".json")
    return PREFIX + name


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

    _put(name, write, "")
    return PREFIX + name


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
    file = own_file(name)
    place = file or own_folder() / name.removeprefix(PREFIX)
    gone = own_folder() / f".{place.name}.{uuid.uuid4().hex}.part"
    try:
        os.replace(place, gone)  # from now on it is not there, whatever remains
        if file is None:
            shutil.rmtree(gone)
        else:
            gone.unlink()
            if file.parent != own_folder() and not any(file.parent.iterdir()):
                file.parent.rmdir()
    except OSError as error:
        raise MaxstimError(
            f"The network {name} cannot be removed ({error.strerror or error}); check the permissions "
            f"of {own_folder()}."
        ) from error
    return len(members)


def _places(name: str) -> tuple[Path, Path]:
    """Where a network and where an ensemble of a name would be."""
    return own_folder() / f"{name}.json", own_folder() / name


def _put(name: str, write, ending: str) -> None:
    """Write beside, then put in place of whatever has the name."""
    target = own_folder() / f"{name}{ending}"
    part = own_folder() / f".{name}.{uuid.uuid4().hex}.part"
    try:
        part.parent.mkdir(parents=True, exist_ok=True)
        write(part)
        for place in _places(name):
            if os.path.isdir(place):
                shutil.rmtree(place)
            elif place != target:
                place.unlink(missing_ok=True)
        os.replace(part, target)
    except OSError as error:
        raise MaxstimError(
            f"The network could not be stored in {own_folder()} ({error.strerror or error}); make room "
            "there, or name another folder in MAXSTIM_DATA_DIR."
        ) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
        with suppress(OSError):
            part.unlink()
