"""NetCDF and HDF5 films: what the file says of dimensions, coordinates, pace and numbers counts."""

import itertools

import h5py
import numpy as np
import pytest
import xarray as xr

from maxstim_core.errors import MaxstimError
from maxstim_core.lattice import Lattice
from maxstim_core.stimuli.files.arrays import read_arrays
from maxstim_core.stimuli.files.labeled import open_labeled
from maxstim_core.stimuli.viewing import Viewing

EYE = Lattice(1)
VIEW = Viewing(EYE)
SHAPE = {"time": 4, "y": 6, "x": 5, "color": 3}
NAMES = [
    ("time", "y", "x", "color"),
    ("frame", "row", "col", "channel"),
    ("t", "height", "width", "c"),
]


def film(*dims):
    """Numbers that are all different, as (time, y, x, …)."""
    shape = [SHAPE[d] for d in dims]
    return np.linspace(0, 1, int(np.prod(shape)), dtype=np.float32).reshape(shape)


def written(path, data, **attrs):
    data = xr.Dataset({"movie": data}) if isinstance(data, xr.DataArray) else data
    data.assign_attrs(attrs).to_netcdf(path, engine="h5netcdf")
    return path


def values(path, lattice=EYE):
    return open_labeled(path, lattice).frames[:]


@pytest.mark.parametrize("names", NAMES[:2])
@pytest.mark.parametrize("order", list(itertools.permutations(("time", "y", "x"))))
def test_dimensions_count_by_name(tmp_path, names, order):
    called = dict(zip(("time", "y", "x", "color"), names, strict=True))
    data = xr.DataArray(film("time", "y", "x"), dims=[called[d] for d in ("time", "y", "x")])
    path = written(tmp_path / "a.nc", data.transpose(*[called[d] for d in order]))
    np.testing.assert_array_equal(values(path), film("time", "y", "x"))


@pytest.mark.parametrize("order", list(itertools.permutations(("time", "y", "x", "color"))))
@pytest.mark.parametrize("chunks", [None, True])
def test_colors_too_packed_or_not(tmp_path, order, chunks):
    data = xr.DataArray(film("time", "y", "x", "color"), dims=("time", "y", "x", "color"))
    data = data.transpose(*order)
    path = tmp_path / "a.nc"
    packing = {"zlib": True, "chunksizes": tuple(min(2, n) for n in data.shape)} if chunks else {}
    data.to_dataset(name="movie").to_netcdf(path, engine="h5netcdf", encoding={"movie": packing})
    opened = open_labeled(path, EYE).frames
    np.testing.assert_array_equal(opened[:], film("time", "y", "x", "color"))
    np.testing.assert_array_equal(opened[1:3], film("time", "y", "x", "color")[1:3])


@pytest.mark.parametrize(
    "dims",
    [
        ("time", "depth", "x"),
        ("y", "x"),
        ("a", "b"),
        ("time", "y", "width", "x"),
        ("time", "time2"),
    ],
)
def test_dimensions_that_are_not_clear_are_named(tmp_path, dims):
    data = xr.DataArray(np.full([5] * len(dims), 0.5), dims=dims)
    with pytest.raises(MaxstimError, match=dims[0]) as refusal:
        values(written(tmp_path / "a.nc", data))
    assert len(str(refusal.value)) < 500


def test_a_dimension_of_one_entry_is_no_dimension(tmp_path):
    data = xr.DataArray(film("time", "y", "x")[:, None], dims=("time", "depth", "y", "x"))
    np.testing.assert_array_equal(values(written(tmp_path / "a.nc", data)), film("time", "y", "x"))


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("kind", ["i2", "f8"])
@pytest.mark.parametrize("turned", [False, True])
def test_columns_count_by_u_and_v(tmp_path, seed, kind, turned):
    eye = Lattice(2)
    lum = np.random.default_rng(seed).random((3, eye.n_columns), np.float32)
    order = np.random.default_rng(seed).permutation(eye.n_columns)
    data = xr.DataArray(
        lum[:, order],
        dims=("frame", "column"),
        coords={
            "u": ("column", eye.u[order].astype(kind)),
            "v": ("column", eye.v[order].astype(kind)),
        },
    )
    path = written(tmp_path / "a.nc", data.transpose() if turned else data)
    np.testing.assert_array_equal(values(path, eye), lum)


