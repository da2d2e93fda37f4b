"""A small film in the layout of MPI Sintel, made up: the same bytes' worth of pixels everywhere.

Needs numpy and Pillow only, so that flyvis's own Python can make it too.
"""

import os
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image

HEIGHT, WIDTH = 436, 1024
SCENES = {
    "arch": 49,
    "bay": 19,
    "crag": 18,
    "dale": 20,
    "edge": 50,
    "fern": 32,
    "glen": 39,
    "hill": 45,
}
"""Images per scene, the first of which flyvis drops: crag and bay are too short, and hill is cut into
windows of 22 instead of 19."""

_IMAGES, _FIELDS = 13, 3
"""Different images and flow fields per scene; what follows is the same again, to spare time and disk."""

_COLORS = 3
_FLO_MAGIC = 202021.25


def make_tree(folder: str | os.PathLike, scenes: dict[str, int] = SCENES) -> Path:
    """Write ``training/final`` and ``training/flow``, and an empty ``test``; return the folder."""
    folder = Path(folder)
    (folder / "test").mkdir(parents=True)
    for name, n_images in scenes.items():
        random = np.random.default_rng(list(name.encode()))
        _write_images(folder / "training" / "final" / name, n_images, random)
        _write_flow(folder / "training" / "flow" / name, n_images - 1, random)
    return folder


def _write_images(folder: Path, n_images: int, random: np.random.Generator) -> None:
    """A texture in colours that drifts, a few pixels per image, under a light that changes."""
    folder.mkdir(parents=True)
    dy, dx = random.integers(-3, 4), random.integers(2, 7)
    room = (HEIGHT + 3 * _IMAGES, WIDTH + 6 * _IMAGES)
    texture = np.stack([_smooth(*room, 40, random) for _ in range(_COLORS)], -1)
    for k in range(n_images):
        path = folder / f"frame_{k + 1:04d}.png"
        if k >= _IMAGES:
            os.link(folder / f"frame_{k % _IMAGES + 1:04d}.png", path)
            continue
        top, left = dy * k if dy >= 0 else -dy * (_IMAGES - k), dx * k
        window = texture[top : top + HEIGHT, left : left + WIDTH]
        light = 255 * (0.8 + 0.2 * np.sin(0.7 * k))
        Image.fromarray(np.floor(window * light).astype(np.uint8)).save(path, compress_level=1)


def _write_flow(folder: Path, n_fields: int, random: np.random.Generator) -> None:
    """Smooth fields of up to 20 pixels per image; y points down, as in Sintel."""
    folder.mkdir(parents=True)
    for k in range(n_fields):
        path = folder / f"frame_{k + 1:04d}.flo"
        if k >= _FIELDS:
            # In no order, so that no two windows in time are alike.
            os.link(folder / f"frame_{random.integers(_FIELDS) + 1:04d}.flo", path)
            continue
        field = np.stack([40 * _smooth(HEIGHT, WIDTH, 80, random) - 20 for _ in range(2)], -1)
        with open(path, "wb") as file:
            np.float32(_FLO_MAGIC).tofile(file)
            np.array([WIDTH, HEIGHT], np.int32).tofile(file)
            field.astype(np.float32).tofile(file)


def _smooth(height: int, width: int, cell: int, random: np.random.Generator) -> np.ndarray:
    """Random values in [0, 1) every `cell` pixels, and straight lines between them."""
    coarse = random.random((height // cell + 2, width // cell + 2))
    return _between(width, cell, _between(height, cell, coarse.T).T)


def _between(size: int, cell: int, values: np.ndarray) -> np.ndarray:
    left, part = np.divmod(np.arange(size), cell)
    part = part / cell
    return values[:, left] * (1 - part) + values[:, left + 1] * part


def reduced(arrays: list[np.ndarray]) -> np.ndarray:
    """Return twelve numbers for each array of shape (frame, dimension, column).

    These are its number of frames, seven of its values, and its mean under four weightings that
    tell frames, dimensions and columns apart.
    """
    numbers = []
    for array in arrays:
        at, weights = _looked_at(array.shape)
        means = weights @ array.ravel() / array.size
        numbers.append([len(array), *array[at], *means])
    return np.array(numbers)


@lru_cache
def _looked_at(shape: tuple[int, ...]) -> tuple[tuple[np.ndarray, ...], np.ndarray]:
    """Where seven values are taken, and four weights of each value, shape (4, value)."""
    random = np.random.default_rng(0)
    at = tuple(random.integers(0, size, 7) for size in shape)
    return at, random.uniform(0, 2, (4, *shape)).reshape(4, -1)
