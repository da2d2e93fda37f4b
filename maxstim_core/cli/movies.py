"""The commands that store clip sets: movies sintel, import, list and remove."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import TypeVar

from maxstim_core.cli.streams import print_message
from maxstim_core.errors import MaxstimError

_Number = TypeVar("_Number", int, float)

_QUIET_SECONDS = 2.0


def sintel(arguments: argparse.Namespace) -> int:
    """See an unpacked MPI Sintel once, and store what the eye sees.

    Raises:
        MaxstimError: if the film is missing or incomplete, or the set cannot be stored.
    """
    from maxstim_core.stimuli.augment import Augmented
    from maxstim_core.stimuli.stored import sintel as film
    from maxstim_core.stimuli.stored.clip_store import clips_folder, open_stored

    if arguments.download == bool(arguments.path):
        raise MaxstimError(
            "Name the folder into which MPI-Sintel-complete.zip was unpacked, or add --download, "
            "not both."
        )
    path = _downloaded() if arguments.download else arguments.path
    scenes = film.find_scenes(path)
    differences = film.differences(scenes)
    if differences:
        print_message(f"Note: this is not the published film: {'; '.join(differences)}.")
    if not scenes[0].flow:
        print_message("Note: the film has no training/flow; no optic flow is stored.")
    for scene, done in film.render(path):
        print_message(f"{scene.index + 1}/{len(scenes)} {scene.name}: {done}")
    clips = open_stored(clips_folder(film.NAME))
    ways = Augmented(clips, clips.flips, clips.rotations)
    print(
        f"{len(ways)} clips of {len(clips.sequences)} sequences are in {clips.folder}; "
        "search them with: maxstim search --clips sintel --output found.nc"
    )
    return 0


def _downloaded() -> Path:
    from maxstim_core.stimuli.stored import sintel_download
    from maxstim_core.storage.download import report_tenths

    report_tenths(sintel_download.download(), print_message)
    folder = sintel_download.film_folder()
    print_message(f"The film is in {folder}; once stored, it can be removed.")
    return folder


def import_movie_command(arguments: argparse.Namespace) -> int:
    """Store what the eye sees of a movie as a clip set."""
    from maxstim_core.stimuli.files.facts import notes
    from maxstim_core.stimuli.stored.import_movie import import_movie as store_movie
    from maxstim_core.stimuli.stored.sintel import FLIPS, ROTATIONS
    from maxstim_core.stimuli.viewing import Viewing

    crop = arguments.crop and tuple(_number("crop", value, int) for value in arguments.crop)
    pixels, fps = arguments.pixels, arguments.fps
    settings = {
        "fps": None if fps is None else _number("frames per second", fps, float),
        "seconds": _number("length of a clip", arguments.seconds, float),
        "viewing": Viewing(
            crop=crop,
            pixels=None if pixels is None else _number("pixels per column", pixels, int),
            kernel=arguments.kernel,
            contrast=_number("contrast", arguments.contrast, float),
            ground=_number("ground", arguments.ground, float),
        ),
        "replace": arguments.replace,
        "order": arguments.order,
        "report_progress": _Tenths(arguments.path),
    }
    if arguments.augment:
        settings |= {"flips": FLIPS, "rotations": ROTATIONS}
    clips = store_movie(arguments.path, arguments.name, **settings)
    frames = sum(sequence.frames for sequence in clips.sequences)
    if arguments.json:
        clip = {"name": clips.name, "folder": str(clips.folder), "clips": len(clips)}
        print(json.dumps(clip | clips.about["file"], indent=1))
        return 0
    for sentence in notes(clips.about["file"]):
        print_message(f"Note: {sentence}")
    ways = f", each in {len(FLIPS) * len(ROTATIONS)} ways" if arguments.augment else ""
    print(
        f"{frames} frames at {clips.fps:.4g} frames/s became {len(clips)} clip"
        f"{'' if len(clips) == 1 else 's'}{ways}, "
        f"in {clips.folder}; search them with: maxstim search --clips {clips.name} --output found.nc"
    )
    return 0


class _Tenths:
    """Says how far a long import is, at every tenth and no more than once in two seconds."""

    def __init__(self, what: str) -> None:
        self._what, self._tenth, self._said_at = what, 0, time.monotonic()

    def __call__(self, share: float) -> None:
        now, tenth = time.monotonic(), int(10 * share)
        if tenth > self._tenth and now - self._said_at > _QUIET_SECONDS:
            self._tenth, self._said_at = tenth, now
            print_message(f"{self._what}: {tenth}0 %")


def _number(what: str, text: str, kind: type[_Number]) -> _Number:
    try:
        return kind(text)
    except ValueError:
        whole = "a whole number" if kind is int else "a number"
        raise MaxstimError(f"The {what} must be {whole}, not {text!r}.") from None


def list_sets(arguments: argparse.Namespace) -> int:
    """Print the clip sets that there are."""
    del arguments
    from maxstim_core.stimuli.augment import Augmented
    from maxstim_core.stimuli.catalog import open_clips
    from maxstim_core.stimuli.stored.clip_store import clips_folder, open_stored, stored_names
    from maxstim_core.stimuli.synthetic.bundled_sets import MADE_SETS

    for name in MADE_SETS:
        made = open_clips(name)
        print(f"{name:<10}{len(made)} clips, {1 / made.dt:g} frames/s, comes with maxstim")
    for name in stored_names():
        try:
            clips = open_stored(clips_folder(name))
            ways = Augmented(clips, clips.flips, clips.rotations)
        except MaxstimError as error:
            print(f"{name:<10}{error}")
            continue
        flow = ", with optic flow" if clips.has_flow else ""
        print(f"{name:<10}{len(ways)} clips, {clips.fps:g} frames/s{flow}, in {clips.folder}")
    return 0


def remove_movie_command(arguments: argparse.Namespace) -> int:
    """Remove a clip set from the data directory."""
    from maxstim_core.stimuli.catalog import remove_stored

    remove_stored(arguments.name)
    print(f"The clip set {arguments.name} is removed; results of searches in it stay.")
    return 0
