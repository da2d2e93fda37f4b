"""Results: written whole or not at all, read back equal."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from maxstim_core.errors import MaxstimError
from maxstim_core.lattice import Lattice
from maxstim_core.optimal.result import answer, clip_of, lattice_of, load
from maxstim_core.storage.labeled import Labeled
from maxstim_core.storage.netcdf import save, save_labeled


@pytest.fixture
def dataset():
    random = np.random.default_rng(0)
    response = random.normal(size=(4, 7))
    response[:, 2] = np.nan
    return answer(
        lattice=Lattice(1),
        dt=0.01,
        stimulus=random.random((4, 7)),
        response=response,
        variables={"clip_name": ("rank", np.array(["first clip, 30°", "second"]))},
        attributes={"method": "natural", "config": "{}", "seed": -1},
    )


def test_schema(dataset):
    assert dataset.stimulus.dims == dataset.response.dims == ("frame", "column")
    np.testing.assert_allclose(dataset.time, [0, 0.01, 0.02, 0.03])
    np.testing.assert_array_equal(dataset.central_response, dataset.response[:, 3])
    assert dataset.attrs["maxstim_version"]


@pytest.mark.parametrize(
    ("about", "clip"),
    [
        ({}, ""),
        ({"shown_clip": "made: bar", "source": "made: made: bar", "clips": "made"}, "made: bar"),
        ({"shown_clip": "", "source": "no clip"}, ""),
        # Stored before the attribute was: a natural answer, a regularized one, one of a movie file.
        ({"source": "bar", "clips": "made"}, "bar"),
        ({"source": "made: bar", "clips": "made"}, "bar"),
        ({"source": "my film.npy"}, "my film.npy"),
    ],
)
def test_the_clip_that_an_answer_shows(dataset, about, clip):
    assert clip_of(dataset.assign_attrs(about)) == clip_of(about) == clip


def test_round_trip(dataset, tmp_path):
    save(dataset, tmp_path / "result.nc")
    xr.testing.assert_identical(load(tmp_path / "result.nc"), dataset)
    assert [path.name for path in tmp_path.iterdir()] == ["result.nc"]


def test_refuses_a_folder_that_is_not_there(dataset, tmp_path):
    with pytest.raises(MaxstimError, match="could not be written"):
        save(dataset, tmp_path / "none" / "result.nc")


def test_a_failed_write_leaves_the_old_file(dataset, tmp_path):
    path = tmp_path / "result.nc"
    save(dataset, path)
    unwritable = dataset.assign_attrs(odd=object())
    with pytest.raises(MaxstimError, match="holds what NetCDF cannot"):
        save(unwritable, path)
    xr.testing.assert_identical(load(path), dataset)
    assert [p.name for p in tmp_path.iterdir()] == ["result.nc"]


@pytest.mark.parametrize("content", [b"", b"hello", b"\x89HDF\r\n\x1a\n" + b"0" * 100])
def test_refuses_what_is_no_result(tmp_path, content):
    path = tmp_path / "result.nc"
    path.write_bytes(content)
    with pytest.raises(MaxstimError, match="no readable result"):
        load(path)


def test_refuses_a_missing_file(tmp_path):
    with pytest.raises(MaxstimError, match="no file"):
        load(tmp_path / "none.nc")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # of h5netcdf
def test_refuses_a_file_damaged_anywhere(dataset, tmp_path):
    """HDF5 raises other errors for damaged attributes than for damaged values."""
    whole, path = tmp_path / "whole.nc", tmp_path / "result.nc"
    save(dataset, whole)
    content = whole.read_bytes()
    refused = 0
    for place in range(0, len(content), 41):
        path.write_bytes(content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :])
        try:
            load(path)
        except MaxstimError as error:
            assert "no readable result" in str(error)
            refused += 1
    assert refused > 10


def test_an_answer_knows_its_eye(dataset):
    assert lattice_of(dataset) == Lattice(1)
    with pytest.raises(MaxstimError, match="7 columns"):
        lattice_of(dataset.isel(column=slice(None, None, -1)))
    with pytest.raises(MaxstimError, match="run it again"):
        lattice_of(dataset.drop_vars("u"))


@settings(max_examples=40)
@given(
    st.integers(0, 3),
    st.sampled_from(["f4", "f8", "i4", "i8", "u1", "U5"]),
    st.dictionaries(
        st.sampled_from(["a", "b"]), st.text("xyzä°\n", max_size=3) | st.integers(0, 9)
    ),
)
def test_a_file_written_without_xarray_reads_as_one_written_with_it(length, kind, attrs):
    values = np.arange(2 * length).reshape(2, length).astype(kind)
    labeled = Labeled(
        variables={"x": (("cell", "frame"), values, attrs), "y": ("cell", values[:, :0].sum(1))}
        if kind != "U5"
        else {"x": (("cell", "frame"), values)},
        coordinates={
            "cell": ("cell", ["one", "two"]),
            "time": ("frame", np.arange(length) * 0.01, {"units": "s"}),
            "far": ("frame", np.arange(length)),
        },
        attrs={"dt": 0.01, "seed": -1, **attrs},
    )
    with TemporaryDirectory() as folder:
        with_xarray, without = (Path(folder) / name for name in ("with.nc", "without.nc"))
        save(labeled.to_dataset(), with_xarray)
        save_labeled(labeled, without)
        found, expected = load(without), load(with_xarray)
    xr.testing.assert_identical(found, expected)
    assert list(found.variables) == list(expected.variables)
    for name in expected.variables:
        said = [dict(read[name].encoding, source="") for read in (found, expected)]
        assert repr(said[0]) == repr(said[1])
