"""Arrays in archives and alone: read piece by piece, and refused in one sentence."""

import io
import struct
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maxstim_core.errors import MaxstimError
from maxstim_core.lattice import Lattice
from maxstim_core.stimuli.files.arrays import open_arrays, read_arrays
from maxstim_core.stimuli.files.npy import open_array
from maxstim_core.stimuli.files.npz import open_npz
from maxstim_core.stimuli.viewing import Viewing

VIEW = Viewing(Lattice(1))
DTYPES = ["|u1", "<u2", ">u2", "<f2", "<f4", ">f4", "<f8", ">f8", "|b1"]


def movie(dtype, shape=(6, 9, 8)):
    values = np.random.default_rng(0).random(shape)
    if dtype[1] == "u":
        return np.round(values * np.iinfo(dtype).max).astype(dtype)
    return values > 0.5 if dtype == "|b1" else values.astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("fortran", [False, True])
@pytest.mark.parametrize("kind", ["npy", "npz", "packed"])
def test_every_type_and_order_of_bytes_and_memory_is_the_same_film(tmp_path, dtype, fortran, kind):
    array = np.asarray(movie(dtype), order="F" if fortran else "C")
    path = tmp_path / ("a.npy" if kind == "npy" else "a.npz")
    {"npy": np.save, "npz": np.savez, "packed": np.savez_compressed}[kind](path, array)
    ((_, seen, _),) = read_arrays(path, path.suffix[1:], VIEW)
    as_float = array.astype(np.float32) / (np.iinfo(dtype).max if dtype[1] == "u" else 1)
    np.testing.assert_allclose(seen, VIEW.see(as_float), atol=1e-6)


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=6))
def test_frames_are_found_in_any_order(tmp_path_factory, parts):
    array = np.arange(9 * 4, dtype=np.float32).reshape(9, 4)
    path = tmp_path_factory.mktemp("a") / "a.npz"
    np.savez_compressed(path, array)
    ((_, frames),) = open_npz(path)
    for start, stop in parts:
        np.testing.assert_array_equal(
            frames[start : max(start, stop)], array[start : max(start, stop)]
        )


@pytest.mark.parametrize("far", [1 + 1.2e-7, 1 + 9e-6, -1e-9, -9e-6])
def test_rounding_is_put_back(tmp_path, far):
    array = np.full((2, 9, 9), 0.5)
    array[0, 0, 0] = far
    np.save(tmp_path / "a.npy", array)
    film = next(open_arrays(tmp_path / "a.npy", "npy", VIEW))
    assert film.luminance(0, 2)[0, 0, 0] == (1 if far > 0.5 else 0)


@pytest.mark.parametrize("far", [1.0001, -0.0001, 255.0, 1e300, -np.inf])
def test_more_than_rounding_is_shown(tmp_path, far):
    array = np.full((2, 9, 9), 0.5)
    array[0, 0, 0] = far
    np.save(tmp_path / "a.npy", array)
    with pytest.raises(MaxstimError, match=r"0 \(black\) to 1 \(white\)") as refusal:
        read_arrays(tmp_path / "a.npy", "npy", VIEW)
    if abs(far) < 1e30:
        assert f"{np.float32(far):.7g}" in str(refusal.value)


def test_masks_and_twelve_bits_in_sixteen_are_not_taken_for_black(tmp_path):
    np.save(tmp_path / "a.npy", np.full((2, 9, 9), 4095, np.uint16))
    with pytest.raises(MaxstimError, match="4095 of 65535"):
        read_arrays(tmp_path / "a.npy", "npy", VIEW)
    np.save(tmp_path / "mask.npy", np.eye(9, dtype=np.uint8)[None])
    with pytest.raises(MaxstimError, match="above 1 of 255"):
        read_arrays(tmp_path / "mask.npy", "npy", VIEW)
    np.save(tmp_path / "b.npy", np.zeros((2, 9, 9), np.uint16))
    assert not read_arrays(tmp_path / "b.npy", "npy", VIEW)[0][1].any()


