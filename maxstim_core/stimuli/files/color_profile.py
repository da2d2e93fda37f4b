"""What the color profile of an image is called (ICC.1:2022, 9.2.41; ICC.1:2001-04, 6.5.17)."""

from __future__ import annotations

import struct

_USUAL = ("srgb", "display p3", "gray gamma 2.2", "grey gamma 2.2", "c2")
"""Whose numbers are brightened about as those of usual screens; ``c2`` is a short sRGB."""

_MOST_TAGS, _LONGEST = 100, 60


def unusual_profile(profile: bytes) -> str:
    """Return what a color profile is called whose numbers may not be those of usual screens, or nothing.

    Args:
        profile: As it stands in the file; whatever is in it, nothing is raised.
    """
    name = _description(profile)
    return "" if name.casefold().startswith(_USUAL) else name or "unnamed"


def _description(profile: bytes) -> str:
    try:
        (count,) = struct.unpack_from(">I", profile, 128)
        for k in range(min(count, _MOST_TAGS)):
            tag, at, size = struct.unpack_from(">4sII", profile, 132 + 12 * k)
            if tag == b"desc":
                return _text(profile[at : at + size])[:_LONGEST]
    except struct.error:  # it is cut off
        pass
    return ""


def _text(tag: bytes) -> str:
    if tag.startswith(b"mluc"):
        length, at = struct.unpack_from(">II", tag, 20)
        said = tag[at : at + length].decode("utf-16-be", "replace")
    else:
        (length,) = struct.unpack_from(">I", tag, 8)
        said = tag[12 : 12 + length].decode("latin-1")
    return " ".join(said.replace("\0", " ").split())
