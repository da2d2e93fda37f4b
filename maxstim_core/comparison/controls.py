"""What an answer is compared with before it is believed, computed beside it.

Better than a plain moving edge? Would another network agree? Which part matters? Formulas and words:
docs/controls.md.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from maxstim_core.comparison.altered import (
    CONTRAST_FACTORS,
    MOST_SHIFT,
    altered,
    of_contrast,
    shifted,
    shifts,
)
from maxstim_core.comparison.attribution import attribution, smallest_parts
from maxstim_core.comparison.equal_energy import APERTURES, Found, Trial, best_shown
from maxstim_core.comparison.textbook import FAMILIES, bank_parts
from maxstim_core.comparison.textbook_controls import CANDIDATES, textbook_trials
from maxstim_core.comparison.transfer import checked_others, transfer_response
from maxstim_core.conventions import GREY
from maxstim_core.errors import MaxstimError
from maxstim_core.networks.network import Network
from maxstim_core.optimal.asked import asked_network
from maxstim_core.optimal.configs import SearchConfig
from maxstim_core.optimal.constraints import contrast_energy
from maxstim_core.optimal.generate_config import GenerateConfig
from maxstim_core.optimal.measured_response import Measured
from maxstim_core.optimal.natural import search
from maxstim_core.optimal.objectives.counted import Counted
from maxstim_core.optimal.ranking import check_search
from maxstim_core.optimal.response_units import response_units
from maxstim_core.optimal.result import provenance, result_of, silence_of
from maxstim_core.optimal.run import StepReport, check_not_begun, finish
from maxstim_core.settings import checked_whole
from maxstim_core.simulation.choose_engine import make_engine
from maxstim_core.simulation.engine import Engine
from maxstim_core.stimuli.catalog import DEFAULT_CLIPS, open_clips
from maxstim_core.stimuli.clip_set import ClipSet, check_clips
from maxstim_core.stimuli.resample import resampled
from maxstim_core.storage.labeled import Labeled

if TYPE_CHECKING:
    import xarray as xr

    from maxstim_core.drawing.notebook import Result

FULL, EQUAL = "full contrast", "equal energy"
"""How a control is shown: as it is, or with no more contrast energy than the answer."""

NATURAL, ANSWER = "natural", "answer"
"""Families of the rows that are no textbook stimuli."""


def controls(
    answer: xr.Dataset,
    network: Network | None = None,
    *,
    clips: ClipSet | None = None,
    found: xr.Dataset | None = None,
    others: Sequence[Network] = (),
    seed: int = 0,
    device: str = "cpu",
    dtype: str = "float32",
) -> Comparison:
    """Compare an answer with what it has to be compared with before it is believed.

    Args:
        answer: Of `generate`, `regularize`, `replay` or `load`.
        network: The network that was asked; opened by the name in the answer if None.
        clips: The natural set; the default one if None.
        found: Result of `search` of that set by this network; searched, which takes some seconds, if
            None.
        others: Networks that the answer was not made for: they predict.
        seed: Of the scrambled phases and shuffled columns.
        device: Where to compute: see `maxstim_core.devices.resolve_device`.
        dtype: Precision to compute in: ``float32`` or ``float64``.

    Returns:
        An `Optimization`: its result is described in docs/controls.md.

    Raises:
        MaxstimError: if the answer is none, or not of this network, or the device does not exist.

    Example:
        >>> import maxstim_core as ms
        >>> network = ms.open_network("default")
        >>> config = ms.GenerateConfig(objective="drive", energy=50, t_stim=0.1, n_iters=6)
        >>> answer = ms.finish(ms.generate(network, "T4c", config))
        >>> found = ms.finish(ms.controls(answer, others=[ms.open_network("maxstim/002")]))
        >>> "at equal energy" in found.attrs["headline"], found.control_response.dims
        (True, ('control',))
    """
    stimulus, dt = _movie_of(answer)
    network = network_of(answer, network)
    measured, config = _measured_of(answer, network)
    clips = open_clips(DEFAULT_CLIPS, network.lattice.extent) if clips is None else clips
    _check_natural(clips, found, network)
    others = checked_others(others, network, silence_of(answer))
    seed = checked_whole(seed, "The seed", (0, 2**31 - 1))
    engine = make_engine(network, device=device, dtype=dtype)
    return Comparison(
        engine,
        str(answer.attrs["cell_type"]),
        stimulus,
        dt,
        measured,
        config,
        clips=clips,
        found=found,
        others=others,
        seed=seed,
    )


def _dims(answer: xr.Dataset) -> tuple:
    """Return the dimensions of the stimulus of an answer; none if it has no stimulus."""
    return answer["stimulus"].dims if "stimulus" in answer else ()


def _check_natural(clips: ClipSet, found: xr.Dataset | None, network: Network) -> None:
    """Make sure that a set of clips, and a search of it, are of this eye and network.

    Raises:
        MaxstimError: if they are not.
    """
    check_clips(clips)
    if clips.lattice != network.lattice:
        raise MaxstimError(
            f"The clip set {clips.name} is for an eye of {clips.lattice.n_columns} columns, the network "
            f"has {network.lattice.n_columns}; give the set for this eye."
        )
    if found is None:
        return
    check_search(found, clips)
    whole = found["clip_peak"].dims == ("cell_type", "clip") and found.sizes["clip"] > 0
    if not whole or found.sizes["cell_type"] < len(network.connectome.names):
        raise MaxstimError(
            "This search does not say how every cell type answers to the clips; give the whole result "
            "of a search that has begun."
        )
    if found.attrs.get("network_hash", network.content_hash) != network.content_hash:
        raise MaxstimError(
            f"This search was made of another network ({found.attrs.get('network', 'unknown')}) than "
            f"{network.name}; search with the network of the answer."
        )


def _movie_of(answer: xr.Dataset) -> tuple[np.ndarray, float]:
    """Return the stimulus of an answer, shape (frame, column), and seconds per frame.

    Raises:
        MaxstimError: if it has none.
    """
    attributes = answer.attrs if hasattr(answer, "data_vars") else {}
    needed = {"cell_type", "network", "dt", "method", "config"}
    if not needed <= attributes.keys() or _dims(answer) != ("frame", "column"):
        raise MaxstimError(
            "Controls are computed for one answer, with a stimulus of frames and columns: give a result "
            "of generate, regularize or replay, or the file of one."
        )
    return answer["stimulus"].values.astype(np.float32), float(attributes["dt"])


def network_of(answer: xr.Dataset, network: Network | None = None) -> Network:
    """Return the network of an answer, in which the cell types are silenced that were.

    Args:
        answer: One with a stimulus.
        network: The one to take; opened by its name in the answer if None.

    Raises:
        MaxstimError: if it is another, or on another eye, or what there is is no answer.
    """
    _movie_of(answer)
    return asked_network(answer, network)


def _measured_of(answer: xr.Dataset, network: Network) -> tuple[Measured, GenerateConfig]:
    """Return what counts of responses as in the answer, and the settings that say so.

    Of a clip, as it is or regularized, it is the highest voltage.
    """
    cell_type = str(answer.attrs["cell_type"])
    if answer.attrs["method"] == GenerateConfig.method:
        try:
            config = GenerateConfig(**json.loads(answer.attrs["config"]))
        except (TypeError, ValueError) as error:
            raise MaxstimError("This answer does not say how it was made; run it again.") from error
        return Measured.of(network, cell_type, config), config
    config = GenerateConfig(objective="drive", silence=silence_of(answer))
    return Measured.of(network, cell_type, config, Counted("peak")), config


class Comparison:
    """All comparisons of one answer (an `Optimization`, whose steps are groups of them).

    Args:
        engine: The network that was asked, ready to simulate.
        cell_type: For example ``T4c``.
        stimulus: Luminance of the answer, shape (frame, column).
        dt: Seconds per frame.
        measured: What counts of responses.
        config: Says the objective.
        clips: The natural set.
        found: Result of a search of it; searched if None.
        others: Networks that the answer was not made for.
        seed: Of what is random.

    Attributes:
        n_steps: Groups of comparisons.
        terms: There is no loss.
    """

    terms: tuple[str, ...] = ()

    def __init__(
        self,
        engine: Engine,
        cell_type: str,
        stimulus: np.ndarray,
        dt: float,
        measured: Measured,
        config: GenerateConfig,
        *,
        clips: ClipSet,
        found: xr.Dataset | None,
        others: Sequence[Network],
        seed: int,
    ) -> None:
        self._engine, self._cell_type = engine, cell_type
        self._stimulus, self._dt, self._measured, self._config = stimulus, dt, measured, config
        self._clips, self._searched, self._others, self._seed = clips, found, others, seed
        self._energy = contrast_energy(stimulus)
        self._response = float(self._respond(stimulus[None])[0])
        answer = Found("the answer", stimulus, self._response, self._energy)
        self._rows = [_Row(ANSWER, FULL, answer)]
        self._variables: dict[str, tuple] = {}
        self._coordinates: dict[str, tuple] = {}
        self._transferred: list[float] = []
        self.n_steps = len(FAMILIES) + 4 + len(others)
        self._n_done = 0

    def __repr__(self) -> str:
        return f"<Run controls {self._cell_type!r}: {self._n_done} of {self.n_steps} steps>"

    def __iter__(self) -> Iterator[StepReport]:
        """Run, and report after each group, and within long ones; stop iterating to cancel.

        Raises:
            MaxstimError: if it has been iterated before, or a voltage does not stay finite.
        """
        check_not_begun(self._n_done)
        for is_whole in self._groups():
            self._n_done += is_whole
            yield StepReport(self._n_done, self.n_steps, np.empty((0, 0), np.float32))

    def _groups(self) -> Iterator[bool]:
        """Compare; yield True after each group, and False after each part of a second of a long one."""
        for _ in bank_parts(self._engine, len(self._stimulus), self._dt):
            yield False
        by_family = textbook_trials(self._engine, self._measured, len(self._stimulus), self._dt)
        for family in FAMILIES:
            yield from self._compare(family, by_family[family])
            yield True
        yield from self._compare(NATURAL, self._natural())
        yield True
        self._alter()
        yield True
        self._change_contrast_and_place()
        yield True
        yield from self._attribute()
        yield True
        for network in self._others:
            self._transfer(network)
            yield True

    def _respond(self, movies: np.ndarray) -> np.ndarray:
        return self._measured.responses(self._engine, movies, self._dt)

    def _compare(self, family: str, shown: Sequence[Trial]) -> Iterator[bool]:
        """Find the best of a family, at full contrast and at the answer's energy."""
        if not shown:
            return
        arguments = self._engine, self._measured, self._dt, shown
        apertures = () if family == NATURAL else APERTURES  # a clip is what it is
        full = best_shown(*arguments, None, apertures=apertures)
        yield False
        equal = best_shown(*arguments, self._energy)
        self._rows += [_Row(family, FULL, full), _Row(family, EQUAL, equal)]

    def _natural(self) -> list[Trial]:
        """Return the best clips, each so that what it does best is at the end of what counts."""
        if self._measured.sign < 0:  # a search tells where voltages are highest alone
            return []
        found = self._searched
        if found is None:
            found = finish(search(self._engine.network, self._clips, SearchConfig()))
        dt = float(found.attrs["dt"])
        peaks = found["clip_peak"].sel(cell_type=self._cell_type).values
        frames = found["clip_peak_frame"].sel(cell_type=self._cell_type).values
        n_frames, end = len(self._stimulus), self._end
        shown = []
        for k in np.argsort(-peaks, kind="stable")[:CANDIDATES]:
            clip = resampled(self._clips[int(k)], self._clips.dt, self._dt)
            stop = min(len(clip), round((int(frames[k]) + 1) * dt / self._dt))
            movie = np.full((n_frames, clip.shape[1]), GREY, np.float32)
            length = min(stop, end)
            movie[end - length : end] = clip[stop - length : stop]
            shown.append(Trial(self._clips.names[int(k)], movie, end))
        return shown

    @property
    def _end(self) -> int:
        """The frame behind the last that counts."""
        stop = self._measured.term.counted.stop
        return len(self._stimulus) if stop is None else stop

    @property
    def _range(self) -> dict[str, float]:
        """Voltages of the cell: under grey, and the lowest and highest over the default set."""
        units = response_units(self._engine.network)
        kind = self._measured.kinds[0]
        return {
            "grey_voltage": units.grey[kind],
            "least_voltage": units.least[kind],
            "greatest_voltage": units.greatest[kind],
        }

    @property
    def _natural_response(self) -> float:
        """The best that clips of the default set, shown in full, do to the cell, in RMS above grey."""
        voltage = self._range["least_voltage" if self._measured.sign < 0 else "greatest_voltage"]
        watched = self._measured.term.watched
        return (voltage - watched.grey[0]) / watched.rms[0]

    def _alter(self) -> None:
        lattice = self._engine.network.lattice
        each = list(altered(self._stimulus, lattice, seed=self._seed))
        responses = self._respond(np.stack([one.movie for one in each]))
        for one, response in zip(each, responses, strict=True):
            found = Found(one.name, one.movie, float(response), contrast_energy(one.movie))
            self._rows.append(_Row(one.how, EQUAL, found))

    def _change_contrast_and_place(self) -> None:
        lattice = self._engine.network.lattice
        movies = [of_contrast(self._stimulus, factor) for factor in CONTRAST_FACTORS]
        self._add(
            "contrast", CONTRAST_FACTORS, "contrast_response", self._respond(np.stack(movies))
        )
        rings = range(min(MOST_SHIFT, lattice.extent) + 1)
        means = []
        for ring in rings:
            movies = [shifted(self._stimulus, lattice, *shift) for shift in shifts(ring)]
            means.append(self._respond(np.stack(movies)).mean())
        self._add("ring", rings, "shift_response", means)

    def _add(
        self, dim: str, values: Sequence[float], name: str, numbers: Sequence[float] | np.ndarray
    ) -> None:
        self._coordinates[dim] = (dim, np.asarray(values))
        self._variables[name] = (dim, np.asarray(numbers, np.float32))

    def _attribute(self) -> Iterator[bool]:
        arguments = self._engine, self._measured, self._stimulus, self._dt
        attributed = attribution(*arguments)
        self._variables["attribution"] = (("frame", "column"), attributed)
        shape = self._stimulus.shape
        for name, part in smallest_parts(*arguments, attributed):
            yield False
            kept = np.broadcast_to(part.kept, shape).astype(np.int8)
            about = {"size": part.size, "share": part.share}
            self._variables[f"smallest_{name}"] = (("frame", "column"), kept, about)

    def _transfer(self, network: Network) -> None:
        """Show the answer to another network, in that network's own units."""
        engine = make_engine(network, device=self._engine.device, dtype=self._engine.dtype)
        counted = self._measured.term.counted
        shown = engine, self._cell_type, self._config, self._stimulus, self._dt, counted
        self._transferred.append(transfer_response(*shown))

    def result(self) -> Result:
        """Return what was compared so far: docs/controls.md."""
        return result_of(self.labeled())

    def labeled(self) -> Labeled:
        """Return what `result` does, without xarray."""
        lattice = self._engine.network.lattice
        rows, names = self._rows, [each.name for each in self._others]
        n_transferred = len(self._transferred)
        own = self._engine.network.name
        transfer = np.array([self._response, *self._transferred], np.float32)
        natural = self._natural_response
        return Labeled(
            variables={
                "stimulus": (("frame", "column"), self._stimulus),
                "family": ("control", [row.family for row in rows]),
                "shown": ("control", [row.how for row in rows]),
                "control_response": ("control", _numbers(row.found.response for row in rows)),
                "control_energy": ("control", _numbers(row.found.energy for row in rows)),
                "control_stimulus": (
                    ("control", "frame", "column"),
                    np.stack([row.found.movie for row in rows]).astype(np.float32),
                ),
                "transfer_response": ("network", transfer),
                **self._variables,
            },
            coordinates={
                "control": ("control", [row.found.name for row in rows]),
                "network": ("network", [own, *names[:n_transferred]]),
                "time": ("frame", np.arange(len(self._stimulus)) * self._dt, {"units": "s"}),
                "u": ("column", lattice.u),
                "v": ("column", lattice.v),
                **self._coordinates,
            },
            attrs={
                **provenance(self._engine, self._config),
                "kind": "controls",
                "cell_type": self._cell_type,
                "dt": self._dt,
                "response": self._response,
                "natural_response": natural,
                "contrast_energy": self._energy,
                "headline": in_one_line(rows, self._response, natural, self._transferred),
                **self._range,
                "status": "complete" if self._n_done == self.n_steps else "cancelled",
            },
        )