@pytest.mark.parametrize("opacity", [0.0, 0.5, 1.0])
def test_what_is_transparent_lies_on_grey(tmp_path, opacity):
    array = np.ones((2, 9, 9, 4))
    array[..., 3] = opacity
    np.save(tmp_path / "a.npy", array)
    film = next(open_arrays(tmp_path / "a.npy", "npy", VIEW))
    np.testing.assert_allclose(film.luminance(0, 1), 0.5 + 0.5 * opacity, atol=1e-6)
    np.testing.assert_allclose(film.luminance(0, 1, ground=0), opacity, atol=1e-6)


def header(shape, descr="<f4", order=False):
    stream = io.BytesIO()
    says = {"descr": descr, "fortran_order": order, "shape": shape}
    np.lib.format.write_array_header_1_0(stream, says)
    return stream.getvalue()


WHOLE = header((2, 9, 9)) + np.full((2, 9, 9), 0.5, "<f4").tobytes()

DAMAGED = {
    "header cut": WHOLE[:40],
    "length of header cut": WHOLE[:9],
    "numbers cut": WHOLE[:-1],
    "10 TB": header((10**9, 50, 50)) + bytes(100),
    "10 TB, more than can be counted": header((2**62, 2**62)) + bytes(100),
    "turned round": header((-2, -9, 9)) + bytes(648),
    "objects": header((2, 9, 9), "|O") + bytes(100),
    "no Python": WHOLE.replace(b"'descr'", b"'descr"),
    "deep": b"\x93NUMPY\x01\x00\xf0\x1f" + b"(" * 8176,
    "another version": b"\x93NUMPY\x09\x00" + WHOLE[8:],
    "no dictionary": b"\x93NUMPY\x01\x00\x10\x00" + b"[1, 2, 3]      \n",
    "not counted": WHOLE.replace(b"(2, 9, 9)", b"(2.0, 9) "),
    "odd bytes": WHOLE[:10] + b"\xff" * 118 + WHOLE[128:],
    "two arrays": WHOLE + WHOLE,
}


@pytest.mark.parametrize("case", DAMAGED)
@pytest.mark.parametrize("zipped", [False, True])
def test_damaged_headers_end_in_one_sentence(tmp_path, case, zipped):
    path = tmp_path / "a"
    if zipped:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a.npy", DAMAGED[case])
    else:
        path.write_bytes(DAMAGED[case])
    with pytest.raises(MaxstimError) as refusal:
        read_arrays(path, "npz" if zipped else "npy", VIEW)
    assert len(str(refusal.value)) < 500
    if not zipped:
        with pytest.raises(MaxstimError):
            open_array(path)


