"""Contributions: exact for every cell type, and known where a network is simple."""

import json

import numpy as np
import pytest
from solvable_networks import EYE, linear_network, two_path_network

import maxstim_core as ms
from maxstim_core.conventions import frames_in
from maxstim_core.errors import MaxstimError
from maxstim_core.mechanism.contributions import taken_apart
from maxstim_core.mechanism.report import contributions_lines, contributions_report
from maxstim_core.simulation.choose_engine import make_engine

LONG = 200
"""Frames after which a network has settled."""


@pytest.fixture(scope="module")
def network():
    return ms.open_network("default")


@pytest.fixture(scope="module")
def movie(network):
    """Noise that lasts some frames, so that cells are driven both ways."""
    drawn = np.random.default_rng(0).random((8, network.lattice.n_columns))
    return np.repeat(drawn, 5, axis=0)


@pytest.mark.parametrize(("dtype", "dt"), [("float32", 0.01), ("float32", 0.04), ("float64", 0.04)])
def test_they_are_the_current_of_every_cell_type(network, movie, dtype, dt):
    """Of all 65, in every frame, within 1e-5 of the sum of absolute contributions: what voltages say.

    What a voltage says of a current is as uncertain as the voltage is rounded, times tau / dt: next to
    nothing in float64, in which the whole eye would take minutes.
    """
    if dtype == "float64":
        network, movie = ms.open_network("default", extent=5), movie[:20]
    engine = make_engine(network, dtype=dtype)
    movie = movie[:, : network.lattice.n_columns].astype(dtype)
    seen = engine.simulate(movie, dt, cells=network.layout.central_cells)
    for kind, cell_type in enumerate(network.connectome.cell_types):
        found = taken_apart(engine, cell_type.name, movie, dt).to_dataset()
        voltage = found.central_response.values
        np.testing.assert_allclose(voltage, seen[:, kind], rtol=0, atol=1e-6)
        rest, stimulus = float(found.resting_potential), found.stimulus_contribution.values
        parts = found.contribution.values
        whole = abs(rest) + np.abs(stimulus) + np.abs(parts).sum(1)
        summed = rest + stimulus + parts.sum(1)
        assert (np.abs(found.current.values - summed) <= 1e-12 * whole).all()

        before = np.append(found.grey_voltage, voltage[:-1])
        slowness = max(float(network.parameters.time_constant[kind]), dt) / dt
        of_voltages = before + (voltage - before) * slowness
        rounding = np.finfo(dtype).eps * slowness * (np.abs(voltage) + np.abs(before))
        wrong = np.abs(summed - of_voltages)
        assert (wrong <= 1e-5 * whole + rounding).all(), cell_type.name
        assert np.median(wrong / whole) < 1e-6, cell_type.name


def test_the_voltage_is_divided_without_remainder(network, movie):
    engine = make_engine(network)
    movie = movie.astype(np.float32)
    for cell_type in network.connectome.cell_types:
        found = taken_apart(engine, cell_type.name, movie, 0.01).to_dataset()
        rest, parts = float(found.resting_potential), found.contribution.values
        both = found.excitation.values + found.inhibition.values
        np.testing.assert_allclose(both, parts.sum(1), rtol=0, atol=1e-12)
        assert set(found.sign.values.tolist()) <= {1, -1}
        assert (parts * found.sign.values >= 0).all()
        if cell_type.role == "input":
            seen = movie[:, network.lattice.center]
            np.testing.assert_array_equal(found.stimulus_contribution, seen)
            continue
        assert (found.stimulus_contribution == 0).all()
        in_voltage = rest + found.voltage_contribution.values.sum(1)
        np.testing.assert_allclose(in_voltage, found.central_response, rtol=0, atol=2e-5)
        in_grey = rest + float(found.grey_voltage_contribution.sum())
        assert in_grey == pytest.approx(float(found.grey_voltage), abs=2e-5)


def test_columns_add_up_to_their_type(network, movie):
    found = ms.contributions(network, "T4c", movie, 0.01, columns_of="Mi9")
    columns = found.column_contribution
    assert columns.dims == ("frame", "column")
    made = np.isfinite(columns.values[0])
    assert 1 < made.sum() < 20
    np.testing.assert_array_equal(np.isfinite(columns.values), np.tile(made, (len(movie), 1)))
    summed = np.nansum(columns.values, 1)
    np.testing.assert_allclose(summed, found.contribution.sel(source_type="Mi9"), atol=1e-12)
    layout, kind, mi9 = network.layout, network.cell_type("T4c"), network.cell_type("Mi9")
    taps = (layout.tap_target == kind) & (layout.tap_source == mi9)
    offsets = {(-u, -v) for u, v in zip(layout.tap_du[taps], layout.tap_dv[taps], strict=True)}
    assert set(zip(found.u.values[made], found.v.values[made], strict=True)) == offsets


