"""No design of Panel's for the components that bring their own stylesheets."""

from __future__ import annotations

from typing import Any

from panel.theme.base import Design
from panel.viewable import Viewable


class Plain(Design):
    """Adds nothing: neither stylesheets to fetch nor time to find out which."""

    @classmethod
    def _get_modifiers(
        cls, viewable: Viewable, theme: object = None, isolated: bool = True
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        return {}, {}
