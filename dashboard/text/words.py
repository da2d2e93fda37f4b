"""What the page says: how to read it, equations, times, and where a run stands."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Mapping
from html import escape

import xarray as xr

from maxstim_core.optimal.configs import METHODS, loss_of, weights_of
from maxstim_core.runs.snapshot import RunSnapshot, TaskSnapshot
from maxstim_core.settings import Config

HOW_TO_READ = """
<h3>The two eyes</h3>
<p>The left hexagons are the <b>stimulus</b>: the light in each of the 721 columns of the fly's eye, from
black (0) over grey (0.5) to white (1). The right ones are the <b>response</b>: the voltage of every cell
of the chosen type while it sees that movie. The picture is the eye's view, up is up. Cells at the
border lack neighbours, rest elsewhere and answer otherwise, often in stripes along the edge: the colours
go by the cells further in, and only these tell of the fly.</p>
<h3>The trace</h3>
<p>The curve is the voltage of the <b>central cell</b>, whose response the movie is made to excite. Time
runs in milliseconds relative to the peak. Drag it, or use the arrow keys and the space bar: they
work wherever they have no other use, as in a field of numbers. The player opens shortly before the peak,
where most has changed near the centre: what a cell sees reaches it with a delay.</p>
<h3>The three answers</h3>
<p><i>Natural</i> is the best clip of a set. <i>Regularized</i> is that clip with everything removed that
the cell does not need. <i>Generated</i> starts from noise and knows nothing of natural movies. What the
three have in common is what the cell looks for.</p>
<h3>Why, and beside which others</h3>
<p><i>Mechanism</i>, beneath the player, shows which input types carried the response, and what is
left of it without each. <i>Pin</i> keeps an answer: those that are pinned play in step under
<i>Compare</i>.</p>
<h3>What to keep in mind</h3>
<p>Voltages are in arbitrary units, and a network is a model: compare its answer with the published
tuning beside the cell type's name, and try several seeds before you believe a detail.</p>
"""
"""As HTML."""


def equation(config: Config) -> str:
    """Return what a method lowers, as code with the names of its weights, or "" for a search."""
    weights = weights_of(config)
    return f"loss = {loss_of(config).formula(weights)}" if weights else ""


def equation_html(config: Config) -> str:
    """Return the same with the labels of its weights, and what the symbols are, or ""."""
    loss, weights = loss_of(config), weights_of(config)
    if not weights:
        return ""
    labels = {item.name: item.metadata["label"] for item in dataclasses.fields(config)}
    drawn = ""
    for name, (_, term) in zip(weights, loss.parts, strict=True):
        formula = str(term)
        sign = "−" if formula.startswith("-") else "+"
        formula = _drawn(formula.removeprefix("-"), loss.symbols)
        drawn += f" {sign} " if drawn else sign.strip("+")
        drawn += f"<b>{escape(labels[name])}</b> · {formula}"
    formula = str(loss)
    symbols = "; ".join(
        f"<i>{name}</i>: {said}" for name, said in loss.symbols.items() if _has(formula, name)
    )
    return (
        f'<p class="formula">loss = {drawn}</p>'
        f'<p class="small quiet">{symbols}.</p>'
        '<details class="small quiet"><summary>As code</summary>'
        f'<p class="equation">{escape(equation(config))}</p></details>'
    )


def _has(formula: str, symbol: str) -> bool:
    """Whether a formula has a symbol, a single letter, by itself or among the indices of another."""
    return re.search(rf"\b{symbol}(_|\b)|_[a-z]?{symbol}[a-z]?\b", formula) is not None


def _drawn(formula: str, symbols: Mapping[str, str]) -> str:
    """Return the formula of a term (`Term.__str__`) with indices, powers and signs as in print."""

    def index(found: re.Match) -> str:
        letters = found[1]
        return f"<sub>{','.join(letters) if symbols.keys() >= set(letters) else letters}</sub>"

    text = re.sub(r"_([a-z]+)\b", index, escape(formula))
    text = re.sub(r"\^(\d+)", r"<sup>\1</sup>", text)
    return text.replace(" * ", " · ").replace("-", "−")


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


def place_in_line(run: RunSnapshot) -> str:
    """Return where a run waits and for how long: "2nd in line, begins in about 40 s"."""
    begins = "" if run.wait is None else f", begins in about {duration(run.wait)}"
    return f"{ordinal(run.position)} in line{begins}"


def task_in_line(task: TaskSnapshot) -> str:
    """Return where a task waits and behind what: "2nd in line, after a sweep and 2 runs."."""
    counts = Counter(task.ahead)
    ahead = [f"a {what}" if n == 1 else f"{n} {what}s" for what, n in counts.items()]
    listed = " and ".join([", ".join(ahead[:-1]), ahead[-1]] if len(ahead) > 1 else ahead)
    place = f"{ordinal(task.position)} in line"
    return f"{place[0].upper()}{place[1:]}{', after ' if listed else ''}{listed}."


def status_sentence(run: RunSnapshot) -> str:
    """Return where a run stands, as one sentence of plain text."""
    what = f"{run.request.cell_type} {METHODS[run.request.method].title.lower()}"
    if run.state == "queued":
        return f"{what} waits: {place_in_line(run)}."
    if run.state == "running":
        stage = run.message[:1].lower() + run.message[1:].rstrip(".")
        text = f"{what}: {stage}" if stage else what
        if run.step or (run.paused and run.n_steps):
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
        kept = "the best so far is kept" if run.result else run.message or "nothing was kept"
        return f"{what} was cancelled: {kept.rstrip('.')}."
    return f"{what} failed."


def before_words(answer: xr.Dataset | None) -> str:
    """Return whose curves are on show while a run has none yet: "of the answer before: T4c generated".

    Args:
        answer: The answer that was on the page before the run, or None.
    """
    if answer is None:
        return ""
    method = str(answer.attrs["method"])
    title = METHODS[method].title.lower() if method in METHODS else method
    return f"of the answer before: {answer.attrs['cell_type']} {title}"


def device_words(device: str) -> str:
    """Return how people call a device: "CPU", "GPU 0"."""
    kind, _, number = device.partition(":")
    return "CPU" if kind == "cpu" else f"GPU {number or 0}"
