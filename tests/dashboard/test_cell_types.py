"""How the cell types are grouped and described."""

import pytest

from dashboard.text.cell_types import arrow, grouped, polarity, tuning_sentence
from maxstim_core.networks.connectome import bundled_connectome

NAMES = bundled_connectome().names


def test_every_cell_type_is_in_exactly_one_group():
    groups = grouped(NAMES)
    listed = [name for members in groups.values() for name in members]
    assert sorted(listed) == sorted(NAMES) and len(listed) == 65
    assert {title: len(members) for title, members in groups.items()} == {
        "Photoreceptors": 8,
        "Lamina": 5,
        "Medulla": 11,
        "T1–T3": 4,
        "T4 and T5": 8,
        "Transmedullary Tm": 13,
        "Transmedullary TmY": 9,
        "Wide-field and feedback": 7,
    }


def test_a_new_cell_type_falls_into_the_rest():
    assert grouped(("Tm1", "Xyz")) == {
        "Transmedullary Tm": ("Tm1",),
        "Wide-field and feedback": ("Xyz",),
    }


@pytest.mark.parametrize(
    ("name", "sign", "drawn", "word"),
    [
        ("T4c", "ON", "↑", "bright edges that move up"),
        ("T5d", "OFF", "↓", "dark edges that move down"),
        ("Mi9", "OFF", "", "less light"),
        ("L5", "ON", "", "more light"),
        ("TmY18", "", "", "No experiment"),
    ],
)
def test_what_is_known_is_said(name, sign, drawn, word):
    assert (polarity(name), arrow(name)) == (sign, drawn)
    assert word in tuning_sentence(name) and name in tuning_sentence(name)