@pytest.mark.parametrize(
    ("u", "v", "says"),
    [
        (EYE.u * 2, EYE.v, "each once"),
        (EYE.u * 0, EYE.v, "each once"),
        (EYE.u + 0.5, EYE.v, "each once"),
        (EYE.u, None, "only one"),
        (np.where(EYE.u == 0, np.nan, EYE.u), EYE.v, "each once"),
    ],
)
def test_columns_of_no_eye_are_refused(tmp_path, u, v, says):
    coords = {name: ("column", at) for name, at in (("u", u), ("v", v)) if at is not None}
    data = xr.DataArray(np.full((3, 7), 0.5), dims=("frame", "column"), coords=coords)
    with pytest.raises(MaxstimError, match=says):
        values(written(tmp_path / "a.nc", data))


UP, DOWN = {"positive": "up"}, {"positive": "down"}


@pytest.mark.parametrize(
    ("y", "about", "flipped"),
    [
        (np.arange(6), {}, False),
        (np.arange(1, 7), {}, False),
        (np.arange(6), UP, True),
        (np.arange(6)[::-1], UP, False),
        (np.arange(6), DOWN, False),
        (np.arange(6)[::-1], DOWN, True),
        (np.linspace(-30, 30, 6), {"units": "degrees"}, True),
        (np.linspace(30, -30, 6), {"units": "degrees"}, False),
        (np.linspace(0, 1, 6), {"standard_name": "projection_y_coordinate"}, True),
        (np.arange(6) * 2, {"units": "pixels"}, False),
        (np.arange(6)[::-1] * 2, {"units": "pixel"}, True),
        (np.linspace(-1, 1, 6), {}, None),
        (np.arange(6)[::-1], {}, None),
        (np.array([0, 2, 1, 3, 4, 5]), {}, None),
        (np.array([0, 1, np.nan, 3, 4, 5]), UP, None),
    ],
)
def test_a_y_that_rises_upward_is_turned_over(tmp_path, y, about, flipped):
    data = xr.DataArray(
        film("time", "y", "x"), dims=("time", "y", "x"), coords={"y": ("y", y, about)}
    )
    path = written(tmp_path / "a.nc", data)
    if flipped is None:
        with pytest.raises(MaxstimError, match="coordinate y"):
            values(path)
        return
    expected = film("time", "y", "x")
    np.testing.assert_array_equal(values(path), expected[:, ::-1] if flipped else expected)


@pytest.mark.parametrize("x", [np.arange(5), np.arange(5)[::-1], np.linspace(9, -9, 5)])
def test_x_goes_to_the_right(tmp_path, x):
    data = xr.DataArray(film("time", "y", "x"), dims=("time", "y", "x"), coords={"x": x})
    expected = film("time", "y", "x")[:, :, np.argsort(x)]
    np.testing.assert_array_equal(values(written(tmp_path / "a.nc", data)), expected)


def test_colors_count_by_name(tmp_path):
    data = xr.DataArray(
        film("time", "y", "x", "color"),
        dims=("time", "y", "x", "color"),
        coords={"color": ["blue", "green", "red"]},
    )
    expected = film("time", "y", "x", "color")[..., ::-1]
    np.testing.assert_array_equal(values(written(tmp_path / "a.nc", data)), expected)
    other = data.assign_coords(color=["h", "s", "v"])
    with pytest.raises(MaxstimError, match="red, green, blue"):
        values(written(tmp_path / "b.nc", other))


@pytest.mark.parametrize(
    ("time", "units", "attrs", "fps"),
    [
        (np.arange(4) * 0.02, "s", {"dt": 0.01}, 50),
        (np.arange(4) * 20, "ms", {"dt": 0.01}, 50),
        (np.arange(4) * 20.0, "milliseconds since 2020-01-01", {}, 50),
        (np.arange(4) * 20000, "microseconds", {}, 50),
        (np.arange(4) * 0.02, "seconds", {"dt": "40 ms"}, 50),
        (np.arange(4) + 700.0, "s", {}, 1),
        (np.arange(4), None, {"dt": 0.04}, 25),  # numbers of frames
        (np.arange(4) * 0.04, None, {"dt": 0.04}, 25),
        (np.arange(4) * 0.04, None, {"dt": 0.01}, None),
        (np.arange(4) * 40, None, {}, None),
        (np.array([0, 1, 2, 4.0]), "s", {}, None),
        (np.arange(4)[::-1] * 0.02, "s", {}, None),
        (np.arange(4) * 0.02, "fortnights", {}, None),
        (np.array([0, np.nan, 2, 3]), "s", {}, None),
        (None, None, {"dt": 0.04}, 25),
        (None, None, {"dt": "40 ms"}, 25),
        (None, None, {"dt": "0.04"}, 25),
        (None, None, {"dt": np.array([0.04])}, 25),
        (None, None, {"fps": 25}, 25),
        (None, None, {"dt": 0.0}, None),
        (None, None, {"dt": -1}, None),
        (None, None, {"dt": float("nan")}, None),
        (None, None, {"dt": "soon"}, None),
        (None, None, {}, None),
    ],
)
def test_time_tells_the_pace_before_dt(tmp_path, time, units, attrs, fps):
    data = xr.DataArray(film("time", "y", "x"), dims=("time", "y", "x"))
    if time is not None:
        data = data.assign_coords(time=("time", time, {} if units is None else {"units": units}))
    path = written(tmp_path / "a.nc", data, **attrs)
    opened = open_labeled(path, EYE)
    if fps is None:
        assert opened.fps is None
        said = time is not None or bool(attrs)
        assert bool(opened.no_pace) == said
        if said:
            with pytest.raises(MaxstimError, match="--fps 24"):
                read_arrays(path, "nc", VIEW)
    else:
        assert opened.fps == pytest.approx(fps, rel=1e-6)
    # Whoever says how fast it is to be shown is not asked again.
    assert len(read_arrays(path, "nc", VIEW, fps=25)[0][1]) == 4


