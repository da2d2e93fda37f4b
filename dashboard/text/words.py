"""What the page says: names and one sentence for each method, equations, times."""

from __future__ import annotations

import dataclasses
import re
from html import escape

from maxstim_core.runs.snapshot import RunSnapshot
from maxstim_core.settings import Config

METHOD_WORDS = {"natural": "Natural", "regularized": "Regularized", "generated": "Generated"}

METHOD_SENTENCES = {
    "natural": "Finds the clip of a set of movies that excites the cell most.",
    "regularized": "Pulls the best natural clip towards grey and keeps only what the cell needs.",
    "generated": "Grows a movie from noise, step by step, until it excites the cell most.",
}

HOW_TO_READ = """
#### The two eyes
The left hexagons are the **stimulus**: the light in each of the 721 columns of the fly's eye, from
black (0) over grey (0.5) to white (1). The right ones are the **response**: the voltage of every cell
of the chosen type while it sees that movie. The picture is the eye's view, up is up. Cells at the
border lack neighbours, rest elsewhere and answer otherwise, often in stripes along the edge: the colours
go by the cells further in, and only these tell of the fly.

#### The trace
The curve is the voltage of the **central cell**, whose response the movie is made to excite. Time
runs in milliseconds relative to the peak. Drag it, or use the arrow keys and the space bar: they
work wherever they have no other use, as in a field of numbers. The player opens shortly before the peak,
where most has changed near the centre: what a cell sees reaches it with a delay.

#### The three answers
*Natural* is the best clip of a set. *Regularized* is that clip with everything removed that the cell
does not need. *Generated* starts from noise and knows nothing of natural movies. What the three have in
common is what the cell looks for.

#### What to keep in mind
Voltages are in arbitrary units, and a network is a model: compare its answer with the published
tuning beside the cell type's name, and try several seeds before you believe a detail.
"""


def equation(config_class: type[Config]) -> str:
    """Return the loss of a method in plain text, from the docstring of its configuration, or ""."""
    found = re.search(r"The loss is ``(.+?)``", config_class.__doc__ or "", re.DOTALL)
    return f"loss = {found[1]}" if found else ""


def equation_html(config_class: type[Config]) -> str:
    """Return the loss of a method with the names of its controls, and what the symbols are, or ""."""
    code = equation(config_class)
    if not code:
        return ""
    names = {item.name: item.metadata["label"] for item in dataclasses.fields(config_class)}
    text = re.sub(r"_(th|t)\b", lambda found: f"<sub>{','.join(found[1])}</sub>", escape(code))
    text = re.sub(
        r"\w+", lambda word: f"<b>{names[word[0]]}</b>" if word[0] in names else word[0], text
    )
    for plain, drawn in (("**2", "²"), (" * ", " · "), ("-", "−")):
        text = text.replace(plain, drawn)
    target = ", target: that under the clip itself" if "target" in code else ""
    last = ", for <i>a</i> the last alone if so chosen" if "last_only" in names else ""
    return (
        f'<p class="formula">{text}</p>'
        f'<p class="small quiet"><i>a</i>: voltage of the central cell{target}; <i>x</i>: luminance; '
        f"<i>t</i>: frames{last}; <i>h</i>: columns.</p>"
        '<details class="small quiet"><summary>As code</summary>'
        f'<p class="equation">{escape(code)}</p></details>'
    )


def duration(seconds: float) -> str:
    """Return a duration for a glance: "8 s", "3 min", "1 h 5 min"."""
    seconds = round(seconds)
    if seconds < 100:
        return f"{seconds} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"


def ordinal(number: int) -> str:
    """Return "next", "2nd", "3rd", … for a place in a queue."""
    if number <= 1:
        return "next"
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10 if number % 100 not in (11, 12, 13) else 0)
    return f"{number}{ending or 'th'}"


TERM_WORDS = {"total": "Total loss", "response": "Response term", "grey": "Grey term"}
"""Titles of the loss terms; a term not listed is shown by its own name."""


def term_words(term: str) -> str:
    """Return the title of a loss term."""
    return TERM_WORDS.get(term, term.replace("_", " ").capitalize())


def status_sentence(run: RunSnapshot) -> str:
    """Return where a run stands, as one sentence."""
    what = escape(f"{run.request.cell_type} {METHOD_WORDS[run.request.method].lower()}")
    if run.state == "queued":
        return f"{what} waits: {ordinal(run.position)} in line."
    if run.state == "running":
        stage = run.message[:1].lower() + run.message[1:].rstrip(".")
        text = f"{what}: {escape(stage)}" if stage else f"{what}"
        if run.step:
            text += (
                f", {run.step} of {run.n_steps}"
                if stage
                else f": iteration {run.step} of {run.n_steps}"
            )
            text += f", {duration(run.eta)} left" if run.eta is not None else ""
        return text + "."
    if run.state == "done":
        taken = "from the store" if run.cached else f"in {duration(run.elapsed)}"
        return f"{what} is done, {taken}."
    if run.state == "cancelled":
        kept = (
            "the best so far is shown" if run.result else escape(run.message) or "nothing was kept"
        )
        return f"{what} was cancelled: {kept.rstrip('.')}."
    return f"{what} failed."


def device_words(device: str) -> str:
    """Return how people call a device: "CPU", "GPU 0"."""
    kind, _, number = device.partition(":")
    return "CPU" if kind == "cpu" else f"GPU {number or 0}"
