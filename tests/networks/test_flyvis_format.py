"""flyvis model folders: what opens, what is refused in one sentence, and what is written."""

import dataclasses
import os
import shutil

import h5py
import numpy as np
import pytest
import torch
import yaml

from maxstim_core.errors import MaxstimError
from maxstim_core.networks.catalog import open_network
from maxstim_core.networks.flyvis_format import best_checkpoint, read_model, write_model
from maxstim_core.networks.network import Network
from maxstim_core.networks.unfitted import flyvis_initial_network, prior_network

META = """
config:
  type: NetworkDir
  network:
    connectome: {type: ConnectomeFromAvgFilters, file: fib25-fib19_v2.2.json, extent: 5, n_syn_fill: 1}
status: done
"""


def state_dict():
    values = flyvis_initial_network(5).parameters
    return {
        "nodes_bias": torch.tensor(values.resting_potential),
        "nodes_time_const": torch.tensor(values.time_constant),
        "edges_sign": torch.tensor(values.synapse_sign),
        "edges_syn_count": torch.tensor(np.log(values.synapse_count)),
        "edges_syn_strength": torch.tensor(values.synapse_strength),
    }


@pytest.fixture
def folder(tmp_path):
    model = tmp_path / "flow" / "9999" / "000"
    (model / "chkpts").mkdir(parents=True)
    (model / "validation").mkdir()
    (model / "_meta.yaml").write_text(META)
    torch.save({"network": state_dict()}, model / "chkpts" / "chkpt_00000")
    write_errors(model, "loss", [1.0])
    return model


def write_errors(model, name, errors):
    with h5py.File(model / "validation" / f"{name}.h5", "w") as file:
        file["data"] = np.array(errors)


def test_opens_a_minimal_folder(folder):
    network = read_model(folder)
    expected = flyvis_initial_network(5).parameters
    assert network.name == "flow/9999/000"
    assert network.lattice.extent == 5
    np.testing.assert_allclose(network.parameters.synapse_count, expected.synapse_count, rtol=1e-6)
    np.testing.assert_array_equal(network.parameters.time_constant, expected.time_constant)


def test_opens_at_another_extent(folder):
    assert open_network(folder, extent=7).lattice.extent == 7


def test_takes_the_checkpoint_of_least_error(folder):
    for number in (2, 10):
        torch.save({"network": state_dict()}, folder / "chkpts" / f"chkpt_{number:05d}")
    write_errors(folder, "loss", [1.0, 0.5, 0.7])
    assert best_checkpoint(folder).name == "chkpt_00002"
    write_errors(folder, "epe", [1.0, 0.5, 0.2])
    assert best_checkpoint(folder).name == "chkpt_00010"


def test_refuses_code_in_a_checkpoint(folder):
    class Malicious:
        def __reduce__(self):
            return os.mkdir, (str(folder / "harm"),)

    torch.save({"network": Malicious()}, folder / "chkpts" / "chkpt_00000")
    with pytest.raises(MaxstimError, match="not opened"):
        read_model(folder)
    assert not (folder / "harm").exists()


def _truncate(folder):
    path = folder / "chkpts" / "chkpt_00000"
    path.write_bytes(path.read_bytes()[:5000])


def _other_shape(folder):
    tensors = state_dict() | {"nodes_bias": torch.zeros(64)}
    torch.save({"network": tensors}, folder / "chkpts" / "chkpt_00000")


def _not_finite(folder):
    tensors = state_dict() | {"nodes_bias": torch.full((65,), torch.nan)}
    torch.save({"network": tensors}, folder / "chkpts" / "chkpt_00000")


def _renamed(folder):
    (folder / "chkpts" / "chkpt_00000").rename(folder / "chkpts" / "checkpoint")


def _errors_of(kind):
    def damage(folder):
        with h5py.File(folder / "validation" / "loss.h5", "w") as file:
            if kind == "words":
                file["data"] = ["low"]
            elif kind == "no room":
                file.create_dataset("data", (10**15,), np.float64, chunks=(1024,))
            else:
                file.create_group("data")

    return damage


