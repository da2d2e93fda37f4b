"""The commands that compute: generate, regularize, simulate and search.

Each reads and checks everything it was given, makes sure that it can write, and only then works.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from maxstim_core.cli.device import resolved
from maxstim_core.cli.interrupts import STOPPING, OneInterrupt
from maxstim_core.cli.options import read_settings, refuse_across, refuse_idle
from maxstim_core.cli.output import check_writable, write_movie, write_result
from maxstim_core.cli.progress import ProgressLine
from maxstim_core.cli.streams import print_message
from maxstim_core.errors import MaxstimError
from maxstim_core.networks.silencing import silenced
from maxstim_core.optimal.configs import (
    GenerateConfig,
    RegularizeConfig,
    SearchConfig,
)
from maxstim_core.optimal.named_response import responses_in_words
from maxstim_core.optimal.shared_settings import MAX_FRAMES
from maxstim_core.stimuli.column_order import MAXSTIM

if TYPE_CHECKING:
    import xarray as xr

    from maxstim_core.networks.network import Network
    from maxstim_core.optimal.run import Optimization
    from maxstim_core.storage.labeled import Labeled

_Answer = TypeVar("_Answer", bound="xr.Dataset | Labeled")


def generate_command(arguments: argparse.Namespace) -> int:
    """Grow a stimulus from noise and write it.

    Raises:
        MaxstimError: if an option makes no sense, alone or beside another.
    """
    if {"last_only", "window"} <= vars(arguments).keys():
        raise MaxstimError("Give --frames or --window: both say which frames count.")
    config = read_settings(arguments, GenerateConfig)
    refuse_idle(arguments, config)
    networks, device = _networks(arguments), resolved(arguments)
    if len(networks) == 1:
        refuse_across(config)
    from maxstim_core.optimal import generated

    run = generated.generate(networks, arguments.cell_type, config, device=device)
    what = f"{arguments.cell_type} on {device}"
    return run_and_save(run, run.labeled, arguments.output, what, _tell_named)


def _tell_named(answer: Labeled) -> None:
    """Tell how each cell type responds that the objective names, and whether a contrast holds."""
    if "named" not in answer.variables:
        return
    names, responses = (answer.variables[name][1] for name in ("named", "named_response"))
    contrast = answer.attrs.get("contrast", "")
    print_message(f"{responses_in_words(names, responses)} {contrast}".rstrip())


def regularize_command(arguments: argparse.Namespace) -> int:
    """Pull a movie or a clip to grey with the response kept, and write it."""
    config = read_settings(arguments, RegularizeConfig)
    network, device = prepare(arguments)
    movie, source = _movie(arguments, network, config.dt, most_frames=MAX_FRAMES)
    from maxstim_core.optimal import regularized

    run = regularized.regularize(
        network,
        arguments.cell_type,
        movie,
        config,
        device=device,
        source=source,
        clip_name=arguments.clip or "",
    )
    return run_and_save(run, run.labeled, arguments.output, f"{arguments.cell_type} on {device}")


def simulate_command(arguments: argparse.Namespace) -> int:
    """Show a movie after one second of grey, and write it and what the central cells do.

    Raises:
        MaxstimError: if an argument makes no sense, or the voltages do not stay finite.
    """
    config = read_settings(arguments, SearchConfig)  # a frame obeys the same bounds everywhere
    dt = config.dt
    network, device = prepare(arguments)
    movie, source = _movie(arguments, network, dt)
    from maxstim_core import __version__
    from maxstim_core.simulation.choose_engine import make_engine
    from maxstim_core.storage.labeled import Labeled

    engine = make_engine(network, device=device)
    activity = engine.simulate(movie, dt, cells=network.layout.central_cells)
    if not np.isfinite(activity).all():
        raise MaxstimError(
            f"The voltages of {network.name} do not stay finite in frames of {dt:g} s; choose a smaller "
            "--dt or another network."
        )
    lattice = network.lattice
    recorded = Labeled(
        variables={
            "central": (("frame", "cell_type"), activity),
            "stimulus": (("frame", "column"), movie.astype(np.float32)),
        },
        coordinates={
            "time": ("frame", np.arange(len(movie)) * dt, {"units": "s"}),
            "cell_type": ("cell_type", list(network.connectome.names)),
            "u": ("column", lattice.u),
            "v": ("column", lattice.v),
        },
        attrs={
            "movie": source,
            "network": network.name,
            "network_hash": network.content_hash,
            "dt": dt,
            **({"silence": config.silence} if config.silence else {}),
            "initial_state": "grey",
            "device": device,
            "maxstim_version": __version__,
            "numpy_version": np.__version__,
            **engine.versions,
        },
    )
    write_result(arguments.output, recorded)
    print(arguments.output)
    return 0


def search_command(arguments: argparse.Namespace) -> int:
    """Find the best clips of a set for every cell type, and write the table."""
    from maxstim_core.cli.ranking import ranking
    from maxstim_core.stimuli.catalog import open_clips
    from maxstim_core.stimuli.resample import resampled

    config = read_settings(arguments, SearchConfig)
    exports = [(cell_type, Path(path)) for cell_type, path in arguments.export]
    for k, (_, path) in enumerate(exports):
        before = (earlier for _, earlier in exports[:k])
        check_writable(path, arguments.output, arguments.network, *before)
    network, device = _network(arguments), arguments.device
    for cell_type in (*(cell_type for cell_type, _ in exports), *arguments.show):
        network.cell_type(cell_type)
    from maxstim_core.devices import ALWAYS_THERE
    from maxstim_core.runs.store import RunStore
    from maxstim_core.runs.stored_search import StoredSearch

    if device not in ALWAYS_THERE:
        device = resolved(arguments)
    clips = open_clips(arguments.clips, network.lattice.extent)
    run = StoredSearch(network, clips, config, device, RunStore())
    if run.stored:  # torch and numba would take longer to load than all else
        print_message("This search was done before; its result is taken from the store.")
    else:
        device = resolved(arguments)

    def export_and_show(found: xr.Dataset) -> None:
        for cell_type, path in exports:
            best = found.sel(cell_type=cell_type).clip_index[0].item()
            write_movie(path, resampled(clips[best], clips.dt, config.dt))
            print(f"{path}: {clips.names[best]}")
        for cell_type in arguments.show:
            print("\n".join(("", *ranking(found, cell_type, config))))

    return run_and_save(run, run.result, arguments.output, f"clips on {device}", export_and_show)


def prepare(arguments: argparse.Namespace) -> tuple[Network, str]:
    """Check the output, the network, the cell type and the device, cheapest first."""
    return _network(arguments), resolved(arguments)


def _network(arguments: argparse.Namespace) -> Network:
    """Return the network, once the output can be written and the cell types exist.

    Those of ``--silence`` are silenced in it.
    """
    if "," in arguments.network and not Path(arguments.network).exists():
        raise MaxstimError(
            "This command asks one network; give --network one name, or ask several with 'maxstim "
            "generate'."
        )
    return _networks(arguments)[0]


def _networks(arguments: argparse.Namespace) -> list[Network]:
    """Return the networks of ``--network``: one, or those that it names with commas. See `_network`."""
    several = "," in arguments.network and not Path(arguments.network).exists()
    names = [each.strip() for each in arguments.network.split(",")] if several else []
    inputs = names or [arguments.network]
    check_writable(arguments.output, *inputs, getattr(arguments, "movie", None))
    from maxstim_core.networks.catalog import open_network, open_networks

    networks = open_networks(arguments.network) if several else [open_network(arguments.network)]
    if not networks:
        raise MaxstimError("There is no name of a network in --network; give one, such as default.")
    cell_type = getattr(arguments, "cell_type", "")
    silence = getattr(arguments, "silence", "")
    if cell_type:
        for network in networks:
            network.cell_type(cell_type)
    return [silenced(network, silence, cell_type=cell_type) for network in networks]


def _movie(
    arguments: argparse.Namespace, network: Network, dt: float, most_frames: int | None = None
) -> tuple[np.ndarray, str]:
    """Return the movie of ``--movie`` or ``--clip``, and where it came from."""
    if arguments.clip is not None:
        if arguments.order != MAXSTIM:
            raise MaxstimError(
                "A clip is in maxstim's order of columns already; leave --order out, or give a --movie."
            )
        from maxstim_core.stimuli.catalog import clip_named, open_clips
        from maxstim_core.stimuli.resample import resampled

        clips = open_clips(arguments.clips, network.lattice.extent)
        clip = resampled(clips[clip_named(clips, arguments.clip)], clips.dt, dt)
        if most_frames is not None and len(clip) > most_frames:
            raise MaxstimError(
                f"The clip {arguments.clip} has {len(clip)} frames of {dt:g} s; choose a --dt that "
                f"gives {most_frames} or fewer."
            )
        return clip, f"{clips.name}: {arguments.clip}"
    from maxstim_core.stimuli.files.arrays import ROUNDING
    from maxstim_core.stimuli.files.npy import read_movie

    movie = read_movie(
        arguments.movie, network.lattice.n_columns, most_frames=most_frames, order=arguments.order
    )
    if movie.min() < -ROUNDING or movie.max() > 1 + ROUNDING:
        print_message(
            f"Note: the luminance in {arguments.movie} goes from {movie.min():.7g} to "
            f"{movie.max():.7g}; black is 0 and white is 1."
        )
    return movie, arguments.movie


def run_and_save(
    run: Optimization,
    best: Callable[[], _Answer | None],
    output: str,
    what: str,
    then: Callable[[_Answer], None] = lambda result: None,
) -> int:
    """Iterate to the end or to Ctrl-C, write the `best` there is, and hand it to `then`.

    Returns:
        The exit status: 130 if it was stopped.
    """
    stopped = False
    with OneInterrupt() as interrupt:
        with ProgressLine(what, run.terms) as progress:
            try:
                for report in run:
                    progress.show(report)
                interrupt.ignore()
            except KeyboardInterrupt:
                if progress.step == 0:
                    raise
                stopped = True
        if stopped:
            print_message(STOPPING)
        result = best()
        assert result is not None  # it was told of a step
        write_result(output, result)
        print(output)
        if result.attrs.get("missed"):
            print_message(f"Note: {result.attrs['missed']}")
        then(result)
    if stopped:
        print_message(
            f"maxstim: Stopped after step {progress.step} of {run.n_steps}; {output} holds what "
            f"there was by then (status {result.attrs['status']})."
        )
    return 130 if stopped else 0
