"""Python lines that make an answer again."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

from maxstim_core.settings import Config

if TYPE_CHECKING:
    from maxstim_core.runs.request import RunRequest


def python_snippet(request: RunRequest, output: str) -> str:
    """Return Python lines that make the answer of a run and save it as `output`."""
    method = request.method
    return {"natural": _search, "regularized": _regularize, "generated": _generate}[method](
        request, output
    )


def _config(config: Config) -> str:
    lines = (
        f"    {setting.name}={_literal(getattr(config, setting.name))},"
        for setting in dataclasses.fields(config)
    )
    return "\n".join([f"{type(config).__name__}(", *lines, ")"])


def _text(value: str) -> str:
    """Return a Python string literal in double quotes: JSON's is one."""
    return json.dumps(value, ensure_ascii=False)


def _literal(value: object) -> str:
    return _text(value) if isinstance(value, str) else repr(value)


_HEAD = """\
from maxstim_core.networks.catalog import open_network
from maxstim_core.optimal.configs import {configs}
{imports}
from maxstim_core.storage.netcdf import save
from maxstim_core.devices import resolve_device
{clips_import}
network = open_network({network})
device = resolve_device({device})
"""

_CLIPS_IMPORT = "from maxstim_core.stimuli.catalog import open_clips\n"

_RUN = """\
for report in run:
    print(f"{{report.step}} of {{report.n_steps}}", end="\\r")
save({result}, {output})
"""


def _head(request: RunRequest, configs: str, imports: str, *, clips: bool) -> str:
    return _HEAD.format(
        configs=configs,
        imports=imports,
        clips_import=_CLIPS_IMPORT if clips else "",
        network=_text(request.network),
        device=_text(request.device),
    )


def _generate(request: RunRequest, output: str) -> str:
    imports = "from maxstim_core.optimal.generated import generate"
    return (
        _head(request, "GenerateConfig", imports, clips=False)
        + f"config = {_config(request.config)}\n"
        + f"run = generate(network, {_text(request.cell_type)}, config, device=device)\n"
        + _RUN.format(result="run.result()", output=_text(output))
    )


def _search(request: RunRequest, output: str) -> str:
    imports = "from maxstim_core.optimal.natural import replay, search"
    clip = f"clip={_text(request.clip)}, " if request.clip else ""
    answer = (
        f"replay(network, {_text(request.cell_type)}, clips, run.result(), config, "
        f"{clip}device=device)"
    )
    return (
        _head(request, "SearchConfig", imports, clips=True)
        + f"clips = open_clips({_text(request.clips)})\n"
        + f"config = {_config(request.config)}\n"
        + "run = search(network, clips, config, device=device)\n"
        + _RUN.format(result=answer, output=_text(output))
    )


def _regularize(request: RunRequest, output: str) -> str:
    if request.clip:
        return _regularize_clip(request, output)
    imports = (
        "from maxstim_core.optimal.natural import replay, search\n"
        "from maxstim_core.optimal.regularized import regularize"
    )
    cell = _text(request.cell_type)
    return (
        _head(request, "RegularizeConfig, SearchConfig", imports, clips=True)
        + f"clips = open_clips({_text(request.clips)})\n"
        + f"config = {_config(request.config)}\n"
        + "protocol = SearchConfig(dt=config.dt)\n"
        + "found = search(network, clips, protocol, device=device)\n"
        + "for report in found:\n"
        + '    print(f"clip {report.step} of {report.n_steps}", end="\\r")\n'
        + f"best = replay(network, {cell}, clips, found.result(), protocol, device=device)\n"
        + 'clip, source = best["stimulus"].values, best.attrs["source"]\n'
        + f"run = regularize(network, {cell}, clip, config, device=device, source=source)\n"
        + _RUN.format(result="run.result()", output=_text(output))
    )


def _regularize_clip(request: RunRequest, output: str) -> str:
    imports = "from maxstim_core.optimal.regularized import regularize"
    head = _head(request, "RegularizeConfig", imports, clips=True)
    return (
        head.replace("import open_clips", "import clip_named, open_clips, resampled")
        + f"clips = open_clips({_text(request.clips)})\n"
        + f"config = {_config(request.config)}\n"
        + f"name = {_text(request.clip)}\n"
        + "clip = resampled(clips[clip_named(clips, name)], clips.dt, config.dt)\n"
        + f"run = regularize(network, {_text(request.cell_type)}, clip, config, device=device, "
        + 'source=f"{clips.name}: {name}", clip_name=name)\n'
        + _RUN.format(result="run.result()", output=_text(output))
    )
