"""Which commands and options there are."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NoReturn

from maxstim_core import __version__
from maxstim_core.cli import (
    atlas,
    atlas_results,
    compare,
    compute,
    doctor,
    fit,
    mechanism,
    models,
    movies,
    serve,
    sweep,
    tuning,
)
from maxstim_core.cli.options import add_settings
from maxstim_core.optimal.configs import GenerateConfig, RegularizeConfig, SearchConfig
from maxstim_core.settings import Config
from maxstim_core.stimuli.column_order import COLUMN_ORDERS, MAXSTIM
from maxstim_core.training.config import FitConfig

DESCRIPTION = (
    "Which movie excites this cell most? Ask the connectome-constrained fly visual system."
)

_NETWORKS = (
    "name that 'maxstim models list' shows, or path of a network file or flyvis model folder"
)


class _Parser(argparse.ArgumentParser):
    """A parser that refuses in one sentence instead of a page."""

    def error(self, message: str) -> NoReturn:
        sentence = message[:1].upper() + message[1:].rstrip(".")
        self.exit(2, f"maxstim: {sentence}; '{self.prog} --help' shows what there is.\n")


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line; each command is its own ``run``."""
    parser = _Parser(prog="maxstim", description=DESCRIPTION, allow_abbrev=False)
    parser.add_argument("--version", action="version", version=f"maxstim {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    generate = _command(
        commands, "generate", compute.generate_command, "grow a stimulus from noise"
    )
    _add_question(generate, GenerateConfig, several=True)

    curve = _command(
        commands,
        "curve",
        compare.curve_command,
        "find the best stimulus at each of several contrast energies",
    )
    curve.add_argument(
        "--energies",
        metavar="N|A,B,C",
        default="12",
        help="how many contrast energies, or which (default: 12)",
    )
    without = ("energy", "schedule")
    _add_question(curve, GenerateConfig, without=without, defaults={"objective": "drive"})

    restarted = _command(
        commands,
        "restarts",
        compare.restarts_command,
        "grow a stimulus from several starts, and find others that do the same",
    )
    restarted.add_argument(
        "--seeds", metavar="N", type=int, default=4, help="how many seeds of noise (default: 4)"
    )
    restarted.add_argument(
        "--different",
        metavar="N",
        type=int,
        default=3,
        help="how many stimuli that do the same, as unlike as can be (default: 3)",
    )
    usual = {"objective": "drive", "energy": "100, where no objective is given either"}
    _add_question(restarted, GenerateConfig, without=("schedule",), defaults=usual)

    controlled = _command(
        commands,
        "controls",
        compare.controls_command,
        "compare an answer with what it has to be compared with",
    )
    controlled.add_argument(
        "result", metavar="RESULT.nc", help="answer of generate, regularize or the dashboard"
    )
    controlled.add_argument(
        "--networks",
        metavar="A,B",
        default=compare.SHOWN_TO,
        help="networks, or ensembles of them, that the answer is shown to besides its own (default: the "
        "ensemble maxstim)",
    )
    controlled.add_argument("--json", action="store_true", help="print JSON instead of a table")
    controlled.add_argument(
        "--output", metavar="FILE.nc", help="also write all of it as NetCDF; replaced if there"
    )
    _add_device(controlled)

    _add_contributions(
        _command(
            commands,
            "contributions",
            mechanism.contributions_command,
            "tell which input types carry the response to a stored stimulus",
        )
    )
    swept = _command(
        commands, "sweep", sweep.sweep_command, "try many settings, and compare the answers"
    )
    swept.add_argument("cell_type", metavar="CELL_TYPE", help="for example T4c")
    _add_network(swept)
    sweep.add_sweep_options(swept)
    add_settings(swept, GenerateConfig)
    _add_device(swept)

    regularize = _command(
        commands,
        "regularize",
        compute.regularize_command,
        "pull a movie to grey, the response kept",
    )
    _add_movie(regularize)
    _add_question(regularize, RegularizeConfig)

    simulate = _command(
        commands, "simulate", compute.simulate_command, "show a movie and record the central cells"
    )
    _add_movie(simulate)
    _add_network(simulate)
    add_settings(simulate, SearchConfig, only=("dt", "silence"))
    _add_device_and_output(simulate)

    search = _command(
        commands,
        "search",
        compute.search_command,
        "find the best clip of a set for every cell type",
    )
    _add_clips(search)
    _add_network(search)
    add_settings(search, SearchConfig)
    _add_device_and_output(search)
    search.add_argument(
        "--export",
        nargs=2,
        action="append",
        default=[],
        metavar=("CELL_TYPE", "FILE.npy"),
        help="also write the winning clip of a cell type, shape (frame, column), columns by u, "
        "then v; may be repeated",
    )
    search.add_argument(
        "--show",
        metavar="CELL_TYPE",
        action="append",
        default=[],
        help="also print the best clips of a cell type; may be repeated",
    )

    fitting = _command(commands, "fit", fit.fit, "fit a network to published tuning")
    add_settings(fitting, FitConfig)
    _add_device(fitting)
    fitting.add_argument(
        "--checkpoint", metavar="FILE", help="keep the fit here, and go on from here if it is there"
    )
    fitting.add_argument(
        "--output", metavar="FILE.json", required=True, help="network file; replaced if it is there"
    )

    measured = _command(
        commands, "tuning", tuning.tuning, "measure what every cell type is tuned to"
    )
    _add_network(measured)
    _add_device(measured)
    _add_report(measured, "a table", "FILE")

    mapped = _command(
        commands, "atlas", None, "answer for many cell types in many networks, on many workers"
    )
    _add_atlas(mapped.add_subparsers(title="commands", metavar="COMMAND", required=True))

    listed = _command(
        commands, "models", None, "list, describe and convert networks, flyvis models included"
    )
    _add_models(listed.add_subparsers(title="commands", metavar="COMMAND", required=True))

    stored = _command(commands, "movies", None, "store clip sets of your own, or of Sintel")
    _add_movies(stored.add_subparsers(title="commands", metavar="COMMAND", required=True))

    served = _command(commands, "serve", serve.serve, "serve the dashboard to your browser")
    serve.add_options(served)
    _command(commands, "doctor", doctor.doctor, "show what maxstim finds here and what is missing")
    return parser