def packed(path, stored, **attrs):
    with h5py.File(path, "w") as file:
        file["movie"] = stored
        file["movie"].attrs.update(attrs)
    return path


RAW = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4) * 10


@pytest.mark.parametrize(
    ("stored", "attrs", "expected"),
    [
        (RAW, {}, RAW / 255),
        (RAW.astype("<u2") * 257, {}, RAW / 255),
        (RAW.astype(">u2") * 257, {}, RAW / 255),
        (RAW.view(np.int8), {"_Unsigned": "true"}, RAW / 255),
        (RAW.view(np.int8), {"_Unsigned": b"true", "_FillValue": np.int8(-1)}, RAW / 255),
        (RAW.astype("<i2"), {"scale_factor": 1 / 255}, RAW / 255),
        (RAW.astype("<i2") - 100, {"scale_factor": 0.001, "add_offset": 0.1}, RAW / 1000),
        (RAW, {"scale_factor": np.float32(0.002)}, RAW * 0.002),
        ((RAW > 100).astype(np.int8), {"dtype": "bool"}, RAW > 100),
        (RAW > 100, {}, RAW > 100),
        ((RAW / 255).astype(">f4"), {"_FillValue": np.float32("nan")}, RAW / 255),
        ((RAW / 255).astype("<f2"), {}, RAW / 255),
        ((RAW / 255).astype("<f8"), {"missing_value": 1e20}, RAW / 255),
        (RAW, {"_FillValue": np.uint8(250)}, None),
        (RAW, {"_FillValue": np.uint8(20)}, "missing"),
        (RAW, {"missing_value": np.array([7, 20], np.uint8)}, "missing"),
        (RAW, {"valid_range": np.array([0, 200], np.uint8)}, "missing"),
        (RAW, {"valid_min": np.uint8(1)}, "missing"),
        (RAW.view(np.int8), {"_Unsigned": "true", "missing_value": np.int8(-106)}, "missing"),
        (np.where(RAW == 20, np.nan, RAW / 255), {"_FillValue": np.nan}, "missing"),
        (np.where(RAW == 20, np.nan, RAW / 255), {}, "finite"),
        (RAW.astype(np.int16), {}, "int16"),
        (RAW.astype(np.uint32), {}, "uint32"),
        (RAW.astype(np.complex64), {}, "complex"),
        (RAW * 1.0, {}, "goes from 0 to 230"),
        (RAW, {"scale_factor": "half"}, "scale_factor"),
    ],
)
def test_packed_numbers_are_what_they_stand_for(tmp_path, stored, attrs, expected):
    path = packed(tmp_path / "a.h5", stored, **attrs)
    if isinstance(expected, str):
        with pytest.raises(MaxstimError, match=expected):
            read_arrays(path, "nc", Viewing(Lattice(0)), fps=10)
        return
    expected = RAW / 255 if expected is None else expected
    opened = next(iter(_opened(path)))
    np.testing.assert_allclose(opened.luminance(0, 2), expected, atol=5e-4)


def _opened(path):
    from maxstim_core.stimuli.files.arrays import open_arrays

    return open_arrays(path, "nc", Viewing(Lattice(0)))


