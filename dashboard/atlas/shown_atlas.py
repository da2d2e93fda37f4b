"""The packed atlas that pages show: read and packed in a thread, once for all pages."""

from __future__ import annotations

import json
import os
from functools import cached_property, lru_cache
from pathlib import Path, PurePath
from typing import Any

import numpy as np
import xarray as xr

from dashboard.components.hexplayer.component import pack
from dashboard.text.cell_types import grouped
from dashboard.views.sweep_table import packed_films
from maxstim_core.atlas.bundle import bundle_file, bundled_movies, comparison_of, open_bundle
from maxstim_core.atlas.report import atlas_report
from maxstim_core.drawing.peak import peak_frame, telling_frame
from maxstim_core.errors import MaxstimError
from maxstim_core.export.captions import describe_settings
from maxstim_core.lattice import Lattice
from maxstim_core.optimal.generate_config import GenerateConfig
from maxstim_core.storage.grid_store import COMPLETE

NO_ATLAS = (
    "There is no atlas on this server; who runs it makes one by the command maxstim atlas make, in "
    "about a quarter of an hour on two cores."
)
"""What the page says where there is none."""


class ShownAtlas:
    """A packed atlas in memory, and what of it has been packed for browsers so far. One thread packs.

    Args:
        bundle: As of `maxstim_core.atlas.bundle.open_bundle`.

    Attributes:
        networks: Names of its networks.
        labels: What they are called on the page: names without paths.
        cell_types: Names of its cell types.
    """

    def __init__(self, bundle: xr.Dataset) -> None:
        self._bundle = bundle
        self._lattice = Lattice.of(bundle["u"].values, bundle["v"].values)
        self._dt = float(bundle.attrs["dt"])
        self._there = bundle["status"].values == COMPLETE
        self._tiles: dict[tuple[str, int], bytes] = {}
        self.networks = [str(name) for name in bundle["network"].values]
        self.labels = [_spoken(name) for name in self.networks]
        self.cell_types = [str(name) for name in bundle["cell_type"].values]

    @property
    def config(self) -> GenerateConfig | None:
        """The settings of its answers; None where they are of another version."""
        try:
            return GenerateConfig(**json.loads(self._bundle.attrs["config"]))
        except (KeyError, TypeError, ValueError, MaxstimError):
            return None

    @cached_property
    def about(self) -> dict[str, Any]:
        """What browsers are told of all of it."""
        found = comparison_of(self._bundle)
        report = atlas_report(self._bundle, found)
        families = {
            name: title for title, names in grouped(self.cell_types).items() for name in names
        }
        rank = {name: k for k, name in enumerate(families)}
        told = ("likeness_mean", "likeness_least", "groups", "response", "transfer", "answers")
        return {
            "networks": self.labels,
            "types": [
                {
                    "name": name,
                    "family": families[name],
                    "rank": rank[name],
                    **{each: row[each] for each in told},
                }
                for name, row in zip(self.cell_types, report["cell_types"], strict=True)
            ],
            "settings": self._settings
            or f"objective {report['objective']} · seed {report['seed']}",
            "group": found["group"][1].tolist(),
            "place": found["place"][1].tolist(),
            "sentences": report["sentences"],
            "threshold": report["threshold"],
        }

    @property
    def _settings(self) -> str:
        """The settings of its answers in words; nothing where they are of another version."""
        about, config = self._bundle.attrs, self.config
        return (
            ""
            if config is None
            else describe_settings(config.method, about["config"], config.n_iters)
        )

    def tiles(self, kind: str, number: int) -> bytes:
        """Return the answers of one network, or those to one cell type, as tiles: one block.

        In the header ``kind`` and ``number``, and of each tile whether it is ``there`` and its ``peak``;
        ``still`` is a frame of each, 255 is white, shape (tile, column), and ``central`` the voltage of
        the central cell, shape (tile, frame). Those of a cell type have their ``alike``, shape (network,
        network), too.

        Args:
            kind: ``network`` or ``cell_type``.
            number: Which.
        """
        key = kind, number
        if key not in self._tiles:
            self._tiles[key] = self._packed(kind, number)
        return self._tiles[key]

    def _packed(self, kind: str, number: int) -> bytes:
        part = self._bundle.isel({kind: number})
        there = part["status"].values == COMPLETE
        central = part["central_response"].values.astype("<f4")
        peaks = [peak_frame(trace) for trace in central]
        stills = np.stack(
            [
                movie[telling_frame(movie, self._lattice, peak, self._dt)]
                for movie, peak in zip(bundled_movies(part), peaks, strict=True)
            ]
        )
        arrays = {
            **self._places(),
            "still": np.rint(255 * np.clip(stills, 0, 1)).astype(np.uint8),
            "central": central,
        }
        if kind == "cell_type":
            arrays["alike"] = self._bundle["likeness"].values[number].astype("<f4")
        header = {"kind": kind, "number": number, "there": there.tolist(), "peak": peaks}
        return pack(header, arrays)

    def films(self, wanted: list[tuple[int, int]]) -> bytes:
        """Return whole movies as one block: `packed_films`, each called ``CELL_TYPE:NETWORK``.

        Args:
            wanted: Numbers of cell type and network of each; those that are not there are left out.
        """
        films = [(f"{k}:{j}", self._film(k, j)) for k, j in wanted if self._there[k, j]]
        return packed_films(films) if films else b""

    def _film(self, cell_type: int, network: int) -> xr.Dataset:
        one = self._bundle.isel(cell_type=cell_type, network=network)
        return xr.Dataset(
            {
                "stimulus": (("frame", "column"), bundled_movies(one)),
                "central_response": ("frame", one["central_response"].values),
            },
            {"u": ("column", self._lattice.u), "v": ("column", self._lattice.v)},
            {"dt": self._dt},
        )

    def _places(self) -> dict[str, np.ndarray]:
        return {"u": self._lattice.u.astype("<f4"), "v": self._lattice.v.astype("<f4")}


def read_atlas() -> ShownAtlas | None:
    """Return the packed atlas that there is by now; None without any. It may take a second.

    Raises:
        MaxstimError: if it cannot be read.
    """
    path = bundle_file()
    if path is None:
        return None
    try:
        about = os.stat(path)
    except OSError:  # removed a moment ago
        return None
    return _opened(path, about.st_mtime_ns, about.st_size)


@lru_cache(maxsize=1)
def _opened(path: Path, modified: int, size: int) -> ShownAtlas:
    """Read a packed atlas as it was when it was last modified."""
    return ShownAtlas(open_bundle(path))


def _spoken(name: str) -> str:
    """Return a network's name without where its file is: visitors are shown no paths."""
    return (
        name if name.count("/") <= 2 and not PurePath(name).is_absolute() else PurePath(name).name
    )