def _add_contributions(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "result",
        metavar="RESULT.nc",
        help="file of generate, regularize, simulate or the dashboard",
    )
    command.add_argument(
        "--cell-type", metavar="NAME", help="look at this cell type (default: that of the answer)"
    )
    command.add_argument(
        "--columns-of",
        metavar="NAME",
        default="",
        help="also tell the contribution of each cell of this input type, by its column",
    )
    command.add_argument(
        "--silenced",
        action="store_true",
        help="silence each input type in turn instead, and tell what is left of the response",
    )
    command.add_argument("--json", action="store_true", help="print JSON instead of a table")
    command.add_argument(
        "--output", metavar="FILE.nc", help="also write all of it as NetCDF; replaced if there"
    )
    _add_device(command)


def _add_atlas(commands: argparse._SubParsersAction) -> None:
    atlas.add_run_options(
        _command(commands, "run", atlas.run_command, "make an atlas, or what it lacks")
    )
    told = _command(commands, "status", atlas.status_command, "tell how far an atlas is")
    told.add_argument("store", metavar="STORE.zarr", help="zarr store of the atlas")
    told.add_argument("--json", action="store_true", help="print JSON instead of lines")
    atlas_results.add_report_options(
        _command(
            commands,
            "report",
            atlas_results.report_command,
            "tell how far the networks of an atlas agree, as far as it is there",
        )
    )
    atlas_results.add_pack_options(
        _command(
            commands,
            "pack",
            atlas_results.pack_command,
            "pack an atlas into one file of at most 12 MB, which the page shows",
        )
    )
    atlas_results.add_make_options(
        _command(
            commands,
            "make",
            atlas_results.make_command,
            "make an atlas, or what it lacks, and pack it for the page",
        )
    )