def test_the_edges_onto_the_central_cell_are_those_of_the_layout():
    layout = ms.open_network("prior", extent=3).layout
    sources, targets, taps = layout.edges
    for kind, center in enumerate(layout.central_cells):
        onto = targets == center
        expected = set(zip(sources[onto].tolist(), taps[onto].tolist(), strict=True))
        cells, found = layout.onto_center(kind)
        assert set(zip(cells.tolist(), found.tolist(), strict=True)) == expected
        assert len(cells) == onto.sum()


@pytest.mark.parametrize("luminance", [0.0, 0.5, 0.8])
def test_a_linear_cell_in_a_settled_field(luminance):
    """R1 has 1 + x; L1 hears it once and has 5 + 1 + x; L2 hears L1, and six R1 at -0.15 each."""
    network = linear_network()
    field = np.full((LONG, EYE.n_columns), luminance)
    found = ms.contributions(network, "L2", field, 0.01, columns_of="R1")
    last = found.isel(frame=-1)
    assert found.source_type.values.tolist() == ["R1", "L1"]
    assert found.sign.values.tolist() == [-1, 1]
    expected = [-0.9 * (1 + luminance), 6 + luminance]
    np.testing.assert_allclose(last.contribution, expected, atol=1e-5)
    np.testing.assert_allclose(last.voltage_contribution, expected, atol=1e-5)
    assert float(last.inhibition) == pytest.approx(expected[0], abs=1e-5)
    assert float(last.excitation) == pytest.approx(expected[1], abs=1e-5)
    assert float(last.current) == pytest.approx(sum(expected), abs=1e-5)
    assert float(last.central_response) == pytest.approx(sum(expected), abs=1e-5)
    columns = last.column_contribution.values
    assert np.isfinite(columns).sum() == 6 and np.isnan(columns[EYE.center])
    np.testing.assert_allclose(columns[np.isfinite(columns)], -0.15 * (1 + luminance), atol=1e-5)


def test_a_photoreceptor_has_the_stimulus_alone():
    found = ms.contributions(linear_network(), "R1", np.full((3, EYE.n_columns), 0.8), 0.01)
    assert found.sizes["source_type"] == 0
    np.testing.assert_allclose(found.current, 1.8, atol=1e-6)
    with pytest.raises(MaxstimError, match="it has no input types"):
        ms.contributions(
            linear_network(), "R1", np.full((3, EYE.n_columns), 0.8), 0.01, columns_of="L1"
        )


def test_what_synapses_add_first_is_what_they_add_in_grey():
    network = linear_network()
    found = ms.contributions(network, "L2", np.ones((3, EYE.n_columns)), 0.01)
    grey = np.full((frames_in(1.0, 0.01), EYE.n_columns), 0.5)
    in_grey = ms.contributions(network, "L2", grey, 0.01).isel(frame=-1)
    np.testing.assert_allclose(
        found.contribution.isel(frame=0), in_grey.contribution, rtol=0, atol=1e-5
    )


def test_a_silenced_type_adds_nothing():
    network = two_path_network()
    bright = np.ones((LONG, EYE.n_columns))
    found = ms.contributions(network, "Sum", bright, 0.01, silence="A")
    last = found.isel(frame=-1).contribution
    np.testing.assert_allclose(last, [0, 1.6], atol=1e-3)
    assert found.attrs["silence"] == "A"
    assert found.attrs["network_hash"] == ms.silenced(network, "A").content_hash


def test_the_report_is_json_and_adds_up(network, movie):
    found = ms.contributions(network, "T4c", movie, 0.01, columns_of="Mi1")
    report = contributions_report(found)
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    above = sum(each["above_grey_at_peak"] for each in report["sources"])
    assert above == pytest.approx(report["peak_voltage"] - report["grey_voltage"], abs=2e-5)
    assert report["central_response"][report["peak_frame"]] == report["peak_voltage"]
    at_first = sum(each["contribution"][0] for each in report["columns"])
    mi1 = next(each for each in report["sources"] if each["source_type"] == "Mi1")
    assert at_first == pytest.approx(mi1["contribution"][0], abs=1e-12)
    lines = contributions_lines(report)
    assert lines[0].startswith("T4c of default: highest voltage")
    assert len(lines) == 3 + len(report["sources"])


def test_a_result_is_saved_and_read(network, movie, tmp_path):
    found = ms.contributions(network, "T4c", movie, 0.01, columns_of="Mi9")
    ms.save(found, tmp_path / "c.nc")
    again = ms.load(tmp_path / "c.nc")
    np.testing.assert_array_equal(again.contribution, found.contribution)
    for name in found.data_vars:
        assert again[name].attrs["units"] == "arbitrary units", name


def test_every_variable_has_a_unit(network, movie):
    found = ms.contributions(network, "T4c", movie, 0.01)
    for name, variable in found.variables.items():
        assert variable.attrs.get("units") or name == "source_type", name


def test_two_movies_are_not_taken(network, movie):
    with pytest.raises(MaxstimError, match="give one movie"):
        ms.contributions(network, "T4c", np.stack([movie, movie]), 0.01)