DAMAGE = {
    "truncated": (_truncate, "damaged"),
    "text": (lambda f: (f / "chkpts" / "chkpt_00000").write_text("hello"), "damaged"),
    "empty": (lambda f: (f / "chkpts" / "chkpt_00000").write_bytes(b""), "damaged"),
    "no tensors": (lambda f: torch.save({"a": 1}, f / "chkpts" / "chkpt_00000"), "damaged"),
    "other shape": (_other_shape, "resting_potential of shape"),
    "not finite": (_not_finite, "not finite"),
    "renamed checkpoint": (_renamed, "no checkpoint"),
    "words for errors": (_errors_of("words"), "cannot be read"),
    "a petabyte of errors": (_errors_of("no room"), "cannot be read"),
    "no errors": (_errors_of("a group"), "cannot be read"),
    "no checkpoint": (lambda f: shutil.rmtree(f / "chkpts"), "no checkpoint"),
    "no validation": (lambda f: shutil.rmtree(f / "validation"), "no validation"),
    "bad validation": (lambda f: (f / "validation" / "loss.h5").write_text("x"), "cannot be read"),
    "misaligned": (lambda f: write_errors(f, "loss", [1.0, 2.0]), "1 checkpoints but 2"),
    "no meta": (lambda f: (f / "_meta.yaml").unlink(), "no flyvis model"),
    "odd meta": (lambda f: (f / "_meta.yaml").write_text("config: 3"), "does not describe"),
    "unsafe meta": (
        lambda f: (f / "_meta.yaml").write_text("!!python/object/apply:os.getcwd []"),
        "no flyvis model",
    ),
    "other connectome": (
        lambda f: (f / "_meta.yaml").write_text(META.replace("fib25", "fib26")),
        "uses connectome",
    ),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_refuses_a_damaged_folder_in_one_sentence(folder, kind):
    damage, sentence = DAMAGE[kind]
    damage(folder)
    with pytest.raises(MaxstimError, match=sentence) as refusal:
        read_model(folder)
    assert "\n" not in str(refusal.value)


def test_leaves_the_folder_untouched(folder):
    before = sorted((p, p.stat().st_mtime_ns) for p in folder.rglob("*"))
    read_model(folder)
    assert sorted((p, p.stat().st_mtime_ns) for p in folder.rglob("*")) == before


@pytest.mark.parametrize("make", [flyvis_initial_network, prior_network])
def test_what_is_written_opens_as_the_same_network(tmp_path, make):
    network = make(5)
    write_model(network, tmp_path / "000")
    assert [path.name for path in tmp_path.iterdir()] == ["000"]
    again = read_model(tmp_path / "000")
    assert again.lattice.extent == 5
    for name in ("resting_potential", "time_constant", "synapse_sign", "synapse_strength"):
        ours, theirs = (getattr(n.parameters, name) for n in (network, again))
        np.testing.assert_array_equal(ours, theirs, err_msg=name)
    np.testing.assert_allclose(
        again.parameters.synapse_count, network.parameters.synapse_count, rtol=1e-6
    )


def test_writes_what_flyvis_asks_for(tmp_path):
    write_model(flyvis_initial_network(5), tmp_path / "000")
    meta = yaml.safe_load((tmp_path / "000" / "_meta.yaml").read_text())
    assert meta == yaml.safe_load(META)
    written = torch.load(tmp_path / "000" / "chkpts" / "chkpt_00000", weights_only=True)["network"]
    expected = state_dict()
    assert list(written) == list(expected)
    for name, tensor in expected.items():
        assert written[name].dtype == torch.float32
        torch.testing.assert_close(written[name], tensor, rtol=1e-6, atol=0)
    with h5py.File(tmp_path / "000" / "validation" / "epe.h5") as file:
        assert file["data"].shape == (1,)


def test_writes_over_nothing(tmp_path):
    network = prior_network(5)
    with pytest.raises(MaxstimError, match="already"):
        write_model(network, tmp_path)
    with pytest.raises(MaxstimError, match="exists, is writable"):
        write_model(network, tmp_path / "missing" / "000")
    assert list(tmp_path.iterdir()) == []


def test_does_not_write_what_flyvis_would_change(tmp_path):
    network = prior_network(5)
    negative = dataclasses.replace(
        network.parameters, synapse_strength=-network.parameters.synapse_strength
    )
    with pytest.raises(MaxstimError, match="negative"):
        write_model(Network("odd", network.layout, negative), tmp_path / "000")
    assert list(tmp_path.iterdir()) == []


def test_opens_all_published_models(shared_data):
    folders = sorted((shared_data / "flyvis_pretrained" / "flow" / "0000").glob("[0-9]*"))
    assert len(folders) == 50
    assert len({read_model(folder, 5).content_hash for folder in folders}) == 50
