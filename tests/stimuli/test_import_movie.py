"""Films, folders of images and arrays become clip sets, or are refused in one sentence."""

import os
import shutil
import struct
import zipfile
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from racing import at_once, hidden, killed_at

from maxstim_core.errors import MaxstimError
from maxstim_core.lattice import Lattice
from maxstim_core.stimuli.augment import Augmented
from maxstim_core.stimuli.catalog import open_clips, remove_stored
from maxstim_core.stimuli.eye import Eye
from maxstim_core.stimuli.files.images import read_image
from maxstim_core.stimuli.files.preview import FRAMES, open_preview
from maxstim_core.stimuli.files.timing import evenly
from maxstim_core.stimuli.stored import clip_store
from maxstim_core.stimuli.stored.import_movie import cuts, import_movie
from maxstim_core.stimuli.viewing import Viewing
from maxstim_core.storage.atomic import part_name

EYE = Lattice(2)
SMALL = Viewing(EYE)

FILMS = {"mp4": ("libx264", "yuv420p"), "webm": ("libvpx", "yuv420p"), "gif": ("gif", "rgb8")}


@pytest.fixture(autouse=True)
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("MAXSTIM_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


def write_film(path, pictures, kind="mp4", fps=24, times=None, **options):
    """Write pictures, shape (frame, row, column), 0 to 255, as a film."""
    codec, pixels = FILMS[kind]
    with av.open(str(path), "w", format=kind, options=options) as film:
        stream = film.add_stream(codec, rate=fps)
        stream.height, stream.width = pictures.shape[1:]
        stream.pix_fmt = pixels
        if kind == "mp4":
            stream.options = {"crf": "4"}
        for k, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(np.stack([picture] * 3, -1), format="rgb24")
            if times is not None:
                frame.pts, frame.time_base = times[k], Fraction(1, fps)
            film.mux(stream.encode(frame))
        film.mux(stream.encode())
    return path


def fading(n_frames=24, height=64, width=96):
    """Each frame of one grey, a little brighter than the one before."""
    greys = np.linspace(20, 230, n_frames).astype(np.uint8)
    return np.broadcast_to(greys[:, None, None], (n_frames, height, width)).copy()


def all_frames(clips):
    return clips._read(clips.windows[0])[0]


@pytest.mark.parametrize("kind", FILMS)
def test_a_film_keeps_its_greys_order_and_pace(tmp_path, kind):
    pictures = fading()
    # Its name says nothing.
    path = write_film(tmp_path / "film.txt", pictures, kind, fps=25 if kind == "gif" else 24)
    clips = import_movie(path, "mine", viewing=SMALL, seconds=0.5)
    assert clips.fps == pytest.approx(25 if kind == "gif" else 24, rel=1e-6)
    greys = pictures[:, 0, 0] / 255
    # A palette of 256 colours has few greys; the others lose 1 or 2 of 255 by compression.
    tolerance = 0.1 if kind == "gif" else 0.012
    np.testing.assert_allclose(all_frames(clips).mean(1), greys, atol=tolerance)
    assert all(len(clip) == round(0.5 * clips.fps) for clip in clips)


def test_a_film_is_upright(tmp_path):
    pictures = np.zeros((6, 64, 64), np.uint8)
    pictures[:, :32] = 255
    clips = import_movie(write_film(tmp_path / "a.mp4", pictures), "mine", viewing=SMALL)
    assert clips[0][0, EYE.index(-2, 0)] > 0.9
    assert clips[0][0, EYE.index(2, 0)] < 0.1


@pytest.mark.parametrize(
    ("matrix", "bright"),
    [((0, 1, -1, 0), "right"), ((0, -1, 1, 0), "left"), ((-1, 0, 0, -1), "below")],
)
def test_a_film_from_a_telephone_is_turned_as_its_header_says(tmp_path, matrix, bright):
    """The upper half is bright; a quarter turn clockwise brings it to the right."""
    pictures = np.zeros((6, 64, 64), np.uint8)
    pictures[:, :32] = 255
    path = write_film(tmp_path / "a.mp4", pictures)
    content = bytearray(path.read_bytes())
    at = content.index(b"tkhd") + 4 + 40  # version 0: the matrix follows 40 bytes of others
    a, b, c, d = (65536 * n for n in matrix)
    content[at : at + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(content)
    frame = import_movie(path, "mine", viewing=SMALL)[0][0]
    sides = {"right": (-1, 2), "left": (1, -2), "above": (-2, 0), "below": (2, 0)}
    seen = {side: frame[EYE.index(*column)] for side, column in sides.items()}
    assert max(seen, key=seen.get) == bright
    assert seen[bright] > 0.9


def test_uneven_frames_are_held_for_their_time(tmp_path):
    pictures = fading(5)
    times = [0, 1, 2, 5, 6]  # the third is shown three times as long
    path = write_film(tmp_path / "a.mp4", pictures, fps=10, times=times)
    clips = import_movie(path, "mine", viewing=SMALL)
    assert clips.fps == pytest.approx(10)
    means = all_frames(clips).mean(1) * 255
    np.testing.assert_allclose(means, pictures[[0, 1, 2, 2, 2, 3, 4], 0, 0], atol=3)


def test_a_hiccup_does_not_set_the_pace():
    times = np.arange(900) / 30
    times = np.insert(times, 450, times[449] + 0.001)
    pace = evenly(times, 30)
    assert pace.fps == pytest.approx(30)
    assert len(pace.order) == pytest.approx(900, abs=1)


def test_the_pace_can_be_given(tmp_path):
    path = write_film(tmp_path / "a.mp4", fading())
    assert import_movie(path, "fast", viewing=SMALL, fps=240).fps == 240


def test_frames_of_sintel_s_size_are_seen_as_flyvis_sees_them(tmp_path):
    random = np.random.default_rng(0)
    small = random.integers(0, 256, (3, 28, 64), np.uint8)
    folder = tmp_path / "frames"
    folder.mkdir()
    for k, image in enumerate(small):
        large = Image.fromarray(image).resize((1024, 436), Image.Resampling.BICUBIC)
        large.save(folder / f"frame{8 + k}.png")  # 8, 9, 10
    (folder / ".hidden").write_text("")
    (folder / "readme.txt").write_text("")
    clips = import_movie(folder, "mine", fps=24)
    pixels = np.stack([read_image(folder / f"frame{k}.png") for k in (8, 9, 10)])
    np.testing.assert_array_equal(clips[0], Eye(pixels=13).see(pixels))


def test_published_frames_of_sintel(shared_data):
    folder = shared_data / "sintel_alley_1_frames_16_25" / "demo-frames"
    clips = import_movie(folder, "alley", fps=24)
    assert (len(clips), clips[0].shape) == (1, (10, 721))
    assert 0 < clips[0].min() < clips[0].max() < 1
    # The girl and her fruit move less than they differ: the film is smooth in time.
    changes = np.abs(np.diff(clips[0], axis=0)).mean()
    assert 0 < changes < 0.2 * clips[0].std()


def test_crop_and_pixels(tmp_path):
    pictures = np.zeros((3, 80, 120))
    pictures[:, 10:50, 60:110] = np.random.default_rng(0).random((3, 40, 50))
    np.save(tmp_path / "a.npy", pictures.astype(np.float32))
    viewing = Viewing(EYE, crop=(60, 10, 50, 40), pixels=5)
    clips = import_movie(tmp_path / "a.npy", "mine", fps=50, viewing=viewing)
    expected = Eye(EYE, pixels=5).see(pictures[:, 10:50, 60:110])
    np.testing.assert_allclose(clips[0], expected, atol=1e-6)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.float64])
