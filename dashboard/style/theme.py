"""Colours and type of the page: one accent, quiet surfaces, the same in light and dark."""

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

CARD = f"""
:host {{
  background: var(--panel-background-color);
  border: 1px solid {_LINE};
  border-radius: 14px;
  padding: 14px 18px 12px;
  box-sizing: border-box;
}}
"""
"""Stylesheet of a card."""

LOWER_CARD = CARD + ":host { min-height: 432px; }"
"""Stylesheet of the cards below the player, which stand side by side."""

TEXT = """
:host { color: var(--panel-on-surface-color); font-family: var(--bokeh-base-font, sans-serif); }
h1, h2, h3, p { margin: 0; }
h1 { font-size: 30px; font-weight: 700; letter-spacing: -0.02em; line-height: 1.15; }
h2 { font-size: 15px; font-weight: 700; }
p { font-size: 13.5px; line-height: 1.5; }
.quiet { color: var(--panel-on-secondary-color); }
.small { font-size: 12px; }
.formula { margin: 8px 0 4px; font-size: 13px; line-height: 1.6; }
.formula b { font-weight: 600; }
.formula sub, .formula sup { font-size: 0.75em; line-height: 0; }
details { margin-top: 4px; }
summary { cursor: pointer; }
.equation {
  font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace;
  font-size: 11.5px; line-height: 1.55;
}
"""
"""Stylesheet of every piece of text."""

PAGE = {
    "& .MuiAppBar-root": {
        "backgroundColor": "background.default",
        "backgroundImage": "none",
        "color": "text.primary",
        "borderBottom": f"1px solid {_LINE}",
        "boxShadow": "none",
    },
    "& .MuiAppBar-root .MuiTypography-root": {"color": "text.primary"},
    "& .MuiDrawer-paper": {"backgroundColor": "background.paper", "borderRadius": 0},
}
"""How the page's frame differs from Material's: a quiet header, no shadows."""

ONE_LINE = """
p { display: flex; white-space: pre; line-height: 18px; }
p span:first-child { overflow: hidden; text-overflow: ellipsis; }
"""
"""Stylesheet of two pieces of text on one line, however long the first is."""

RUNBAR = f"""
:host {{
  position: sticky; bottom: 0; z-index: 5; box-sizing: border-box; margin-top: auto;
  padding: 12px 16px 10px;
  background: var(--panel-surface-color); border-top: 1px solid {_LINE};
}}
"""
"""Stylesheet of the foot of the sidebar, which stays in sight while the settings scroll."""

HEADLINE = """
h1 { display: flex; flex-wrap: wrap; align-items: center; gap: 2px 10px; }
h1 small { font-size: 22px; font-weight: 400; letter-spacing: 0; opacity: 0.75; }
h1 span { font-size: 12px; font-weight: 700; letter-spacing: 0.03em; line-height: 1.6; }
h1 .arrow { font-size: 24px; line-height: 1; color: var(--panel-primary-color); }
.polarity { padding: 0 7px; border: 1px solid #8a9195; border-radius: 5px; }
.polarity.on { background: #fff; color: #222; }
.polarity.off { background: #1d2326; color: #fff; }
.mark { padding: 0 10px; border: 1px solid currentColor; border-radius: 20px; }
.mark.live { color: var(--panel-primary-color); }
p { margin-top: 4px; }
"""
"""Stylesheet of the large title."""

NOTE = """
p { padding: 6px 12px; border-left: 3px solid var(--panel-primary-color); border-radius: 3px; }
p { background: color-mix(in srgb, var(--panel-primary-color) 9%, transparent); }
"""
"""Stylesheet of the line that says that what is on show is not what is chosen."""
