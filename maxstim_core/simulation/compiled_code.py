"""Functions compiled by numba, and a cache of them that never stops a run.

numba 0.68 lets every error of its cache through: an index that a crash cut off, a full disk, or no
folder to write to end whatever needs the function, for ever. Here such a cache is told of, once
(`maxstim_core.simulation.compilation.report_cache`), and the function is compiled anew.
"""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from numba import njit
from numba.core.caching import FunctionCache, IndexDataCacheFile, NullCache

from maxstim_core.simulation.compilation import report_cache

_DIGEST = hashlib.sha256().digest_size

_NOT_AS_WRITTEN = "not what was written"


def compiled(function: Callable) -> Callable:
    """Return a function that numba compiles when it is first called, without Python's lock.

    What is compiled is kept for later processes where that is possible.
    """
    dispatcher: Any = njit(nogil=True, boundscheck=False)(function)
    # What njit(cache=True) does, with a cache that has no locator refused there and then.
    dispatcher._cache = _cache_of(function)
    return dispatcher


def _cache_of(function: Callable) -> FunctionCache | _NoCache:
    try:
        return _Cache(function)
    except (RuntimeError, OSError):  # as numba says that no folder can be written
        return _NoCache()


class _NoCache(NullCache):
    """Keeps nothing, and says so when something would have been looked up."""

    def load_overload(self, sig: Any, target_context: Any) -> None:
        report_cache(
            "Compiled code cannot be kept, as neither the installation nor the home folder can be "
            "written, so that every run compiles for some seconds; name a folder in NUMBA_CACHE_DIR."
        )


class _Cache(FunctionCache):
    """Numba's cache; what is wrong with it is told and compiled anew."""

    def __init__(self, function: Callable) -> None:
        super().__init__(function)
        locator = self._impl.locator
        self._cache_file = _CheckedFile(
            self._cache_path, self._impl.filename_base, locator.get_source_stamp()
        )

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        try:
            return super().load_overload(sig, target_context)
        except MemoryError:
            raise  # that of the machine: files are checked before anything in them is made
        except Exception as error:  # a damaged pickle raises whatever the damage leads to
            report_cache(
                f"The cache of compiled code in {self.cache_path} is damaged ({type(error).__name__}), "
                "so it is compiled anew; remove that folder if you read this again."
            )
            with suppress(OSError):
                self.flush()
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        try:
            super().save_overload(sig, data)
        except Exception as error:  # likewise
            reason = getattr(error, "strerror", None) or type(error).__name__
            report_cache(
                f"Compiled code cannot be kept in {self.cache_path} ({reason}), so that every run "
                "compiles for some seconds; make room there or name another folder in NUMBA_CACHE_DIR."
            )


class _CheckedFile(IndexDataCacheFile):
    """Files that end in the SHA-256 of what is before it: code that is not as written is never run."""

    def _dump(self, obj: Any) -> bytes:
        content = super()._dump(obj)
        return content + hashlib.sha256(content).digest()  # pickle reads no further than its end

    def _load_index(self) -> Any:
        with suppress(FileNotFoundError), Path(self._index_path).open("rb") as file:
            try:
                version = pickle.load(file)
            except MemoryError as error:  # of a length that is not what was written
                raise ValueError(_NOT_AS_WRITTEN) from error
            if version == self._version:
                _check(file.read())
        return super()._load_index()

    def _load_data(self, name: str) -> Any:
        _check(Path(self._data_path(name)).read_bytes())
        return super()._load_data(name)


def _check(content: bytes) -> None:
    if hashlib.sha256(content[:-_DIGEST]).digest() != content[-_DIGEST:]:
        raise ValueError(_NOT_AS_WRITTEN)
