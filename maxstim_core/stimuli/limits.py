"""How much of a film maxstim takes in, all in one place; checked before anything is decoded."""

from __future__ import annotations

MOST_BYTES = 1_000_000_000
"""Of a file, of what is packed in it, or of all images of a folder."""

MOST_SECONDS = 600.0
MOST_FRAMES = 20_000

MOST_PIXELS = 10_000_000
"""Of a frame: 4K, and a little more."""

PIXELS = (2_000_000_000, 20_000)
"""Of all pictures of a file together: so many, and so many more for each of its bytes.

No camera and no program packs pictures as tightly; a file that was made to keep a server busy does.
"""

CHANGED_PIXELS = (500_000_000, 10_000)
"""Likewise, of the pictures of a film that differ from the one before: ten seconds of work, and more for
each byte. A picture that stays on the screen is hardly any work."""

FPS = (1.0, 1000.0)
"""Least and most frames per second."""

CLIP_SECONDS = (0.05, 10.0)
"""Least and most length of the clips that a film is cut into."""

CONTRAST = (0.1, 10.0)
"""Least and most factor by which a film's difference from grey is multiplied."""


def most_changed_pixels(n_bytes: int) -> int:
    """Return how many pixels the pictures may have together that differ from the one before."""
    return CHANGED_PIXELS[0] + CHANGED_PIXELS[1] * n_bytes


def most_pixels(n_bytes: int) -> int:
    """Return how many pixels the pictures of a file may have together, by its size in bytes."""
    return PIXELS[0] + PIXELS[1] * n_bytes
