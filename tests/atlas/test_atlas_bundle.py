"""An atlas packed into one file: what is lost is said, and nothing else is lost."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_atlas import CONFIG, made_movie, made_store, toy_networks
from solvable_networks import linear_network

import maxstim_core as ms
from maxstim_core.atlas import bundle
from maxstim_core.atlas.agreement import answers_of_atlas, compare_answers
from maxstim_core.comparison.likeness import likeness
from maxstim_core.storage.grid_store import read_store

pytest.importorskip("zarr")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bundle")
    question = made_store(folder / "a.zarr", toy_networks())
    answers = answers_of_atlas(read_store(folder / "a.zarr", "atlas"))
    found = compare_answers(answers)
    said = bundle.pack_atlas(answers, found, folder / "a.nc")
    return folder / "a.nc", said, question, answers, found


@given(st.integers(0, 10**6), st.sampled_from([0.0, 0.9]), st.sampled_from([0.002, 0.01, 0.05]))
def test_a_movie_loses_no_more_than_it_may(seed, sparse, loss):
    rng = np.random.default_rng(seed)
    contrast = rng.laplace(0, 0.05, (10, 19)) * (rng.random((10, 19)) >= sparse)
    movie = np.clip(0.5 + contrast, 0, 1)
    codes, step, lost = bundle.coarse_codes(movie, loss)
    back = 0.5 + step * codes.astype(float)
    energy = np.square(movie - 0.5).sum()
    assert codes.dtype == np.int8
    assert lost <= loss
    assert np.square(back - movie).sum() == pytest.approx(lost * energy, abs=1e-6)
    if energy:
        found = likeness(movie, back, linear_network().lattice, rings=0, frames=0)
        assert found >= np.sqrt(1 - loss) - 1e-5


def test_grey_is_packed_as_grey():
    codes, step, lost = bundle.coarse_codes(np.full((3, 19), 0.5), 0.01)
    assert not codes.any() and (step, lost) == (0, 0)


def test_what_is_packed_is_read_back(made):
    path, said, question, answers, found = made
    read = bundle.open_bundle(path)
    assert said["bytes"] == path.stat().st_size and 0 < said["loss"] <= bundle.LOSSES[0]
    movies = bundle.bundled_movies(read)
    assert movies.shape == (3, 3, 20, 19) and movies.dtype == np.float32
    for k, j in ((0, 2), (2, 1)):
        movie = made_movie(question, k, j)
        lost = np.square(movies[k, j] - movie).sum() / np.square(movie - 0.5).sum()
        assert lost == pytest.approx(float(read.energy_lost[k, j]), abs=1e-4)
        assert lost <= bundle.LOSSES[0] + 1e-6
    np.testing.assert_array_equal(bundle.bundled_movies(read.isel(network=1)), movies[:, 1])
    for name in ("central_response", "counted_response", "transfer_response", "contrast_energy"):
        np.testing.assert_array_equal(read[name].values, answers[name].values)
    again = bundle.comparison_of(read)
    for name, held in found.items():
        assert again[name][0] == held[0]
        np.testing.assert_array_equal(again[name][1], held[1])


def test_it_says_what_it_is_of(made):
    read = bundle.open_bundle(made[0])
    hashes = [network.content_hash for network in made[2].networks]
    assert read.network_hash.values.tolist() == hashes
    assert read.attrs["config"] == CONFIG.to_json()
    assert read.attrs["config_hash"] == CONFIG.content_hash
    assert (str(read.objective.values), int(read.seed.values)) == ("drive", 0)
    assert read.attrs["dt"] == CONFIG.dt and read.attrs["maxstim_version"]
    assert read.code.attrs["comment"] == "luminance = 0.5 + step * code"


def test_it_loses_more_where_it_has_to_be_smaller(made, tmp_path):
    _, said, _, answers, found = made
    coarser = bundle.pack_atlas(answers, found, tmp_path / "b.nc", most_bytes=said["bytes"] - 100)
    assert coarser["bytes"] < said["bytes"] and coarser["loss"] > said["loss"]
    with pytest.raises(ms.MaxstimError, match="would have"):
        bundle.pack_atlas(answers, found, tmp_path / "c.nc", most_bytes=1000)
    assert not (tmp_path / "c.nc").exists()


def test_what_is_not_complete_is_packed_when_that_is_said(tmp_path):
    made_store(tmp_path / "a.zarr", toy_networks(2), missing={(1, 1)})
    answers = answers_of_atlas(read_store(tmp_path / "a.zarr", "atlas"))
    found = compare_answers(answers)
    with pytest.raises(ms.MaxstimError, match=r"5 of 6 answers.*--partial"):
        bundle.pack_atlas(answers, found, tmp_path / "a.nc")
    assert not (tmp_path / "a.nc").exists()
    bundle.pack_atlas(answers, found, tmp_path / "a.nc", partial=True)
    read = bundle.open_bundle(tmp_path / "a.nc")
    assert read.status.values.tolist() == [[1, 1], [1, 0], [1, 1]]
    assert (bundle.bundled_movies(read)[1, 1] == 0.5).all()


def test_an_atlas_without_answers_is_not_packed(tmp_path):
    missing = {(k, 0) for k in range(3)}
    made_store(tmp_path / "a.zarr", toy_networks(1), missing=missing)
    answers = answers_of_atlas(read_store(tmp_path / "a.zarr", "atlas"))
    with pytest.raises(ms.MaxstimError, match="no answer yet"):
        bundle.pack_atlas(answers, compare_answers(answers), tmp_path / "a.nc", partial=True)


def test_what_is_no_packed_atlas_is_one_sentence(made, tmp_path):
    with pytest.raises(ms.MaxstimError, match="There is no file"):
        bundle.open_bundle(tmp_path / "nothing.nc")
    (tmp_path / "text.nc").write_text("mine")
    answer = ms.finish(ms.generate(linear_network(), "L1", CONFIG))
    ms.save(answer, tmp_path / "answer.nc")
    ms.save(
        bundle.open_bundle(made[0])
        .drop_vars(["objective", "seed"])
        .assign_attrs(bundle_version=99),
        tmp_path / "later.nc",
    )
    for name, said in (
        ("text.nc", "no readable result"),
        ("answer.nc", "is no packed atlas"),
        ("later.nc", "another version"),
    ):
        with pytest.raises(ms.MaxstimError, match=said):
            bundle.open_bundle(tmp_path / name)


def test_ones_own_goes_before_that_which_ships(tmp_path, monkeypatch):
    monkeypatch.setenv("MAXSTIM_DATA_DIR", str(tmp_path))
    shipped = bundle.shipped_bundle()
    assert bundle.bundle_file() == (shipped if shipped.is_file() else None)
    bundle.own_bundle().parent.mkdir()
    bundle.own_bundle().write_bytes(b"")
    assert bundle.bundle_file() == tmp_path / "atlas" / "equal-energy.nc"
