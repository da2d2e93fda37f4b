"""The bundled table, the flyvis JSON, and what is refused."""

import csv
import json
from dataclasses import replace

import pytest

from maxstim_core.errors import MaxstimError
from maxstim_core.networks.connectome import (
    CellType,
    Connectome,
    Synapse,
    bundled_connectome,
    hull_gaps,
    read_csv,
    read_flyvis_json,
    write_csv,
)

EYE = CellType("R1", "input", (1, 1))
CELL = CellType("Mi1", "output", (1, 1))
SYNAPSE = Synapse("R1", "Mi1", 1, 0, 0, 2.5, False)


def test_counts_of_the_bundled_table():
    connectome = bundled_connectome()
    assert len(connectome.cell_types) == 65
    assert len({(s.source, s.target) for s in connectome.synapses}) == 605
    assert sum(not s.filled for s in connectome.synapses) == 2140
    assert sum(s.filled for s in connectome.synapses) == 238
    roles = [cell_type.role for cell_type in connectome.cell_types]
    assert [roles.count(role) for role in ("input", "intermediate", "output")] == [8, 23, 34]
    assert {t.name for t in connectome.cell_types if t.stride != (1, 1)} == {"Lawf1", "Lawf2"}


def test_filled_offsets_are_flyvis_s_in_order(shared_reference):
    with open(shared_reference.parent / "spec" / "flyvis_filled_offsets.csv") as file:
        rows = [(r["src"], r["tar"], int(r["du"]), int(r["dv"])) for r in csv.DictReader(file)]
    filled = [s for s in bundled_connectome().synapses if s.filled]
    assert [(s.source, s.target, s.du, s.dv) for s in filled] == rows


def test_mi9_to_t4a_as_in_the_spec():
    taps = [s for s in bundled_connectome().synapses if (s.source, s.target) == ("Mi9", "T4a")]
    assert [(s.du, s.dv) for s in taps[:2]] == [(-1, 0), (0, 1)]
    assert taps[0].count == pytest.approx(1.0714, abs=1e-4)
    fills = [(s.du, s.dv) for s in taps if s.filled]
    assert fills == [(-3, 0), (-2, -1), (-2, 0), (1, 0), (1, 1)]
    assert all(s.count == 1 for s in taps if s.filled)


def test_collinear_offsets_enclose_nothing():
    assert hull_gaps([(0, 0), (2, 0), (4, 0)]) == []


def test_gaps_include_the_boundary_in_order():
    assert hull_gaps([(0, 0), (2, 0), (0, 2)]) == [(0, 1), (1, 0), (1, 1)]


def test_csv_round_trip(tmp_path):
    write_csv(bundled_connectome(), tmp_path)
    assert read_csv(tmp_path) == bundled_connectome()


def test_reads_flyvis_json(tmp_path):
    node = {"pattern": ["stride", [1, 1]], "bias": 3.5}
    content = {
        "nodes": [{"name": "R1", **node}, {"name": "Mi1", **node}],
        "edges": [{"src": "R1", "tar": "Mi1", "alpha": 1, "offsets": [[[0, 0], 2.5]]}],
        "input_units": ["R1"],
        "output_units": ["Mi1"],
    }
    path = tmp_path / "connectome.json"
    path.write_text(json.dumps(content))
    assert read_flyvis_json(path) == Connectome((EYE, CELL), (SYNAPSE,))


@pytest.mark.parametrize("text", ["", "[]", '{"nodes": []}', '{"nodes": 3, "edges": 4}'])
def test_refuses_what_is_no_flyvis_json(tmp_path, text):
    path = tmp_path / "connectome.json"
    path.write_text(text)
    with pytest.raises(MaxstimError, match="no flyvis connectome"):
        read_flyvis_json(path)


def test_refuses_a_missing_file(tmp_path):
    with pytest.raises(MaxstimError, match="cannot be read"):
        read_flyvis_json(tmp_path / "none.json")
    with pytest.raises(MaxstimError, match="cannot be read"):
        read_csv(tmp_path)


@pytest.mark.parametrize(
    ("types", "synapses", "sentence"),
    [
        ((), (), "no cell types"),
        ((EYE, EYE), (), "R1 twice"),
        ((replace(EYE, role="eye"),), (), "role of R1"),
        ((replace(EYE, stride=(0, 1)),), (), "stride of R1"),
        ((replace(EYE, stride=(2, 1)),), (), "in every column"),
        ((CELL,), (), "no input cell type"),
        ((EYE,), (SYNAPSE,), "unknown cell type Mi1"),
        ((EYE, CELL), (replace(SYNAPSE, sign=0),), "sign"),
        ((EYE, CELL), (replace(SYNAPSE, count=-1.0),), "positive count"),
        ((EYE, CELL), (replace(SYNAPSE, count=float("nan")),), "positive count"),
        ((EYE, CELL), (SYNAPSE, SYNAPSE), "listed twice"),
        ((EYE, CELL), (SYNAPSE, replace(SYNAPSE, sign=-1, du=1)), "differs in sign"),
    ],
)
def test_refuses_a_malformed_table(types, synapses, sentence):
    with pytest.raises(MaxstimError, match=sentence) as refusal:
        Connectome(types, synapses)
    assert "\n" not in str(refusal.value)


def test_names_the_line_that_cannot_be_read(tmp_path):
    write_csv(bundled_connectome(), tmp_path)
    path = tmp_path / "synapses.csv"
    lines = path.read_text().splitlines()
    lines[41] = lines[41].replace(",0,", ",zero,", 1)
    path.write_text("\n".join(lines))
    with pytest.raises(MaxstimError, match="Line 42"):
        read_csv(tmp_path)
