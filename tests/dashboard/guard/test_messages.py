"""What a message may hold: all that the page's own scripts send, and nothing that grows."""

from __future__ import annotations

import gzip
import json
from base64 import b64encode
from contextlib import suppress
from typing import Any

import pytest
from bokeh.protocol import Protocol
from bokeh.protocol.exceptions import ProtocolError
from hypothesis import given
from hypothesis import strategies as st

from dashboard.guard.messages import (
    LONGEST_BINARY,
    LONGEST_STRUCTURE,
    LONGEST_WAITING,
    MOST_EVENTS,
    MessageParts,
    check_message,
)


def check(kind: str, content: object) -> None:
    header = json.dumps({"msgid": "1", "msgtype": kind})
    check_message(Protocol().assemble(header, "{}", json.dumps(content)))


def changed(new: object) -> dict[str, Any]:
    return {"kind": "ModelChanged", "model": {"id": "p1"}, "attr": "value", "new": new}


def said(data: object) -> dict[str, Any]:
    """Return what a component's half in the browser says."""
    values = {"type": "map", "entries": [["model", {"id": "p1"}], ["data", data]]}
    event = {"type": "event", "name": "data_event", "values": values}
    return {"kind": "MessageSent", "msg_type": "bokeh_event", "msg_data": event}


SENT = [
    None,
    True,
    7,
    -0.5,
    "text " * 1000,
    [1, ["two", None]],
    {"type": "map"},
    {"type": "map", "entries": [["a", {"type": "map", "entries": [["b", [1, 2]]]}]]},
    {"type": "number", "value": "nan"},
    {"type": "bytes", "data": {"id": "0"}},
    {"id": "p1002"},
]


@pytest.mark.parametrize("value", SENT, ids=str)
def test_what_pages_send(value):
    check("PATCH-DOC", {"events": [changed(value)]})
    check("PATCH-DOC", {"events": [said(value)] * MOST_EVENTS})


def test_of_a_model_that_is_described_its_id_is_left():
    """Pages describe those that are new to them; Bokeh would make another of it."""
    attributes = {"tags": {"type": "set", "entries": [0]}, "inner": {"type": "object", "name": "A"}}
    described = {"type": "object", "name": "Slider", "id": "p9", "attributes": attributes}
    content = {"events": [said(described), changed([described, {"type": "map"}])]}
    header = json.dumps({"msgid": "1", "msgtype": "PATCH-DOC"})
    message = Protocol().assemble(header, "{}", json.dumps(content))
    check_message(message)
    assert message.content == {
        "events": [said({"id": "p9"}), changed([{"id": "p9"}, {"type": "map"}])]
    }


def test_what_pages_ask():
    check("PULL-DOC-REQ", {})
    check("SERVER-INFO-REQ", {})


def packed(n_bytes: int) -> str:
    return b64encode(gzip.compress(bytes(n_bytes), mtime=0)).decode()


NEVER_SENT = [
    {"type": "bytes", "data": packed(1000)},  # Bokeh unpacks it, however large it becomes
    {"type": "bytes", "data": {"type": "bytes", "data": "AA=="}},
    {"type": "bytes"},
    {"type": "ndarray", "array": ["a"], "dtype": "U1000", "shape": [1], "order": "little"},
    {"type": "ndarray", "array": [0], "dtype": "(1000,)f8", "shape": [1], "order": "little"},
    {"type": "ndarray", "array": [0], "dtype": "V1000", "shape": [1], "order": "little"},
    {"type": "typed_array", "array": [0], "dtype": "float64", "order": "little"},
    {"type": "slice", "start": 0, "stop": 10, "step": 1},
    {"type": "set", "entries": [0, 2**61 - 1]},  # both have the hash 0
    {"type": "map", "entries": [[0, 0], [2**61 - 1, 0]]},
    {"type": "map", "entries": [[0.5, 0]]},
    {"type": "map", "entries": [["a", 0, 0]]},
    {"type": "map", "entries": {"a": 0}},
    {"type": "map", "entries": [["a", {"type": "set"}]]},
    {"type": "array", "entries": [0]},
    {"type": "symbol", "name": "Symbol.iterator"},
    {"type": "number", "value": [0]},
    {"type": "object", "name": "Slider"},
    {"type": "object", "name": "Slider", "id": 9},
    {"type": "value", "value": 0},
    {"type": "event", "name": "data_event", "values": {"type": "set"}},
    {"type": ["map"]},
    {"a": 0},
    {},
    [[[{"type": "set"}]]],
]