def test_litter_in_an_archive_is_passed_over(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("a.npy", WHOLE)
        archive.writestr("__MACOSX/._a.npy", b"\0\5\x16\7")
        archive.writestr(".DS_Store", b"")
    ((name, seen, _),) = read_arrays(tmp_path / "a.npz", "npz", VIEW)
    assert name == "a"
    np.testing.assert_allclose(seen, 0.5, atol=1e-6)


def test_what_unpacks_to_far_more_is_refused_before_it_is(tmp_path):
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.npy", header((1, 8)) + bytes(32))
    content = path.read_bytes()
    size = struct.pack("<I", len(header((1, 8))) + 32)
    path.write_bytes(content.replace(size, struct.pack("<I", 900_000_000)))
    with pytest.raises(MaxstimError, match="900 MB unpacked"):
        read_arrays(path, "npz", VIEW)


def test_torch_s_archives_and_encrypted_ones_are_named(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.pt", "w") as archive:
        archive.writestr("a/data.pkl", b"")
        archive.writestr("a/b.npy", WHOLE)
    with pytest.raises(MaxstimError, match="torch"):
        read_arrays(tmp_path / "a.pt", "npz", VIEW)
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("a.npy", WHOLE)
    content = bytearray((tmp_path / "a.npz").read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    content[6] |= 1
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(MaxstimError, match="encrypted"):
        read_arrays(tmp_path / "a.npz", "npz", VIEW)


EYE = Lattice(1)
COLUMNS = np.linspace(0, 1, 6 * EYE.n_columns, dtype="f4").reshape(6, EYE.n_columns)


def facts_of(path, **arrays):
    np.savez(path, **arrays)
    (_, seen, facts) = read_arrays(path, "npz", VIEW)[0]
    return seen, facts


@settings(max_examples=20)
@given(st.permutations(range(EYE.n_columns)), st.sampled_from(["i8", "f4", ">i2", "u1"]))
def test_columns_of_an_archive_are_where_u_and_v_say(tmp_path_factory, order, dtype):
    u, v = (at[order] for at in (EYE.u, EYE.v))
    if dtype == "u1":  # which cannot tell of what is left and up
        u, v = u % 256, v % 256
    path = tmp_path_factory.mktemp("a") / "a.npz"
    np.savez(path, movie=COLUMNS[:, order], u=u.astype(dtype), v=v.astype(dtype))
    if dtype == "u1":
        with pytest.raises(MaxstimError, match="not those of an eye"):
            read_arrays(path, "npz", VIEW)
        return
    ((name, seen, facts),) = read_arrays(path, "npz", VIEW)
    np.testing.assert_array_equal(seen, COLUMNS)
    assert (name, facts.left_out) == ("movie", ())


@pytest.mark.parametrize(
    ("beside", "fps"),
    [
        ({"dt": 0.04}, 25),
        ({"dt": np.array(["40 ms"])}, 25),
        ({"dt": np.float32([0.04])}, 25),
        ({"fps": 30}, 30),
        ({"time": 0.02 * np.arange(6), "dt": 0.02}, 50),
        ({"time": np.arange(6), "dt": 0.02}, 50),
        ({}, None),
        ({"time": 0.02 * np.arange(6)}, None),  # in seconds, or in minutes
        ({"time": 0.02 * np.arange(6), "dt": 0.01}, None),  # two paces
        ({"dt": "soon"}, None),
        ({"dt": -1}, None),
    ],
)
def test_the_pace_of_an_archive(tmp_path, beside, fps):
    if fps is None and beside:
        np.savez(tmp_path / "a.npz", movie=COLUMNS, **beside)
        with pytest.raises(MaxstimError, match="--fps 24"):
            read_arrays(tmp_path / "a.npz", "npz", VIEW)
        ((_, _, facts),) = read_arrays(tmp_path / "a.npz", "npz", VIEW, fps=24)
    else:
        _, facts = facts_of(tmp_path / "a.npz", movie=COLUMNS, **beside)
        assert facts.fps == (None if fps is None else pytest.approx(fps, rel=1e-6))
    assert facts.left_out == ()


def test_rows_and_columns_of_pixels_in_an_archive_go_as_y_and_x_say(tmp_path):
    pixels = np.random.default_rng(0).random((2, 9, 12)).astype("f4")
    right = VIEW.see(pixels)
    down, x = np.arange(9), np.linspace(-1, 1, 12)
    for beside, film in (
        ({"y": down, "x": x}, pixels),
        ({"x": x[::-1]}, pixels[..., ::-1]),
    ):
        seen, facts = facts_of(tmp_path / "a.npz", movie=film, **beside)
        np.testing.assert_allclose(seen, right, atol=1e-6)
        assert facts.left_out == ()
    for unclear in (np.linspace(-1, 1, 9), down[::-1]):
        with pytest.raises(MaxstimError, match="upward or downward"):
            facts_of(tmp_path / "b.npz", movie=pixels, y=unclear)


def test_what_else_is_in_an_archive_is_told(tmp_path):
    more = {f"trial{k:02d}": np.arange(k + 3) for k in range(30)}
    _, facts = facts_of(tmp_path / "a.npz", movie=COLUMNS, u=EYE.u[:-1], v=EYE.v[:-1], **more)
    assert facts.left_out[:3] == ("the variable u", "the variable v", "the variable trial00")
    assert len(facts.left_out) == 21 and facts.left_out[-1] == "12 more variables"


def test_an_archive_without_a_film_is_refused(tmp_path):
    with pytest.raises(MaxstimError, match=r"shape \(7,\)"):
        facts_of(tmp_path / "a.npz", u=EYE.u, v=EYE.v, dt=0.1)
