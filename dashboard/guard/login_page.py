"""The pages that the gate answers with: whole in themselves, they ask no server for anything."""

from __future__ import annotations

from html import escape

_STYLE = """
:root { color-scheme: light dark; --ink: #16201f; --quiet: #54615f; --paper: #f4f6f6; --card: #fff;
  --line: #dde3e2; --accent: #0b7a6d; --on: #fff; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8edec; --quiet: #9aa7a5; --paper: #121618;
  --card: #1a2022; --line: #2c3538; --accent: #3cc9b4; --on: #06201c; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 16px;
  background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, "Segoe UI", sans-serif; }
main { width: min(380px, 100%); padding: 28px; background: var(--card);
  border: 1px solid var(--line); border-radius: 14px; }
h1 { margin: 0; font-size: 26px; letter-spacing: -0.02em; }
p { margin: 4px 0 0; color: var(--quiet); }
label { display: block; margin-top: 18px; font-weight: 600; font-size: 14px; }
label small { font-weight: 400; color: var(--quiet); }
input { width: 100%; margin-top: 6px; padding: 10px 12px; font: inherit; color: inherit;
  background: transparent; border: 1px solid var(--quiet); border-radius: 8px; }
input:focus-visible, button:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
button { width: 100%; margin-top: 22px; padding: 11px; font: inherit; font-weight: 600;
  color: var(--on); background: var(--accent); border: 0; border-radius: 10px; cursor: pointer; }
.problem { margin-top: 16px; padding: 8px 12px; color: var(--ink); border-radius: 6px;
  border-left: 3px solid var(--accent);
  background: color-mix(in srgb, var(--accent) 10%, transparent); }
"""


def login_page(where: str, problem: str = "") -> str:
    """Return the page that asks for the password.

    Args:
        where: Relative address to go to afterwards.
        problem: What was wrong with the last try, as a sentence, or nothing.
    """
    note = f'<p class="problem" role="alert">{escape(problem)}</p>' if problem else ""
    return _page(
        f"""<h1>maxstim</h1>
<p>Which movie excites this cell most?</p>
{note}
<form method="post" action="./login">
<input type="hidden" name="next" value="{escape(where.removeprefix("./"))}">
<label>Your name <small>(as others see it beside your runs,
and on the wall of a class; may stay empty)</small>
<input name="username" maxlength="40" autocomplete="nickname"></label>
<label>Password
<input name="password" type="password" required autofocus autocomplete="current-password"></label>
<button type="submit">Log in</button>
</form>"""
    )


def logout_page() -> str:
    """Return the page that asks whether to log out."""
    return _page(
        """<h1>maxstim</h1>
<p>This ends your login on all pages of this browser; runs go on.</p>
<form method="post" action="./logout">
<button type="submit">Log out</button>
</form>"""
    )


def sentence_page(sentence: str) -> str:
    """Return a page that says one sentence."""
    return _page(f"<h1>maxstim</h1>\n<p>{escape(sentence)}</p>")


def _page(inside: str) -> str:
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>maxstim</title>
<link rel="icon" href="data:,">
<style>{_STYLE}</style>
</head>
<body>
<main>
{inside}
</main>
</body>
</html>
"""
