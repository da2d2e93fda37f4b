"""Bokeh figures in the page's quiet style."""

from __future__ import annotations

from collections.abc import Callable

import panel as pn
from bokeh.plotting import figure

TOOLS = "pan,box_zoom,wheel_zoom,reset,save"


def quiet_figure(**options: object) -> figure:
    """Return an empty figure: thin grid, no frame, a toolbar that appears when pointed at."""
    plot = figure(
        **{
            "tools": TOOLS,
            "active_scroll": None,
            "active_drag": "pan",
            "sizing_mode": "stretch_width",
            "min_border_left": 56,
            "min_border_right": 12,
            **options,
        }
    )
    plot.toolbar.logo = None
    plot.toolbar.autohide = True
    plot.outline_line_color = None
    plot.xgrid.grid_line_color = None
    plot.background_fill_alpha = plot.border_fill_alpha = 0
    for axis in plot.axis:
        axis.axis_line_color = axis.minor_tick_line_color = None
        axis.axis_label_text_font_style = "normal"
        axis.axis_label_text_font_size = "12px"
        axis.major_label_text_font_size = "11px"
        axis.major_tick_in = 0
        axis.major_tick_out = 4
    return plot


def in_document(update: Callable[[], None]) -> None:
    """Run something that writes to Bokeh models, when this page's document may be written to.

    Panel takes care of that for its own objects. A figure or data source must not be touched from
    wherever a callback happens to run: the message of a component, say, comes without the document's
    lock, and with ``--num-threads`` every callback comes from another thread. On a server, `update`
    runs at the next tick, under the lock; elsewhere at once.
    """
    pn.state.execute(update, schedule=True)
