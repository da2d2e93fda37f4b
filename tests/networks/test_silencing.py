"""Silenced cell types: the synapses that they make transmit nothing, in every run alike."""

import dataclasses

import numpy as np
import pytest
from solvable_networks import EYE, two_path_network

import maxstim_core as ms
from maxstim_core.errors import MaxstimError
from maxstim_core.networks.network_file import read_network, write_network
from maxstim_core.networks.silencing import silence_text, silenced
from maxstim_core.optimal.result import silence_of

SILENCE = ("Mi9", "C3")
SHORT = ms.GenerateConfig(t_stim=0.05, n_iters=2, silence=SILENCE)


@pytest.fixture(scope="module")
def network():
    return ms.open_network("default", extent=5)


@pytest.fixture(scope="module")
def of_file(network, tmp_path_factory):
    """A network file in which these strengths are 0, written by hand."""
    names = network.connectome.names
    strength = network.parameters.synapse_strength.copy()
    for k, (source, _) in enumerate(network.layout.pairs):
        if names[source] in SILENCE:
            strength[k] = 0
    assert (strength == 0).sum() == sum(names[s] in SILENCE for s, _ in network.layout.pairs) > 20
    parameters = dataclasses.replace(network.parameters, synapse_strength=strength)
    path = tmp_path_factory.mktemp("silenced") / "silenced.json"
    write_network(dataclasses.replace(network, parameters=parameters), path, {})
    return read_network(path, extent=5)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("", ""),
        ((), ""),
        ("Mi9,C3", "C3,Mi9"),
        (("Mi9", "C3", "Mi9"), "C3,Mi9"),
        (" Mi9 , CT1(M10),", "CT1(M10),Mi9"),
        (iter(["T4c"]), "T4c"),
        (np.array(["Mi9", "C3"]), "C3,Mi9"),
    ],
)
def test_names_are_kept_in_order_and_once(given, kept):
    assert silence_text(given) == kept
    assert silence_text(kept) == kept


@pytest.mark.parametrize("given", [None, 3, b"Mi9", [3], [None], ["Mi9,C3"], 1.5])
def test_what_names_nothing_is_refused(given):
    with pytest.raises(MaxstimError, match="Name the cell types that are silenced"):
        silence_text(given)
    with pytest.raises(MaxstimError, match="Name the cell types that are silenced"):
        ms.SearchConfig(silence=given)


def test_only_what_the_types_tell_others_changes(network):
    without = silenced(network, SILENCE)
    for name in ("resting_potential", "time_constant", "synapse_sign", "synapse_count"):
        np.testing.assert_array_equal(
            getattr(without.parameters, name), getattr(network.parameters, name)
        )
    sources = np.array(network.connectome.names)[[s for s, _ in network.layout.pairs]]
    hit = np.isin(sources, SILENCE)
    assert (without.parameters.synapse_strength[hit] == 0).all()
    np.testing.assert_array_equal(
        without.parameters.synapse_strength[~hit], network.parameters.synapse_strength[~hit]
    )
    assert without.layout is network.layout and without.name == network.name
    assert without.content_hash != network.content_hash


def test_nothing_to_silence_is_the_very_network(network):
    assert silenced(network, ()) is network
    without = silenced(network, "Mi9")
    assert silenced(without, ["Mi9"]) is without
    assert silenced(silenced(network, "C3"), "Mi9").content_hash == (
        silenced(network, "Mi9,C3").content_hash
    )


def test_it_is_a_network_file_with_strengths_of_zero(network, of_file):
    movie = np.random.default_rng(0).random((30, 91))
    shown = ms.simulate(network, movie, 0.01, silence=SILENCE)
    np.testing.assert_allclose(shown, ms.simulate(of_file, movie, 0.01), rtol=0, atol=1e-6)
    assert shown.attrs["silence"] == "C3,Mi9"
    assert silenced(network, SILENCE).content_hash == of_file.content_hash
    intact = ms.simulate(network, movie, 0.01)
    assert "silence" not in intact.attrs
    assert float(abs(shown - intact).max()) > 0.1