def test_xarray_s_own_packing_is_undone(tmp_path):
    data = xr.DataArray(film("time", "y", "x"), dims=("time", "y", "x"))
    packing = {"dtype": "uint8", "scale_factor": 1 / 250, "_FillValue": 255}
    path = tmp_path / "a.nc"
    data.to_dataset(name="movie").to_netcdf(path, engine="h5netcdf", encoding={"movie": packing})
    np.testing.assert_allclose(values(path), film("time", "y", "x"), atol=1 / 250)
    gaps = data.where(data < 0.9)
    gaps.to_dataset(name="movie").to_netcdf(path, engine="h5netcdf", encoding={"movie": packing})
    with pytest.raises(MaxstimError, match="missing"):
        values(path)


def test_one_of_several_is_never_taken_in_silence(tmp_path):
    one = xr.DataArray(film("time", "y", "x"), dims=("time", "y", "x"))
    several = xr.Dataset({"left": one, "right": one * 0.5})
    with pytest.raises(MaxstimError, match="left, right"):
        values(written(tmp_path / "a.nc", several))
    named = xr.Dataset({"movie": one, "stimulus": one * 0.5})
    with pytest.raises(MaxstimError, match="stimulus, movie"):
        values(written(tmp_path / "b.nc", named))
    beside = open_labeled(written(tmp_path / "c.nc", xr.Dataset({"movie": one, "left": one})), EYE)
    assert (beside.variable, beside.left_out) == ("movie", ("left",))
    path = written(tmp_path / "d.nc", xr.Dataset({"left": one}))
    xr.Dataset({"right": one}).to_netcdf(path, group="eye", mode="a", engine="h5netcdf")
    with pytest.raises(MaxstimError, match="eye/right"):
        values(path)


def test_a_film_in_a_group_has_the_coordinates_of_the_groups_around_it(tmp_path):
    path = tmp_path / "a.nc"
    xr.Dataset(coords={"y": ("y", np.arange(6), UP)}).to_netcdf(path, engine="h5netcdf")
    with h5py.File(path, "a") as file:
        file["eye/movie"] = film("time", "y", "x")
        for axis, name in enumerate(("time", "y", "x")):
            file["eye/movie"].dims[axis].label = name
    np.testing.assert_array_equal(values(path), film("time", "y", "x")[:, ::-1])


