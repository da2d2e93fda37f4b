import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from maxstim_core.errors import MaxstimError
from maxstim_core.stimuli.files.npy import read_movie

N_COLUMNS = 7


@pytest.fixture
def file(tmp_path):
    return tmp_path / "movie.npy"


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, ">f4"])
def test_reads_every_floating_type_as_float32(file, dtype):
    movie = np.linspace(0, 1, 3 * N_COLUMNS).reshape(3, N_COLUMNS).astype(dtype)
    np.save(file, movie)
    read = read_movie(file, N_COLUMNS)
    assert read.dtype == np.float32
    assert read.flags.writeable and read.flags.c_contiguous
    np.testing.assert_array_equal(read, movie.astype(np.float32))


def test_reads_fortran_order(file):
    movie = np.asfortranarray(np.random.default_rng(0).random((4, N_COLUMNS)))
    np.save(file, movie)
    np.testing.assert_array_equal(read_movie(file, N_COLUMNS), movie.astype(np.float32))


@given(
    arrays(
        np.float32,
        st.tuples(st.integers(1, 5), st.just(N_COLUMNS)),
        elements=st.floats(-2, 2, width=32),
    )
)
def test_what_numpy_writes_is_read_back(tmp_path_factory, movie):
    file = tmp_path_factory.mktemp("movies") / "movie.npy"
    np.save(file, movie)
    np.testing.assert_array_equal(read_movie(file, N_COLUMNS), movie)


@pytest.mark.parametrize(
    ("movie", "says"),
    [
        (np.zeros((3, N_COLUMNS + 1)), "shape"),
        (np.zeros(N_COLUMNS), "shape"),
        (np.zeros((1, 3, N_COLUMNS)), "shape"),
        (np.zeros((0, N_COLUMNS)), "shape"),
        (np.zeros(()), "shape"),
        (np.zeros((3, N_COLUMNS), np.uint8), "uint8"),
        (np.zeros((3, N_COLUMNS), bool), "bool"),
        (np.zeros((3, N_COLUMNS), complex), "complex"),
        (np.full((3, N_COLUMNS), np.nan), "finite"),
        (np.full((3, N_COLUMNS), np.inf), "finite"),
        (np.full((3, N_COLUMNS), 1e300), "finite"),
        (np.zeros((6, N_COLUMNS)), "6 frames"),
    ],
)
def test_refuses_what_is_no_movie(file, movie, says):
    np.save(file, movie)
    with pytest.raises(MaxstimError, match=says):
        read_movie(file, N_COLUMNS, most_frames=5)


class Trap:
    """Leaves a file behind when unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def test_never_runs_what_is_in_a_file(file, tmp_path):
    sprung = tmp_path / "sprung"
    np.save(file, np.array([Trap(sprung)], dtype=object), allow_pickle=True)
    with pytest.raises(MaxstimError, match="Python objects"):
        read_movie(file, N_COLUMNS)
    file.write_bytes(pickle.dumps(Trap(sprung)))
    with pytest.raises(MaxstimError, match=r"no \.npy file"):
        read_movie(file, N_COLUMNS)
    assert not sprung.exists()


def test_refuses_damaged_and_missing_files(file, tmp_path):
    np.save(file, np.zeros((3, N_COLUMNS)))
    whole = file.read_bytes()
    for length in (0, 4, 9, 40, len(whole) - 8):
        file.write_bytes(whole[:length])
        with pytest.raises(MaxstimError):
            read_movie(file, N_COLUMNS)
    with pytest.raises(MaxstimError, match="no movie"):
        read_movie(tmp_path / "absent.npy", N_COLUMNS)
    with pytest.raises(MaxstimError, match="cannot be read"):
        read_movie(tmp_path, N_COLUMNS)


def test_a_header_alone_cannot_fill_the_memory(file):
    with file.open("wb") as stream:
        np.lib.format.write_array_header_1_0(
            stream, {"descr": "<f8", "fortran_order": False, "shape": (10**12, N_COLUMNS)}
        )
    with pytest.raises(MaxstimError, match="damaged"):
        read_movie(file, N_COLUMNS)
