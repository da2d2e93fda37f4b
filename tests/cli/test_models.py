"""``maxstim models`` and ``maxstim tuning``, as a person would use them, refusals included."""

import json
from pathlib import Path

import numpy as np
import pytest
import yaml

from maxstim_core.cli import main
from maxstim_core.networks.catalog import bundled_names, open_network
from maxstim_core.networks.flyvis_format import read_model, write_model
from maxstim_core.networks.flyvis_models import read_ensemble
from maxstim_core.networks.network_file import write_network
from maxstim_core.networks.unfitted import prior_network
from maxstim_core.networks.user_networks import own_names


def run(*arguments):
    return main([str(argument) for argument in arguments])


@pytest.fixture(autouse=True)
def own(tmp_path_factory, monkeypatch):
    """An empty data directory, and nothing of flyvis's."""
    folder = tmp_path_factory.mktemp("data")
    monkeypatch.setenv("MAXSTIM_DATA_DIR", str(folder))
    monkeypatch.delenv("FLYVIS_ROOT_DIR", raising=False)
    return folder


@pytest.fixture
def ensemble(tmp_path):
    """An ensemble of two, of which the second is broken."""
    folder = tmp_path / "flow" / "0007"
    folder.mkdir(parents=True)
    write_model(prior_network(5), folder / "000")
    write_model(prior_network(5), folder / "001")
    (folder / "001" / "chkpts" / "chkpt_00000").write_bytes(b"")
    return folder