def test_arrays_of_pixels_and_of_columns(tmp_path, kind):
    most = 1 if kind is np.float64 else np.iinfo(kind).max
    grey = (np.random.default_rng(0).random((4, 40, 40)) * most).astype(kind)
    arrays = {"grey": grey, "color": np.stack([grey] * 3, -1)}
    arrays["columns"] = SMALL.see(grey / most)
    np.savez(tmp_path / "a.npz", **arrays)
    clips = import_movie(tmp_path / "a.npz", "mine", fps=50, viewing=SMALL)
    assert [name.split(",")[0] for name in clips.names] == [f"mine {name}" for name in arrays]
    for clip in clips:
        np.testing.assert_allclose(clip, arrays["columns"], atol=1e-6)


def test_a_stimulus_that_maxstim_made_keeps_its_pace(tmp_path):
    lum = np.random.default_rng(0).random((8, EYE.n_columns))
    variables = {"stimulus": (("frame", "column"), lum), "response": (("frame", "column"), lum - 9)}
    xr.Dataset(variables, attrs={"dt": 0.01}).to_netcdf(tmp_path / "a.nc", engine="h5netcdf")
    clips = import_movie(tmp_path / "a.nc", "mine", viewing=SMALL)
    assert clips.fps == pytest.approx(100)
    np.testing.assert_allclose(clips[0], lum, atol=1e-6)


