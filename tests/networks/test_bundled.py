"""The ensemble that comes with maxstim: listed, named, and which of it is the default."""

import json

import pytest

from maxstim_core.cli import main
from maxstim_core.model_cards.origin import origin_of
from maxstim_core.networks import bundled
from maxstim_core.networks.catalog import (
    bundled_names,
    is_bundled,
    known_networks,
    network_file,
    open_network,
)


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    """Two networks of two steps each."""
    folder = tmp_path_factory.mktemp("fitted")
    small = ["--iterations", "2", "--extent", "5", "--n-scenes", "0", "--device", "cpu"]
    for seed in ("0", "1"):
        file = folder / f"00{seed}.json"
        assert main(["fit", *small, "--seed", seed, "--scatter", "0.1", "--output", str(file)]) == 0
    return folder


@pytest.fixture
def ensemble(fitted, monkeypatch, tmp_path):
    """A maxstim that comes with these two, the second of which is the default."""
    index = {
        "default": "001.json",
        "because": "It errs least on gratings that no member was fitted to.",
    }
    (fitted / "index.json").write_text(json.dumps(index))
    monkeypatch.setattr(bundled, "networks_folder", lambda: fitted)
    monkeypatch.setenv("MAXSTIM_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("FLYVIS_ROOT_DIR", raising=False)
    return fitted


def test_what_comes_with_maxstim_opens_and_says_where_it_is_from():
    assert bundled_names()[0] == "default"
    assert {"prior", "flyvis-init"} <= set(bundled_names())
    for name in bundled_names():
        assert open_network(name, 5).name == name
        assert is_bundled(name)
    assert bundled.default().because.endswith(".")
    assert bundled.default().file.is_file()


def test_members_go_by_number_and_the_default_is_one_of_them(ensemble, capsys):
    names = bundled_names()
    assert names == ("default", "maxstim/000", "maxstim/001", "prior", "flyvis-init")
    hashes = {name: open_network(name).content_hash for name in names}
    assert hashes["default"] == hashes["maxstim/001"] != hashes["maxstim/000"]
    assert origin_of("maxstim/000").speeds
    assert main(["models", "list"]) == 0
    assert "It is maxstim/001. It errs least" in capsys.readouterr().out.splitlines()[0]
    assert main(["models", "describe", "default"]) == 0
    assert "maxstim/001" in capsys.readouterr().out


def test_members_are_taken_wherever_a_network_is(ensemble, tmp_path, capsys):
    answer = tmp_path / "t4c.nc"
    few = ["--iterations", "1", "--t-stim", "0.05", "--device", "cpu", "--output", str(answer)]
    assert main(["generate", "T4c", "--network", "maxstim/000", *few]) == 0
    from maxstim_core.optimal.result import load

    about = load(answer).attrs
    assert about["network"] == "maxstim/000"
    assert about["network_hash"] == open_network("maxstim/000").content_hash
    assert main(["models", "export", "maxstim", "--output", str(tmp_path / "9000")]) == 0
    assert sorted(path.name for path in (tmp_path / "9000").iterdir()) == ["000", "001"]
    assert main(["models", "describe", "maxstim/007"]) == 2
    assert "no network 'maxstim/007'" in capsys.readouterr().err


def test_all_published_networks_are_found_by_name(shared_data, monkeypatch, tmp_path):
    monkeypatch.setenv("MAXSTIM_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("FLYVIS_ROOT_DIR", raising=False)
    published = [k for k in known_networks(shared_data) if k.source == "published"]
    assert len(published) == 50
    assert [known.name[-4:] for known in published] == [f"/{k:03d}" for k in range(50)]
    assert open_network(published[49].name, 5).name == "flow/0000/049"
    assert network_file(published[0].name) is None
