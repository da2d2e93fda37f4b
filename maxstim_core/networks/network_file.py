"""maxstim's own network files: the free parameters as labelled JSON that a person can read.

Signs and synapse counts are facts of the connectome and are not repeated; its hash is, so that a file
is never read with another table.
"""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

import numpy as np

from maxstim_core import __version__
from maxstim_core.conventions import EXTENT
from maxstim_core.errors import MaxstimError
from maxstim_core.lattice import Lattice
from maxstim_core.networks.connectome import bundled_connectome
from maxstim_core.networks.layout import Layout, pair_signs
from maxstim_core.networks.network import Network, Parameters
from maxstim_core.storage.atomic import write_whole

_FORMAT = "maxstim network 1"

_COUNT_TOLERANCE = 1e-6
"""Relative error of a count that went through flyvis, which stores its logarithm in float32."""

MOST_NETWORK_BYTES = 2_000_000
"""What a network file holds at most: the published connectome takes about 40 kB."""

_NO_NETWORK = "The file {} is no network of maxstim; give one that `maxstim fit` wrote."


def write_network(network: Network, path: str | os.PathLike, about: dict[str, object]) -> None:
    """Write a network of the bundled connectome.

    Args:
        network: What to write.
        path: JSON file; replaced if it is there.
        about: How the network was made: the command, and whatever else helps.

    Raises:
        MaxstimError: if the network's signs or synapse counts are not those of its connectome, or the
            file cannot be written.
    """
    layout = network.layout
    same_signs = np.array_equal(network.parameters.synapse_sign, pair_signs(layout))
    if not same_signs or not np.allclose(
        network.parameters.synapse_count, layout.tap_counts, rtol=_COUNT_TOLERANCE
    ):
        raise MaxstimError(
            f"The network {network.name} has other synapse signs or counts than its connectome, which "
            "a network file cannot hold; use it from where it is."
        )
    names, values = network.connectome.names, network.parameters
    per_type = zip(names, values.resting_potential, values.time_constant, strict=True)
    per_pair = zip(network.layout.pairs, values.synapse_strength, strict=True)
    content = {
        "format": _FORMAT,
        "about": {"maxstim_version": __version__, **about},
        "connectome_hash": network.connectome.content_hash,
        "cell_types": {
            name: {"resting_potential": _short(rest), "time_constant": _short(tau)}
            for name, rest, tau in per_type
        },
        "synapse_strengths": [
            [names[source], names[target], _short(strength)]
            for (source, target), strength in per_pair
        ],
    }
    write_whole(path, "network", _readable_json(content).encode())


def read_network(path: str | os.PathLike, name: str = "", extent: int = EXTENT) -> Network:
    """Read a network that `write_network` wrote.

    Args:
        path: JSON file.
        name: Name to give it; that of the file if empty.
        extent: Rings of the eye: 5 or more, where all synapses are.

    Raises:
        MaxstimError: if the file is missing, no network of maxstim, or of another connectome.
    """
    path = Path(path)
    return _network(_read(path), path, name or path.stem, extent)


def parse_network(text: str, name: str, extent: int = EXTENT) -> Network:
    """Read a network from the content of a file that `write_network` wrote.

    Args:
        text: The content.
        name: Name to give it, in refusals too.
        extent: As in `read_network`.

    Raises:
        MaxstimError: as `read_network`.
    """
    return _network(_parse(text, name), name, name, extent)


def _network(content: dict, label: object, name: str, extent: int) -> Network:
    """Build a network of the content of a file; `label` is what refusals call the file."""
    try:
        per_type = content["cell_types"]
        listed = content["synapse_strengths"]
        strengths = {(source, target): s for source, target, s in listed}
        made_for = content["connectome_hash"]
        if len(strengths) < len(listed):
            raise ValueError("a pair stands twice")
    except (ValueError, KeyError, TypeError) as error:
        raise MaxstimError(_NO_NETWORK.format(label)) from error
    layout = Layout(bundled_connectome(), Lattice(extent))
    names = layout.connectome.names
    if made_for != layout.connectome.content_hash:
        raise MaxstimError(
            f"The network {label} belongs to another connectome; use the maxstim it was made with."
        )
    try:
        rest = [_number(per_type[name]["resting_potential"]) for name in names]
        tau = [_number(per_type[name]["time_constant"]) for name in names]
        strength = [_number(strengths[names[a], names[b]]) for a, b in layout.pairs]
        with np.errstate(over="ignore"):  # what is infinite is refused
            rests, taus, weights = (np.array(of, np.float32) for of in (rest, tau, strength))
        parameters = Parameters(
            resting_potential=rests,
            time_constant=taus,
            synapse_sign=pair_signs(layout),
            synapse_count=layout.tap_counts,
            synapse_strength=weights,
        )
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise MaxstimError(
            f"The network {label} lacks a parameter, or has one that is no number ({error!s:.60}); copy "
            "it again, whole."
        ) from error
    return Network(name, layout, parameters)


def read_about(path: str | os.PathLike) -> dict[str, Any]:
    """Return how a network was made, as `write_network` was told.

    Raises:
        MaxstimError: if the file is missing or no network of maxstim.
    """
    about = _read(Path(path)).get("about", {})
    if not isinstance(about, dict):
        raise MaxstimError(_NO_NETWORK.format(path))
    return about


def _read(path: Path) -> dict:
    try:
        about = os.stat(path)
        if not stat.S_ISREG(about.st_mode) or about.st_size > MOST_NETWORK_BYTES:
            raise MaxstimError(
                f"{path} is no file of up to {MOST_NETWORK_BYTES / 1e6:g} MB, so it is no network."
            )
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise MaxstimError(
            f"The network {path} cannot be read ({error.strerror}); check the path."
        ) from error
    except ValueError as error:
        raise MaxstimError(_NO_NETWORK.format(path)) from error
    return _parse(text, path)


def _parse(text: str, label: object) -> dict:
    try:
        content = json.loads(text)
        if content["format"] != _FORMAT:
            raise ValueError(content["format"])
        return content
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise MaxstimError(_NO_NETWORK.format(label)) from error


def _number(value: object) -> float:
    """A parameter: a number of JSON, and no text or truth value that numpy would take for one."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{value!r:.40} is no number")
    return float(value)


def _short(value: np.float32) -> float:
    """The shortest decimal that is read back as the same float32."""
    return float(str(value))


def _readable_json(content: dict) -> str:
    """JSON with one cell type or pair to a line."""
    text = json.dumps(content, indent=1, ensure_ascii=False)
    lines: list[str] = []
    for line in text.splitlines():
        # Everything deeper than two levels joins the line of its parent.
        depth = len(line) - len(line.lstrip())
        if depth > 2 or (depth == 2 and line.strip() in ("],", "]", "},", "}")):
            tight = lines[-1][-1] in "[{" or line.strip()[0] in "]}"
            lines[-1] += ("" if tight else " ") + line.strip()
        else:
            lines.append(line)
    return "\n".join(lines) + "\n"
