"""Results on disk, by the hash of everything that determines them.

Safe from any thread and from several processes: files are written whole or not at all, and never
changed. Nothing is created before something is stored.
"""

from __future__ import annotations

import os
import traceback
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from maxstim_core.errors import MaxstimError
from maxstim_core.optimal.result import load
from maxstim_core.runs.result_index import ResultIndex, describe_result
from maxstim_core.runs.stopped import StoppedRuns
from maxstim_core.storage.atomic import free_bytes, sweep_leftovers
from maxstim_core.storage.data_dir import data_directory
from maxstim_core.storage.netcdf import save

if TYPE_CHECKING:
    import xarray as xr

ROOM = 20_000_000
"""Bytes that must be free before a run is accepted: the largest result is about 10 MB."""


_FOLDERS = ("results", "searches", "comparisons", "stopped")

_COMPARED = {"control_response", "counted_response", "voltage_contribution"}
"""What stands beside an answer has one of them: controls, a curve, or a mechanism."""


class RunStore:
    """The folders of one data directory.

    They are ``results`` with its index, ``searches``, ``comparisons``, ``stopped`` and ``logs``.

    Args:
        root: The data directory; the user's if None. It need not exist.
    """

    def __init__(self, root: str | os.PathLike | None = None) -> None:
        self.root = data_directory() if root is None else Path(root).absolute()

    @property
    def results(self) -> Path:
        """Where results are: ``<content key>.nc``, or ``<run id>.nc`` of cancelled runs."""
        return self.root / "results"

    @property
    def stopped(self) -> StoppedRuns:
        """What became of the runs of servers that were stopped."""
        return StoppedRuns(self.root / "stopped")

    def check_writable(self) -> None:
        """Make sure that a result can be stored, before any work is done for it.

        Raises:
            MaxstimError: if the data directory cannot be written, or its disk is full.
        """
        try:
            free = free_bytes(self.results)
        except OSError as error:
            raise MaxstimError(
                f"Results cannot be written to {self.root} ({error.strerror or error}); make it "
                "writable or name another folder in MAXSTIM_DATA_DIR."
            ) from error
        if free < ROOM:
            raise MaxstimError(
                f"The disk of {self.root} is full ({free / 1e6:.0f} MB left); make room or name "
                "another folder in MAXSTIM_DATA_DIR."
            )

    def find(self, key: str) -> tuple[Path, xr.Dataset] | None:
        """Return the path and contents of a stored result, or None.

        A file that cannot be read counts as absent: it will be computed again and replaced.
        """
        path = self.results / f"{key}.nc"
        dataset = _readable(path)
        return None if dataset is None or "stimulus" not in dataset else (path, dataset)

    def has(self, key: str) -> bool:
        """Tell whether there is a file of this key; whether it can be read, `find` tells."""
        return (self.results / f"{key}.nc").is_file()

    def save(self, key: str, dataset: xr.Dataset) -> Path:
        """Store a result under its content key (or run id) and return its file.

        What there is to be known of it goes to the index, so that nobody need open it to list it.

        Raises:
            MaxstimError: if it cannot be written; nothing half-written stays.
        """
        path = self._write(self.results / f"{key}.nc", dataset)
        with suppress(OSError):  # removed since
            ResultIndex(self.results).add({path.name: describe_result(path, dataset)})
        return path

    def find_search(self, key: str) -> xr.Dataset | None:
        """Return a stored search of all cell types, or None."""
        dataset = _readable(self.root / "searches" / f"{key}.nc")
        return None if dataset is None or "clip_peak" not in dataset else dataset

    def save_search(self, key: str, found: xr.Dataset) -> None:
        """Store a search of all cell types.

        Raises:
            MaxstimError: if it cannot be written; nothing half-written stays.
        """
        self._write(self.root / "searches" / f"{key}.nc", found)

    def find_comparison(self, key: str) -> xr.Dataset | None:
        """Return stored controls, curve or mechanism, or None; what is damaged counts as absent.

        Args:
            key: Of `maxstim_core.runs.comparisons.comparison_key`.
        """
        dataset = _readable(self.root / "comparisons" / f"{key}.nc")
        return None if dataset is None or not _COMPARED & set(dataset.variables) else dataset

    def save_comparison(self, key: str, found: xr.Dataset) -> None:
        """Store controls, a curve, or a mechanism.

        Raises:
            MaxstimError: if it cannot be written; nothing half-written stays.
        """
        self._write(self.root / "comparisons" / f"{key}.nc", found)

    def defect(self, run_id: str, error: Exception) -> str:
        """Log an unexpected error, traceback and all, and return the one sentence for a person."""
        path = self.root / "logs" / f"{run_id}.log"
        where = f"the details are in {path}, please report it with that file"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
        except OSError:
            where = "please report it, with what you had chosen"
        return f"an unexpected error ({type(error).__name__}) ended it; {where}."

    def sweep(self) -> None:
        """Remove what workers that were killed while writing have left."""
        for folder in (self.root, *(self.root / name for name in _FOLDERS)):
            sweep_leftovers(folder)

    def _write(self, path: Path, dataset: xr.Dataset) -> Path:
        with suppress(OSError):  # `save` says what to do
            path.parent.mkdir(parents=True, exist_ok=True)
        save(dataset, path)
        return path


def _readable(path: Path) -> xr.Dataset | None:
    if not path.is_file():
        return None
    try:
        return load(path)
    except Exception:  # a damaged HDF5 file raises whatever the damage leads to
        return None
