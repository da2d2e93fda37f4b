"""Cell types and synapses: a table of facts, bundled as CSV or read from a flyvis JSON.

The bundled table is the average visual system that flyvis 1.2.0 ships (MIT licence), made by
``scripts/make_connectome.py``; its sources are named in ``data/connectome/README.md``.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from pathlib import Path
from typing import TypeVar

import numpy as np

from maxstim_core.errors import MaxstimError

_Row = TypeVar("_Row")

ROLES = ("input", "intermediate", "output")

FILL_COUNT = 1.0
"""Synapse count that flyvis assumes where a receptive field has a gap: docs/numerics.md#filled-gaps."""

# flyvis fills the *joggled* convex hull of the listed offsets, which drops exactly these points of
# the closed hull's boundary (docs/numerics.md#filled-gaps); no rule explains them: they are named.
_NOT_FILLED = frozenset(
    {
        ("T4c", "TmY4", 3, -4),
        ("T4c", "TmY4", 4, -4),
        ("Tm1", "TmY15", 1, -1),
        ("Tm4", "C3", 2, -2),
        ("TmY9", "TmY9", 1, -2),
        ("TmY9", "TmY9", 2, -2),
        ("TmY15", "Tm4", 0, -1),
    }
)


@dataclass(frozen=True)
class CellType:
    """A cell type of the connectome.

    Attributes:
        name: For example ``T4c``.
        role: ``input`` (photoreceptor), ``intermediate`` or ``output`` (read out for optic flow).
        stride: Its cells sit in the columns where u and v are multiples of these two numbers.
    """

    name: str
    role: str
    stride: tuple[int, int]


@dataclass(frozen=True)
class Synapse:
    """All synapses between two cell types at one offset.

    Attributes:
        source: Name of the presynaptic cell type.
        target: Name of the postsynaptic cell type.
        sign: +1 excitatory, -1 inhibitory.
        du: First axial coordinate of the target relative to the source, in columns.
        dv: Second axial coordinate of the target relative to the source, in columns.
        count: Average number of synapses, positive.
        filled: Whether the count was assumed, to fill a gap in the reconstruction.
    """

    source: str
    target: str
    sign: int
    du: int
    dv: int
    count: float
    filled: bool


@dataclass(frozen=True, repr=False)
class Connectome:
    """The cell types and their synapses, in flyvis's order.

    Raises:
        MaxstimError: if the table is malformed.
    """

    cell_types: tuple[CellType, ...]
    synapses: tuple[Synapse, ...]

    def __post_init__(self) -> None:
        _validate(self.cell_types, self.synapses)

    def __repr__(self) -> str:
        return (
            f"<Connectome: {len(self.cell_types)} cell types, {len(self.synapses)} synapse offsets>"
        )

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the cell types."""
        return tuple(cell_type.name for cell_type in self.cell_types)

    @cached_property
    def index(self) -> dict[str, int]:
        """Position of each cell type by name."""
        return {name: i for i, name in enumerate(self.names)}

    @cached_property
    def content_hash(self) -> str:
        """Hexadecimal SHA-256 of the whole table."""
        return hashlib.sha256(repr((self.cell_types, self.synapses)).encode()).hexdigest()


@cache
def bundled_connectome() -> Connectome:
    """Return the connectome that comes with maxstim: 65 cell types, 2,378 synapse offsets."""
    return read_csv(Path(str(resources.files("maxstim_core"))) / "data" / "connectome")


def read_csv(folder: str | os.PathLike) -> Connectome:
    """Read ``cell_types.csv`` and ``synapses.csv`` from a folder.

    Raises:
        MaxstimError: if a file is missing or malformed.
    """
    folder = Path(folder)
    types = _rows(folder / "cell_types.csv", _cell_type_from_row)
    return Connectome(types, _rows(folder / "synapses.csv", _synapse_from_row))


def write_csv(connectome: Connectome, folder: str | os.PathLike) -> None:
    """Write ``cell_types.csv`` and ``synapses.csv``, as `read_csv` reads them."""
    folder = Path(folder)
    with open(folder / "cell_types.csv", "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["name", "role", "stride_u", "stride_v"])
        table.writerows([t.name, t.role, *t.stride] for t in connectome.cell_types)
    with open(folder / "synapses.csv", "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["source", "target", "sign", "du", "dv", "count", "filled"])
        table.writerows(
            [s.source, s.target, s.sign, s.du, s.dv, repr(s.count), int(s.filled)]
            for s in connectome.synapses
        )


def read_flyvis_json(path: str | os.PathLike) -> Connectome:
    """Read a connectome in flyvis's JSON schema, gaps filled as flyvis fills them.

    See docs/numerics.md#the-connectome and docs/numerics.md#filled-gaps.

    Raises:
        MaxstimError: if the file is missing or malformed.
    """
    path = Path(path)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        inputs, outputs = set(content["input_units"]), set(content["output_units"])
        types = tuple(
            CellType(node["name"], _role(node["name"], inputs, outputs), _stride(node["pattern"]))
            for node in content["nodes"]
        )
        synapses = tuple(synapse for edge in content["edges"] for synapse in _synapses(edge))
    except OSError as error:
        raise MaxstimError(
            f"The connectome {path} cannot be read ({error.strerror}); check the path."
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise MaxstimError(
            f"The file {path} is no flyvis connectome ({type(error).__name__}: {error}); "
            "give a JSON with nodes, edges, input_units and output_units."
        ) from error
    return Connectome(types, synapses)


def hull_gaps(offsets: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the unlisted integer points of the closed convex hull of `offsets`, in order.

    Fewer than three offsets, or offsets on one line, enclose nothing.
    """
    listed = set(offsets)
    hull = _convex_hull(sorted(listed))
    if len(hull) < 3:
        return []
    (u_low, v_low), (u_high, v_high) = np.min(hull, axis=0), np.max(hull, axis=0)
    return [
        (u, v)
        for u in range(u_low, u_high + 1)
        for v in range(v_low, v_high + 1)
        if (u, v) not in listed and _inside(hull, (u, v))
    ]


