"""What films, images and archives of images have in common: small pictures, and who reads them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from benchmarks.imports.case import Case
from maxstim_core.lattice import Lattice
from maxstim_core.stimuli.files.animation import read_animation
from maxstim_core.stimuli.files.detect import kind_of
from maxstim_core.stimuli.files.film import read_film
from maxstim_core.stimuli.files.image_files import read_images
from maxstim_core.stimuli.files.images import read_still
from maxstim_core.stimuli.viewing import Viewing

VIEW = Viewing(Lattice(2))
HEIGHT, WIDTH = 48, 64
GROUND = 0.5

WAYS: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    1: lambda p: p,
    2: lambda p: p[:, :, ::-1],
    3: lambda p: p[:, ::-1, ::-1],
    4: lambda p: p[:, ::-1],
    5: lambda p: p.transpose(0, 2, 1),
    6: lambda p: np.rot90(p, -1, (1, 2)),
    7: lambda p: np.rot90(p, 2, (1, 2)).transpose(0, 2, 1),
    8: lambda p: np.rot90(p, 1, (1, 2)),
}
"""What becomes of pictures by the orientation tag of EXIF (2.32, tag 0x112)."""


def pictures(rng: np.random.Generator, n_pictures: int) -> np.ndarray:
    """Coarse pictures of few greys, shape (picture, row, pixel column), uint8: codecs keep them."""
    coarse = rng.choice([0, 64, 128, 192, 255], (n_pictures, 3, 4)).astype(np.uint8)
    return coarse.repeat(HEIGHT // 3, 1).repeat(WIDTH // 4, 2)


def read(path: Path) -> np.ndarray:
    """Return what the eye sees of a movie, shape (frame, column), whatever holds its pictures."""
    kind = kind_of(path)
    if kind.holds == "film":
        return read_film(path, kind.format, VIEW)[0]
    if kind.holds == "animation":
        return read_animation(path, VIEW)[0]
    if kind.holds == "image":
        return VIEW.see(read_still(path)[0][None])
    return read_images(path, VIEW)[0]


def case(
    kind: str,
    change: str,
    path: Path,
    content: bytes,
    shown: np.ndarray | None,
    tolerance: float = 1e-5,
    any_luminance: bool = False,
) -> Case:
    """Write a file and state what is right for it.

    Args:
        kind: What it is.
        change: What was done to it.
        path: Where to write it.
        content: What to write.
        shown: Luminance of the pictures that must be seen, shape (picture, row, pixel column), 0 to 255
            or in [0, 1]; None if it must be refused.
        tolerance: How far luminance may be from it.
        any_luminance: Whether any may come.
    """
    path.write_bytes(content)
    allowed: Sequence[np.ndarray] = ()
    if shown is not None:
        allowed = [VIEW.see(shown / np.float32(255) if shown.dtype == np.uint8 else shown)]
    refused = shown is None or any_luminance
    return Case(kind, change, lambda: read(path), allowed, refused, tolerance, any_luminance)