def test_what_was_never_written_is_no_black(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("movie", (40, 30, 30), "f4")
    with h5py.File(tmp_path / "b.h5", "w") as file:
        file.create_dataset("movie", (40, 30, 30), "f4", chunks=(10, 30, 30))
        file["movie"][:20] = 0.5
    for name in "ab":
        with pytest.raises(MaxstimError, match="not written to its end"):
            values(tmp_path / f"{name}.h5")


def test_matlab_s_order_is_not_guessed(tmp_path):
    with h5py.File(tmp_path / "a.mat", "w", userblock_size=512) as file:
        file["movie"] = film("time", "y", "x")
        file["movie"].attrs["MATLAB_class"] = np.bytes_("single")
    with pytest.raises(MaxstimError, match="MATLAB"):
        values(tmp_path / "a.mat")


@pytest.mark.parametrize("block", [0, 512, 4096, 1 << 20])
def test_hdf5_is_found_behind_any_user_block(tmp_path, block):
    from maxstim_core.stimuli.files.detect import kind_of

    path = tmp_path / "a.mp4"
    with h5py.File(path, "w", userblock_size=block) as file:
        file["movie"] = film("time", "y", "x")
    assert kind_of(path) == ("array", "nc")
    np.testing.assert_array_equal(values(path), film("time", "y", "x"))


def test_variables_that_are_not_used_are_told(tmp_path):
    numbers, lattice = np.random.default_rng(0).random((4, EYE.n_columns)).astype("f4"), EYE
    data = xr.Dataset(
        {
            "stimulus": (("frame", "column"), numbers),
            "response": (("frame", "column"), numbers),
            "loss": ("iteration", np.arange(3.0)),
            "seed": 7,
            "note": "mine",
        },
        {
            "time": ("frame", 0.04 * np.arange(4), {"units": "s"}),
            "u": ("column", lattice.u),
            "v": ("column", lattice.v),
            "iteration": np.arange(3),
        },
    )
    opened = open_labeled(written(tmp_path / "a.nc", data), EYE)
    assert set(opened.left_out) == {"response", "loss", "seed", "note", "iteration"}
    assert opened.fps == 25


def test_what_stands_beside_a_film_in_plain_hdf5_counts(tmp_path):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["movie"], file["x"], file["dt"] = film("time", "y", "x"), np.arange(5)[::-1], 0.02
        file["more"] = 1
    opened = open_labeled(path, EYE)
    np.testing.assert_array_equal(opened.frames[0:9], film("time", "y", "x")[..., ::-1])
    assert (opened.fps, opened.left_out) == (50, ("more",))


# -- what a film says of its numbers and rows


@pytest.mark.parametrize(
    ("attrs", "says"),
    [
        ({"CLASS": b"IMAGE", "IMAGE_WHITE_IS_ZERO": np.uint8(0)}, None),
        ({"CLASS": b"IMAGE", "IMAGE_WHITE_IS_ZERO": np.uint8(1)}, "0 is white"),
        ({"DISPLAY_ORIGIN": b"UL"}, None),
        ({"DISPLAY_ORIGIN": b"LL"}, "DISPLAY_ORIGIN = LL"),
        ({"DISPLAY_ORIGIN": "UR"}, "DISPLAY_ORIGIN = UR"),
        ({"INTERLACE_MODE": b"INTERLACE_PIXEL"}, None),
        ({"INTERLACE_MODE": b"INTERLACE_PLANE"}, "INTERLACE_PLANE"),
        ({"IMAGE_SUBCLASS": b"IMAGE_GRAYSCALE"}, None),
        ({"IMAGE_SUBCLASS": b"IMAGE_INDEXED"}, "IMAGE_INDEXED"),
        ({"units": "1"}, None),
        ({"units": "percent"}, "in percent"),
        ({"units": "%"}, "in %"),
        ({"units": b"cd m-2"}, "in cd m-2"),
        ({"units": np.array([1, 2])}, None),
        ({"note": h5py.Empty("f4")}, None),
    ],
    ids=str,
)
def test_what_a_film_says_of_its_numbers_is_heeded_or_refused(tmp_path, attrs, says):
    path = packed(tmp_path / "a.h5", RAW, **attrs)
    if says is None:
        np.testing.assert_array_equal(values(path), RAW)
        return
    with pytest.raises(MaxstimError, match=says):
        values(path)


@pytest.mark.parametrize("name", ["scale_factor", "add_offset"])
def test_two_numbers_where_one_is_meant_are_no_damage(tmp_path, name):
    path = packed(tmp_path / "a.h5", RAW, **{name: [1.0, 2.0]})
    with pytest.raises(MaxstimError, match="several numbers as scale_factor or add_offset"):
        values(path)
    for told in ([1.0, 2.0], "1", b"x", []):
        path = packed(tmp_path / "b.h5", RAW)
        with h5py.File(path, "a") as file:
            file["time"] = np.arange(2) * 0.1
            file["time"].attrs.update({"units": "s", name: told})
        with pytest.raises(MaxstimError, match=f"{name} that is not one number"):
            values(path)


def test_links_that_lead_nowhere_are_passed_over(tmp_path):
    path = packed(tmp_path / "a.h5", RAW)
    with h5py.File(path, "a") as file:
        file["gone"] = h5py.SoftLink("/nothing/here")
        file["around"] = h5py.SoftLink("/around")
        file["kind"] = np.dtype("f4")
    np.testing.assert_array_equal(values(path), RAW)


@pytest.mark.parametrize(
    "dims", [("sample", "frame", "channel", "hex_pixel"), ("frame", "column", "c")]
)
def test_flyvis_s_dimensions_of_one_entry_are_passed_over(tmp_path, dims):
    lum = np.random.default_rng(1).random((4, EYE.n_columns), np.float32)
    shape = [{"frame": 4, "hex_pixel": 7, "column": 7}.get(name, 1) for name in dims]
    data = xr.DataArray(lum.reshape(shape), dims=dims)
    np.testing.assert_array_equal(values(written(tmp_path / "a.nc", data)), lum)


@pytest.mark.parametrize("shape", [(1, 40, 7), (40, 1, 7), (3, 40, 7), (1, 40, 1, 7)])
@pytest.mark.parametrize("kind", ["npy", "npz", "h5"])
def test_samples_of_columns_are_not_taken_for_pixels(tmp_path, shape, kind):
    path, lum = tmp_path / f"a.{kind}", np.full(shape, 0.5, np.float32)
    if kind == "npy":
        np.save(path, lum)
    elif kind == "npz":
        np.savez(path, lum=lum)
    else:
        with h5py.File(path, "w") as file:
            file["movie"] = lum
    with pytest.raises(MaxstimError, match="last length is the number of columns"):
        read_arrays(path, "nc" if kind == "h5" else kind, VIEW, fps=100)


def test_as_many_pixels_as_columns_are_pixels_where_the_file_says_so(tmp_path):
    data = xr.DataArray(np.full((2, 9, 7), 0.5, np.float32), dims=("time", "y", "x"))
    ((_, lum, _),) = read_arrays(written(tmp_path / "a.nc", data), "nc", VIEW, fps=10)
    assert lum.shape == (2, EYE.n_columns)