def test_a_set_of_the_whole_eye_can_be_opened_augmented(tmp_path):
    np.save(tmp_path / "a.npy", np.random.default_rng(0).random((8, 721)))
    import_movie(tmp_path / "a.npy", "mine", fps=10, flips=(0, 1), rotations=(0, 3))
    clips = open_clips("mine")
    assert isinstance(clips, Augmented)
    assert len(clips) == 4
    with pytest.raises(MaxstimError, match="add --replace"):
        import_movie(tmp_path / "a.npy", "mine", fps=10)


@pytest.mark.parametrize(
    ("name", "says"),
    [("Mine", "set 'mine' already; choose another name[.]"), ("Sintel", "belongs to maxstim")],
)
def test_a_name_in_other_letters_is_the_same_name(tmp_path, data, name, says):
    """On a disk that ignores case it would be the same folder."""
    np.save(tmp_path / "a.npy", np.random.default_rng(0).random((8, 19)))
    import_movie(tmp_path / "a.npy", "mine", fps=10, viewing=SMALL)
    with pytest.raises(MaxstimError, match=says):
        import_movie(tmp_path / "a.npy", name, fps=10, viewing=SMALL, replace=True)
    assert clip_store.stored_names() == ("mine",)


def test_of_imports_under_one_name_at_once_one_is_stored_and_stays(tmp_path, data):
    """The others say so, and what they discard is their own."""

    def store(k):
        film = _saved(tmp_path / f"{k}.npy", np.full((3, 19), k / 8))
        try:
            import_movie(film, "race", fps=10, viewing=SMALL)
        except MaxstimError as error:
            return str(error)
        return k

    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(store, range(4)))
    (winner,) = (each for each in told if isinstance(each, int))
    assert sum("'race'" in each for each in told if each != winner) == 3
    assert (open_clips("race", 2)[0] == winner / 8).all()
    assert [path.name for path in (data / "clips").iterdir()] == ["race"]


def test_a_set_that_comes_too_late_harms_none_unless_it_shall_replace_it(tmp_path, data):
    film = _saved(tmp_path / "a.npy", np.ones((2, 19)))
    import_movie(film, "mine", fps=10, viewing=SMALL)
    shutil.copytree(data / "clips" / "mine", late := data / "clips" / part_name())
    with pytest.raises(MaxstimError, match="meanwhile"):
        clip_store.name_set(late, "mine")
    with pytest.raises(MaxstimError, match="could not be written"):
        clip_store.name_set(data / "missing", "mine", replace=True)
    assert len(open_clips("mine", 2)) == 1
    clip_store.name_set(late, "mine", replace=True)
    assert len(open_clips("mine", 2)) == 1
    assert [path.name for path in (data / "clips").iterdir()] == ["mine"]


def _import(arguments):
    path, name, replace = arguments
    import_movie(path, name, fps=10, viewing=SMALL, replace=replace)
    return name


def test_of_processes_that_import_under_one_name_one_is_stored(tmp_path, data):
    films = [_saved(tmp_path / f"{k}.npy", np.full((3, 19), k / 8)) for k in range(3)]
    for names in (("race",) * 3, ("race", "Race", "RACE")):  # one name, on some disks
        told = at_once(_import, *zip(films, names, [False] * 3, strict=True))
        (winner,) = (k for k, each in enumerate(told) if isinstance(each, str))
        for other in (each for k, each in enumerate(told) if k != winner):
            assert "already; choose another name" in str(other) or "meanwhile" in str(other)
        assert (open_clips(names[winner], 2)[0] == np.float32(winner / 8)).all()
        assert os.listdir(data / "clips") == [names[winner]]
        remove_stored(names[winner])
    import_movie(films[0], "race", fps=10, viewing=SMALL)
    assert at_once(_import, *((film, "race", True) for film in films)) == ["race"] * 3
    assert len(np.unique(open_clips("race", 2)[0])) == 1
    assert os.listdir(data / "clips") == ["race"]


