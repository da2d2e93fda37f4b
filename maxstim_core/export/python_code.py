"""Python lines that make an answer again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from maxstim_core.export.cut_short import cut_short_comment, is_cut_short
from maxstim_core.optimal.configs import SearchConfig
from maxstim_core.settings import Config
from maxstim_core.stimuli.stored.paintings import PAINTED

if TYPE_CHECKING:
    from maxstim_core.runs.request import RunRequest


def python_snippet(request: RunRequest, output: str, *, n_made: int | None = None) -> str:
    """Return Python lines that make the answer of a run and save it as `output`.

    Args:
        request: What was asked for.
        output: Name of the file.
        n_made: Iterations that were made of a run that was cancelled, where the lines stop too; 0 of a
            search, None of a whole run: `maxstim_core.optimal.result.cancelled_after`.
    """
    lines = {"natural": _search, "regularized": _regularize, "generated": _generate}
    network, device = _text(request.network), _text(request.device)
    return (
        "import maxstim_core as ms\n\n"
        + _beginning(request)
        + _cut_short(request, n_made)
        + f"network, device = ms.open_network({network}), {device}\n"
        + lines[request.method](request, _text(output), _run_until(request, n_made))
    )


def _beginning(request: RunRequest) -> str:
    """Return a line that says where the painting is that a run begins from, if it does."""
    key = getattr(request.config, "start", "")
    if request.method == "regularized" and request.clips.startswith(PAINTED):
        key = request.clips.removeprefix(PAINTED)
    where = f"# It begins from paintings/{key}.nc, which has to be in the data directory.\n"
    return where if key else ""


def _cut_short(request: RunRequest, n_made: int | None) -> str:
    """Return a line that says where a run was cancelled, if it was."""
    if n_made is None or not is_cut_short(request, n_made):
        return ""
    return cut_short_comment(request, n_made, "this stops there, too")


def _run_until(request: RunRequest, n_made: int | None) -> str:
    """Return the lines that iterate a run, as far as it came."""
    if isinstance(request.config, SearchConfig) or not is_cut_short(request, n_made):
        return _RUN
    # Not by fewer iterations: under constraints, those would be other ones.
    return f"{_RUN}    if report.step == {n_made}:\n        break\n"


def _config(config: Config) -> str:
    lines = (
        f"    {setting.name}={_literal(getattr(config, setting.name))},"
        for setting in config.told_fields()
    )
    return "\n".join([f"config = ms.{type(config).__name__}(", *lines, ")\n"])


def _text(value: str) -> str:
    """Return a Python string literal in double quotes: JSON's is one."""
    return json.dumps(value, ensure_ascii=False)


def _literal(value: object) -> str:
    return _text(value) if isinstance(value, str) else repr(value)


_RUN = """\
for report in run:
    print(f"{report.step} of {report.n_steps}", end="\\r")
"""


def painted_snippet(network: str, cell_type: str, taken: str, *, silenced: str = "") -> str:
    """Return Python lines that show a painting, taken home as NetCDF, to its network again.

    Args:
        network: As `maxstim_core.networks.catalog.open_network` takes it.
        cell_type: The cell type that was watched.
        taken: Name of the file.
        silenced: Cell types that were silenced, as settings say it.
    """
    without = f"network = ms.silenced(network, {_text(silenced)})\n" if silenced else ""
    return (
        "import maxstim_core as ms\n\n"
        f"network = ms.open_network({_text(network)})\n"
        f"{without}"
        f"painted = ms.load({_text(taken)})  # take it home as NetCDF\n"
        f"cells = network.layout.cells(network.cell_type({_text(cell_type)}))\n"
        'voltage = ms.simulate(network, painted.stimulus, painted.attrs["dt"], cells=cells)\n'
    )


def _generate(request: RunRequest, output: str, run: str) -> str:
    asked, others = "network", ""
    if request.further_networks:
        names = ", ".join(map(_text, request.further_networks))
        others = f"others = [ms.open_network(name) for name in [{names}]]\n"
        asked = "[network, *others]"
    return (
        others
        + _config(request.config)
        + f"run = ms.generate({asked}, {_text(request.cell_type)}, config, device=device)\n"
        + run
        + f"ms.save(run.result(), {output})\n"
    )


def _search(request: RunRequest, output: str, run: str) -> str:
    clip = f"clip={_text(request.clip)}, " if request.clip else ""
    return (
        f"clips = ms.open_clips({_text(request.clips)})\n"
        + _config(request.config)
        + "run = ms.search(network, clips, config, device=device)\n"
        + run
        + "found = run.result()\n"
        + f"best = ms.replay(network, {_text(request.cell_type)}, clips, found, config, "
        + f"{clip}device=device)\n"
        + f"ms.save(best, {output})\n"
    )


def _regularize(request: RunRequest, output: str, run: str) -> str:
    cell = _text(request.cell_type)
    clip = _chosen_clip(request) if request.clip else _best_clip(cell, request.config)
    return (
        f"clips = ms.open_clips({_text(request.clips)})\n"
        + _config(request.config)
        + clip
        + f"run = ms.regularize(network, {cell}, clip, config, device=device,\n"
        + '                    source=f"{clips.name}: {name}", clip_name=name)\n'
        + run
        + f"ms.save(run.result(), {output})\n"
    )


def _chosen_clip(request: RunRequest) -> str:
    return (
        f"name = {_text(request.clip)}\n"
        "clip = ms.resampled(clips[ms.clip_named(clips, name)], clips.dt, config.dt)\n"
    )


def _best_clip(cell: str, config: Config) -> str:
    told = [setting.name for setting in config.told_fields()]
    same = ", ".join(f"{name}=config.{name}" for name in ("dt", "silence") if name in told)
    return (
        f"protocol = ms.SearchConfig({same})\n"
        "run = ms.search(network, clips, protocol, device=device)\n"
        + _RUN
        + f"best = ms.replay(network, {cell}, clips, run.result(), protocol, device=device)\n"
        'clip, name = best["stimulus"].values, best.attrs["shown_clip"]\n'
    )