def test_every_run_is_that_of_the_network_file(network, of_file):
    clips = ms.ArrayClips(
        "noise", ("a", "b"), list(np.random.default_rng(1).random((2, 20, 91))), 0.01
    )
    plain = dataclasses.replace(SHORT, silence="")
    search = ms.SearchConfig(silence=SILENCE)
    regular = ms.RegularizeConfig(n_iters=2, silence=SILENCE)

    def runs(asked, *, of):
        generate, regularize, find = of
        found = ms.finish(ms.search(asked, clips, find))
        yield ms.finish(ms.generate(asked, "T4c", generate))
        yield ms.generate_each([(asked, "T4c", generate)]).results()[0]
        yield ms.finish(ms.generate_many(asked, ["T4c"], (0,), generate))
        yield ms.finish(ms.regularize(asked, "T4c", clips[0], regularize))
        yield found
        yield ms.replay(asked, "T4c", clips, found, find)

    with_setting = runs(network, of=(SHORT, regular, search))
    with_file = runs(of_file, of=(plain, ms.RegularizeConfig(n_iters=2), ms.SearchConfig()))
    for silent, plain_answer in zip(with_setting, with_file, strict=True):
        assert silent.attrs["network_hash"] == plain_answer.attrs["network_hash"]
        assert silence_of(silent) == "C3,Mi9" and silence_of(plain_answer) == ""
        for name in plain_answer.data_vars:
            if plain_answer[name].dtype.kind == "f":
                np.testing.assert_allclose(silent[name], plain_answer[name], rtol=0, atol=1e-6)
    assert not SHORT.is_constrained, "silencing alone leaves flyvis's descent as it is"


def test_a_path_that_is_silenced_is_gone():
    """Of a cell that two paths lead to, what one adds is what is missing without it."""
    network = two_path_network()
    cell = network.layout.central_cells[[network.cell_type("Sum")]]
    bright = np.ones((60, EYE.n_columns))

    def response(**given):
        return float(ms.simulate(network, bright, 0.01, cells=cell, **given)[-1, 0])

    # In a bright field, A and B each have 3 - 1.4 less the other: 0.8, together 1.6. When nobody hears
    # A, B is not inhibited any more and has 1.6 by itself.
    assert response() == pytest.approx(1.6, abs=1e-3)
    assert response(silence="A") == pytest.approx(1.6, abs=1e-3)
    assert response(silence=("A", "B")) == pytest.approx(0, abs=1e-6)
    assert response(silence="R1") == pytest.approx(0, abs=1e-6)


def test_the_response_of_a_silenced_type_is_not_asked_for(network):
    clip = np.full((4, 91), 0.5)
    config = ms.GenerateConfig(silence="T4c,Mi9")
    refused = "The response of T4c is asked for"
    with pytest.raises(MaxstimError, match=refused):
        ms.generate(network, "T4c", config)
    with pytest.raises(MaxstimError, match=refused):
        ms.generate_each([(network, "T4c", config)])
    with pytest.raises(MaxstimError, match=refused):
        ms.generate_many(network, ["Mi1", "T4c"], config=config)
    with pytest.raises(MaxstimError, match=refused):
        ms.curve(network, "T4c", dataclasses.replace(config, objective="drive"))
    with pytest.raises(MaxstimError, match=refused):
        ms.restarts(network, "T4c", dataclasses.replace(config, objective="drive"))
    with pytest.raises(MaxstimError, match=refused):
        ms.regularize(network, "T4c", clip, ms.RegularizeConfig(silence="T4c"))
    clips = ms.ArrayClips("grey", ("grey",), [clip], 0.01)
    found = ms.finish(ms.search(network, clips, ms.SearchConfig(silence="T4c")))
    with pytest.raises(MaxstimError, match=refused):
        ms.replay(network, "T4c", clips, found)


def test_a_search_is_shown_with_what_was_silenced_in_it(network):
    clips = ms.ArrayClips("grey", ("grey",), [np.full((4, 91), 0.5)], 0.01)
    found = ms.finish(ms.search(network, clips, ms.SearchConfig(silence="Mi9")))
    assert silence_of(ms.replay(network, "T4c", clips, found)) == "Mi9"
    with pytest.raises(MaxstimError, match="made with Mi9 silenced, not with no cell type"):
        ms.replay(network, "T4c", clips, found, ms.SearchConfig())


def test_a_cell_type_that_there_is_not_is_refused(network):
    with pytest.raises(MaxstimError, match="no cell type 'Mi99'; did you mean"):
        ms.generate(network, "T4c", ms.GenerateConfig(silence="Mi99"))
