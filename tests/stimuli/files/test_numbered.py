"""Images by the numbers in their names: their order, and which are not there."""

import numpy as np
import pytest
from PIL import Image

from maxstim_core.errors import MaxstimError
from maxstim_core.stimuli.files.image_files import find_images, read_images
from maxstim_core.stimuli.files.numbered import absent_numbers
from maxstim_core.stimuli.viewing import Viewing


@pytest.fixture
def folder(tmp_path):
    def make(*names):
        for name in names:
            grey = np.full((40, 40), 128, np.uint8)
            Image.fromarray(grey).save(tmp_path / name)
        return tmp_path

    return make


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ([1, 2, 3, 4], []),
        ([9, 10, 11], []),
        ([0, 10, 20, 30], []),
        ([1, 2, 4, 5], ["1 absent image between a002.png and a004.png"]),
        ([1, 2, 3, 7, 8, 9], ["3 absent images between a003.png and a007.png"]),
        ([0, 10, 20, 50, 60], ["2 absent images between a020.png and a050.png"]),
        ([17, 423, 998], []),  # times
        ([5], []),
    ],
)
def test_what_is_absent_by_the_numbers_is_told(numbers, said):
    assert absent_numbers([f"a{number:03d}.png" for number in numbers]) == said


def test_names_that_count_two_things_tell_nothing():
    assert absent_numbers(["r1_c1.png", "r1_c2.png", "r2_c1.png", "r2_c4.png"]) == []
    assert absent_numbers(["a.png", "b.png"]) == absent_numbers(["cam1.png"]) == []
    assert absent_numbers(["cam1_1.png", "cam1_2.png", "cam1_4.png", "cam1_5.png"])


def test_an_import_tells_what_is_absent(folder):
    names = [f"frame_{k}.png" for k in (8, 9, 10, 12, 13)]
    movie, facts = read_images(folder(*names), Viewing())
    assert len(movie) == 5
    assert facts.left_out == ("1 absent image between frame_10.png and frame_12.png",)


def test_a_number_that_is_written_twice_is_no_order(folder):
    with pytest.raises(MaxstimError, match="are there twice"):
        find_images(folder("frame1.png", "frame01.png", "frame2.png"))
