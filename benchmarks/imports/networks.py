"""Network files, model folders and clip sets: cut, flipped, and changed by hand."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np

from benchmarks.imports.case import Case, cut, flipped
from maxstim_core.lattice import Lattice
from maxstim_core.networks.flyvis_format import read_model, write_model
from maxstim_core.networks.network import Network
from maxstim_core.networks.network_file import read_network, write_network
from maxstim_core.networks.unfitted import prior_network
from maxstim_core.stimuli.stored import clip_store

SHARE = 4
"""How many of twenty cases are of this module."""

_EXTENT = 5
_ODD = ("0.05", True, None, [0.05], {}, math.nan, math.inf, 10**400, "", [[1]], -(10**30))


@lru_cache
def _network() -> Network:
    return prior_network(_EXTENT)


def _numbers(network: Network) -> np.ndarray:
    values = network.parameters
    free = (values.resting_potential, values.time_constant, values.synapse_strength)
    return np.concatenate(free)


def cases(count: int, rng: np.random.Generator, folder: Path) -> Iterator[Case]:
    """Yield cases, each with a file or folder of its own in a folder."""
    write_network(_network(), folder / "whole.json", {})
    write_model(_network(), folder / "whole")
    _write_set(folder / "set")
    makers = (_network_file, _model, _clips)
    for number in range(count):
        yield makers[number % len(makers)](rng, folder / f"{number:05d}", folder)


def _network_file(rng: np.random.Generator, path: Path, folder: Path) -> Case:
    content, change = (
        (folder / "whole.json").read_bytes(),
        str(rng.choice(["number", "odd", "cut", "flip"])),
    )
    path = path.with_suffix(".json")

    def read() -> np.ndarray:
        return _numbers(read_network(path, extent=_EXTENT))

    if change == "cut":  # the last byte ends a line alone
        path.write_bytes(cut(content[:-1], rng))
        return Case("network file", change, read, (), True)
    if change == "flip":
        content = flipped(content, rng)
        path.write_bytes(content)
        right = _meant(content)
        return Case("network file", change, read, () if right is None else (right,), right is None)
    described = json.loads(content)
    names = list(described["cell_types"])
    name = names[rng.integers(len(names))]
    value = (
        float(np.float32(rng.random() + 0.01))
        if change == "number"
        else _ODD[rng.integers(len(_ODD))]
    )
    if rng.random() < 0.5:
        described["cell_types"][name]["time_constant"] = value
    else:
        described["synapse_strengths"][rng.integers(604)][2] = value
    path.write_text(json.dumps(described))
    right = _meant(path.read_bytes())
    return Case("network file", change, read, () if right is None else (right,), right is None)


def _meant(content: bytes) -> np.ndarray | None:
    """What a network file means, by the rules that are documented, or None."""
    network = _network()
    names = network.connectome.names
    try:
        described = json.loads(content.decode("utf-8"))
        pairs = [(source, target) for source, target, _ in described["synapse_strengths"]]
        strength = {(s, t): value for s, t, value in described["synapse_strengths"]}
        right = described["format"] == "maxstim network 1" and len(set(pairs)) == len(pairs)
        right &= described["connectome_hash"] == network.connectome.content_hash
        values = [described["cell_types"][name]["resting_potential"] for name in names]
        values += [described["cell_types"][name]["time_constant"] for name in names]
        values += [strength[names[a], names[b]] for a, b in network.layout.pairs]
        if not right or not all(type(value) in (int, float) for value in values):
            return None
        with np.errstate(over="ignore"):
            numbers = np.array([float(value) for value in values], np.float32)
        positive = (numbers[len(names) : 2 * len(names)] > 0).all()
        return numbers if positive and np.isfinite(numbers).all() else None
    except Exception:  # whatever it is, it is no network
        return None


def _model(rng: np.random.Generator, path: Path, folder: Path) -> Case:
    shutil.copytree(folder / "whole", path)
    names = ("_meta.yaml", "chkpts/chkpt_00000", "validation/epe.h5")
    name = names[rng.integers(3)]
    content, change = (
        (path / name).read_bytes(),
        str(rng.choice(["cut", "flip", "text", "gone", "none"])),
    )

    def read() -> np.ndarray:
        return _numbers(read_model(path))

    same = _numbers(_network())
    if change == "none":
        for litter in (".DS_Store", "Thumbs.db", "chkpts/._chkpt_00000"):
            (path / litter).write_bytes(b"litter")
        return Case("model folder", change, read, (same,), False, 1e-6)
    if change == "gone":
        (path / name).unlink()
        return Case("model folder", change, read, (), True)
    if change == "text":
        (path / name).write_text("Once upon a time there was a model.\n" * rng.integers(1, 50))
        return Case("model folder", change, read, (), True)
    (path / name).write_bytes(cut(content, rng) if change == "cut" else flipped(content, rng))
    # Settings that are cut may say all that is needed; a validation error is only compared.
    return Case("model folder", f"{change} {name}", read, (same,), True, 1e-6)


def _write_set(folder: Path) -> None:
    lattice, lum = Lattice(1), np.random.default_rng(1).random((12, 7)).astype("f4")
    folder.mkdir()
    sequence = clip_store.save_sequence(folder, "000", lum, lattice=lattice, fps=10)
    windows = [clip_store.Window(f"part {k}", 0, 4 * k, 4 * k + 4) for k in range(3)]
    clip_store.save_index(folder, fps=10, extent=1, sequences=[sequence], windows=windows)


def _clips(rng: np.random.Generator, path: Path, folder: Path) -> Case:
    shutil.copytree(folder / "set", path)
    lum = np.random.default_rng(1).random((12, 7)).astype("f4")
    index, (sequence,) = path / "set.json", path.glob("*.nc")
    change = str(rng.choice(["none", "cut index", "flip index", "odd", "cut", "flip", "gone"]))

    def read() -> np.ndarray:
        clips = clip_store.open_stored(path)
        return np.concatenate([clips[k] for k in range(len(clips))])

    if change == "cut index":
        index.write_bytes(cut(index.read_bytes(), rng))
        return Case("clip set", change, read, (), True)
    if change == "flip index":
        index.write_bytes(flipped(index.read_bytes(), rng))
        try:  # a number of a clip may have become another that it can have
            parts = [
                lum[start:stop] for _, _, start, stop in json.loads(index.read_text())["clips"]
            ]
            return Case("clip set", change, read, (np.concatenate(parts),), True)
        except Exception:
            return Case("clip set", change, read, (), True)
    if change == "odd":
        described = json.loads(index.read_text())
        places = [(described, "fps"), (described, "extent"), (described, "sequences")]
        places += [(described["sequences"][0], key) for key in ("file", "sha256", "frames")]
        place, key = places[rng.integers(len(places))]
        place[key] = _ODD[rng.integers(len(_ODD))]
        index.write_text(json.dumps(described))
        # A pace may be any number.
        return Case("clip set", change, read, (lum,) if key == "fps" else (), True)
    if change == "cut":
        sequence.write_bytes(cut(sequence.read_bytes(), rng))
    elif change == "flip":
        sequence.write_bytes(flipped(sequence.read_bytes(), rng))
    elif change == "gone":
        sequence.unlink()
    same = () if change in ("gone", "cut") else (lum,)
    return Case("clip set", change, read, same, change != "none")