@pytest.mark.skipif(os.name != "posix", reason="Processes are not told apart there.")
def test_an_import_that_is_killed_leaves_the_old_set_or_the_new(tmp_path, data):
    old, new = (_saved(tmp_path / f"{k}.npy", np.full((3, 19), k / 1)) for k in (0, 1))
    import_movie(old, "mine", fps=10, viewing=SMALL)
    seen = []
    for step in range(1, 60, 3):  # tests/storage takes every one
        killed = killed_at(step, data, _import, (new, "mine", True))
        assert clip_store.stored_names() == ("mine",)  # which sweeps
        assert hidden(data) == []
        seen.append(open_clips("mine", 2)[0].mean())
        if not killed or seen[-1]:
            break
    assert len(seen) > 5
    assert {*seen} == {0, 1}


@pytest.mark.skipif(os.name != "posix", reason="Processes are not told apart there.")
def test_what_a_killed_rendering_left_in_a_set_is_swept(data):
    folder = clip_store.clips_folder("sintel")
    left, step = 0, 1
    while killed_at(step, data, _save_sequence, folder):
        left += len(hidden(data))
        clip_store.stored_names()
        assert hidden(data) == []
        step += 1
    assert left and len(list(folder.iterdir())) == 1


def _save_sequence(folder):
    clip_store.check_room(folder)
    clip_store.save_sequence(
        folder, "000", np.zeros((3, 7)), lattice=Lattice(1), fps=24, origin="abc"
    )


def test_a_folder_that_is_no_set_is_left_alone(tmp_path, data):
    (data / "clips" / "mine").mkdir(parents=True)
    with pytest.raises(MaxstimError, match="is no clip set"):
        import_movie(_saved(tmp_path / "a.npy", np.ones((2, 19))), "mine", fps=10, viewing=SMALL)


def test_an_image_stands_still_for_a_clip(tmp_path):
    picture = np.random.default_rng(0).integers(0, 256, (64, 96), np.uint8)
    Image.fromarray(picture).save(tmp_path / "a.png")
    clips = import_movie(tmp_path / "a.png", "mine", viewing=SMALL, seconds=0.5)
    assert (len(clips), len(clips[0]), clips.fps) == (1, 12, 24)
    np.testing.assert_array_equal(clips[0], np.repeat(SMALL.see(picture[None] / 255), 12, axis=0))


def test_a_zip_of_images_is_a_film(tmp_path):
    path = _zipped(tmp_path / "a.zip", _images())
    clips = import_movie(path, "mine", viewing=SMALL, fps=24)
    np.testing.assert_allclose(all_frames(clips).mean(1), fading(12)[:, 0, 0] / 255, atol=1e-6)


def test_contrast_is_around_grey_and_ends_at_black_and_white(tmp_path):
    np.save(tmp_path / "a.npy", np.array([[0.1] * 19, [0.4] * 19, [0.5] * 19, [0.7] * 19]))
    clips = import_movie(tmp_path / "a.npy", "mine", fps=10, viewing=Viewing(EYE, contrast=2))
    np.testing.assert_allclose(clips[0][:, 0], [0, 0.3, 0.5, 0.9], atol=1e-6)
    assert clips.about["contrast"] == 2


@given(
    st.floats(0, 1), st.floats(0, 1), st.integers(80, 140), st.integers(80, 140), st.integers(0, 5)
)
def test_an_eye_is_aimed_where_it_is_told_and_sees_no_edge(x, y, height, width, half):
    """A film that is white everywhere is seen white everywhere, wherever the eye looks."""
    viewing = Viewing(EYE, pixels=2 * half + 1).aimed(x, y, height, width)
    assert viewing.see(np.ones((1, height, width), np.float32)).min() == pytest.approx(1)
    left, top, across, down = viewing.crop
    margin = EYE.extent * viewing.pixels + half
    for where, start, length, side in ((x, left, across, width), (y, top, down, height)):
        wanted = min(max(int(where * side), margin), side - 1 - margin)
        assert start + length // 2 == wanted


@pytest.mark.parametrize("kind", FILMS)
def test_a_preview_is_what_will_be_stored(tmp_path, kind):
    path = write_film(tmp_path / "a", _noisy(12), kind, fps=25)
    preview = open_preview(path)
    assert len(preview.pictures) == len(preview.frames) == preview.n_frames == 12
    assert Image.open(BytesIO(preview.pictures[0])).size == (96, 64)
    viewing = Viewing(pixels=1, kernel="gaussian", contrast=1.5).aimed(0.4, 0.5, *preview.size)
    clips = import_movie(path, "mine", viewing=viewing)
    np.testing.assert_array_equal(preview.see(viewing), all_frames(clips))
    assert preview.fps == pytest.approx(clips.fps)


