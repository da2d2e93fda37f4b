"""What the numbers in the names of images tell: their order, and whether some are not there."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import PurePosixPath

_DIGITS = re.compile(r"(\d+)")
_MOST = 0.5
"""More than this share of images follow one another by one step, where they are numbered by one."""


def counted_name(name: str) -> list[tuple[int, int | str]]:
    """Return a key that puts frame2 before frame10, and is the same for frame2 and frame02."""
    return [
        (0, int(part)) if part.isdecimal() else (1, part) for part in _DIGITS.split(name) if part
    ]


def absent_numbers(names: Sequence[str]) -> list[str]:
    """Return where images are absent by the numbers of those that there are, a few words each.

    Those of which most follow one another by the same step are numbered by it, be it 1 or 10. Names that
    count several things, or the time, tell nothing.

    Args:
        names: Of the images, in their order.
    """
    stems = [PurePosixPath(name).stem for name in names]
    numbers = [tuple(map(int, re.findall(r"\d+", stem))) for stem in stems]
    if len({_DIGITS.sub("#", stem) for stem in stems}) != 1 or not numbers[0]:
        return []
    varying = [values for values in zip(*numbers, strict=True) if len(set(values)) > 1]
    if len(varying) != 1:
        return []
    steps = [after - before for before, after in zip(varying[0], varying[0][1:], strict=False)]
    step, count = Counter(steps).most_common(1)[0]
    if step < 1 or count <= _MOST * len(steps):
        return []
    return [
        f"{_counted_images(gap // step - 1)} between {before} and {after}"
        for gap, before, after in zip(steps, names, names[1:], strict=False)
        if gap > step and gap % step == 0
    ]


def _counted_images(n_images: int) -> str:
    return f"{n_images} absent image{'s' * (n_images > 1)}"
