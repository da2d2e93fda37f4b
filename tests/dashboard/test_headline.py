"""What the headline says of an answer: what it was made for, in which units, with how much contrast."""

import html
import re

import numpy as np
import pytest

import maxstim_core as ms
from dashboard.views.headline import answer_heading
from maxstim_core.export.captions import figure_notes
from maxstim_core.optimal.constraints import contrast_energy
from maxstim_core.optimal.response_units import response_units
from maxstim_core.optimal.result import at_best
from maxstim_core.runs.library import the_library
from maxstim_core.settings import minus_signed

SHORT = {"t_stim": 0.1, "n_iters": 4}


@pytest.fixture(scope="module")
def grown():
    """Grow a short movie for T4c of the default network."""
    network = ms.open_network("default")

    def grow(**settings):
        return ms.finish(ms.generate(network, "T4c", ms.GenerateConfig(**SHORT, **settings)))

    return grow


def facts(answer):
    """Return the facts of a headline, by which they begin."""
    line = re.search(r"<p[^>]*>(.*)</p>", answer_heading(answer))[1]
    return html.unescape(line).split(" · ")


def rms_above_grey(voltage):
    network = ms.open_network("default")
    units, kind = response_units(network), network.cell_type("T4c")
    return (voltage - units.grey[kind]) / units.rms[kind]


def test_an_objective_in_units_of_rms_tells_its_peak_in_them(grown):
    answer = grown(objective="drive", energy=5.0, rings=4)
    said = facts(answer)
    peak = float(answer["central_response"].max())
    assert said[0].startswith(
        f"peak {peak:.3g} a.u., {rms_above_grey(peak):.2f} RMS above grey, at "
    )
    assert said[1:3] == ["made with objective “Drive the cell”, rings 4", "contrast energy 5"]


def test_a_suppressed_cell_is_told_by_its_lowest_voltage(grown):
    answer = grown(objective="suppress", energy=5.0)
    lowest = float(answer["central_response"].min())
    scaled = rms_above_grey(lowest)
    assert scaled < 0
    wanted = f"lowest {lowest:.3g} a.u., {scaled:.2f} RMS above grey, at ".replace("-", "−")
    assert facts(answer)[0].startswith(wanted)
    assert "made with objective “Suppress the cell”" in facts(answer)


def test_the_contrast_energy_is_that_of_the_movie_on_show(grown):
    answer = grown()
    said = facts(answer)
    assert f"contrast energy {contrast_energy(answer['stimulus'].values):.3g}" in said
    assert not any("made with" in fact or "RMS above" in fact for fact in said)
    best = at_best(
        answer.assign(
            best_stimulus=answer["stimulus"] * 0 + 0.6,
            best_response=answer["response"],
            best_central_response=answer["central_response"],
        )
    )
    energy = 0.01 * answer["stimulus"].size
    assert f"contrast energy {energy:.3g}" in facts(best)
    assert best.attrs["contrast_energy"] == pytest.approx(energy, rel=1e-5)


def test_answers_that_were_stored_before_there_were_objectives_have_it_too():
    library = the_library()
    answer = library.open(library.example().key)
    assert "contrast_energy" not in answer.attrs
    energy = float(np.square(answer["stimulus"].values - 0.5).sum())
    assert f"contrast energy {energy:.3g}" in facts(answer)


def test_a_figure_says_what_its_movie_was_made_for(grown):
    notes = figure_notes(grown(objective="contrast:T4a,T4b", energy=5.0))
    assert "objective “Drive it, and not others (T4a, T4b)” · contrast energy 5 · peak" in notes[0]


def test_whether_a_contrast_holds_is_among_the_facts(grown):
    answer = grown(objective="contrast:T4a,T4b", energy=5.0)
    assert answer.attrs["contrast"].startswith("The contrast ")
    assert minus_signed(answer.attrs["contrast"].rstrip(".")) in facts(answer)


def test_what_a_cell_does_under_grey_is_not_what_it_does_in_the_first_frame(grown):
    network = ms.open_network("default")
    answer = ms.finish(ms.generate(network, "R1", ms.GenerateConfig(**SHORT, silence="Am")))
    cell = network.layout.central_cells[[network.cell_type("R1")]]
    screen = np.full((1, network.lattice.n_columns), 0.5)
    grey = ms.simulate(network, screen, 0.01, silence="Am", cells=cell).item()
    assert answer.attrs["grey_voltage"] == pytest.approx(grey, rel=1e-3)
    assert abs(float(answer["central_response"][0]) - grey) > 0.01 * abs(grey)
    assert f"({grey:.2g} under grey" in facts(answer)[0]


def test_of_answers_stored_before_that_was_told_the_network_tells_it():
    answer = the_library().open("R1-generated")
    assert "grey_voltage" not in answer.attrs
    network = ms.open_network("default")
    grey = response_units(network).grey[network.cell_type("R1")]
    assert f"({grey:.2g} under grey" in facts(answer)[0]
    other = answer.assign_attrs(network_hash="of another")
    assert f"({float(answer['central_response'][0]):.2g} in the first frame" in facts(other)[0]
