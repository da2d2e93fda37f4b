"""HDF5 files, NetCDF-4 among them, that others may have written: opened only if they are all of it.

HDF5 lets a file declare that its data lie in other files: by links to them, by storage outside, or by a
dataset put together from others. Who opens such a file in good faith reads, and shows, whatever the
computer may read. So every file is looked through before any of its data are read, and refused if it has
such a thing. Names of whatever it points to are not repeated.
"""

from __future__ import annotations

import errno
import math
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from maxstim_core.errors import MaxstimError

if TYPE_CHECKING:
    import h5py

SIGNATURE = b"\x89HDF\r\n\x1a\n"

DAMAGED = "is damaged or was not copied as a whole; copy or write it again."

_MOST_OBJECTS = 20_000
"""Groups, datasets and links that are looked through."""

_MOST_DEPTH = 50
"""Groups within one another: h5py names each of what it visits by the whole way there."""

_PACKING = {
    307: "bzip2",
    32000: "LZF",
    32001: "Blosc",
    32004: "LZ4",
    32008: "bitshuffle",
    32013: "ZFP",
    32015: "Zstandard",
    32026: "Blosc2",
}
"""Registered filters by number: https://github.com/HDFGroup/hdf5_plugins/blob/master/docs/RegisteredFilterPlugins.md"""


def is_hdf5(path: str | os.PathLike) -> bool:
    """Tell whether a file is HDF5: whether its signature is at byte 0, 512, 1024, 2048 and so on.

    What is before it, the user block, may hold anything.

    Raises:
        OSError: if it cannot be read.
    """
    size, at = os.path.getsize(path), 0
    with open(path, "rb") as file:
        while at + len(SIGNATURE) <= size:
            file.seek(at)
            if file.read(len(SIGNATURE)) == SIGNATURE:
                return True
            at = max(512, 2 * at)
    return False


@contextmanager
def open_hdf5(path: str | os.PathLike, what: str, damaged: str = DAMAGED) -> Iterator[h5py.File]:
    """Open a file to read, once it is sure that all of it is in it.

    Args:
        path: The file.
        what: What to call it in a refusal, for example ``The file a.nc``.
        damaged: How the sentence goes on where it is damaged, or no HDF5 file at all.

    Raises:
        FileNotFoundError: if it is not there.
        MaxstimError: if it is no HDF5 file, damaged, in use, packed in a way that cannot be unpacked
            here, or if anything of it lies in other files. What is raised within the context, for which
            h5py may be the cause, passes through: `as_damaged` turns it into a sentence.
    """
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise MaxstimError(f"{what} is no regular file; copy it to one.")
    file = _open(path, what, damaged)
    try:
        with as_damaged(what, damaged):
            _check_links(file, what)
        yield file
    finally:
        file.close()


@contextmanager
def as_damaged(what: str, damaged: str = DAMAGED) -> Iterator[None]:
    """Turn whatever HDF5 raises of a damaged file into one sentence; arguments as of `open_hdf5`.

    Raises:
        MaxstimError: as raised within, or because of anything else that was.
    """
    try:
        yield
    except MaxstimError:
        raise
    except MemoryError as error:
        raise MaxstimError(f"{what} declares more than the memory holds; cut it.") from error
    except Exception as error:  # a damaged file raises whatever the damage leads to
        raise MaxstimError(f"{what} {damaged}") from error


def _open(path: str | os.PathLike, what: str, damaged: str) -> h5py.File:
    import h5py

    try:
        return h5py.File(os.fsencode(path), "r")
    except FileNotFoundError:
        raise
    except OSError as error:
        told = str(error)
        if isinstance(error, BlockingIOError) or "already open for" in told:
            raise MaxstimError(
                f"{what} is in use: another program, perhaps a notebook, has it open for writing; close "
                "it there, or copy the file."
            ) from error
        if error.errno in (errno.EACCES, errno.EPERM):
            raise MaxstimError(
                f"{what} cannot be read ({error.strerror or error}); check its permissions."
            ) from error
        if "lock" in told:  # a disk without locks: nobody can be asked, and reading harms nobody
            with as_damaged(what, damaged):
                return h5py.File(os.fsencode(path), "r", locking=False)
        raise MaxstimError(f"{what} {damaged}") from error


def _check_links(file: h5py.File, what: str) -> None:
    """Look through all links and datasets, and refuse those that lead out of the file."""
    from h5py import h5d, h5g, h5l, h5o, h5z

    seen: set[object] = set()
    groups = [(h5g.open(file.id, b"/"), 0)]
    looked_at = 0
    while groups:
        group, depth = groups.pop()
        for name in group:
            looked_at += 1
            if looked_at > _MOST_OBJECTS:
                raise MaxstimError(
                    f"{what} holds more than {_MOST_OBJECTS} objects; save less in it."
                )
            link = group.links.get_info(name)
            if (
                link.type == h5l.TYPE_SOFT
            ):  # to a place in this file, which is looked at where it is
                continue
            if link.type != h5l.TYPE_HARD:
                raise _leads_out(what)
            found = h5o.open(group, name)
            address = h5o.get_info(found).addr
            if address in seen:
                continue
            seen.add(address)
            if isinstance(found, h5g.GroupID):
                if depth == _MOST_DEPTH:
                    raise MaxstimError(
                        f"{what} holds more than {_MOST_DEPTH} groups within one another; save its "
                        "variables in one."
                    )
                groups.append((found, depth + 1))
            elif isinstance(found, h5d.DatasetID):
                made = found.get_create_plist()
                if _is_elsewhere(made):
                    raise _leads_out(what)
                for number in range(made.get_nfilters()):
                    code = made.get_filter(number)[0]
                    if not h5z.filter_avail(code):
                        packed = _PACKING.get(code, f"HDF5's filter {code}")
                        raise MaxstimError(
                            f"{what} is packed with {packed}, which cannot be unpacked here; write it "
                            "again with gzip or without packing."
                        )


def open_own(group: h5py.h5g.GroupID, name: str, most_bytes: int) -> h5py.h5d.DatasetID:
    """Open a dataset that is in a group by itself, whose numbers are in the same file.

    For who reads little of very many files, and so does not look through each (`open_hdf5`).

    Args:
        group: The group, by the low level of h5py.
        name: Of the dataset.
        most_bytes: How many its numbers may take in memory.

    Raises:
        MaxstimError: if it is a link, its numbers lie in other files, or they take more.
        Exception: whatever h5py raises of a damaged file.
    """
    from h5py import h5d, h5l

    what = f"The variable {name}"
    if group.links.get_info(name.encode()).type != h5l.TYPE_HARD:
        raise _leads_out(what)
    found = h5d.open(group, name.encode())
    if _is_elsewhere(found.get_create_plist()):
        raise _leads_out(what)
    if math.prod(found.shape) * found.dtype.itemsize > most_bytes:
        raise MaxstimError(f"{what} is larger than it can be; write it again.")
    return found


def _is_elsewhere(made: h5py.h5p.PropDCID) -> bool:
    """Tell whether a dataset that was made so has its numbers in other files."""
    from h5py import h5d

    return bool(made.get_layout() == h5d.VIRTUAL or made.get_external_count())


def _leads_out(what: str) -> MaxstimError:
    return MaxstimError(
        f"{what} declares that some of its data lie in other files, which are not read; write it again "
        "with everything in it."
    )
