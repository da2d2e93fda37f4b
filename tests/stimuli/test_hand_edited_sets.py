"""Clip sets that somebody has changed by hand: the set as it is, or one sentence."""

import json
import math
import os

import h5py
import numpy as np
import pytest

from maxstim_core.errors import MaxstimError
from maxstim_core.lattice import Lattice
from maxstim_core.stimuli.catalog import open_clips
from maxstim_core.stimuli.stored.import_movie import import_movie
from maxstim_core.stimuli.viewing import Viewing


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("MAXSTIM_DATA_DIR", str(tmp_path))
    np.save(tmp_path / "a.npy", np.random.default_rng(0).random((30, 7)))
    return import_movie(tmp_path / "a.npy", "mine", fps=10, viewing=Viewing(Lattice(1))).folder


def refuses(says="is damaged"):
    with pytest.raises(MaxstimError, match=says) as refusal:
        clips = open_clips("mine", 1)
        for index in range(len(clips)):
            clips[index]
    assert len(str(refusal.value)) <= 500


def _set(*path, to):
    def change(index):
        *way, last = path
        for key in way:
            index = index[key]
        index[last] = to

    return change


WRONG = [
    *(_set("fps", to=v) for v in (0, -1, "10", 10**400, None, math.inf, math.nan, [10], True)),
    *(_set("extent", to=v) for v in (-1, "1", 1.5, None, math.inf, 10**9, True, [1])),
    *(_set("flips", to=v) for v in (None, [], [9], "0", [True], [0, 0], 5)),
    *(_set("rotations", to=v) for v in ([6], [[0]], None)),
    *(_set("sequences", to=v) for v in ([], None, {}, [1], ["a"])),
    *(_set("clips", to=v) for v in ([], None, [1], [["a"]], [["a", 0, 0, 99]], [["a", 7, 0, 1]])),
    *(_set("clips", 0, to=["a", 0, *v]) for v in ((-1, 3), (3, 3), (5, 2), (0.0, 3), ("0", 3))),
    *(
        _set("sequences", 0, "file", to=v)
        for v in ("../a.nc", "/etc/a.nc", "a.txt", 3, None, "..", "x/../../a.nc", "C:a.nc")
    ),
    *(_set("sequences", 0, "frames", to=v) for v in (0, -3, "30", 1.5, None, 31)),
    *(_set("sequences", 0, "sha256", to=v) for v in ("0" * 64, 3, None)),
    *(_set("about", to=v) for v in (3, None, "abc", [1])),
    lambda index: index.pop("clips"),
    lambda index: index["sequences"][0].pop("sha256"),
    lambda index: index["sequences"][0].update(more=1),
    _set("extent", to=2),
]


@pytest.mark.parametrize("number", range(len(WRONG)))
def test_an_index_of_wrong_types_and_numbers(folder, number):
    index = json.loads((folder / "set.json").read_text())
    WRONG[number](index)
    (folder / "set.json").write_text(json.dumps(index))
    refuses("is damaged|for an eye of")


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"3", b"null", b"\xff\xfe", b"[" * 100_000, b'{"format": 1}', b'"a"'],
)
def test_an_index_that_is_none(folder, content):
    (folder / "set.json").write_bytes(content)
    refuses()


def test_sequences_of_other_shapes_and_elsewhere(folder, tmp_path):
    (file,) = folder.glob("*.nc")
    whole = file.read_bytes()
    with h5py.File(file, "r+") as stored:
        lum = stored["lum"][()]
        del stored["lum"]
        stored.create_dataset("lum", (10**6, 10**6), "f8", chunks=(10, 10))
    refuses()
    for values in (lum[:, :5], lum.astype("f8"), 1 - lum, lum[:-1]):
        with h5py.File(file, "r+") as stored:
            del stored["lum"]
            stored["lum"] = values
        refuses()
    file.write_bytes(whole[:300])
    refuses()
    os.unlink(file)
    refuses()
    with h5py.File(tmp_path / "other.h5", "w") as other:
        other["lum"] = lum
    with h5py.File(file, "w") as stored:
        stored["lum"] = h5py.ExternalLink(str(tmp_path / "other.h5"), "/lum")
    refuses("other files")
    file.write_bytes(whole)
    assert len(open_clips("mine", 1)) == 4