class _Row(NamedTuple):
    """A line of the table.

    Attributes:
        family: What kind of control.
        how: At full contrast or at equal energy.
        found: The movie, and what came of it.
    """

    family: str
    how: str
    found: Found


def in_one_line(
    rows: Sequence[_Row], response: float, natural: float, transferred: Sequence[float]
) -> str:
    """Return in one line how an answer compares.

    Args:
        rows: The table.
        response: What counts of the response to the answer, in RMS above grey.
        natural: The best that clips do, in the same units.
        transferred: What counts of the response in the other networks, each in its own units.
    """
    said = []
    for how in (FULL, EQUAL):
        tried = [row for row in rows if row.family in FAMILIES and row.how == how]
        if tried:
            sign = 1 if response >= 0 else -1
            best = max(tried, key=lambda row: sign * row.found.response)
            said.append(
                f"{_times(response, best.found.response, f'the best {best.family}')} at {how}"
            )
    said.append(_times(response, natural, "the best clip"))
    known = [each for each in transferred if np.isfinite(each)]
    if known and response:
        share = float(np.median(known)) / response
        which = "another network" if len(known) == 1 else f"the {len(known)} other networks"
        said[-1] += f"; {share:.2f} of the response in {which}"
    return ", ".join(said)


def _times(response: float, other: float, what: str) -> str:
    """Say how many times a response is that to something else, where that means something."""
    if response * other <= 0:
        return f"the other way than {what}"
    return f"{response / other:.2f} × {what}"


def _numbers(values: Iterable[float]) -> np.ndarray:
    return np.array(list(values), np.float32)
