"""Networks by name: which there are (bundled, published by flyvis, a person's own), and opening one."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from maxstim_core.conventions import EXTENT
from maxstim_core.errors import MaxstimError, shown
from maxstim_core.networks import bundled
from maxstim_core.networks.flyvis_format import read_model
from maxstim_core.networks.flyvis_models import find_model, published_models
from maxstim_core.networks.network import Network
from maxstim_core.networks.network_file import read_network
from maxstim_core.networks.unfitted import UNFITTED
from maxstim_core.networks.user_networks import PREFIX, own_file, own_names, remove_own

BUNDLED, PUBLISHED, OWN = "bundled", "published", "own"
"""Where a network comes from."""


@dataclass(frozen=True)
class NetworkInfo:
    """A network that can be asked for.

    Attributes:
        name: What `maxstim_core.networks.catalog.open_network` takes.
        source: `BUNDLED`, `PUBLISHED` or `OWN`.
        ensemble: What it is a member of, for example ``flow/0000``; empty if of nothing.
        note: What there is to say of it, or nothing.
    """

    name: str
    source: str
    ensemble: str = ""
    note: str = ""


def open_network(name: str | os.PathLike, extent: int = EXTENT) -> Network:
    """Open a network by name.

    Args:
        name: ``default`` or ``maxstim/000`` and so on (`maxstim_core.networks.bundled`), ``prior``
            (`prior_network`), ``flyvis-init`` (`flyvis_initial_network`), ``own/…``
            (`maxstim_core.networks.user_networks`), the path of a network file or flyvis model folder,
            or what flyvis calls a published model, such as ``flow/0000/000``.
        extent: Rings of the eye. A published model of another extent can be opened at any extent that
            has the same parameters (5 or more for the published connectome).

    Raises:
        MaxstimError: if there is no such network or the folder cannot be read.

    Example:
        >>> import maxstim_core as ms
        >>> network = ms.open_network("prior", extent=5)
        >>> network.lattice.n_columns, len(network.connectome.names)
        (91, 65)
    """
    if not isinstance(name, str | os.PathLike):
        raise MaxstimError(
            f"The name of a network must be text, for example 'default', not {shown(name)}."
        )
    if name in UNFITTED:
        return UNFITTED[name](extent)
    file = network_file(name)
    if file is not None:
        return read_network(file, "" if os.path.isfile(name) else str(name), extent)
    folder = find_model(name)
    if folder is not None:
        return read_model(folder, extent)
    raise MaxstimError(
        f"There is no network {str(name)!r}; choose one that 'maxstim models list' shows, or give the "
        "path of a network file or of a flyvis model folder."
    )


def open_networks(words: str, extent: int = EXTENT) -> list[Network]:
    """Open networks by their names, and ensembles by theirs.

    Args:
        words: Names, separated by commas.
        extent: Rings of the eye.

    Raises:
        MaxstimError: if there is no such network.
    """
    names = [each.strip() for each in words.split(",") if each.strip()]
    members = [member for name in names for member in (ensemble_members(name) or (name,))]
    return [open_network(name, extent) for name in members]


def known_networks(folder: str | os.PathLike | None = None) -> tuple[NetworkInfo, ...]:
    """Return the networks that there are, the default one first.

    Args:
        folder: Where to look for published models besides where flyvis and ``maxstim models fetch``
            keep them. These are called by their paths.

    Raises:
        MaxstimError: if `folder` is no folder.
    """
    notes = _notes()
    return (
        *(
            NetworkInfo(name, BUNDLED, _ensemble(name), notes.get(name, ""))
            for name in bundled_names()
        ),
        *(NetworkInfo(name, PUBLISHED, _ensemble(name)) for name in published_models()),
        *(
            NetworkInfo(str(path), PUBLISHED, str(path.parent))
            for path in (published_models(folder).values() if folder else ())
        ),
        *(NetworkInfo(name, OWN, _ensemble(name.removeprefix(PREFIX))) for name in own_names()),
    )


def network_file(name: str | os.PathLike) -> Path | None:
    """Return the file of a network that is one: bundled, stored, or a path; else None."""
    found = bundled.bundled_file(name) or own_file(name)
    if found is None and os.path.isfile(name):
        found = Path(name)
    return found


def ensemble_members(name: str | os.PathLike) -> tuple[str, ...]:
    """Return the members of an ensemble, such as ``maxstim`` or ``flow/0000``; none if it is none."""
    text = str(name)
    return tuple(
        known.name
        for known in known_networks()
        if known.ensemble and text == known.name.rpartition("/")[0]
    )


def bundled_names() -> tuple[str, ...]:
    """Return the names of all networks that come with maxstim, the default one first."""
    return (bundled.DEFAULT, *bundled.ensemble(), *UNFITTED)


def is_bundled(name: str) -> bool:
    """Tell whether a name is that of a network that comes with maxstim, which never changes."""
    return name in bundled_names()


def remove_network(name: str) -> int:
    """Remove a network of a person's own, or an ensemble; return how many networks that were.

    Raises:
        MaxstimError: if it comes with maxstim or is published by flyvis, there is none of that name, or
            it cannot be removed.
    """
    if is_bundled(name) or name == bundled.ENSEMBLE:
        raise MaxstimError(f"The network {name} comes with maxstim and cannot be removed.")
    if name in {one for known in published_models() for one in (known, known.rpartition("/")[0])}:
        raise MaxstimError(
            f"The network {name} was published by flyvis, and maxstim leaves its files alone; remove "
            f"the folder {find_model(name)} yourself."
        )
    return remove_own(name)


def _ensemble(name: str) -> str:
    return name.rpartition("/")[0]


def _notes() -> dict[str, str]:
    chosen = bundled.default()
    which = f"It is {chosen.member}. " if chosen.member else ""
    return {
        bundled.DEFAULT: which + chosen.because,
        "prior": "What the connectome alone suggests; nothing is fitted.",
        "flyvis-init": "Where flyvis starts training from; nothing is fitted.",
    }
