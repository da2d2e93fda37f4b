"""The archive that a file of torch is, looked through before torch takes memory for what it declares."""

from __future__ import annotations

import pickle
import pickletools
import zipfile
from pathlib import Path

_HELD = {
    "collections OrderedDict",
    "torch._utils _rebuild_tensor_v2",
    "torch._utils _rebuild_parameter",
    *(f"torch {kind}Storage" for kind in ("Float", "Double", "Half", "Int", "Long", "Bool")),
}
"""What the pickle in an archive of tensors names. Other functions that torch would call can be asked for
any amount of memory by a number alone."""


def check_torch_archive(path: Path, most_bytes: int) -> None:
    """Make sure that a file of torch holds tensors, numbers and texts, whole, and not too much of them.

    Args:
        path: The file. Since torch 1.6 it is a zip, of which torch itself takes changed numbers.
        most_bytes: How much may be in it, unpacked.

    Raises:
        ValueError: if more is in it, or something else than was written.
        pickle.UnpicklingError: if it names what no tensor, number or text needs.
        zipfile.BadZipFile: if it is no zip.
        OSError: if it cannot be read.
    """
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        if sum(member.file_size for member in members) > most_bytes:
            raise ValueError("it unpacks to too much")
        if archive.testzip() is not None:
            raise ValueError("it is not what was written")
        for member in members:
            if member.filename.endswith("/data.pkl"):
                _check_names(archive.read(member))


def _check_names(pickled: bytes) -> None:
    for code, argument, _ in pickletools.genops(pickled):
        if "GLOBAL" in code.name and argument not in _HELD:
            raise pickle.UnpicklingError(f"it names {argument}")
