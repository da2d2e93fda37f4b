"""Silencing one type after the other: rows are those of silenced networks, and the docs are right."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from solvable_networks import EYE, linear_network

import maxstim_core as ms
from maxstim_core.mechanism.report import silencing_lines, silencing_report
from maxstim_core.networks.bundled import ensemble

ROOT = Path(__file__).resolve().parents[2]
DOCS = (ROOT / "docs" / "mechanism.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def network():
    return ms.open_network("default")


@pytest.fixture(scope="module")
def generated():
    """The movie of T4c that comes with maxstim."""
    answer = ms.load(ROOT / "maxstim_core" / "data" / "examples" / "T4c-generated.nc")
    return answer.stimulus.values


def above_grey(found):
    return dict(
        zip(
            found.silenced.values.tolist(),
            (found.peak_voltage - found.grey_voltage).values.tolist(),
            strict=True,
        )
    )


def test_every_row_is_a_silenced_network(network):
    movie = np.random.default_rng(2).random((20, network.lattice.n_columns))
    found = ms.silencing_effects(network, "T4c", movie, 0.01)
    cell = network.layout.central_cells[[network.cell_type("T4c")]]
    names = found.silenced.values.tolist()
    inputs = ms.contributions(network, "T4c", movie, 0.01).source_type.values.tolist()
    assert names == ["none", *inputs]
    grey, begin = np.full((100, network.lattice.n_columns), 0.5), {"initial_state": "rest"}
    for name in ("none", "Mi9", "CT1(M10)", "T4c"):
        row = found.sel(silenced=name)
        silence = () if name == "none" else (name,)
        shown = ms.simulate(network, movie, 0.01, cells=cell, silence=silence)[:, 0]
        np.testing.assert_allclose(row.central_response, shown, rtol=0, atol=1e-6)
        assert float(row.peak_voltage) == pytest.approx(float(shown.max()), abs=1e-6)
        in_grey = ms.simulate(network, grey, 0.01, cells=cell, silence=silence, **begin)
        assert float(row.grey_voltage) == pytest.approx(float(in_grey[-1, 0]), abs=1e-6)


def test_a_linear_cell_loses_what_a_type_adds():
    """In a field of 0.8 for long: L2 has 5 + 1.8 from L1, and -0.9 · 1.8 from six R1."""
    network = linear_network()
    found = ms.silencing_effects(network, "L2", np.full((200, EYE.n_columns), 0.8), 0.01)
    last = found.central_response.isel(frame=-1)
    np.testing.assert_allclose(last, [6.8 - 1.62, 5.0, -1.62], atol=1e-4)
    np.testing.assert_allclose(found.grey_voltage, [6.5 - 1.35, 5.0, -1.35], atol=1e-4)


def test_what_is_silenced_besides_stays_silenced(network):
    movie = np.random.default_rng(3).random((10, network.lattice.n_columns))
    found = ms.silencing_effects(network, "T4c", movie, 0.01, ["Mi1"], silence="Mi9")
    both = ms.silencing_effects(ms.silenced(network, "Mi9"), "T4c", movie, 0.01, ["Mi1"])
    np.testing.assert_array_equal(found.central_response, both.central_response)
    assert found.attrs["silence"] == "Mi9"


def test_the_report_says_what_is_left(network, generated):
    report = silencing_report(ms.silencing_effects(network, "T4c", generated, 0.01, ["Mi1", "Mi9"]))
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    assert [row["silenced"] for row in report["silenced"]] == ["none", "Mi1", "Mi9"]
    intact = report["silenced"][0]
    assert intact["share"] == 1
    for row in report["silenced"]:
        assert row["above_grey"] == row["peak_voltage"] - row["grey_voltage"]
        assert row["share"] == pytest.approx(row["above_grey"] / intact["above_grey"])
    lines = silencing_lines(report)
    assert [line.split()[-1] for line in lines[3:]] == ["none", "Mi1", "Mi9"]


def test_the_table_of_the_docs_is_what_is_computed(network, generated):
    rows = re.findall(r"^\| ([A-Z][\w()]*) \|" + r" (-?[\d.]+) \|" * 4 + "$", DOCS, re.MULTILINE)
    assert len(rows) == 9
    found = ms.contributions(network, "T4c", generated, 0.01)
    peak = int(np.argmax(found.central_response.values))
    assert peak == len(generated) - 1
    top, grey = float(found.central_response[peak]), float(found.grey_voltage)
    assert f"{top:.3f}, {top - grey:.3f} above grey" in DOCS.replace("\n", " ")
    without = ms.silencing_effects(network, "T4c", generated, 0.01)
    rise = above_grey(without)
    for name, *told in rows:
        source = found.sel(source_type=name)
        in_grey, at_peak = (
            float(source.grey_voltage_contribution),
            float(source.voltage_contribution[peak]),
        )
        share = rise[name] / rise["none"]
        computed = [in_grey, at_peak, at_peak - in_grey]
        np.testing.assert_allclose([float(each) for each in told[:3]], computed, atol=1.1e-3)
        assert float(told[3]) == pytest.approx(share, abs=0.011)
    named = {name for name, *_ in rows}
    rest = found.isel(source_type=~np.isin(found.source_type.values, [*named]))
    change = rest.voltage_contribution[peak] - rest.grey_voltage_contribution
    assert float(abs(change).sum()) < 0.02, "what the table leaves out"
    excited = sum(float(row[3]) for row in rows if row[0] in ("Mi1", "Tm3"))
    assert f"{excited:.2f} of the {top - grey:.2f}" in DOCS


def test_what_the_docs_say_of_an_edge(network):
    clips = ms.open_clips("probes")
    up, down = (clips[ms.clip_named(clips, f"ON edge, {d}°, 19 col/s")] for d in (90, 270))
    lifted = above_grey(ms.silencing_effects(network, "T4c", down, clips.dt))
    told = {"none": 0.03, "C3": 0.23, "Mi4": 0.44, "CT1(M10)": 2.84}
    for name, rise in told.items():
        assert lifted[name] == pytest.approx(rise, abs=0.01)
    preferred = above_grey(ms.silencing_effects(network, "T4c", up, clips.dt, []))["none"]
    assert preferred == pytest.approx(2.37, abs=0.01)


def test_what_the_docs_say_of_ten_networks(generated):
    clips = ms.open_clips("probes")
    down = clips[ms.clip_named(clips, "ON edge, 270°, 19 col/s")]
    left, lifted, freed = {name: [] for name in ("Mi1", "Tm3", "T4c", "Mi9")}, [], []
    members = ensemble()
    assert len(members) == 10
    for name in members:
        network = ms.open_network(name)
        rise = above_grey(ms.silencing_effects(network, "T4c", generated, 0.01, [*left]))
        for silenced, shares in left.items():
            shares.append(rise[silenced] / rise["none"])
        edge = above_grey(ms.silencing_effects(network, "T4c", down, clips.dt, ["CT1(M10)"]))
        lifted.append(edge["none"])
        freed.append(edge["CT1(M10)"])
    spans = {name: (round(min(of), 2), round(max(of), 2)) for name, of in left.items()}
    assert spans["Mi1"][1] <= 0.24
    assert spans["Tm3"] == pytest.approx((0.41, 0.83), abs=0.011)
    assert spans["T4c"] == pytest.approx((0.43, 0.94), abs=0.011)
    assert spans["Mi9"] == pytest.approx((0.67, 0.87), abs=0.011)
    assert max(lifted) <= 0.175 and min(freed) >= 1.4
