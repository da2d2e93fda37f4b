"""What the sets of clips are called, as in the captions of figures."""

from __future__ import annotations

from maxstim_core.export.captions import set_title

__all__ = ["set_title"]
