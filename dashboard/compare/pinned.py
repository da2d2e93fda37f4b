"""A stored answer as it stands beside others: what was asked, what came of it, and its film."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from dashboard.components.hexplayer.component import pack
from dashboard.text.differences import value_words
from maxstim_core.comparison.report import report_of
from maxstim_core.drawing.colors import response_limit
from maxstim_core.drawing.peak import peak_frame, telling_frame
from maxstim_core.errors import MaxstimError
from maxstim_core.export.captions import listed, set_title, with_degrees
from maxstim_core.networks.connectome import bundled_connectome
from maxstim_core.optimal.configs import METHODS, GenerateConfig
from maxstim_core.optimal.constraints import contrast_energy
from maxstim_core.optimal.response_units import bundled_units, grey_voltage_of
from maxstim_core.optimal.result import (
    at_best,
    clip_of,
    has_other_best,
    lattice_of,
    networks_of,
)
from maxstim_core.runs.comparisons import CONTROLS, ComparisonMaker, comparison_key
from maxstim_core.runs.library import ResultLibrary
from maxstim_core.runs.request import config_of
from maxstim_core.runs.responses import with_best_response
from maxstim_core.settings import Config

_NO_VALUE = -32768
"""Stands for a column without a cell in the voltages that travel to the browser."""

_MOST = 32767


@dataclass(frozen=True, eq=False)
class PinnedAnswer:
    """One stored answer that is compared.

    Attributes:
        key: Its key in the library.
        title: What it is: cell type and method.
        detail: What tells it from others of that title, in a few words.
        facts: What was asked, in words by label.
        numbers: What came of it, by the names of `NUMBERS`; None where that is not known.
        film: Its stimulus and response for the browser, as `packed_answer` makes it.
        controls: Its controls as of `report_of`, or None where none are stored.
        comparison_key: Where its controls are kept, or nothing where it can have none.
        settings: Labels of all settings of its method.
    """

    key: str
    title: str
    detail: str
    facts: Mapping[str, str]
    numbers: Mapping[str, float | None]
    film: bytes
    controls: Mapping[str, Any] | None = None
    comparison_key: str = ""
    settings: frozenset[str] = frozenset()


NUMBERS: dict[str, tuple[str, str]] = {
    "peak": ("Highest voltage", "a.u."),
    "lowest": ("Lowest voltage", "a.u."),
    "baseline": ("Baseline: voltage in grey", "a.u."),
    "response": ("Response: highest voltage above grey", "a.u."),
    "response_rms": ("Response in RMS over natural clips", ""),
    "rms": ("RMS over natural clips", "a.u."),
    "peak_time": ("Time of the highest voltage", "ms"),
    "contrast_energy": ("Contrast energy", ""),
}
"""Label and unit of each number of an answer."""


def read_pinned(key: str, library: ResultLibrary, maker: ComparisonMaker) -> PinnedAnswer:
    """Read a stored answer, with its controls if they are stored; not in the page's thread.

    A response that is not in the file is computed.

    Args:
        key: Its key in the library.
        library: Where it is.
        maker: Knows where controls are stored.

    Raises:
        MaxstimError: if it is not there, or cannot be read.
    """
    answer, _ = open_pinned(key, library)
    about = answer.attrs
    method = str(about["method"])
    word = METHODS[method].title.lower() if method in METHODS else method
    facts, config = answer_facts(answer), config_of(answer)
    detail = facts.get("Clip") or (f"seed {facts['Seed']}" if "Seed" in facts else "")
    network = facts["Network"]
    return PinnedAnswer(
        key,
        f"{about['cell_type']} {word}",
        " · ".join(filter(None, (network if network != "default" else "", detail))),
        facts,
        answer_numbers(answer),
        packed_answer(key, answer),
        *_controls_of(answer, maker),
        frozenset() if config is None else frozenset(_labels(config)),
    )


def open_pinned(key: str, library: ResultLibrary) -> tuple[xr.Dataset, bool]:
    """Read a stored answer as the page shows it: a run that was cancelled at its best iteration.

    Args:
        key: Its key in the library.
        library: Where it is.

    Returns:
        The answer, and whether its stimulus is the ``best_stimulus`` of what is stored.

    Raises:
        MaxstimError: if it is not there, or cannot be read.
    """
    answer = library.open(key)
    if answer.attrs.get("status") == "cancelled" and has_other_best(answer):
        with suppress(MaxstimError):  # its network is gone: the last iteration has a response
            return at_best(with_best_response(answer)), True
    return answer, False


def stored_controls(key: str, maker: ComparisonMaker) -> dict[str, Any] | None:
    """Return what is told of stored controls, as of `report_of`; None where there are none.

    Args:
        key: Their `comparison_key`.
        maker: Knows where controls are stored.
    """
    found = maker.find(key)
    return None if found is None else report_of(found)


def answer_facts(answer: xr.Dataset) -> dict[str, str]:
    """Return what was asked for an answer, in words by label: all that can tell two answers apart.

    Of one that was steered, the settings that it ended with, and how often it was steered.
    """
    about, config = answer.attrs, config_of(answer)
    method = str(about["method"])
    facts = {
        "Cell type": str(about["cell_type"]),
        "Method": METHODS[method].title if method in METHODS else method,
        "Network": str(about.get("network", "unknown")),
    }
    further = networks_of(about)[1:]
    if further:
        facts["Further networks"] = listed(further)
    if about.get("network_hash"):
        facts["Numbers of the network"] = str(about["network_hash"])[:8]
    if about.get("clips"):
        facts["Movies searched"] = set_title(str(about["clips"]))
    if clip_of(answer):
        facts["Clip"] = with_degrees(clip_of(answer))
    if int(about.get("seed", -1)) >= 0:
        facts["Seed"] = str(about["seed"])
    facts["Frames"] = f"{answer.sizes['frame']} of {1e3 * float(about['dt']):g} ms"
    if about.get("status") == "cancelled":
        facts["Ended"] = "cancelled, best iteration"
    if isinstance(config, GenerateConfig) and config.schedule:
        after = [str(iteration) for iteration, _ in config.stages[1:]]
        changes = f"{len(after)} change{'s' if len(after) > 1 else ''}"
        facts["Steered"] = f"{changes}, after {', '.join(after)} iterations"
        config = config.stages[-1][1]
    if config is not None:
        left_out = {*config.without_effect(dataclasses.asdict(config)), "random_seed", "schedule"}
        left_out |= set() if further else {"across"}
        for item in dataclasses.fields(config):
            if item.name not in left_out:
                value = value_words(item, getattr(config, item.name))
                facts[item.metadata["label"]] = value
    return facts


def _labels(config: Config) -> list[str]:
    return [item.metadata["label"] for item in dataclasses.fields(config)]


def answer_numbers(answer: xr.Dataset) -> dict[str, float | None]:
    """Return what came of an answer by the names of `NUMBERS`; None where that is not known.

    The voltage in grey and the RMS are those that the answer tells, else those of the bundled network
    that it was made with. Where neither tells, the first frame stands for grey: it is what the cell does
    before anything of the movie has reached it.
    """
    about, central = answer.attrs, answer["central_response"].values.astype(float)
    grey, rms = grey_voltage_of(about), about.get("rms_voltage")
    units, names = bundled_units(str(about.get("network_hash", ""))), bundled_connectome().names
    if units is not None and about["cell_type"] in names:
        rms = units.rms[names.index(about["cell_type"])] if rms is None else rms
    peak = peak_frame(central)
    baseline = float(central[0] if grey is None else grey)
    response = float(central[peak]) - baseline
    numbers = {
        "peak": float(central[peak]),
        "lowest": float(np.nanmin(central)) if np.isfinite(central).any() else None,
        "baseline": baseline,
        "response": response,
        "response_rms": response / float(rms) if rms else None,
        "rms": float(rms) if rms else None,
        "peak_time": 1e3 * peak * float(about["dt"]),
        "contrast_energy": float(contrast_energy(answer["stimulus"].values)),
    }
    return {
        name: None if value is None or not np.isfinite(value) else value
        for name, value in numbers.items()
    }


def packed_answer(key: str, answer: xr.Dataset) -> bytes:
    """Return the film of an answer as one block for the browser.

    The header has ``films``, with the ``id`` of the answer, its ``frames``, ``peak``, the frame that is
    shown while it stands ``still``, ``dt`` in seconds, and ``limit``, the largest voltage inside the
    border; and the ``unit`` of ``response``. Luminance is ``stimulus``, 255 is white; ``response`` is in
    int16, -32768 where no cell is; ``central`` is the voltage of the central cell.

    Args:
        key: Its key.
        answer: With stimulus, response and central_response.
    """
    movie, response = answer["stimulus"].values, answer["response"].values
    central, lattice, dt = (
        answer["central_response"].values,
        lattice_of(answer),
        float(answer.attrs["dt"]),
    )
    peak = peak_frame(central)
    finite = np.isfinite(response)
    unit = float(np.abs(response[finite]).max(initial=0.0)) / _MOST or 1.0
    levels = np.full(response.shape, _NO_VALUE, "<i2")
    levels[finite] = np.rint(response[finite] / unit)
    about = {
        "id": key,
        "frames": len(movie),
        "peak": peak,
        "still": telling_frame(movie, lattice, peak, dt),
        "dt": dt,
        "limit": response_limit(response, lattice),
    }
    arrays = {
        "u": answer["u"].values.astype("<f4"),
        "v": answer["v"].values.astype("<f4"),
        "stimulus": np.rint(255 * np.clip(movie, 0, 1)).astype(np.uint8),
        "central": np.nan_to_num(central).astype("<f4"),
        "response": levels,
    }
    return pack({"films": [about], "unit": unit}, arrays)


def _controls_of(answer: xr.Dataset, maker: ComparisonMaker) -> tuple[dict[str, Any] | None, str]:
    try:
        key = comparison_key(CONTROLS, answer)
    except MaxstimError:  # an answer that says too little of itself
        return None, ""
    return stored_controls(key, maker), key
