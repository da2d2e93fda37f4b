"""The command that makes an answer again."""

from __future__ import annotations

import shlex
from dataclasses import Field, asdict
from typing import TYPE_CHECKING

from maxstim_core.export.cut_short import cut_short_comment, cut_short_request, is_cut_short
from maxstim_core.optimal.generate_config import NEEDED_BESIDE
from maxstim_core.settings import Config, flag_of

if TYPE_CHECKING:
    from maxstim_core.runs.request import RunRequest


def command_line(request: RunRequest, output: str, *, n_made: int | None = None) -> str:
    """Return the command, or commands, that make the answer of a run and save it as `output`.

    For a natural answer, that is the search: it saves the winning clip beside `output`. Where a clip
    was chosen from a search, it is what shows that clip.

    Args:
        request: What was asked for.
        output: Name of the file.
        n_made: Iterations that were made of a run that was cancelled, which alone the command makes
            where it can, and else says that it makes all; 0 of a search, None of a whole run.
    """
    if n_made is None or not is_cut_short(request, n_made) or _shows_clip(request):
        return _whole(request, output)
    shorter = cut_short_request(request, n_made)
    if shorter is None:
        whole = "this makes the whole run, and the Python lines stop there"
        return cut_short_comment(request, n_made, whole) + _whole(request, output)
    return cut_short_comment(request, n_made, "this makes those") + _whole(shorter, output)


def _shows_clip(request: RunRequest) -> bool:
    """Whether a clip is shown, which was chosen from a search: that is done whole or not at all."""
    return request.method == "natural" and bool(request.clip)


def _whole(request: RunRequest, output: str) -> str:
    """Return the commands of a whole run."""
    cell, asked = shlex.quote(request.cell_type), ",".join(request.networks)
    network = f"--network {shlex.quote(asked)}"
    clip = shlex.quote(f"{output.removesuffix('.nc')}_clip.npy")
    settings = settings_flags(request.config)
    simulated = [flag for flag in settings if flag.startswith(("--dt ", "--silence "))]
    last = f"--device {request.device} --output {shlex.quote(output)}"
    clips = f"--clips {shlex.quote(request.clips)}"
    search = f"maxstim search {clips} {network}"
    named = f"--clip {shlex.quote(request.clip)} {clips}"
    export = f"--export {cell} {clip}"
    if _shows_clip(request):
        return _wrapped("maxstim simulate", named, network, *simulated, last)
    if request.method == "natural":
        return _wrapped(search, *settings, export, last)
    if request.method == "regularized" and request.clip:
        return _wrapped(f"maxstim regularize {cell}", named, network, *settings, last)
    if request.method == "regularized":
        found = shlex.quote(f"{output.removesuffix('.nc')}_search.nc")
        first = _wrapped(search, *simulated, export, f"--device {request.device} --output {found}")
        start = f"maxstim regularize {cell} --movie {clip} {network}"
        return f"{first}\n{_wrapped(start, *settings, last)}"
    return _wrapped(f"maxstim generate {cell} {network}", *settings, last)


def _wrapped(*parts: str) -> str:
    return " \\\n    ".join(parts)


def settings_flags(config: Config) -> list[str]:
    """Return the options that give a configuration, one string each, for example ``--dt 0.01``.

    What changes nothing beside the others is left at its default: ``--frames`` beside a window would be
    refused, and so would be a temperature without a contrast.
    """
    idle = config.without_effect(asdict(config))
    values = [(setting, getattr(config, setting.name)) for setting in config.told_fields()]
    return [
        _written(setting, value)
        for setting, value in values
        if setting.name not in idle
        or (value != setting.default and setting.name not in NEEDED_BESIDE)
    ]


def _written(setting: Field, value: object) -> str:
    flag, words = flag_of(setting), setting.metadata["flag_words"]
    if words:
        return f"{flag} {next(word for word, meant in words.items() if meant is value)}"
    if isinstance(value, bool):
        return flag if value else flag.replace("--", "--no-", 1)
    return f"{flag} {shlex.quote(str(value))}"
