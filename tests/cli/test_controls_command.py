"""What the commands say of answers that name several cell types, and of networks that are named."""

import pytest

import maxstim_core as ms
from maxstim_core.cli import main
from maxstim_core.cli.compare import other_networks
from maxstim_core.optimal.named_response import contrast_words


@pytest.mark.parametrize(
    ("words", "names", "notes"),
    [
        ("maxstim/002", ["maxstim/002"], []),
        (
            "default",
            [],
            ["Note: default is the network that was asked, default; it is shown once."],
        ),
        (
            "default,default",
            [],
            ["Note: default is the network that was asked, default; it is shown once."],
        ),
        (
            "maxstim/001,maxstim/002",
            ["maxstim/002"],
            ["Note: maxstim/001 is the network that was asked, default; it is shown once."],
        ),
        (
            "maxstim/002,maxstim/002",
            ["maxstim/002"],
            ["Note: maxstim/002 is named twice; it is shown once."],
        ),
        ("maxstim", [f"maxstim/00{k}" for k in (0, *range(2, 10))], []),
    ],
)
def test_a_network_that_is_named_is_not_left_out_without_a_word(words, names, notes, capsys):
    network = ms.open_network("default")
    assert [each.name for each in other_networks(words, network)] == names
    assert capsys.readouterr().err.splitlines() == notes


def test_silenced_networks_are_alike_where_they_are_silenced_alike(capsys):
    silent = ms.silenced(ms.open_network("default"), "Mi9")
    others = other_networks("default,maxstim/002", silent, "Mi9")
    assert [each.name for each in others] == ["maxstim/002"]
    assert "default is the network that was asked" in capsys.readouterr().err


def test_generate_tells_what_the_others_respond_and_where_a_contrast_fails(tmp_path, capsys):
    path = tmp_path / "r1.nc"
    asked = ["generate", "R1", "--objective", "contrast:R2,R3", "--t-stim", "0.05"]
    assert main([*asked, "--iterations", "3", "--output", str(path)]) == 0
    answer, told = ms.load(path), capsys.readouterr()
    assert told.out.strip() == str(path)
    names, responses = answer.named.values.tolist(), answer.named_response.values.tolist()
    assert answer.attrs["contrast"] == contrast_words(names, responses)
    assert f"Responses in RMS above grey: R1 {responses[0]:.2f}, R2 {responses[1]:.2f}" in told.err
    assert answer.attrs["contrast"] in told.err