@pytest.mark.parametrize("value", NEVER_SENT, ids=lambda value: str(value)[:60])
def test_values_that_no_page_sends(value):
    for event in (changed(value), said(value), said([0, value])):
        with pytest.raises(ProtocolError):
            check("PATCH-DOC", {"events": [event]})


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("PUSH-DOC", {"doc": {"roots": [], "title": "another", "version": "3"}}),
        ("PULL-DOC-REPLY", {"doc": {}}),
        ("ACK", {}),
        ("OK", {}),
        ("ERROR", {"text": "no", "traceback": "none"}),
        ("PATCH-DOC", {}),
        ("PATCH-DOC", []),
        ("PATCH-DOC", None),
        ("PATCH-DOC", {"events": []}),
        ("PATCH-DOC", {"events": "none"}),
        ("PATCH-DOC", {"events": [None]}),
        ("PATCH-DOC", {"events": [said(0)], "references": []}),
        ("PATCH-DOC", {"events": [said(0)] * (MOST_EVENTS + 1)}),
        ("PATCH-DOC", {"events": [{**changed(0), "more": 0}]}),
        ("PATCH-DOC", {"events": [{**changed(0), "model": {"type": "object", "id": "p1"}, "new": {}}]}),
        ("PATCH-DOC", {"events": [{"kind": "TitleChanged", "title": "another"}]}),
        ("PATCH-DOC", {"events": [{"kind": "RootAdded", "model": {"id": "p1"}}]}),
        ("PATCH-DOC", {"events": [{"kind": "ColumnsPatched", "model": {"id": "p1"}, "patches": {}}]}),
        ("PATCH-DOC", {"events": [{"kind": "ColumnsStreamed", "model": {"id": "p1"}, "data": {}}]}),
    ],
)  # fmt: skip
def test_messages_that_no_page_sends(kind, content):
    with pytest.raises(ProtocolError):
        check(kind, content)


def test_a_deep_value_is_looked_through():
    value: object = {"type": "set"}
    for _ in range(400):
        value = [value]
    with pytest.raises(ProtocolError):
        check("PATCH-DOC", {"events": [said(value)]})


def counted(*parts: str | bytes) -> None:
    counts = MessageParts()
    for part in parts:
        counts.add(part)
    counts.wait()


def test_parts_that_pages_send():
    counts = MessageParts()
    network = json.dumps({"content": '{"a\\": [1, 2, 3]}' * 100_000})
    chunk = bytes(1_000_000)
    for parts in (("{}", "{}", network), ("{}", "{}", "{}", '{"id": "0"}', chunk)) * 3:
        for part in parts:
            counts.add(part)
        counts.end()


@pytest.mark.parametrize(
    "parts",
    [
        ("x" * 10_000,),
        ("{}", "x" * 10_000),
        ("{}", "{}", "[]," * LONGEST_STRUCTURE),
        ("{}", "{}", '"a"[],' * LONGEST_STRUCTURE),
        ("{}", "{}", '"\\"' + "[]," * 10 + '",' + "[]," * LONGEST_STRUCTURE),
        ("{}", "{}", '"' + "x" * LONGEST_WAITING + '"'),  # and binary parts that never come
        ("{}", "{}", "{}", "x" * 10_000),
        ("{}", "{}", "{}", "{}", bytes(LONGEST_BINARY + 1)),
        ("{}", "{}", "{}", *("{}", bytes(LONGEST_BINARY // 4)) * 5),
        ("{}", "{}", "{}", *("{}", b"") * 100),
    ],
    ids=range(10),
)
def test_parts_that_no_page_sends(parts):
    with pytest.raises(ProtocolError):
        counted(*parts)


@given(st.recursive(st.none() | st.text(), lambda inner: st.lists(inner), max_leaves=30))
def test_strings_do_not_count_as_structure(value):
    """However they are written: a string with quotes and backslashes in it is one."""
    counts = MessageParts()
    counts.add("{}")
    counts.add("{}")
    counts.add(json.dumps(["x" * LONGEST_STRUCTURE, value]))


@pytest.mark.parametrize("part", ['"' + '\\"' * 1_000_000, '"' * 1_000_001, "\\" * 1_000_000 + '"'])
def test_a_string_without_an_end_is_looked_through_once(part):
    """In a moment: were it begun again at every quotation mark, it would take hours."""
    with suppress(ProtocolError):
        counted("{}", "{}", part)