def _synapses(edge: dict) -> Iterable[Synapse]:
    source, target, sign = edge["src"], edge["tar"], int(edge["alpha"])
    listed = [(int(du), int(dv)) for (du, dv), _ in edge["offsets"]]
    for (du, dv), (_, count) in zip(listed, edge["offsets"], strict=True):
        yield Synapse(source, target, sign, du, dv, float(count), False)
    for du, dv in hull_gaps(listed):
        if (source, target, du, dv) not in _NOT_FILLED:
            yield Synapse(source, target, sign, du, dv, FILL_COUNT, True)


def _role(name: str, inputs: set[str], outputs: set[str]) -> str:
    return "input" if name in inputs else "output" if name in outputs else "intermediate"


def _stride(pattern: list) -> tuple[int, int]:
    kind, value = pattern
    if kind == "stride":
        return int(value[0]), int(value[1])
    if kind == "tile":
        return int(value), int(value)
    raise ValueError(f"unknown pattern {kind!r}")


def _convex_hull(points: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Corners of the hull of sorted points, counter-clockwise (Andrew's monotone chain)."""

    def chain(ordered: list[tuple[int, int]]) -> list[tuple[int, int]]:
        corners: list[tuple[int, int]] = []
        for point in ordered:
            while len(corners) >= 2 and _turn(corners[-2], corners[-1], point) <= 0:
                corners.pop()
            corners.append(point)
        return corners[:-1]

    return chain(points) + chain(points[::-1])


def _inside(hull: list[tuple[int, int]], point: tuple[int, int]) -> bool:
    sides = zip(hull, hull[1:] + hull[:1], strict=True)
    return all(_turn(a, b, point) >= 0 for a, b in sides)


def _turn(a: tuple[int, int], b: tuple[int, int], c: tuple[int, int]) -> int:
    """Twice the signed area of the triangle abc: positive if it turns left."""
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _cell_type_from_row(row: dict[str, str]) -> CellType:
    return CellType(row["name"], row["role"], (int(row["stride_u"]), int(row["stride_v"])))


def _synapse_from_row(row: dict[str, str]) -> Synapse:
    return Synapse(
        source=row["source"],
        target=row["target"],
        sign=int(row["sign"]),
        du=int(row["du"]),
        dv=int(row["dv"]),
        count=float(row["count"]),
        filled={"0": False, "1": True}[row["filled"]],
    )


def _rows(path: Path, parse: Callable[[dict[str, str]], _Row]) -> tuple[_Row, ...]:
    try:
        with open(path, newline="", encoding="utf-8") as file:
            table = csv.DictReader(file)
            return tuple(_parsed(parse, row, path, table.line_num) for row in table)
    except OSError as error:
        raise MaxstimError(
            f"The connectome table {path} cannot be read ({error.strerror}); check the folder."
        ) from error
    except (csv.Error, UnicodeDecodeError) as error:
        raise MaxstimError(f"The file {path} is no CSV table ({error}).") from error


def _parsed(
    parse: Callable[[dict[str, str]], _Row], row: dict[str, str], path: Path, line: int
) -> _Row:
    try:
        return parse(row)
    except (KeyError, TypeError, ValueError) as error:
        raise MaxstimError(
            f"Line {line} of {path} cannot be read ({type(error).__name__}: {error}); "
            "compare it with the table that comes with maxstim."
        ) from error


def _validate(cell_types: tuple[CellType, ...], synapses: tuple[Synapse, ...]) -> None:
    names = [cell_type.name for cell_type in cell_types]
    if not names:
        raise MaxstimError("The connectome has no cell types; give at least one.")
    for name in names:
        if names.count(name) > 1:
            raise MaxstimError(f"The connectome lists the cell type {name} twice; remove one.")
    for cell_type in cell_types:
        if cell_type.role not in ROLES:
            raise MaxstimError(
                f"The role of {cell_type.name} must be one of {', '.join(ROLES)}, "
                f"not {cell_type.role!r}."
            )
        if min(cell_type.stride) < 1:
            raise MaxstimError(f"The stride of {cell_type.name} must be 1 or more in u and v.")
        if cell_type.role == "input" and cell_type.stride != (1, 1):
            raise MaxstimError(f"The input type {cell_type.name} must have a cell in every column.")
    if not any(cell_type.role == "input" for cell_type in cell_types):
        raise MaxstimError("The connectome has no input cell type; give at least one.")
    signs: dict[tuple[str, str], int] = {}
    offsets: set[tuple[str, str, int, int]] = set()
    for synapse in synapses:
        pair = (synapse.source, synapse.target)
        where = f"The synapse {synapse.source} to {synapse.target} ({synapse.du}, {synapse.dv})"
        for name in pair:
            if name not in names:
                raise MaxstimError(f"{where} names the unknown cell type {name}.")
        if synapse.sign not in (-1, 1):
            raise MaxstimError(f"{where} must have sign +1 or -1, not {synapse.sign}.")
        if not (np.isfinite(synapse.count) and synapse.count > 0):
            raise MaxstimError(f"{where} must have a positive count, not {synapse.count}.")
        if signs.setdefault(pair, synapse.sign) != synapse.sign:
            raise MaxstimError(f"{where} differs in sign from others of the same pair.")
        if (*pair, synapse.du, synapse.dv) in offsets:
            raise MaxstimError(f"{where} is listed twice; remove one.")
        offsets.add((*pair, synapse.du, synapse.dv))