def test_a_preview_of_uneven_frames_repeats_some(tmp_path):
    path = write_film(tmp_path / "a.mp4", fading(5), fps=10, times=[0, 1, 2, 5, 6])
    preview = open_preview(path)
    assert preview.order.tolist() == [0, 1, 2, 2, 2, 3, 4]
    np.testing.assert_array_equal(
        preview.see(SMALL), all_frames(import_movie(path, "mine", viewing=SMALL))
    )


def test_a_preview_of_a_long_film_is_its_beginning(tmp_path):
    path = write_film(tmp_path / "a.mp4", fading(300), fps=60)
    preview = open_preview(path)
    assert preview.n_frames == 300
    assert len(preview.frames) == FRAMES


def test_previews_of_arrays_and_images(tmp_path):
    columns = np.random.default_rng(0).random((4, 721))
    preview = open_preview(_saved(tmp_path / "a.npy", columns))
    assert preview.is_columns
    assert preview.pictures == ()
    np.testing.assert_allclose(preview.see(Viewing()), columns, atol=1e-6)
    np.savez(tmp_path / "b.npz", first=np.ones((3, 40, 50)), second=np.zeros((3, 40, 50)))
    assert open_preview(tmp_path / "b.npz").see(Viewing()).min() == pytest.approx(1)
    zipped = open_preview(_zipped(tmp_path / "c.zip", _images()))
    assert (zipped.n_frames, zipped.fps) == (12, None)
    still = open_preview(_folder(tmp_path / "d", _picture()) / "0.png")
    assert still.is_still
    for kept in (preview, zipped, still):
        assert not any(np.isnan(kept.see(Viewing(contrast=2))).flat)


@pytest.mark.parametrize(
    "case", ["text called mp4", "2 GB", "no pictures", "one pixel", "no frame"]
)
def test_a_preview_is_refused_in_one_sentence(tmp_path, case):
    make, says = REFUSED[case]
    with pytest.raises(MaxstimError, match=says):
        open_preview(make(tmp_path))


def test_an_import_tells_how_far_it_is_and_can_be_cancelled(tmp_path, data):
    path = _saved(tmp_path / "a.npy", np.full((40, 1000, 1000), 200, np.uint8))
    shares = []
    import_movie(path, "mine", fps=10, viewing=SMALL, report_progress=shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert len(shares) == 4

    def enough(share):
        if share >= 0.5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_movie(path, "other", fps=10, viewing=SMALL, report_progress=enough)
    assert [p.name for p in (data / "clips").iterdir()] == ["mine"]


@given(st.text(max_size=80))
def test_any_file_name_becomes_a_name_that_a_set_may_have(name):
    assert clip_store.clips_folder(clip_store.free_name(name)).parent.name == "clips"


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("../../etc/passwd", "etc-passwd"),
        ("Ferien am Müggelsee (2)", "Ferien-am-Muggelsee-2"),
        ("🐝", "movie"),
        ("Made", "Made-2"),
        ("mine", "mine-2"),
    ],
)
def test_a_name_that_is_taken_gets_a_number(tmp_path, file, name):
    import_movie(_saved(tmp_path / "a.npy", np.ones((2, 19))), "mine", fps=10, viewing=SMALL)
    assert clip_store.free_name(file) == name


def test_a_set_is_removed_and_nothing_else(tmp_path, data):
    path = _saved(tmp_path / "a.npy", np.ones((2, 19)))
    for name in ("mine", "other"):
        import_movie(path, name, fps=10, viewing=SMALL)
    remove_stored("mine")
    assert [p.name for p in (data / "clips").iterdir()] == ["other"]
    refusals = {"mine": "no clip set", "made": "comes with maxstim", "../other": "cannot be called"}
    for name, says in refusals.items():
        with pytest.raises(MaxstimError, match=says):
            remove_stored(name)
    assert clip_store.stored_names() == ("other",)


