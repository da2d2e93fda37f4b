"""Markdown as a tree of elements, which the browser makes one by one: no text is ever read as HTML."""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

_TAGS = {
    "paragraph": "p",
    "strong": "strong",
    "em": "em",
    "bullet_list": "ul",
    "ordered_list": "ol",
    "list_item": "li",
    "blockquote": "blockquote",
    "table": "table",
    "thead": "thead",
    "tbody": "tbody",
    "tr": "tr",
    "th": "th",
    "td": "td",
    "heading": "h4",
}
"""What an element of Markdown is on the page; the children of any other stand in its place."""

_LEAVES = {"code_inline": "code", "code_block": "pre", "fence": "pre"}

_DEEPEST = 12
"""Elements within each other; what is deeper is its text alone."""

TextTree = list[Any]
"""Children: texts, and elements as ``{"tag": ..., "children": [...]}``, links with ``href``."""


@lru_cache(maxsize=256)
def lesson_tree(markdown: str) -> TextTree:
    """Return a text as the browser makes it.

    HTML in it is text like any other, pictures are their descriptions, and links lead to http and https
    alone.

    Args:
        markdown: In CommonMark, with tables.
    """
    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": _DEEPEST}).enable("table")
    return _children(SyntaxTreeNode(parser.parse(markdown)), 0)


def _children(node: SyntaxTreeNode, depth: int) -> TextTree:
    return [made for child in node.children for made in _made(child, depth + 1)]


def _made(node: SyntaxTreeNode, depth: int) -> TextTree:
    if node.type == "text":
        return [node.content]
    if node.type == "softbreak":
        return [" "]
    if node.type == "hardbreak":
        return [{"tag": "br", "children": []}]
    if node.type == "hr":
        return [{"tag": "hr", "children": []}]
    if node.type in _LEAVES:
        return [{"tag": _LEAVES[node.type], "children": [node.content]}]
    if node.type == "image":
        return [node.content]
    children = _children(node, depth)
    if depth > _DEEPEST:
        return children
    if node.type == "link":
        href = str(node.attrs.get("href", ""))
        return [{"tag": "a", "href": href, "children": children}] if _is_safe(href) else children
    tag = _TAGS.get(node.type)
    return [{"tag": tag, "children": children}] if tag else (children or [node.content])


def _is_safe(address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)
