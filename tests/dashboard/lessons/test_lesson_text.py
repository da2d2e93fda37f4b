"""The text of a lesson becomes elements, and nothing of it is ever HTML."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.lessons.lesson_text import lesson_tree

TAGS = {
    "p", "strong", "em", "ul", "ol", "li", "blockquote", "table", "thead", "tbody", "tr", "th", "td",
    "h4", "code", "pre", "br", "hr", "a",
}  # fmt: skip


def elements(tree):
    for node in tree:
        if isinstance(node, dict):
            yield node
            yield from elements(node["children"])


def words(tree):
    return "".join(n if isinstance(n, str) else words(n["children"]) for n in tree)


def test_markdown_becomes_elements():
    [paragraph, listed, table] = lesson_tree(
        "A **b** *c* `d` [e](https://example.org/x)\n\n- one\n- two\n\n| f | g |\n|---|---|\n| 1 | 2 |\n"
    )
    assert [n["tag"] for n in elements([paragraph])] == ["p", "strong", "em", "code", "a"]
    assert (
        next(n for n in elements([paragraph]) if n["tag"] == "a")["href"] == "https://example.org/x"
    )
    assert words([paragraph]) == "A b c d e" and words([listed]) == "onetwo"
    assert [n["tag"] for n in elements([table])][:2] == ["table", "thead"]


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<b onclick=alert(1)>x</b>",
        "[x](javascript:alert(1))",
        "[x](data:text/html,<script>alert(1)</script>)",
        "[x](//evil.example)",
        "[x](file:///etc/passwd)",
        "![x](https://evil.example/spy.png)",
        "<https://ok.example> <javascript:alert(1)>",
        "[x]: javascript:alert(1)\n\n[x]",
    ],
)
def test_nothing_dangerous_comes_of_it(text):
    for node in elements(lesson_tree(text)):
        assert node["tag"] in TAGS
        assert set(node) <= {"tag", "children", "href"}
        assert node.get("href", "https://").startswith(("https://", "http://"))


@given(st.text(max_size=300))
def test_any_text_has_only_these_elements(text):
    for node in elements(lesson_tree(text)):
        assert node["tag"] in TAGS and node.get("href", "http").startswith("http")
