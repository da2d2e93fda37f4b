"""Ensembles of published models: found where flyvis keeps them, broken members named and skipped."""

import stat

import pytest

from maxstim_core.errors import MaxstimError
from maxstim_core.networks.catalog import open_network
from maxstim_core.networks.flyvis_format import write_model
from maxstim_core.networks.flyvis_models import find_ensembles, find_model, read_ensemble
from maxstim_core.networks.unfitted import flyvis_initial_network, prior_network


@pytest.fixture
def root(tmp_path, monkeypatch):
    """What ``FLYVIS_ROOT_DIR`` names: an ensemble of four, of which two are broken."""
    ensemble = tmp_path / "results" / "flow" / "0007"
    ensemble.mkdir(parents=True)
    for number, make in (("000", flyvis_initial_network), ("002", prior_network)):
        write_model(make(5), ensemble / number)
    write_model(prior_network(5), ensemble / "010")
    (ensemble / "010" / "validation" / "epe.h5").unlink()
    (ensemble / "011").mkdir()
    (ensemble / "umap").mkdir()
    monkeypatch.setenv("FLYVIS_ROOT_DIR", str(tmp_path))
    return tmp_path


def test_members_come_by_number_and_broken_ones_say_why(root):
    members = read_ensemble(root / "results" / "flow" / "0007")
    assert [m.name for m in members] == [f"flow/0007/{k}" for k in ("000", "002", "010", "011")]
    assert [m.network is not None for m in members] == [True, True, False, False]
    assert [m.problem == "" for m in members] == [True, True, False, False]
    assert "no validation" in members[2].problem
    assert "no flyvis model" in members[3].problem
    initial = flyvis_initial_network(5).parameters.resting_potential
    assert (members[0].network.parameters.resting_potential == initial).all()


def test_ensembles_are_found_at_any_level(root):
    ensemble = root / "results" / "flow" / "0007"
    for folder in (root, root / "results", ensemble.parent, ensemble):
        assert find_ensembles(folder) == [ensemble]
    assert find_ensembles(ensemble / "umap") == []


def test_models_have_their_names_in_flyvis(root):
    assert find_model("flow/0007/002") == root / "results" / "flow" / "0007" / "002"
    assert find_model("flow/0007/003") is None
    assert open_network("flow/0007/002").name == "flow/0007/002"


def test_a_folder_without_models_is_refused(root):
    with pytest.raises(MaxstimError, match="holds no models"):
        read_ensemble(root)
    with pytest.raises(MaxstimError, match="no folder"):
        find_ensembles(root / "missing")


def test_reads_from_media_that_cannot_be_written(root):
    everything = [root, *root.rglob("*")]
    before = {path: path.stat().st_mtime_ns for path in everything}
    for path in everything:
        path.chmod(path.stat().st_mode & ~(stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH))
    try:
        [ensemble] = find_ensembles(root)
        assert sum(member.network is not None for member in read_ensemble(ensemble)) == 2
        assert {path: path.stat().st_mtime_ns for path in [root, *root.rglob("*")]} == before
    finally:
        for path in everything:
            path.chmod(path.stat().st_mode | stat.S_IWUSR)


def test_opens_the_published_ensemble(shared_data):
    [ensemble] = find_ensembles(shared_data)
    members = read_ensemble(ensemble, 5)
    assert len(members) == 50
    assert all(member.network and 4 < member.validation_error < 7 for member in members)
