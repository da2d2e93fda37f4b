"""What a message of a page may hold: what the page's own scripts send, and no more.

Bokeh 3.9 makes of a message whatever it asks for: it unpacks gzip without a limit, makes arrays of any
type and size, sets and maps whose keys can be chosen to collide, and new models; it keeps binary parts
for as long as more are announced. A small message could so take everybody's memory, or the one thread.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from bokeh.protocol.exceptions import ProtocolError
from bokeh.protocol.message import Message

LONGEST_MESSAGE = 8 * 1024 * 1024
"""Bytes of a part of a message: a network file, which is sent as text, has 2 MB."""

LONGEST_BINARY = 8 * 1024 * 1024
"""Bytes of all binary parts of a message: a chunk of a movie has 1 MB, a new component may have more."""

LONGEST_STRUCTURE = 256 * 1024
"""Characters of a part of a message outside of its strings: Python makes up to 20 bytes of each."""

LONGEST_WAITING = 1024 * 1024
"""Characters of a message that waits for its binary parts."""

MOST_EVENTS = 32
"""Changes that one message tells of: others come in between messages, not within one."""

_LONGEST_HEADER = 4096
"""Characters of what comes before the content of a message, and before each binary part."""

_MOST_BINARY = 64
"""Binary parts of a message."""

_CONTENT = 3
"""Place of the content among the parts of a message, after header and metadata."""

# It matches whatever begins like a string, and never goes back: it takes time in proportion.
_STRING = re.compile(r'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)

_QUESTIONS = ("PULL-DOC-REQ", "SERVER-INFO-REQ")
"""Messages whose content means nothing."""


class MessageParts:
    """Counts the parts of one message of a connection after the other."""

    def __init__(self) -> None:
        self._n_parts = self._n_binary = self._longest = 0

    def add(self, part: str | bytes) -> None:
        """Count a part before anything is made of it.

        Raises:
            ProtocolError: if it is longer, or one of more, than a page would send.
        """
        self._n_parts += 1
        if self._n_parts > _CONTENT + 2 * _MOST_BINARY:
            raise ProtocolError("a message of too many parts")
        if isinstance(part, bytes):
            self._n_binary += len(part)
            if self._n_binary > LONGEST_BINARY:
                raise ProtocolError("too much binary data in a message")
            return
        self._longest = max(self._longest, len(part))
        if self._n_parts != _CONTENT and len(part) > _LONGEST_HEADER:
            raise ProtocolError("a header that is too long")
        if len(part) > LONGEST_STRUCTURE and len(_STRING.sub("", part)) > LONGEST_STRUCTURE:
            raise ProtocolError("a message of too many values")

    def wait(self) -> None:
        """Note that the message is not complete.

        Raises:
            ProtocolError: if it is too long to be kept until it is.
        """
        if self._longest > LONGEST_WAITING:
            raise ProtocolError("a long message that is not complete")

    def end(self) -> None:
        """Note that the message is complete."""
        self._n_parts = self._n_binary = self._longest = 0


def check_message(message: Message[Any]) -> None:
    """Make sure that a complete message says nothing but what the page's own scripts do.

    Of a model that it describes only the id is left, so that it names one that there is, or none. Pages
    describe those that are new to them, and Bokeh would make what it misses.

    Raises:
        ProtocolError: if it does.
    """
    if message.msgtype in _QUESTIONS:
        return
    if message.msgtype != "PATCH-DOC":
        raise ProtocolError(f"a message of the kind {message.msgtype}")
    match message.content:
        case {"events": [*events], **others} if not others and 0 < len(events) <= MOST_EVENTS:
            for event in events:
                _check_event(event)
        case _:
            raise ProtocolError("no changes, or too many, in a message")


def _check_event(event: object) -> None:
    match event:
        case {"kind": "ModelChanged", "model": {"id": str()}, "attr": str(), "new": new}:
            names, value = {"kind", "model", "attr", "new"}, new
        case {"kind": "MessageSent", "msg_type": str(), "msg_data": data}:
            names, value = {"kind", "msg_type", "msg_data"}, data
        case _:
            raise ProtocolError("a change that no page makes")
    if set(event) != names:
        raise ProtocolError("a change that says more than it should")
    _check_value(value)


def _check_value(value: object) -> None:
    waiting = [iter((value,))]
    while waiting:  # not by recursion, which a deep value would end
        for one in waiting[-1]:
            waiting.append(_inside(one))
            break
        else:
            waiting.pop()


def _inside(value: object) -> Iterator[object]:
    """Return the values that a value holds.

    Raises:
        ProtocolError: if Bokeh would make of it what no page sends.
    """
    match value:
        case None | str() | bool() | int() | float():
            return iter(())
        case list():
            return iter(value)
        case {"type": "map", **rest} if set(rest) <= {"entries"}:
            return _entries(rest.get("entries", []))
        case {"type": "event", "name": str(), "values": values, **rest} if not rest:
            return iter((values,))
        case {"type": "number", "value": str() | int() | float(), **rest} if not rest:
            return iter(())
        case {"type": "bytes", "data": {"id": str()}, **rest} if not rest:
            return iter(())
        case {"id": str(), **rest} if not rest:
            return iter(())
        case {"type": "object", "name": str(), "id": str(name), **rest} if set(rest) <= {
            "attributes"
        }:
            value.clear()
            value["id"] = name
            return iter(())
    raise ProtocolError("a value that no page sends")


def _entries(entries: object) -> Iterator[object]:
    if not isinstance(entries, list):
        raise ProtocolError("a map without entries")
    for entry in entries:
        match entry:
            case [str(), value]:  # the hashes of numbers can be chosen
                yield value
            case _:
                raise ProtocolError("a key that is no text")