@given(st.integers(1, 500), st.integers(1, 60))
def test_cuts_cover_a_film_with_clips_of_one_length(n_frames, length):
    pieces = cuts(n_frames, length)
    assert {stop - start for start, stop in pieces} == {min(length, n_frames)}
    assert pieces[0][0] == 0
    assert pieces[-1][1] == n_frames
    assert all(b[0] <= a[1] for a, b in pairwise(pieces))
    assert len(pieces) == -(-n_frames // length)


def _sparse(path, size, head=b""):
    with path.open("wb") as file:
        file.write(head)
        file.truncate(size)
    return path


def _cut(path, share=0.5):
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    return path


def _folder(path, *images):
    path.mkdir()
    for k, image in enumerate(images):
        image.save(path / f"{k}.png")
    return path


def _noisy(n_frames=48):
    return np.random.default_rng(0).integers(0, 256, (n_frames, 64, 96), np.uint8)


def _empty_film(path):
    with av.open(str(path), "w", format="mp4") as film:
        stream = film.add_stream("libx264", rate=24)
        stream.height, stream.width, stream.pix_fmt = 64, 64, "yuv420p"
        film.start_encoding()
    return path


def _sound(path):
    with av.open(str(path), "w", format="mp4") as film:
        stream = film.add_stream("aac", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        frame.rate = 8000
        film.mux(stream.encode(frame))
        film.mux(stream.encode())
    return path


def _saved(path, array):
    np.save(path, array)
    return path


def _bomb(path):
    """An archive whose directory says that it unpacks to 5 GB."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.npy", b"\0" * 1000)
    content = path.read_bytes()
    size = struct.pack("<I", 1000)
    path.write_bytes(content.replace(size, struct.pack("<I", 4_000_000_000)))
    return path


def _zipped(path, contents):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return path


def _images(n_frames=12):
    """Files of images, each brighter than the one before, in a folder of an archive."""
    files = {"__MACOSX/frames/._1.png": b"not an image", "frames/readme.txt": b""}
    for k, picture in enumerate(fading(n_frames)):
        stream = BytesIO()
        Image.fromarray(picture).save(stream, "PNG")
        files[f"frames/{k + 1}.png"] = stream.getvalue()  # 10 comes after 9
    return files


def _picture(width=64, height=64):
    return Image.new("L", (width, height), 128)


def _of_floats(path):
    Image.fromarray(np.random.default_rng(0).random((64, 64), np.float32)).save(path)
    return path


def _broken_image(path):
    folder = _folder(path, _picture(), Image.fromarray(_noisy(1)[0]))
    _cut(folder / "1.png")
    return folder


REFUSED = {
    "absent": (lambda p: p / "nothing.mp4", "no movie"),
    "empty": (lambda p: _sparse(p / "a.mp4", 0), "is empty"),
    "text called mp4": (lambda p: _sparse(p / "a.mp4", 40, b"Once upon a time"), "is no movie"),
    "2 GB": (lambda p: _sparse(p / "a.mp4", 2_000_000_000, b"\0\0\0 ftypisom"), "2.0 GB"),
    "no pictures": (lambda p: _empty_film(p / "a.mp4"), "damaged|no pictures"),
    "sound alone": (lambda p: _sound(p / "a.mp4"), "no pictures"),
    "noise called mp4": (lambda p: _sparse(p / "a.mp4", 4000, b"\0\0\0 ftypisom"), "damaged"),
    "mp4 without its end": (lambda p: _cut(write_film(p / "a.mp4", _noisy())), "damaged"),
    "mp4 without its pictures": (
        lambda p: _cut(write_film(p / "a.mp4", _noisy(), movflags="faststart"), 0.6),
        "damaged",
    ),
    "webm cut": (lambda p: _cut(write_film(p / "a.webm", _noisy(), "webm")), "damaged"),
    "gif cut": (lambda p: _cut(write_film(p / "a.gif", _noisy(), "gif")), "damaged"),
    "small film": (lambda p: write_film(p / "a.mp4", fading(2, 2, 4)), "too small"),
    "photo": (
        lambda p: _sparse(p / "a.heic", 40, b"\0\0\0 ftypheic"),
        "HEIC is not read: save it as PNG or JPEG",
    ),
    "one pixel": (lambda p: _folder(p / "a", _picture(1, 1)) / "0.png", "1 x 1 pixels, too small"),
    "zip of texts": (lambda p: _zipped(p / "a.zip", {"a.txt": b"Once upon a time"}), "no image"),
    "zip without a pace": (lambda p: _zipped(p / "a.zip", _images()), "--fps 24"),
    "zip of broken images": (lambda p: _zipped(p / "a.zip", {"a.png": b"\x89PNG"}), "damaged"),
    "no image": (lambda p: _folder(p / "a"), "no image"),
    "1 x 1": (lambda p: _folder(p / "a", _picture(1, 1)), "1 x 1 pixels, too small"),
    "two sizes": (lambda p: _folder(p / "a", _picture(), _picture(80, 64)), "same size"),
    "image of 32 bits": (lambda p: _of_floats(p / "a.tif"), "save it with 8 or 16 bits"),
    "broken image": (lambda p: _broken_image(p / "a"), "damaged"),
    "huge image": (lambda p: _folder(p / "a", _picture(5000, 3000)), "10 million"),
    "folder without a pace": (lambda p: _folder(p / "a", _picture()), "--fps 24"),
    "array without a pace": (lambda p: _saved(p / "a.npy", np.ones((2, 19))), "--fps 24"),
    "bright array": (lambda p: _saved(p / "a.npy", np.full((2, 40, 40), 255.0)), "from 0"),
    "not a number": (lambda p: _saved(p / "a.npy", np.full((2, 40, 40), np.nan)), "from 0"),
    "whole numbers": (lambda p: _saved(p / "a.npy", np.ones((2, 40, 40), int)), "int64"),
    "one dimension": (lambda p: _saved(p / "a.npy", np.ones(40)), "shape"),
    "no frame": (lambda p: _saved(p / "a.npy", np.ones((0, 40, 40))), "shape"),
    "other columns": (lambda p: _saved(p / "a.npy", np.ones((2, 20))), "19 columns"),
    "many frames": (lambda p: _saved(p / "a.npy", np.ones((20_001, 19), np.float16)), "20000"),
    "packed": (lambda p: _bomb(p / "a.npz"), "4.0 GB"),
    "cut npz": (lambda p: _sparse(p / "a.npz", 99, b"PK\x03\x04"), "damaged"),
    "cut nc": (lambda p: _sparse(p / "a.nc", 99, b"\x89HDF\r\n\x1a\n"), "damaged"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refuses_in_one_sentence_and_stores_nothing(tmp_path, data, case):
    make, says = REFUSED[case]
    path = make(tmp_path)
    with pytest.raises(MaxstimError, match=says) as refusal:
        import_movie(path, "mine", viewing=SMALL, fps=None if "pace" in case else 24)
    text = str(refusal.value)
    assert text.endswith(".")
    assert "\n" not in text
    assert not data.exists()


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"fps": 0.0}, "frames per second"),
        ({"fps": float("nan")}, "frames per second"),
        ({"seconds": 0.0}, "length of a clip"),
        ({"flips": (4,)}, "mirror axes"),
        ({"name": "made"}, "belongs to maxstim"),
        ({"name": "../up"}, "cannot be called"),
        ({"viewing": {"crop": (0, 0, 90, 20)}}, "beyond the frames"),
        ({"viewing": {"crop": (-1, 0, 9, 9)}}, "crop must be"),
        ({"viewing": {"pixels": 4}}, "odd"),
        ({"viewing": {"contrast": 0.0}}, "contrast"),
        ({"viewing": {"pixels": 21}}, "fewer pixels"),
    ],
    ids=str,
)
def test_refuses_settings_that_make_no_sense(tmp_path, data, settings, says):
    path = _saved(tmp_path / "a.npy", np.ones((2, 40, 80)))
    with pytest.raises(MaxstimError, match=says):
        viewing = Viewing(EYE, **settings.get("viewing", {}))
        import_movie(path, **{"name": "mine", "fps": 10.0, **settings, "viewing": viewing})
    assert not data.exists()


@pytest.mark.skipif(os.name != "posix", reason="needs a pipe with a name")
def test_refuses_a_pipe_at_once(tmp_path):
    os.mkfifo(tmp_path / "a.mp4")
    with pytest.raises(MaxstimError, match="no regular file"):
        import_movie(tmp_path / "a.mp4", "mine")


def test_a_long_film_is_refused_by_its_header(tmp_path):
    """Eleven minutes at one frame per second: nothing of it is decoded."""
    path = write_film(tmp_path / "a.mp4", fading(661, 64, 64), fps=1)
    with pytest.raises(MaxstimError, match="10 minutes"):
        import_movie(path, "mine", viewing=SMALL)


def test_a_disk_that_is_full_or_read_only_is_told(tmp_path, data):
    data.write_text("a file where the folder should be")
    path = _saved(tmp_path / "a.npy", np.ones((2, 19)))
    with pytest.raises(MaxstimError, match="MAXSTIM_DATA_DIR"):
        import_movie(path, "mine", fps=10, viewing=SMALL)
    assert clip_store.stored_names() == ()


@pytest.mark.parametrize(
    ("settings", "is_read"),
    [
        ({}, True),
        ({"contrast": 2.0}, True),
        ({"ground": 0.0}, True),
        ({"crop": (0, 0, 5, 5)}, False),
        ({"pixels": 3}, False),
        ({"kernel": "gaussian"}, False),
    ],
    ids=str,
)
def test_of_columns_no_part_or_scale_is_chosen_in_silence(tmp_path, data, settings, is_read):
    path = _saved(tmp_path / "a.npy", np.full((5, 19), 0.5))
    if is_read:
        import_movie(path, "mine", fps=10, viewing=Viewing(EYE, **settings))
        return
    with pytest.raises(MaxstimError, match="holds columns, of which no part or scale"):
        import_movie(path, "mine", fps=10, viewing=Viewing(EYE, **settings))
    assert not data.exists()


@pytest.mark.parametrize(
    ("names", "is_refused"),
    [
        (["left_0", "left_1", "right_0", "right_1"], True),
        (["1_mask", "2_mask", "1", "2"], True),
        (["a", "b", "c"], False),
        (["frame1", "frame2", "frame10", "title"], False),
        (["9", "10", "11"], False),
    ],
    ids=str,
)
@pytest.mark.parametrize("is_zip", [False, True])
def test_of_two_films_in_a_folder_none_is_taken_in_silence(tmp_path, names, is_refused, is_zip):
    folder = tmp_path / "frames"
    folder.mkdir()
    for name in names:
        _picture().save(folder / f"{name}.png")
    path = Path(shutil.make_archive(str(tmp_path / "z"), "zip", folder)) if is_zip else folder
    if is_refused:
        with pytest.raises(MaxstimError, match="numbered as 2 films"):
            import_movie(path, "mine", fps=10, viewing=SMALL)
    else:
        import_movie(path, "mine", fps=10, viewing=SMALL)


@pytest.mark.parametrize("is_zip", [False, True])
@pytest.mark.parametrize("name", ["zarr.json", ".zgroup"])
def test_a_zarr_store_is_named(tmp_path, is_zip, name):
    store = tmp_path / "a.zarr"
    (store / "movie").mkdir(parents=True)
    (store / name).write_text("{}")
    (store / "movie" / "0.0").write_bytes(bytes(100))
    path = Path(shutil.make_archive(str(tmp_path / "z"), "zip", store)) if is_zip else store
    with pytest.raises(MaxstimError, match="is a Zarr store, which is not read"):
        import_movie(path, "mine", fps=10, viewing=SMALL)


def test_a_film_in_an_archive_is_to_be_unpacked(tmp_path):
    film = write_film(tmp_path / "a.mp4", fading(3, 64, 64))
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(film, "a.mp4")
    with pytest.raises(MaxstimError, match=r"no image but a\.mp4; unpack it"):
        import_movie(tmp_path / "a.zip", "mine", viewing=SMALL)


@pytest.mark.parametrize("name", ["CON", "nul", "com1", "Lpt9.old", "x.", "x" * 65, "x" * 2000])
def test_names_that_no_folder_can_have_everywhere_are_refused(tmp_path, data, name):
    path = _saved(tmp_path / "a.npy", np.full((5, 19), 0.5))
    with pytest.raises(MaxstimError, match="cannot be called") as refusal:
        import_movie(path, name, fps=10, viewing=SMALL)
    assert len(str(refusal.value)) < 500
    assert not data.exists()


def test_a_file_called_like_a_device_gets_another_name(data):
    assert clip_store.free_name("con") == "movie-con"


def test_a_full_disk_leaves_no_folder_behind(tmp_path, data, monkeypatch):
    full = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: full)
    path = _saved(tmp_path / "a.npy", np.full((5, 19), 0.5))
    with pytest.raises(MaxstimError, match="is full"):
        import_movie(path, "mine", fps=10, viewing=SMALL)
    assert not data.exists()
    data.mkdir()
    with pytest.raises(MaxstimError, match="is full"):
        import_movie(path, "mine", fps=10, viewing=SMALL)
    assert list(data.iterdir()) == []
