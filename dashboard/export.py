"""What a person can take home: files, and the lines that make the same answer without the page."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
import shlex
import tempfile
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path

import xarray as xr

from dashboard.colours import response_limit
from dashboard.film import film_gif
from dashboard.state import CONFIGS
from dashboard.strip import EXTENT, strip_png
from dashboard.told import source_words
from maxstim_core.cli.options import written_settings
from maxstim_core.errors import MaxstimError
from maxstim_core.lattice import ring_distance
from maxstim_core.optimal.result import clip_of
from maxstim_core.runs.request import RunRequest
from maxstim_core.settings import Config
from maxstim_core.storage.netcdf import save


def request_of(answer: xr.Dataset) -> RunRequest:
    """Return the run that makes an answer, from its attributes.

    Raises:
        MaxstimError: if the attributes do not tell.
    """
    about = answer.attrs
    try:
        config = CONFIGS[about["method"]](**json.loads(about["config"]))
        return RunRequest(
            cell_type=about["cell_type"],
            config=config,
            network=about["network"],
            clips=about.get("clips", RunRequest.clips),
            device="auto",
            clip=about.get("clip", ""),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise MaxstimError("This result does not say how it was made; run it again.") from error


def file_name(answer: xr.Dataset, ending: str) -> str:
    """Return a name for a file of an answer, for example ``T4c_generated_seed-0_1f03ab.nc``.

    The clip or seed is for people; the last part differs wherever the answers do.
    """
    about = answer.attrs
    cell_type = about["cell_type"].replace("(", "_").replace(")", "")
    clip = clip_of(answer).split(":")[0]
    which = clip or (f"seed-{about['seed']}" if int(about.get("seed", -1)) >= 0 else "")
    which = re.sub(r"[^A-Za-z0-9]+", "-", which).strip("-")[:40]
    made = [about.get(name, "") for name in ("config", "network_hash", "clips", "source", "status")]
    told = json.dumps([*map(str, made), answer.sizes.get("iteration", 0)])
    key = hashlib.sha256(told.encode()).hexdigest()[:6]
    return "_".join(filter(None, (cell_type, about["method"], which, key))) + f".{ending}"


def figure(answer: xr.Dataset, compared: Iterable[xr.Dataset], *, dark: bool = False) -> BytesIO:
    """Return the strip of an answer as a PNG that says by itself what it shows.

    Args:
        answer: The answer.
        compared: All answers that share its colour scale on the page, itself among them.
        dark: Whether to draw for a dark page.
    """
    rings = int(ring_distance(answer["u"].values, answer["v"].values).max())
    shown = f"central {EXTENT} of {rings} rings" if rings > EXTENT else f"all {rings} rings"
    notes = figure_notes(answer)
    notes = (*notes[:-1], f"{notes[-1]} · {shown}")
    return BytesIO(strip_png(answer, dark=dark, limit=_limit(compared), notes=notes))


def film(answer: xr.Dataset, compared: Iterable[xr.Dataset], *, dark: bool = False) -> BytesIO:
    """Return the stimulus and the response of an answer as a GIF; arguments as of `figure`."""
    notes = figure_notes(answer)
    return BytesIO(film_gif(answer, dark=dark, limit=_limit(compared), notes=notes))


def figure_notes(answer: xr.Dataset) -> tuple[str, str]:
    """Return what made an answer, and what came of it, as the lines beneath a figure."""
    about = answer.attrs
    peak = f"peak {float(answer['central_response'].max()):.3g} a.u."
    early = "cancelled early" if about.get("status") == "cancelled" else ""
    network = f"network {about.get('network', 'unknown')}"
    short = str(about.get("network_hash", ""))[:8]
    made = (f"{network} ({short})" if short else network, f"maxstim {about['maxstim_version']}")
    return (
        " · ".join(filter(None, (source_words(answer), early, peak))),
        " · ".join(made),
    )


def _limit(answers: Iterable[xr.Dataset]) -> float:
    return max(response_limit(one["response"].values) for one in answers)


def netcdf(answer: xr.Dataset) -> BytesIO:
    """Return an answer as the NetCDF file that the command line writes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "answer.nc"
        save(answer, path)
        return BytesIO(path.read_bytes())


def python_snippet(request: RunRequest, output: str) -> str:
    """Return Python lines that make the answer of a run and save it as `output`."""
    method = request.method
    return {"natural": _search, "regularized": _regularize, "generated": _generate}[method](
        request, output
    )


def command_line(request: RunRequest, output: str) -> str:
    """Return the command, or commands, that make the answer of a run and save it as `output`.

    For a natural answer, that is the search: it saves the winning clip beside `output`. Where a clip
    was chosen from a search, it is what shows that clip.
    """
    cell, network = shlex.quote(request.cell_type), f"--network {shlex.quote(request.network)}"
    clip = shlex.quote(f"{output.removesuffix('.nc')}_clip.npy")
    settings = written_settings(request.config)
    last = f"--device {request.device} --output {shlex.quote(output)}"
    clips = f"--clips {shlex.quote(request.clips)}"
    search = f"maxstim search {clips} {network}"
    named = f"--clip {shlex.quote(request.clip)} {clips}"
    export = f"--export {cell} {clip}"
    if request.method == "natural" and request.clip:
        return _wrapped("maxstim simulate", named, network, f"--dt {request.config.dt!r}", last)
    if request.method == "natural":
        return _wrapped(search, *settings, export, last)
    if request.method == "regularized" and request.clip:
        return _wrapped(f"maxstim regularize {cell}", named, network, *settings, last)
    if request.method == "regularized":
        found = shlex.quote(f"{output.removesuffix('.nc')}_search.nc")
        dt = f"--dt {request.config.dt!r}"
        first = _wrapped(search, dt, export, f"--device {request.device} --output {found}")
        start = f"maxstim regularize {cell} --movie {clip} {network}"
        return f"{first}\n{_wrapped(start, *settings, last)}"
    return _wrapped(f"maxstim generate {cell} {network}", *settings, last)


def _wrapped(*parts: str) -> str:
    return " \\\n    ".join(parts)


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
        + 'source=f"{clips.name}: {name}")\n'
        + _RUN.format(result="run.result()", output=_text(output))
    )
