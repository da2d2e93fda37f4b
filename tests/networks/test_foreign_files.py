"""Files of networks that are something else, damaged, huge or changed by hand: one sentence each."""

import json
import math
import os
import shutil
from itertools import pairwise

import h5py
import numpy as np
import pytest
import torch

from maxstim_core.errors import MaxstimError
from maxstim_core.networks.catalog import open_network
from maxstim_core.networks.flyvis_format import read_model, write_model
from maxstim_core.networks.flyvis_models import find_ensembles, read_ensemble
from maxstim_core.networks.network_file import read_network, write_network
from maxstim_core.networks.unfitted import prior_network
from maxstim_core.networks.user_networks import own_names


@pytest.fixture(scope="module")
def network():
    return prior_network(5)


@pytest.fixture
def model(tmp_path, network):
    folder = tmp_path / "results" / "flow" / "0000" / "000"
    folder.parent.mkdir(parents=True)
    write_model(network, folder)
    return folder


@pytest.fixture
def file(tmp_path, network):
    write_network(network, tmp_path / "a.json", {})
    return tmp_path / "a.json"


def refuses(read, *arguments, says="."):
    with pytest.raises(MaxstimError, match=says) as refusal:
        read(*arguments)
    assert len(str(refusal.value)) <= 500
    assert "\n" not in str(refusal.value)


EXTENTS = [
    ".inf", "-.inf", ".nan", "1e300", "-5", "0", "5.5", "5.0", "'5'", "true", "null", "[5]",
    "1000000000", "{a: 1}", "2020-01-01",
]  # fmt: skip


@pytest.mark.parametrize("extent", EXTENTS)
def test_an_extent_that_is_no_count_of_rings(model, extent):
    meta = model / "_meta.yaml"
    meta.write_text(meta.read_text().replace("extent: 5", f"extent: {extent}"))
    refuses(read_model, model, says="_meta.yaml")


METAS = {
    "empty": "",
    "text": "Once upon a time",
    "list": "[1, 2]",
    "tag": "config: !!python/object/apply:os.getcwd []",
    "own tag": "config: !mine {a: 1}",
    "nested": "[" * 5000,
    "many names of one": "a: &a [x, x, x, x, x, x, x, x]\n"
    + "".join(
        f"{after}: &{after} [{', '.join([f'*{one}'] * 7)}]\n" for one, after in pairwise("abcdefghij")
    )
    + "config: {network: {connectome: {file: *j, extent: 5}}}\n",
    "bytes": "config: \x00",
    "huge": "# " + "x" * 1_000_000,
    "lists for names": "config: {network: {connectome: {file: [a], extent: 5, n_syn_fill: [1]}}}",
}  # fmt: skip


@pytest.mark.parametrize("case", METAS)
def test_settings_that_are_none(model, case):
    (model / "_meta.yaml").write_text(METAS[case])
    refuses(read_model, model)


def _view(size):
    return torch.zeros(1).expand(size)


CHECKPOINTS = {
    "text": lambda p: p.write_text("Once upon a time there was a checkpoint.\n" * 20),
    "empty": lambda p: p.write_bytes(b""),
    "one byte": lambda p: p.write_bytes(b"\x80"),
    "json": lambda p: p.write_text('{"network": {}}'),
    "cut": lambda p: p.write_bytes(p.read_bytes()[:-200]),
    "middle": lambda p: p.write_bytes(p.read_bytes()[2000:]),
    "list": lambda p: torch.save([1, 2], p),
    "numbers": lambda p: torch.save({"network": 3}, p),
    "no tensors": lambda p: torch.save({"network": dict.fromkeys(_names(), 1.0)}, p),
    "huge views": lambda p: torch.save({"network": {n: _view(10**10) for n in _names()}}, p),
    "matrices": lambda p: torch.save({"network": {n: torch.zeros(3, 3) for n in _names()}}, p),
    "sparse": lambda p: torch.save(
        {"network": {n: torch.zeros(9).to_sparse() for n in _names()}}, p
    ),
    "complex": lambda p: torch.save(
        {"network": {n: torch.zeros(9, dtype=torch.complex64) for n in _names()}}, p
    ),
    "other sizes": lambda p: torch.save({"network": {n: torch.ones(9) for n in _names()}}, p),
    "not finite": lambda p: torch.save({"network": {n: torch.ones(9) / 0 for n in _names()}}, p),
    "zip": lambda p: shutil.make_archive(str(p), "zip", p.parent) and os.replace(f"{p}.zip", p),
}


def _names():
    return ("nodes_bias", "nodes_time_const", "edges_sign", "edges_syn_count", "edges_syn_strength")


@pytest.mark.parametrize("case", CHECKPOINTS)
@pytest.mark.filterwarnings("ignore:Sparse")
def test_a_checkpoint_that_is_none(model, case):
    CHECKPOINTS[case](model / "chkpts" / "chkpt_00000")
    refuses(read_model, model)


