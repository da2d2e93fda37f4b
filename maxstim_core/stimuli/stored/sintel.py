"""The open film Sintel as flyvis shows it to the network: docs/numerics.md#sintel.

MPI Sintel (Butler et al., ECCV 2012; the film is © Blender Foundation, CC BY 3.0) comes as folders of
images, one per scene, at 24 frames per second, with the true optic flow between them. Each scene is cut
to its middle, seen through three windows side by side, and cut in time into clips of 19 frames or a
little more; every clip is then mirrored and turned in twelve ways. Clip k here is sample k of flyvis's
``AugmentedSintel(temporal_split=True)``.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from maxstim_core.conventions import EXTENT
from maxstim_core.errors import MaxstimError
from maxstim_core.lattice import Lattice
from maxstim_core.stimuli.eye import Eye
from maxstim_core.stimuli.files.images import read_image
from maxstim_core.stimuli.stored import clip_store
from maxstim_core.storage.atomic import locked
from maxstim_core.storage.data_dir import entries
from maxstim_core.storage.litter import is_litter

NAME = "sintel"
_FPS = 24
N_FRAMES = 19
FLIPS, ROTATIONS = (0, 1), (0, 1, 2, 3, 4, 5)

_VERSION = 1
"""To be raised whenever something else is rendered from the same files."""

_KEPT_WIDTH = 0.7
_N_SPLITS = 3
_EYE = Eye(Lattice(EXTENT), pixels=13)
_SPLIT_WIDTH = _EYE.least_side + 2 * _EYE.pixels

_FLO_MAGIC = np.float32(202021.25)
_FLO_HEADER = 12
_FRAME = re.compile(r"frame_(\d+)")

_PUBLISHED = {
    **dict.fromkeys(("alley_1", "alley_2", "ambush_5", "ambush_7", "bamboo_1", "bamboo_2"), 50),
    **dict.fromkeys(("bandage_1", "bandage_2", "cave_2", "cave_4", "market_2", "market_5"), 50),
    **dict.fromkeys(("mountain_1", "shaman_2", "shaman_3", "sleeping_1", "sleeping_2"), 50),
    **dict.fromkeys(("temple_2", "temple_3"), 50),
    **{"ambush_2": 21, "ambush_4": 33, "ambush_6": 20, "market_6": 40},
}
"""Images of each scene of the published film."""


@dataclass(frozen=True)
class FilmScene:
    """A scene of the film.

    Attributes:
        index: Its place among all scenes, by name.
        name: For example ``alley_1``.
        images: Its images, in order; the first is not shown, as no motion leads to it.
        flow: Its flow fields, one fewer; none where the film came without.
    """

    index: int
    name: str
    images: tuple[Path, ...]
    flow: tuple[Path, ...]

    @property
    def is_long_enough(self) -> bool:
        """Whether flyvis shows it."""
        return len(self.images) > N_FRAMES

    @property
    def origin(self) -> str:
        """Hexadecimal hash of the files and of how they are rendered.

        Raises:
            MaxstimError: if a file is not there any more.
        """
        try:
            files = [(path.name, path.stat()) for path in (*self.images, *self.flow)]
        except OSError as error:
            raise MaxstimError(
                f"The file {error.filename} cannot be read ({error.strerror}); unpack the film again."
            ) from error
        listed = [(name, about.st_size, about.st_mtime_ns) for name, about in files]
        return hashlib.sha256(json.dumps([_VERSION, self.index, listed]).encode()).hexdigest()


def find_scenes(path: str | os.PathLike) -> tuple[FilmScene, ...]:
    """Look through an unpacked film, without reading images.

    Args:
        path: The folder that holds ``training``, or that folder itself.

    Returns:
        All scenes by name, those that are too short included.

    Raises:
        MaxstimError: if there is no film, or part of it is missing.
    """
    path = Path(path)
    training = next((p for p in (path / "training", path) if os.path.isdir(p / "final")), None)
    if training is None:
        raise MaxstimError(
            f"There is no training/final in {path}; name the folder into which MPI-Sintel-complete.zip "
            "was unpacked."
        )
    there = entries(training / "final")
    folders = [p for p in there if os.path.isdir(p) and not is_litter(p.name)]
    with_flow = os.path.isdir(training / "flow")
    scenes = []
    for index, folder in enumerate(folders):
        images = _numbered(folder, ".png")
        flow = _numbered(training / "flow" / folder.name, ".flo") if with_flow else ()
        if with_flow and len(flow) != len(images) - 1:
            raise MaxstimError(
                f"The scene {folder.name} has {len(images)} images and {len(flow)} flow fields where "
                "there is one fewer than images; the film is incomplete, unpack it again."
            )
        scenes.append(FilmScene(index, folder.name, images, flow))
    if not any(scene.is_long_enough for scene in scenes):
        raise MaxstimError(
            f"No scene in {training / 'final'} has more than {N_FRAMES} images; unpack the film again."
        )
    return tuple(scenes)


def differences(scenes: tuple[FilmScene, ...]) -> list[str]:
    """Return how scenes differ from those of the published film, in words; nothing where they do not."""
    found = {scene.name: len(scene.images) for scene in scenes}
    missing = [name for name in sorted(_PUBLISHED) if name not in found]
    if len(missing) == len(_PUBLISHED):
        return ["none of its scenes is here"]
    words = [f"{', '.join(missing)} missing"] if missing else []
    for name, n_images in found.items():
        if name not in _PUBLISHED:
            words.append(f"{name} unknown")
        elif n_images != _PUBLISHED[name]:
            words.append(f"{name} with {n_images} images where {_PUBLISHED[name]} were published")
    return words


def render(path: str | os.PathLike) -> Iterator[tuple[FilmScene, str]]:
    """See the film once and store it as the clip set ``sintel``.

    Scenes that were stored before, out of the same files, are kept as they are, so that an interrupted
    rendering goes on; the set that was there before is replaced only when all scenes are stored.

    Args:
        path: As for `find_scenes`.

    Yields:
        Each scene when it is done, and ``rendered``, ``kept`` or ``too short``.

    Raises:
        MaxstimError: if the film is incomplete or damaged, cannot be stored, or is being rendered by
            another process, whose sequences this one would remove.
    """
    scenes = find_scenes(path)
    folder = clip_store.clips_folder(NAME)
    clip_store.check_room(folder)
    with ExitStack() as held:
        try:
            held.enter_context(locked(folder / ".lock"))
        except BlockingIOError:
            raise MaxstimError(
                f"The clip set {NAME} is being made by another process; wait until it is done, or stop "
                "it."
            ) from None
        yield from _render(path, scenes, folder)


def _render(
    path: str | os.PathLike, scenes: tuple[FilmScene, ...], folder: Path
) -> Iterator[tuple[FilmScene, str]]:
    sequences: list[clip_store.Sequence] = []
    for scene in scenes:
        if not scene.is_long_enough:
            yield scene, "too short"
            continue
        origin = scene.origin
        names = [f"sequence_{scene.index:02d}_{scene.name}_split_{j:02d}" for j in range(_N_SPLITS)]
        found = [clip_store.find_sequence(folder, name, origin) for name in names]
        there = [sequence for sequence in found if sequence is not None]
        if len(there) == len(found):
            sequences += there
            yield scene, "kept"
            continue
        lum, flow = see_scene(scene)
        for j, name in enumerate(names):
            sequences.append(
                clip_store.save_sequence(
                    folder,
                    name,
                    lum[j],
                    lattice=_EYE.lattice,
                    fps=_FPS,
                    origin=origin,
                    flow=None if flow is None else flow[j],
                    about={"scene": scene.name, "original_index": scene.index, "split": j},
                )
            )
        yield scene, "rendered"
    clip_store.save_index(
        folder,
        fps=_FPS,
        extent=EXTENT,
        sequences=sequences,
        windows=_windows(sequences),
        flips=FLIPS,
        rotations=ROTATIONS,
        about={"film": "MPI Sintel, final pass", "source": str(Path(path).absolute())},
    )


def see_scene(scene: FilmScene) -> tuple[np.ndarray, np.ndarray | None]:
    """Return what the eye sees of a scene through each of the three windows.

    Returns:
        Luminance, shape (split, frame, column), and optic flow, shape (split, frame, 2, column), in
        image heights per frame, rightward and upward, summed over 13 x 13 pixels; None without flow.

    Raises:
        MaxstimError: if an image or a flow field is damaged or of another size than the others.
    """
    size = read_image(scene.images[0]).shape
    left, right = _kept_columns(size[1])
    if right - left < _SPLIT_WIDTH:
        raise MaxstimError(
            f"The images of the scene {scene.name} are {size[1]} pixels wide, too narrow for three "
            f"windows of {_SPLIT_WIDTH}; Sintel's are 1024."
        )
    width = max(_SPLIT_WIDTH, (right - left) // _N_SPLITS)
    starts = [left + start for start in _starts(right - left, width, _N_SPLITS)]

    def seen(frames: np.ndarray) -> np.ndarray:
        return np.stack([_EYE.see(frames[..., start : start + width]) for start in starts])

    lum = seen(np.stack([_sized(read_image(p), size, p) for p in scene.images[1:]]))
    if not scene.flow:
        return lum, None
    # A frame's two components one after the other: a scene's flow at once would take 180 MB.
    fields = [seen(_sized(read_flow(path), (2, *size), path)) for path in scene.flow]
    return lum, np.stack(fields, 1) * np.float32(_EYE.pixels**2)


def read_flow(path: str | os.PathLike) -> np.ndarray:
    """Read a flow field in Middlebury's ``.flo`` format.

    Returns:
        Shape (2, row, pixel column), float32: rightward and upward, in image heights per frame.

    Raises:
        MaxstimError: if the file is missing, damaged, or none of that format.
    """
    try:
        with open(path, "rb") as file:
            magic = np.fromfile(file, "<f4", 1)
            size = np.fromfile(file, "<i4", 2)
            whole = len(size) == 2 and magic == _FLO_MAGIC and (size > 0).all()
            width, height = (int(side) for side in size) if whole else (0, 0)
            whole = whole and os.path.getsize(path) == _FLO_HEADER + 8 * width * height
            values = np.fromfile(file, "<f4", 2 * width * height) if whole else np.empty(0)
    except OSError as error:
        raise MaxstimError(
            f"The flow field {path} cannot be read ({error.strerror or error}); unpack the film again."
        ) from error
    if not whole or not np.isfinite(values).all():
        raise MaxstimError(
            f"The flow field {path} is damaged or incomplete; unpack the film again."
        )
    right, down = np.moveaxis(values.reshape(height, width, 2) / np.float32(height), -1, 0)
    return np.stack([right, -down])


def _windows(sequences: list[clip_store.Sequence]) -> list[clip_store.Window]:
    """Cut sequences in time: as many clips of 19 frames as come nearest to their length.

    The rule is flyvis's: docs/numerics.md#natural-clips.
    """
    windows = []
    for k, sequence in enumerate(sequences):
        n_clips = round(sequence.frames / N_FRAMES)
        length = N_FRAMES if n_clips == 1 else max(N_FRAMES, sequence.frames // n_clips)
        for start in _starts(sequence.frames, length, n_clips):
            scene, split = sequence.about["scene"], sequence.about["split"]
            # Frame 1 of the film is not shown.
            frames = f"frames {start + 2} to {start + 1 + length}"
            name = f"{scene}, window {split + 1}, {frames}"
            windows.append(clip_store.Window(name, k, start, start + length))
    return windows


def _kept_columns(width: int) -> tuple[int, int]:
    kept = int(_KEPT_WIDTH * width)
    return (width - kept) // 2, (width + kept) // 2


def _starts(length: int, window: int, n_windows: int) -> list[int]:
    """Where windows begin that cover a length with equal overlaps (docs/numerics.md#sintel)."""
    if n_windows == 1:
        return [0]
    overlap = math.ceil((window * n_windows - length) / (n_windows - 1))
    return [k * (window - overlap) for k in range(n_windows)]


def _numbered(folder: Path, suffix: str) -> tuple[Path, ...]:
    """The files of a scene in order, refused where one is missing in between."""
    there = entries(folder) if os.path.isdir(folder) else []
    paths = [path for path in there if path.name.endswith(suffix) and not is_litter(path.name)]
    numbers = [int(m[1]) for p in paths if (m := _FRAME.fullmatch(p.stem))]
    if len(numbers) < len(paths):
        raise MaxstimError(
            f"There is a file in {folder} that is not called frame_0001{suffix} or the like; remove "
            "what does not belong to the film."
        )
    gaps = sorted(set(range(1, max(numbers, default=0) + 1)) - set(numbers))
    if gaps:
        raise MaxstimError(
            f"The file frame_{gaps[0]:04d}{suffix} is missing in {folder}; the film is incomplete, "
            "unpack it again."
        )
    return tuple(paths)


def _sized(pixels: np.ndarray, size: tuple[int, ...], path: Path) -> np.ndarray:
    if pixels.shape != size:
        raise MaxstimError(
            f"The file {path} is {pixels.shape[-1]} x {pixels.shape[-2]} pixels where the scene has "
            f"{size[-1]} x {size[-2]}; unpack the film again."
        )
    return pixels
