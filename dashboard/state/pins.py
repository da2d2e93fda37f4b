"""Answers that a visitor has pinned to compare them: kept from one visit to the next, named in links.

Kept in the data directory, a file for each visitor, by the keys of the answers. Nothing is written
before something is pinned.
"""

from __future__ import annotations

import json
import re
import threading
from collections import OrderedDict
from collections.abc import Collection, Iterable
from contextlib import suppress
from pathlib import Path

import param

from dashboard.state.visitors import visitor_file
from maxstim_core.errors import MaxstimError
from maxstim_core.runs.library import KEY, ResultLibrary
from maxstim_core.storage.atomic import write_whole

MOST_PINS = 6
"""Answers that are compared at a time."""

SHORTEST_PIN = 8
"""Hexadecimal digits that name an answer in a link, where that is enough."""

_HASH = re.compile("[0-9a-f]{32,80}")
"""Keys that are long; those of answers that come with maxstim are names."""

_PREFIX = re.compile(f"[0-9a-f]{{{SHORTEST_PIN},63}}")
"""Beginnings of the keys of answers, which are SHA-256."""

_VISITORS_REMEMBERED = 200


class VisitorPins:
    """The pins of one visitor, the same object to all their pages. Any thread.

    Args:
        path: Its file; need not exist.

    Attributes:
        keys: Keys of the pinned answers, in the order in which they were pinned.
        version: Grows with every change.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self.keys: tuple[str, ...] = _read(path)
        self.version = 0

    def keep(self, keys: Iterable[str]) -> None:
        """Pin these answers and no others.

        Raises:
            MaxstimError: if it cannot be written; it then counts until the server ends.
        """
        with self._lock:
            self.keys = tuple(keys)
            self.version += 1
            with suppress(OSError):  # `write_whole` says what to do
                self._path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self._path, "pinned answers", json.dumps(self.keys).encode())


def _read(path: Path) -> tuple[str, ...]:
    try:
        said = json.loads(path.read_bytes())
        return checked_pins(str(key) for key in said)
    except (OSError, ValueError, TypeError):  # none, or spoilt
        return ()


def checked_pins(names: Iterable[str]) -> tuple[str, ...]:
    """Return which of these can be keys or beginnings of keys, each once, as many as are compared."""
    return tuple(dict.fromkeys(name for name in names if KEY.fullmatch(name)))[:MOST_PINS]


def are_pins(text: str) -> bool:
    """Tell whether a text is what a link says of pins: names parted by commas, none too many."""
    names = text.split(",")
    return len(names) <= MOST_PINS and all(KEY.fullmatch(name) for name in names)


class Pins(param.Parameterized):
    """The pins of one page: the visitor's own, or those of the link that has opened it.

    The visitor's own stay as they are until something is pinned or taken out on the page of a link.

    Args:
        kept: The visitor's own.
        library: The answers that there are.
    """

    keys = param.Parameter(
        (), doc="Keys of the pinned answers, or beginnings of keys as in links, in order (a tuple)."
    )

    def __init__(self, kept: VisitorPins, library: ResultLibrary) -> None:
        super().__init__(keys=kept.keys)
        self._kept, self._version, self._library = kept, kept.version, library
        self._linked = False

    @property
    def names(self) -> str:
        """What the pinned answers are called in a link, as briefly as they can be, by commas."""
        return ",".join(pin_names(self.keys, self.known))

    @property
    def known(self) -> list[str]:
        """Keys of all answers that are known by now."""
        return [entry.key for entry in self._library.entries()]

    def follow(self, names: Iterable[str]) -> None:
        """Show the pins of a link, as far as they can be any."""
        self._linked = True
        self.keys = checked_pins(names)

    def poll(self) -> None:
        """Take in what other pages of the visitor have pinned, and what beginnings of keys stand for."""
        if not self._linked and self._version != self._kept.version:
            self._version, self.keys = self._kept.version, self._kept.keys
        if all(_PREFIX.fullmatch(key) is None for key in self.keys):
            return
        known = self.known
        whole = tuple(dict.fromkeys(_whole(key, known) for key in self.keys))
        if whole != self.keys:
            self.keys = whole

    def toggle(self, key: str) -> None:
        """Pin a stored answer, or take one out.

        Raises:
            MaxstimError: if it is not stored, there are as many as can be compared, or they cannot be
                kept.
        """
        if key in self.keys:
            self._keep(tuple(other for other in self.keys if other != key))
            return
        if self._library.find(key) is None:
            raise MaxstimError("This answer is not stored on this server; run it, then pin it.")
        if len(self.keys) >= MOST_PINS:
            raise MaxstimError(
                f"At most {MOST_PINS} answers are compared at a time; take one out, then pin another."
            )
        self._keep((*self.keys, key))

    def _keep(self, keys: tuple[str, ...]) -> None:
        self._linked = False
        self.keys = keys
        try:
            self._kept.keep(keys)
        finally:
            self._version = self._kept.version


def matching(name: str, known: Iterable[str]) -> list[str]:
    """Return the keys that a pin of a link may stand for: that very one, or all that begin so."""
    known = list(known)
    if name in known:
        return [name]
    is_prefix = _PREFIX.fullmatch(name) is not None
    return [key for key in known if is_prefix and _HASH.fullmatch(key) and key.startswith(name)]


def _whole(name: str, known: Collection[str]) -> str:
    if _PREFIX.fullmatch(name) is None:
        return name
    found = matching(name, known)
    return found[0] if len(found) == 1 else name


def pin_names(keys: Iterable[str], known: Collection[str]) -> tuple[str, ...]:
    """Return what pins are called in a link: the first digits of long keys, as many as tell them apart.

    Args:
        keys: Keys of pinned answers.
        known: Keys of all answers that there are.
    """
    return tuple(_short(key, known) for key in keys)


def _short(key: str, known: Collection[str]) -> str:
    if _HASH.fullmatch(key) is None:
        return key
    others = [other for other in known if other != key and other.startswith(key[:SHORTEST_PIN])]
    for length in range(SHORTEST_PIN, len(key)):
        if not any(other.startswith(key[:length]) for other in others):
            return key[:length]
    return key


_known: OrderedDict[Path, VisitorPins] = OrderedDict()
_knowing = threading.Lock()


def pins_of(visitor: str, root: Path) -> VisitorPins:
    """Return the pins of a visitor.

    Args:
        visitor: Their id, 32 hexadecimal digits.
        root: The data directory.
    """
    path = visitor_file(visitor, root, "pins")
    with _knowing:
        if path not in _known:
            _known[path] = VisitorPins(path)
        _known.move_to_end(path)
        while len(_known) > _VISITORS_REMEMBERED:
            _known.popitem(last=False)
        return _known[path]
