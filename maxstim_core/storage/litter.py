"""What systems leave beside a person's files: passed over wherever files are looked for."""

from __future__ import annotations

import re
from pathlib import PurePath

_NAMES = {"thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "icon\r", "__macosx"}
_FOLDERS = {"__macosx", "$recycle.bin", "system volume information", "lost+found", "@eadir"}


def is_litter(name: str | PurePath) -> bool:
    """Tell whether a file or folder is of a system's making.

    Hidden files are, such as ``.DS_Store`` and the resource forks ``._*``; so are thumbnails and
    settings of folders, and whatever lies in a folder of that kind.

    Args:
        name: Its name, or a path in an archive, with slashes either way.
    """
    parts = [part for part in re.split(r"[/\\]", str(name)) if part not in ("", ".", "..")]
    return any(
        part.startswith(".")
        or part.casefold() in _NAMES | _FOLDERS
        or part.casefold().endswith(":zone.identifier")
        for part in parts
    )