def test_what_is_read_of_a_model_folder_lies_in_it(model, tmp_path):
    for name in ("_meta.yaml", "chkpts/chkpt_00000", "validation/epe.h5"):
        elsewhere = tmp_path / "elsewhere"
        os.replace(model / name, elsewhere)
        (model / name).symlink_to(elsewhere)
        refuses(read_model, model, says="outside its model folder")
        (model / name).unlink()
        os.replace(elsewhere, model / name)
    (tmp_path / "link").symlink_to(model)
    assert read_model(tmp_path / "link").lattice.extent == 5, "the folder itself may be a link"
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["data"] = [1.0]
    with h5py.File(model / "validation" / "epe.h5", "w") as file:
        file["data"] = h5py.ExternalLink(str(tmp_path / "other.h5"), "/data")
    refuses(read_model, model, says="lie in other files")


def test_litter_beside_models_is_passed_over(model):
    results = model.parents[2]
    for folder in (
        results / "__MACOSX" / "flow" / "0000" / "000",
        results / ".Trash" / "0000" / "001",
    ):
        (folder / "chkpts").mkdir(parents=True)
        (folder / "chkpts" / "._chkpt_00000").write_bytes(b"\0\5\x16\7")
    for name in (".DS_Store", "Thumbs.db", "._000", "desktop.ini"):
        for folder in (results, model.parent, model, model / "chkpts", model / "validation"):
            (folder / name).write_bytes(b"litter")
    assert find_ensembles(results) == [model.parent]
    (member,) = read_ensemble(model.parent)
    assert member.problem == ""


def _changed(file, change):
    content = json.loads(file.read_text())
    change(content)
    file.write_text(json.dumps(content))


def _set(*path, to):
    def change(content):
        *way, last = path
        for key in way:
            content = content[key]
        content[last] = to

    return change


WRONG = [
    *(
        _set("cell_types", "T4a", "time_constant", to=value)
        for value in ("0.05", True, None, [0.05], {}, math.nan, math.inf, -1, 0, 10**400, 1e300)
    ),
    *(_set("synapse_strengths", 0, 2, to=value) for value in ("0.1", True, None, [], math.inf)),
    *(_set("cell_types", to=value) for value in ([], {}, "T4a", None, 3)),
    *(_set("synapse_strengths", to=value) for value in ({}, [[1]], [["a", "b"]], "abc", 7, None)),
    *(_set("connectome_hash", to=value) for value in (None, 3, "x" * 10_000, [])),
    *(_set("format", to=value) for value in (None, 1, [])),
    _set("cell_types", "T4a", to=[0.1, 0.2]),
    _set("synapse_strengths", 0, 0, to=["T4a"]),
    lambda content: content["synapse_strengths"].append(content["synapse_strengths"][0]),
    lambda content: content.pop("cell_types"),
]


@pytest.mark.parametrize("number", range(len(WRONG)))
def test_network_files_with_wrong_types(file, number):
    _changed(file, WRONG[number])
    refuses(read_network, file)


CONTENTS = {
    "empty": b"",
    "bytes": b"\xff\xfe\0\1",
    "list": b"[]",
    "number": b"3",
    "nested": b"[" * 200_000,
    "many digits": b'{"format": ' + b"9" * 10_000 + b"}",
    "large": b" " * 3_000_000,
}


@pytest.mark.parametrize("case", CONTENTS)
def test_network_files_that_are_none(tmp_path, case):
    (tmp_path / "a.json").write_bytes(CONTENTS[case])
    refuses(read_network, tmp_path / "a.json")
    refuses(open_network, tmp_path / "a.json")


def test_a_file_is_looked_at_before_it_is_read(tmp_path):
    with open(tmp_path / "a.json", "wb") as file:
        file.truncate(10**12)  # sparse
    refuses(open_network, tmp_path / "a.json", says="2 MB")
    refuses(read_network, "/dev/zero") if os.path.exists("/dev/zero") else None


def test_a_mark_of_byte_order_is_no_damage(file, network):
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    assert read_network(file, extent=5).content_hash == network.content_hash


def test_litter_beside_own_networks_is_passed_over(tmp_path, monkeypatch, network):
    monkeypatch.setenv("MAXSTIM_DATA_DIR", str(tmp_path))
    (tmp_path / "networks" / "lab").mkdir(parents=True)
    write_network(network, tmp_path / "networks" / "lab" / "000.json", {})
    for name in ("._000.json", ".DS_Store", "Thumbs.db"):
        (tmp_path / "networks" / "lab" / name).write_bytes(b"")
    assert own_names() == ("own/lab/000",)


def test_nothing_is_written_to_a_folder_that_is_read(model):
    before = sorted(path for path in model.rglob("*"))
    read_model(model)
    assert sorted(path for path in model.rglob("*")) == before
    assert np.isfinite(read_model(model).parameters.synapse_count).all()
