"""What `movies import --json` tells of a file, and what it tells without."""

import json

import numpy as np
import pytest
from PIL import Image

from maxstim_core.cli import main


@pytest.fixture(autouse=True)
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("MAXSTIM_DATA_DIR", str(tmp_path / "data"))


@pytest.fixture
def photo(tmp_path):
    exif = Image.Exif()
    exif[0x112] = 5
    image = Image.fromarray(np.full((60, 80, 4), (255, 255, 255, 0), np.uint8))
    image.save(tmp_path / "photo.png", exif=exif, dpi=(100, 200))
    return str(tmp_path / "photo.png")


def test_json_tells_what_a_person_can_check(photo, capsys):
    assert main(["movies", "import", photo, "--name", "a", "--ground", "0.25", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told.pop("folder").endswith("a")
    assert told == {
        "name": "a",
        "clips": 1,
        "source_size": [80, 60],
        "pixel_aspect": 2.0,
        "rotation": 270,
        "mirror": True,
        "range": "full",
        "fps": 24.0,
        "fps_from": "default",
        "frames": 19,
        "ground": 0.25,
        "left_out": [],
    }


def test_without_it_what_is_unusual_is_told_in_sentences(photo, capsys):
    assert main(["movies", "import", photo, "--name", "a"]) == 0
    told = capsys.readouterr().err
    assert "mirrored left to right and turned by 270 degrees clockwise" in told
    assert "2 times as wide as high" in told


@pytest.mark.parametrize("ground", ["1.5", "-0.1", "nan", "grey"])
def test_a_ground_that_is_no_luminance_is_refused(photo, capsys, ground):
    assert main(["movies", "import", photo, "--name", "a", f"--ground={ground}"]) == 2
    assert "ground" in capsys.readouterr().err