def test_list_names_what_is_here_and_what_is_broken(ensemble, capsys):
    assert run("models", "list", ensemble.parents[1]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [
        *bundled_names(),
        *("flow/0007/000", "flow/0007/001"),
    ]
    assert "damaged" in lines[-1]
    assert lines[-2].endswith("not validated")


def test_list_without_published_models_says_what_to_do(tmp_path, capsys):
    assert run("models", "list") == 0
    assert "FLYVIS_ROOT_DIR" in capsys.readouterr().err
    assert run("models", "list", tmp_path) == 0
    assert str(tmp_path) in capsys.readouterr().err


def test_describe(ensemble, capsys):
    assert run("models", "describe", "default") == 0
    shown = capsys.readouterr().out
    for words in (
        "734",
        "45669",
        "maxstim fit",
        "not fitted",
        open_network("default").content_hash,
    ):
        assert words in shown
    assert run("models", "describe", ensemble / "000") == 0
    assert "does not name" in capsys.readouterr().out


def test_origin_goes_with_a_trained_model(ensemble, tmp_path, capsys):
    meta = ensemble / "000" / "_meta.yaml"
    content = yaml.safe_load(meta.read_text())
    content["config"]["task"] = {"type": "Task"}
    meta.write_text(yaml.safe_dump(content))
    assert run("models", "import", ensemble / "000", "--output", tmp_path / "n.json") == 0
    for name in (ensemble / "000", tmp_path / "n.json"):
        assert run("models", "describe", name) == 0
        assert "Optic flow" in capsys.readouterr().out


def test_import_stores_a_model_an_ensemble_and_a_file_under_names(ensemble, own, tmp_path, capsys):
    before = _contents(ensemble)
    assert run("models", "import", ensemble / "000") == 0
    assert run("models", "import", ensemble, "--name", "lab") == 0
    shown = capsys.readouterr()
    assert shown.out.splitlines() == [
        "own/flow-0007-000",
        "own/lab/000 to own/lab/000 (1 networks)",
    ]
    assert "flow/0007/001 is left out" in shown.err
    assert run("models", "import", own / "networks" / "lab" / "000.json", "--name", "copy") == 0
    assert run("models", "list") == 0
    listed = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert listed[-3:] == ["own/copy", "own/flow-0007-000", "own/lab/000"]
    hashes = {open_network(name).content_hash for name in listed[-3:]}
    assert hashes == {prior_network().content_hash}
    assert open_network("own/lab/000").name == "own/lab/000"
    # Taken names stay as they are, unless it is said that they shall not.
    (own / "networks" / "copy.json").write_text("{}")
    assert run("models", "import", ensemble / "000", "--name", "copy") == 2
    assert "already" in capsys.readouterr().err
    assert run("models", "list") == 0
    assert "own/copy         cannot be opened" in capsys.readouterr().out
    assert run("models", "import", ensemble, "--name", "copy", "--replace") == 0
    assert _contents(ensemble) == before
    names = sorted(path.name for path in (own / "networks").iterdir())
    assert names == ["copy", "flow-0007-000.json", "lab"]


def test_networks_of_ones_own_are_removed_and_no_others(ensemble, own, capsys, monkeypatch):
    for name, source in (("mine", "000"), ("other", "000"), ("lab", "")):
        assert run("models", "import", ensemble / source, "--name", name) == 0
    write_network(prior_network(), own / "networks" / "lab" / "b.json", {})
    card = own / "cards" / "kept.json"
    card.parent.mkdir()
    card.write_text("{}")
    capsys.readouterr()
    for name, says in (("own/mine", "own/mine is removed"), ("own/lab/b", "own/lab/b is removed")):
        assert run("models", "remove", name) == 0
        assert capsys.readouterr().out.startswith(says)
    assert own_names() == ("own/lab/000", "own/other")
    write_network(prior_network(), own / "networks" / "lab" / "b.json", {})
    assert run("models", "remove", "own/lab") == 0
    assert "own/lab with its 2 networks is removed" in capsys.readouterr().out
    assert run("models", "import", ensemble, "--name", "lab") == 0
    assert run("models", "remove", "own/lab/000") == 0  # the last one takes the ensemble along
    assert [path.name for path in (own / "networks").iterdir()] == ["other.json"]
    assert card.exists()
    capsys.readouterr()
    monkeypatch.setenv("FLYVIS_ROOT_DIR", str(ensemble.parents[1]))
    (ensemble.parents[1] / "results").mkdir()
    ensemble.parent.rename(ensemble.parents[1] / "results" / "flow")
    for name, says in (
        *((name, "comes with maxstim") for name in ("default", "maxstim", "maxstim/003", "prior")),
        *((name, "published by flyvis") for name in ("flow/0007/000", "flow/0007")),
        *((name, "no network") for name in ("own/mine", "other", "own/", "own", "own/../..", "")),
        *((str(path), "no network") for path in (own, own / "networks" / "other.json")),
    ):
        assert run("models", "remove", name) == 2
        said = capsys.readouterr()
        assert says in said.err and said.err.count("\n") == 1 and said.out == ""
    assert own_names() == ("own/other",)
    assert (ensemble.parents[1] / "results" / "flow" / "0007" / "000" / "_meta.yaml").exists()


def test_an_ensemble_is_exported_as_one(ensemble, own, tmp_path, capsys):
    for name, network in (("a", prior_network()), ("b", open_network("default"))):
        (own / "networks" / "lab").mkdir(parents=True, exist_ok=True)
        write_network(network, own / "networks" / "lab" / f"{name}.json", {})
    assert run("models", "export", "own/lab", "--output", tmp_path / "9000") == 0
    members = read_ensemble(tmp_path / "9000")
    assert [member.folder.name for member in members] == ["000", "001"]
    for member, network in zip(members, (prior_network(), open_network("default")), strict=True):
        np.testing.assert_allclose(member.network.tap_weights, network.tap_weights, rtol=1e-6)


def test_export_and_import_give_the_network_back(tmp_path, capsys):
    folder, file = tmp_path / "mine", tmp_path / "mine.json"
    assert run("models", "export", "default", "--output", folder) == 0
    assert run("models", "import", folder, "--output", file) == 0
    assert capsys.readouterr().out.split() == [str(folder), str(file)]
    there, back, here = read_model(folder), open_network(file), open_network("default")
    assert there.lattice.extent == back.lattice.extent == 15
    np.testing.assert_allclose(there.tap_weights, here.tap_weights, rtol=1e-6)
    assert back.content_hash == here.content_hash
    about = json.loads(file.read_text())["about"]
    assert about["model"] == there.name
    assert about["trained_by_flyvis"] is False
    assert sorted(tmp_path.iterdir()) == [folder, file]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("tuning", "--network", "{tmp}/nothing"), "no network"),
        (("tuning", "--output", "{tmp}/missing/t.json"), "no folder"),
        (("tuning", "--device", "abacus"), "no device"),
        (("models",), "COMMAND"),
        (("models", "show"), "invalid choice"),
        (("models", "list", "{tmp}/nothing"), "no folder"),
        (("models", "describe", "{tmp}/flow/0007/001"), "damaged"),
        (("models", "card", "{tmp}/flow/0007/001"), "damaged"),
        (("models", "card", "default", "--output", "{tmp}"), "is a folder"),
        (("models", "import", "{tmp}/nothing", "--output", "{tmp}/n.json"), "no flyvis model"),
        (("models", "import", "{tmp}/flow/0007", "--output", "{tmp}/n.json"), "no flyvis model"),
        (("models", "import", "{tmp}/flow/0007/001"), "damaged"),
        (("models", "import", "{tmp}/flow/0007/000", "--name", "a b"), "cannot be called"),
        (("models", "import", "{tmp}/flow/0007/000/_meta.yaml"), "no network of maxstim"),
        (
            (
                "models",
                "import",
                "{tmp}/flow/0007/000",
                "--output",
                "{tmp}/flow/0007/000/_meta.yaml",
            ),
            "lies in the model folder",
        ),
        (
            ("tuning", "--network", "{tmp}/n.json", "--output", "{tmp}/n.json"),
            "also reads or writes",
        ),
        (("models", "card", "{tmp}/n.json", "--output", "{tmp}/n.json"), "also reads or writes"),
        (("models", "fetch", "--url", "nowhere"), "could not be downloaded"),
        (("models", "export", "default", "--output", "{tmp}/flow"), "already"),
        (("models", "export", "default", "--output", "{tmp}/missing/000"), "exists, is writable"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else value,
)
def test_bad_input_ends_in_one_sentence(ensemble, capsys, arguments, says):
    top = ensemble.parents[1]
    before = _contents(top)
    try:
        code = run(*(argument.replace("{tmp}", str(top)) for argument in arguments))
    except SystemExit as end:
        code = end.code
    shown = capsys.readouterr()
    assert code == 2
    assert shown.out == ""
    assert says in shown.err
    assert shown.err.startswith("maxstim: ")
    assert shown.err.count("\n") == 1, "one line"
    assert _contents(top) == before


def _contents(folder: Path) -> dict[Path, bytes | None]:
    return {path: path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}
