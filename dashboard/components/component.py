"""The base of the components that a page is made of."""

from __future__ import annotations

from functools import cache
from typing import Any, ClassVar, Literal

import panel as pn
import param
from bokeh.document import Document
from bokeh.events import Event


class OwnStyles:
    """What a part of the page has: the stylesheets that it names and no others.

    Panel adds stylesheets of its own to every component, each to be fetched from an address that it
    finds out only once the page has been built.
    """

    def _process_param_change(self, params: dict[str, Any]) -> dict[str, Any]:
        properties = super()._process_param_change(params)
        if "stylesheets" in properties:
            properties["stylesheets"] = [
                sheet for sheet in properties["stylesheets"] if isinstance(sheet, str)
            ]
        return properties


class Component(OwnStyles, pn.custom.JSComponent):
    """A part of the page in one model."""

    # Panel would look for compiled code in every folder above, whenever it needs to know of any.
    _bundle_path = None
    _bundle_css: ClassVar[tuple[str, ...]] = ()

    @classmethod
    @cache  # Panel would look for indentation in each script, all of it, for each page
    def _render_esm(cls, compiled: bool | Literal["compiling"] = True, server: bool = False) -> str:
        return super()._render_esm(compiled, server)

    def _server_event(self, doc: Document, event: Event) -> None:
        _note_open(doc)
        super()._server_event(doc, event)

    def _server_change(
        self, doc: Document, ref: str, subpath: str | None, attr: str, old: Any, new: Any
    ) -> None:
        _note_open(doc)
        super()._server_change(doc, ref, subpath, attr, old, new)


class LateComponent(Component):
    """A part that is made when it is asked for, and shown once it has all that it says at first.

    A browser refuses changes of what has not reached it yet. Its script sets `drawn` when it has drawn.
    """

    drawn = param.Boolean(
        default=False,
        doc="Whether the browser has drawn this. Its first word of a model that came after the page has "
        "all of that model in it (Bokeh 3.9), but where that is a value that has changed.",
    )


def _note_open(doc: Document) -> None:
    """Note that a browser has the page: who says something has been sent all of it.

    Panel 1.9 notes so only when everything has been drawn. What changes before, it keeps to itself, as
    though the whole page were still to be sent: who is quick would never hear what came of a click.
    """
    pn.state._connected[doc] = pn.state._loaded[doc] = True


class Later(OwnStyles, pn.Column):
    """Room for what comes later, if at all."""
