"""Colors and type of what Material draws, the dialogs; those of the page are in `tokens.css`."""

from __future__ import annotations

_LINE = "color-mix(in srgb, var(--panel-on-surface-color) 15%, transparent)"
"""Colour of hairlines, on either theme."""

_TYPE = {
    "typography": {"button": {"textTransform": "none", "fontWeight": 600}},
    "shape": {"borderRadius": 10},
    "components": {
        "MuiFormControlLabel": {"styleOverrides": {"label": {"fontSize": 13}}},
        "MuiSelect": {"styleOverrides": {"select": {"fontSize": 14}}},
        "MuiMenuItem": {"styleOverrides": {"root": {"fontSize": 14}}},
    },
}

_CLEAR = {"backgroundColor": "transparent", "boxShadow": "none"}

QUIET_BUTTON = {
    "size": "small",
    "align": "center",
    "margin": (0, 0, 0, 8),
    # All of the look is said here: `FileDownload` warns of `variant` and `color` under Panel 1.9.
    "sx": {
        **_CLEAR,
        "border": f"1px solid {_LINE}",
        "color": "var(--panel-on-surface-color)",
        "fontSize": 13,
        "fontWeight": 500,
        "padding": "6px 12px",
        "&:hover": {**_CLEAR, "borderColor": "currentColor"},
        "&.Mui-disabled": {**_CLEAR, "opacity": 0.45, "color": "var(--panel-on-surface-color)"},
        "&.Mui-disabled.MuiButton-loading": {"opacity": 1, "color": "transparent"},
        "& .MuiButton-loadingIndicator": {"color": "var(--panel-primary-color)"},
    },
}
"""What every button has that is not the main one."""

THEME = {
    "light": {
        **_TYPE,
        "palette": {
            "primary": {"main": "#0B7A6D", "contrastText": "#FFFFFF"},
            "background": {"default": "#FFFFFF", "paper": "#F4F6F6"},
            "text": {"primary": "#16201F", "secondary": "#54615F"},
            "divider": "#DDE3E2",
        },
    },
    "dark": {
        **_TYPE,
        "palette": {
            "primary": {"main": "#3CC9B4", "contrastText": "#06201C"},
            "background": {"default": "#1A2022", "paper": "#121618"},
            "text": {"primary": "#E8EDEC", "secondary": "#9AA7A5"},
            "divider": "#2C3538",
        },
    },
}
"""What `panel_material_ui` takes as `theme_config`."""

TEXT = """
:host { color: var(--panel-on-surface-color); font-family: var(--bokeh-base-font, sans-serif); }
h1, h2, h3, p { margin: 0; }
h1 { font-size: 30px; font-weight: 700; letter-spacing: -0.02em; line-height: 1.15; }
h2 { font-size: 15px; font-weight: 700; }
p { font-size: 13.5px; line-height: 1.5; }
.quiet { color: var(--panel-on-secondary-color); }
.small { font-size: 12px; }
"""
"""Stylesheet of every piece of text."""
