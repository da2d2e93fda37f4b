"""Clip sets by name: which there are, opening and removing one."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TypeVar

from maxstim_core.conventions import EXTENT, checked_dt
from maxstim_core.errors import MaxstimError, shown
from maxstim_core.lattice import Lattice
from maxstim_core.stimuli.augment import Augmented
from maxstim_core.stimuli.clip_set import ClipSet, check_clips
from maxstim_core.stimuli.stored.clip_store import clips_folder, open_stored, stored_names
from maxstim_core.stimuli.stored.paintings import PAINTED, painted_clips
from maxstim_core.stimuli.synthetic.bundled_sets import MADE_SETS
from maxstim_core.storage.atomic import exclusively, remove_whole

AnyClips = TypeVar("AnyClips", bound=ClipSet)

DEFAULT_CLIPS = "scenes"
"""The set that is searched where none is named, and over which units of responses are measured."""


def clip_set_names() -> tuple[str, ...]:
    """Return the names of all sets that there are: those made here, and those in the data directory."""
    return *MADE_SETS, *stored_names()


def open_clips(name: str, extent: int = EXTENT, dt: float = 0.01) -> ClipSet:
    """Open a clip set by name.

    Args:
        name: ``made``: scenes and textbook stimuli; ``scenes`` or ``probes``: one of them alone.
            ``sintel`` or a name of your own: what ``maxstim movies`` has stored in the data directory.
            ``painted/KEY``: a painting that is stored there, one clip.
        extent: Rings of the eye.
        dt: Seconds per frame to render the made set at; films keep the frame duration that they have.

    Raises:
        MaxstimError: if there is no such set, it is for another eye, or there is no such eye or frame.

    Example:
        >>> import maxstim_core as ms
        >>> clips = ms.open_clips("probes", extent=5)
        >>> len(clips), clips[0].shape[1]  # rendered when asked for, shape (frame, column)
        (128, 91)
        >>> clips.names[ms.clip_named(clips, "ON edge, 90°, 19 col/s")]
        'ON edge, 90°, 19 col/s'
    """
    lattice, dt = Lattice(extent), checked_dt(dt)
    if not isinstance(name, str):
        raise MaxstimError(
            f"The name of a clip set must be text, for example 'probes', not {shown(name)}."
        )
    if name in MADE_SETS:
        return MADE_SETS[name](lattice, dt)
    if name.startswith(PAINTED):
        return _of_eye(painted_clips(name), lattice)
    there = clip_set_names()
    if name not in there:
        how = "; maxstim movies sintel PATH makes it" if name == "sintel" else ""
        raise MaxstimError(f"There is no clip set {name!r}{how}; choose {' or '.join(there)}.")
    clips = _of_eye(open_stored(clips_folder(name)), lattice)
    as_is = clips.flips == clips.rotations == (0,)
    return clips if as_is else Augmented(clips, clips.flips, clips.rotations)


def _of_eye(clips: AnyClips, lattice: Lattice) -> AnyClips:
    """Return clips once it is sure that they are for an eye."""
    if clips.lattice != lattice:
        raise MaxstimError(
            f"The clip set {clips.name} is for an eye of {clips.lattice.extent} rings, not of "
            f"{lattice.extent}; choose the set made, or another network."
        )
    return clips


def clip_named(clips: ClipSet, name: str) -> int:
    """Return the index of a clip by its name.

    Args:
        clips: The set.
        name: The name, exactly as in ``clips.names``.

    Raises:
        MaxstimError: if the set has no such clip, or is none.
    """
    check_clips(clips)
    if not isinstance(name, str):
        raise MaxstimError(
            f"The name of a clip must be text, for example {clips.names[0]!r}, not {shown(name)}."
        )
    if name in clips.names:
        return clips.names.index(name)
    begun = [other for other in clips.names if other.lower().startswith(name.lower())]
    near = begun[:3] or get_close_matches(name, clips.names, n=3)
    advice = (
        f"did you mean {' or '.join(map(repr, near))}?"
        if near
        else "maxstim search --show prints names."
    )
    raise MaxstimError(f"The clip set {clips.name} has no clip {shown(name)}; {advice}")


def remove_stored(name: str) -> None:
    """Remove a set from the data directory.

    Raises:
        MaxstimError: if there is no such set there, or it cannot be removed.
    """
    if name in MADE_SETS:
        raise MaxstimError(f"The clip set {name} comes with maxstim and cannot be removed.")
    folder = clips_folder(name)
    if name not in stored_names():
        raise MaxstimError(
            f"There is no clip set {name!r} to remove; maxstim movies list shows those there are."
        )
    try:
        with exclusively(folder.parent):
            remove_whole(folder, folder.parent)
    except OSError as error:
        raise MaxstimError(
            f"The clip set {name} cannot be removed ({error.strerror or error}); check the "
            f"permissions of {folder}."
        ) from error
