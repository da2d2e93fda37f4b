"""The order of columns: ours, flygym's, and what labels say of it."""

import numpy as np
import pytest
import torch
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import maxstim_core as ms
from maxstim_core.cli import main
from maxstim_core.errors import MaxstimError
from maxstim_core.lattice import Lattice
from maxstim_core.stimuli.column_order import in_our_order, movie_values

EYE = Lattice(5)


def flygym_order(lattice):
    """Columns as flygym 2.1 counts them, by their places alone: left to right, then top to bottom."""
    return np.lexsort((-lattice.y, lattice.x))


@pytest.mark.parametrize("extent", [0, 1, 2, 5, 15])
def test_flygym_s_order_is_by_place(extent):
    lattice = Lattice(extent)
    values = np.arange(lattice.n_columns)
    theirs = values[flygym_order(lattice)]
    np.testing.assert_array_equal(in_our_order(theirs, lattice, "flygym"), values)
    np.testing.assert_array_equal(in_our_order(values, lattice, "maxstim"), values)


def test_up_is_where_u_is_least():
    top = np.argmax(EYE.y - 1e-9 * np.abs(EYE.x))
    assert (EYE.u[top], EYE.v[top]) == (-5, 0)
    np.testing.assert_array_equal(np.lexsort((EYE.v, EYE.u)), np.arange(EYE.n_columns))


def test_tensors_and_batches_are_ordered_too():
    movie = np.random.default_rng(0).random((2, 3, EYE.n_columns))
    theirs = movie[..., flygym_order(EYE)]
    np.testing.assert_array_equal(movie_values(theirs, EYE, "flygym"), movie)
    tensor = movie_values(torch.tensor(theirs), EYE, "flygym")
    np.testing.assert_array_equal(tensor.numpy(), movie)
    np.testing.assert_array_equal(movie_values(theirs.tolist(), EYE, "flygym"), movie)


def labeled(values, shuffle=None, **kept):
    order = np.arange(EYE.n_columns) if shuffle is None else shuffle
    coords = {"u": ("column", EYE.u[order]), "v": ("column", EYE.v[order])} | kept
    return xr.DataArray(values[:, order], dims=("frame", "column"), coords=coords)


@settings(max_examples=25)
@given(st.permutations(range(EYE.n_columns)), st.booleans())
def test_labels_say_where_columns_and_frames_are(shuffle, turned):
    values = np.random.default_rng(1).random((4, EYE.n_columns))
    movie = labeled(values, np.array(shuffle))
    movie = movie.transpose() if turned else movie
    np.testing.assert_array_equal(movie_values(movie, EYE), values)


def test_labels_that_are_no_eye_s_or_contradict_the_order_are_refused():
    values = np.zeros((4, EYE.n_columns))
    with pytest.raises(MaxstimError, match="u and v"):
        movie_values(labeled(values, u=("column", EYE.v * 0)), EYE)
    with pytest.raises(MaxstimError, match="leave the order out"):
        movie_values(labeled(values), EYE, "flygym")
    with pytest.raises(MaxstimError, match="maxstim or flygym"):
        movie_values(values, EYE, "flyvis")


def test_clips_in_flygym_s_order_are_the_same_clips():
    clip = np.random.default_rng(2).random((4, EYE.n_columns), np.float32)
    ours = ms.ArrayClips("a", ("b",), [clip], 0.01)
    theirs = ms.ArrayClips("a", ("b",), [clip[:, flygym_order(EYE)]], 0.01, order="flygym")
    np.testing.assert_array_equal(theirs[0], ours[0])
    assert theirs.content_hash == ours.content_hash
    with pytest.raises(MaxstimError, match="maxstim or flygym"):
        ms.ArrayClips("a", ("b",), [clip], 0.01, order="other")


def test_an_edge_moving_up_stays_that_of_t4c(tmp_path, capsys):
    """With the wrong order it would move aslant, and drive T4a most."""
    network = ms.open_network("default")
    clips = ms.open_clips("probes")
    edge = clips[ms.clip_named(clips, "ON edge, 90°, 19 col/s")]
    theirs = edge[:, flygym_order(network.lattice)]
    np.save(tmp_path / "theirs.npy", theirs)

    def peaks(*options):
        out = tmp_path / "out.nc"
        arguments = ["simulate", "--movie", str(tmp_path / "theirs.npy"), "--output", str(out)]
        assert main([*arguments, *options]) == 0
        with xr.open_dataset(out, engine="h5netcdf") as seen:
            peak = seen.central.max("frame").load()
            return {name: float(peak.sel(cell_type=name)) for name in ("T4a", "T4b", "T4c", "T4d")}

    right, wrong = peaks("--order", "flygym"), peaks()
    assert max(right, key=right.get) == "T4c"
    assert max(wrong, key=wrong.get) != "T4c"
    with xr.open_dataset(tmp_path / "out.nc", engine="h5netcdf") as seen:
        assert seen.stimulus.dims == ("frame", "column")
        np.testing.assert_array_equal(seen.u, network.lattice.u)
        np.testing.assert_array_equal(seen.v, network.lattice.v)
    voltage = ms.simulate(network, theirs, 0.01, cells=network.layout.central_cells, order="flygym")
    peak = float(voltage.sel(cell=voltage.cell_type == "T4c").max())
    assert peak == pytest.approx(right["T4c"], rel=1e-5)
    clip = clips.names[ms.clip_named(clips, "ON edge, 90°, 19 col/s")]
    refused = ["simulate", "--clips", "probes", "--clip", clip, "--order", "flygym"]
    assert main([*refused, "--output", str(tmp_path / "b.nc")]) == 2
    assert "leave --order out" in capsys.readouterr().err


def test_regularize_takes_an_order():
    network = ms.open_network("prior", extent=5)
    clip = ms.open_clips("probes", extent=5)[0]
    config = ms.RegularizeConfig(n_iters=1)
    ours = ms.finish(ms.regularize(network, "Mi1", clip, config))
    theirs = clip[:, flygym_order(EYE)]
    same = ms.finish(ms.regularize(network, "Mi1", theirs, config, order="flygym"))
    np.testing.assert_array_equal(same.source_stimulus, ours.source_stimulus)


def test_what_simulate_writes_is_what_the_fly_saw(tmp_path):
    out = tmp_path / "a.nc"
    clips = ms.open_clips("probes")
    name = clips.names[5]
    chosen = ["simulate", "--clips", "probes", "--clip", name, "--output", str(out)]
    assert main(chosen) == 0
    with xr.open_dataset(out, engine="h5netcdf") as seen:
        np.testing.assert_array_equal(seen.stimulus, clips[5])
        assert seen.time.attrs["units"] == "s"
        assert seen.stimulus.attrs["units"] == "1"
        assert "0.5 is grey" in seen.stimulus.attrs["comment"]
        assert "(-1, 0)" in seen.u.attrs["comment"]
        assert seen.attrs["degrees_per_column"] == 5.8
        assert seen.central.attrs["units"] == "arbitrary units"