def _add_models(commands: argparse._SubParsersAction) -> None:
    listed = _command(
        commands, "list", models.list_models, "list them, and say which cannot be opened"
    )
    listed.add_argument(
        "folder",
        metavar="FOLDER",
        nargs="?",
        help="where to look for flyvis models (default: what FLYVIS_ROOT_DIR names)",
    )

    described = _command(commands, "describe", models.describe_command, "say what a network is")
    _add_network_name(described)

    card = _command(
        commands, "card", tuning.card, "show the model card of a network, measured once"
    )
    _add_network_name(card)
    _add_device(card)
    card.add_argument(
        "--again", action="store_true", help="measure again, even if there is a card already"
    )
    _add_report(card, "Markdown", "FILE.md|FILE.json")

    imported = _command(
        commands,
        "import",
        models.import_model,
        "store a flyvis model, an ensemble or a network file",
    )
    imported.add_argument(
        "model",
        metavar="PATH",
        help="folder of a flyvis model or ensemble, or its name under FLYVIS_ROOT_DIR; or a network "
        "file",
    )
    imported.add_argument(
        "--name", metavar="NAME", help="call it own/NAME (default: made from the path)"
    )
    imported.add_argument(
        "--replace", action="store_true", help="replace what has this name if there is something"
    )
    imported.add_argument(
        "--output",
        metavar="FILE.json",
        help="write the model as this network file instead of storing it; replaced if it is there",
    )

    removed = _command(
        commands,
        "remove",
        models.remove_network_command,
        "remove a network or an ensemble of your own",
    )
    removed.add_argument(
        "name",
        metavar="NAME",
        help="own/NAME as 'maxstim models list' shows it, or an ensemble of such",
    )

    fetched = _command(
        commands,
        "fetch",
        models.fetch_models,
        "download the networks that flyvis publishes, 3.4 MB",
    )
    fetched.add_argument(
        "--url", metavar="URL", help="where the archive is (default: where flyvis keeps it)"
    )
    fetched.add_argument(
        "--sha256",
        metavar="HEX",
        help="what its SHA-256 must be (default: what flyvis 1.2.0 publishes)",
    )

    exported = _command(
        commands,
        "export",
        models.export_model,
        "write a network or an ensemble as flyvis opens it",
    )
    _add_network_name(exported)
    exported.add_argument(
        "--output",
        metavar="FOLDER",
        required=True,
        help="folder to make, for example results/flow/9000/000, or results/flow/9000 for an ensemble; "
        "flyvis calls a model by the last three names",
    )


def _add_movies(commands: argparse._SubParsersAction) -> None:
    sintel = _command(commands, "sintel", movies.sintel, "store the film Sintel as flyvis shows it")
    sintel.add_argument(
        "path",
        nargs="?",
        metavar="PATH",
        help="folder into which MPI-Sintel-complete.zip was unpacked",
    )
    sintel.add_argument(
        "--download",
        action="store_true",
        help="download the film instead, 5.6 GB; goes on where an earlier try stopped",
    )

    imported = _command(
        commands, "import", movies.import_movie_command, "store a movie of your own"
    )
    imported.add_argument(
        "path",
        metavar="PATH",
        help="film (mp4, mov, webm, gif), image, folder or zip of images, or array (npy, npz, nc; "
        "of columns or pixels)",
    )
    imported.add_argument("--name", metavar="NAME", required=True, help="name of the clip set")
    imported.add_argument(
        "--fps",
        metavar="X",
        help="frames per second at which it is shown; films tell theirs, images and arrays need it",
    )
    imported.add_argument(
        "--seconds",
        metavar="S",
        default="0.8",
        help="length of the clips that longer movies are cut into (default: 0.8 s)",
    )
    imported.add_argument(
        "--crop",
        nargs=4,
        metavar=("LEFT", "TOP", "WIDTH", "HEIGHT"),
        help="part of the frames that is looked at, in pixels (default: all)",
    )
    imported.add_argument(
        "--pixels",
        metavar="N",
        help="pixels per column of the eye, odd (default: the most with which the eye takes in no more "
        "than the shorter side; 13 for Sintel)",
    )
    imported.add_argument(
        "--kernel",
        choices=("box", "gaussian"),
        default="box",
        help="how a column sums pixels: as flyvis does, or as an ommatidium (default: box)",
    )
    _add_order(imported)
    imported.add_argument(
        "--contrast",
        metavar="X",
        default="1",
        help="factor by which what is seen differs more from grey than the film does (default: 1)",
    )
    imported.add_argument(
        "--ground",
        metavar="X",
        default="0.5",
        help="luminance of what lies behind transparent pixels, 0 black to 1 white (default: 0.5, grey)",
    )
    imported.add_argument(
        "--augment", action="store_true", help="also mirrored and turned, in twelve ways, as Sintel"
    )
    imported.add_argument(
        "--replace", action="store_true", help="replace the clip set of this name if there is one"
    )
    imported.add_argument(
        "--json",
        action="store_true",
        help="print what was made of the file as JSON: source_size, pixel_aspect, rotation, mirror, "
        "range, fps, fps_from, frames, ground, left_out",
    )

    _command(commands, "list", movies.list_sets, "show the clip sets that there are")
    removed = _command(
        commands, "remove", movies.remove_movie_command, "remove a clip set that was stored here"
    )
    removed.add_argument("name", metavar="NAME", help="name of the clip set")


def _command(
    commands: argparse._SubParsersAction,
    name: str,
    run: Callable[[argparse.Namespace], int] | None,
    summary: str,
) -> argparse.ArgumentParser:
    description = f"{summary[0].upper()}{summary[1:]}."
    command = commands.add_parser(name, help=summary, description=description, allow_abbrev=False)
    command.set_defaults(run=run)
    return command


def _add_question(
    command: argparse.ArgumentParser,
    config_class: type[Config],
    without: tuple[str, ...] = (),
    several: bool = False,
    defaults: Mapping[str, object] = MappingProxyType({}),
) -> None:
    """Add which cell type of which network is asked, by which settings, where, and what is written."""
    command.add_argument("cell_type", metavar="CELL_TYPE", help="for example T4c")
    _add_network(command, several)
    add_settings(command, config_class, without=without, defaults=defaults)
    _add_device_and_output(command)


def _add_network(command: argparse.ArgumentParser, several: bool = False) -> None:
    more = "; several, separated by commas, are asked at once, as --across says" if several else ""
    command.add_argument(
        "--network", metavar="N", default="default", help=f"{_NETWORKS}{more} (default: default)"
    )


def _add_network_name(command: argparse.ArgumentParser) -> None:
    command.add_argument("network", metavar="NAME", help=_NETWORKS)


def _add_report(command: argparse.ArgumentParser, otherwise: str, metavar: str) -> None:
    command.add_argument(
        "--json", action="store_true", help=f"JSON instead of {otherwise}, as for FILE.json"
    )
    command.add_argument(
        "--output", metavar=metavar, help="file to write; replaced if it is there (default: print)"
    )


def _add_movie(command: argparse.ArgumentParser) -> None:
    which = command.add_mutually_exclusive_group(required=True)
    which.add_argument(
        "--movie",
        metavar="FILE.npy",
        help="luminance in [0, 1] with 0.5 grey, shape (frame, column), floating point; columns sorted "
        "by u, then v, where up on the eye is u = -1",
    )
    which.add_argument(
        "--clip",
        metavar="NAME",
        help="a clip of a set instead, by its name; 'maxstim search --show' prints names",
    )
    _add_order(command)
    _add_clips(command)


def _add_order(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--order",
        choices=COLUMN_ORDERS,
        default=MAXSTIM,
        help="order of an array's columns: maxstim's, by u, then v, where up is u = -1; or flygym's, in "
        "which u and v change places (default: maxstim)",
    )


def _add_clips(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--clips",
        metavar="SET",
        default="scenes",
        help="name of the clip set; 'maxstim movies list' shows them (default: scenes)",
    )


def _add_device_and_output(command: argparse.ArgumentParser) -> None:
    _add_device(command)
    command.add_argument(
        "--output", metavar="FILE.nc", required=True, help="NetCDF file to write; replaced if there"
    )


def _add_device(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--device",
        metavar="auto|cpu|cuda",
        default="auto",
        help="where to compute; auto takes the first GPU if there is one (default: auto)",
    )
