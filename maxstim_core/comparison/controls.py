"""What an answer is compared with before it is believed, computed beside it.

Better than a plain moving edge? Would another network agree? Which part matters? Formulas and words:
docs/controls.md.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
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
from maxstim_core.comparison.equal_energy import Found, Trial, best_shown
from maxstim_core.comparison.headline import (
    ANSWER,
    EQUAL,
    FITTED,
    FULL,
    NATURAL,
    OPPOSED,
    PREDICTED,
    ControlRow,
    ToldApart,
    Transferred,
    in_one_line,
)
from maxstim_core.comparison.natural_clips import chosen_clips
from maxstim_core.comparison.stage import stage_of
from maxstim_core.comparison.textbook import FAMILIES, bank_parts
from maxstim_core.comparison.textbook_controls import textbook_trials
from maxstim_core.comparison.transfer import checked_others, transfer_response
from maxstim_core.conventions import GREY
from maxstim_core.errors import MaxstimError
from maxstim_core.networks.network import Network
from maxstim_core.optimal.asked import asked_network
from maxstim_core.optimal.constraints import contrast_energy
from maxstim_core.optimal.generate_config import GenerateConfig
from maxstim_core.optimal.measured_response import Measured
from maxstim_core.optimal.named_response import named_attributes
from maxstim_core.optimal.objectives.counted import Counted
from maxstim_core.optimal.response_units import response_units
from maxstim_core.optimal.result import fitted_hashes, provenance, result_of, silence_of
from maxstim_core.optimal.run import StepReport, check_not_begun
from maxstim_core.settings import checked_whole
from maxstim_core.simulation.choose_engine import make_engine
from maxstim_core.simulation.engine import Engine
from maxstim_core.stimuli.catalog import DEFAULT_CLIPS, open_clips
from maxstim_core.stimuli.clip_set import ClipSet, check_clips
from maxstim_core.storage.labeled import Labeled

if TYPE_CHECKING:
    import xarray as xr

    from maxstim_core.drawing.notebook import Result


def controls(
    answer: xr.Dataset,
    network: Network | None = None,
    *,
    clips: ClipSet | None = None,
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
        others: Networks that the answer is shown to besides. Those that it was not made for predict.
        seed: Of the scrambled phases and shuffled columns.
        device: Where to compute: see `maxstim_core.devices.resolve_device`.
        dtype: Precision to compute in: ``float32`` or ``float64``.

    Returns:
        An `Optimization`: its result is described in docs/controls.md.

    Raises:
        MaxstimError: if the answer is none, or not of this network, or lacks frames that count, or the
            device does not exist.

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
    measured, config, stage = _measured_of(answer, network)
    _check_frames(answer, dt, measured.term.counted)
    clips = open_clips(DEFAULT_CLIPS, network.lattice.extent) if clips is None else clips
    check_clips(clips)
    if clips.lattice != network.lattice:
        raise MaxstimError(
            f"The clip set {clips.name} is for an eye of {clips.lattice.n_columns} columns, the network "
            f"has {network.lattice.n_columns}; give the set for this eye."
        )
    others = checked_others(others, network, silence_of(answer))
    seed = checked_whole(seed, "The seed", (0, 2**31 - 1))
    engine = make_engine(network, device=device, dtype=dtype)
    engine.check(stimulus[None], dt)
    return Comparison(
        engine,
        str(answer.attrs["cell_type"]),
        stimulus,
        dt,
        measured,
        config,
        stage,
        clips=clips,
        others=others,
        fitted=fitted_hashes(answer),
        opposed=_opposed_by(answer, config),
        seed=seed,
    )


def _dims(answer: xr.Dataset) -> tuple:
    """Return the dimensions of the stimulus of an answer; none if it has no stimulus."""
    return answer["stimulus"].dims if "stimulus" in answer else ()


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


def _measured_of(
    answer: xr.Dataset, network: Network
) -> tuple[Measured, GenerateConfig, GenerateConfig]:
    """Return what counts of responses as in the answer, its settings, and those of them that say so.

    Where settings changed on the way, the last say so: these the movie was made for. Of a clip, as it
    is or regularized, it is the highest voltage.
    """
    cell_type = str(answer.attrs["cell_type"])
    if answer.attrs["method"] == GenerateConfig.method:
        try:
            config = GenerateConfig(**json.loads(answer.attrs["config"]))
        except (TypeError, ValueError) as error:
            raise MaxstimError("This answer does not say how it was made; run it again.") from error
        stage = stage_of(answer, config)
        return Measured.of(network, cell_type, stage), config, stage
    config = GenerateConfig(objective="drive", silence=silence_of(answer))
    return Measured.of(network, cell_type, config, Counted("peak")), config, config


def _check_frames(answer: xr.Dataset, dt: float, counted: Counted) -> None:
    """Make sure that an answer that may have been cut still holds the frames that count.

    Raises:
        MaxstimError: if not, or frames within it are left out.
    """
    n_frames = answer.sizes["frame"]
    times = answer["time"].values if "time" in answer.coords else np.arange(n_frames) * dt
    frames = np.rint(np.asarray(times, float) / dt)
    first = 0 if counted.stop is not None or not n_frames else frames[0]
    needed = 1 if counted.stop is None else counted.stop
    if n_frames < needed or not np.array_equal(frames, first + np.arange(n_frames)):
        raise MaxstimError(
            f"The answer was cut to {n_frames} frames, and lacks some that its objective counts, or has "
            "them elsewhere; give the whole answer."
        )


def _opposed_by(answer: xr.Dataset, config: GenerateConfig) -> Opposed | None:
    """Return the network that a movie was to tell the first from; None unless they were to disagree."""
    if config.across != "disagreement":
        return None
    names, hashes = (
        json.loads(answer.attrs.get(name, "[]")) for name in ("networks", "network_hashes")
    )
    return Opposed(str(names[1]), str(hashes[1])) if len(names) == len(hashes) == 2 else None


class Opposed(NamedTuple):
    """The network that a movie was to tell the first from.

    Attributes:
        name: Its name.
        content_hash: Of its numbers.
    """

    name: str
    content_hash: str


class Comparison:
    """All comparisons of one answer (an `Optimization`, whose steps are groups of them).

    Args:
        engine: The network that was asked, ready to simulate.
        cell_type: For example ``T4c``.
        stimulus: Luminance of the answer, shape (frame, column).
        dt: Seconds per frame.
        measured: What counts of responses.
        config: All settings of the answer.
        stage: Those of them that say the objective.
        clips: The natural set.
        others: Networks that the answer is shown to besides.
        fitted: Hashes of the networks that it was made for.
        opposed: The network that it was to tell the first from, if any.
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
        stage: GenerateConfig,
        *,
        clips: ClipSet,
        others: Sequence[Network],
        fitted: Collection[str],
        opposed: Opposed | None,
        seed: int,
    ) -> None:
        self._engine, self._cell_type = engine, cell_type
        self._stimulus, self._dt, self._measured, self._config = stimulus, dt, measured, config
        self._stage = stage
        self._clips, self._others, self._seed = clips, others, seed
        self._fitted, self._opposed = fitted, opposed
        self._energy = contrast_energy(stimulus)
        grey = np.full_like(stimulus, GREY)
        voltage = measured.voltage(engine, np.stack([stimulus, grey]), dt)
        self._response, self._grey = map(float, measured.counted(voltage))
        self._named = measured.numbers(voltage)[0]
        answer = Found("the answer", stimulus, self._response, self._energy)
        self._rows = [ControlRow(ANSWER, EQUAL, answer)]
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
        yield from self._compare_clips()
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
        arguments = self._engine, self._measured, self._dt, shown
        full = best_shown(*arguments, None)
        yield False
        self._add_rows(family, full, best_shown(*arguments, self._energy))

    def _compare_clips(self) -> Iterator[bool]:
        """Find the best clip of all, at full contrast and at the answer's energy."""
        engine, measured, dt, energy = self._engine, self._measured, self._dt, self._energy
        arguments = engine, measured, self._clips, self._stimulus, dt, energy
        chosen = yield from chosen_clips(*arguments)
        n_full, n_equal = len(chosen.full), len(chosen.equal)
        # At full contrast a clip is what it is: no aperture.
        full = best_shown(engine, measured, dt, chosen.full, None, apertures=(), n_tried=n_full)
        yield False
        equal = best_shown(engine, measured, dt, chosen.equal, energy, n_tried=n_equal)
        self._add_rows(NATURAL, full, equal)

    def _add_rows(self, family: str, full: Found, equal: Found) -> None:
        self._rows += [ControlRow(family, FULL, full), ControlRow(family, EQUAL, equal)]

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
        """What counts of the response to the best clip, not a number before there is one."""
        rows = (row for row in self._rows if (row.family, row.how) == (NATURAL, FULL))
        return next((row.found.response for row in rows), float("nan"))

    @property
    def _relations(self) -> list[str]:
        """Whether the answer was made for each network, or against it, that of the answer first."""
        return [FITTED, *(self._relation(each.content_hash) for each in self._others)]

    def _relation(self, content_hash: str) -> str:
        if self._opposed is not None and content_hash == self._opposed.content_hash:
            return OPPOSED
        return FITTED if content_hash in self._fitted else PREDICTED

    @property
    def _names(self) -> list[str]:
        """The cell types that the objective names, the one that was asked for first."""
        all_names = self._engine.network.connectome.names
        return [all_names[kind] for kind in self._measured.kinds]

    def _alter(self) -> None:
        lattice = self._engine.network.lattice
        each = list(altered(self._stimulus, lattice, seed=self._seed))
        responses = self._respond(np.stack([one.movie for one in each]))
        for one, response in zip(each, responses, strict=True):
            found = Found(one.name, one.movie, float(response), contrast_energy(one.movie))
            self._rows.append(ControlRow(one.how, EQUAL, found))

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
        shown = engine, self._cell_type, self._stage, self._stimulus, self._dt, counted
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
        told = named_attributes(self._stage.goal.kind, self._names, self._named)
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
                "relation": ("network", self._relations[: 1 + n_transferred]),
                "named_response": ("named", self._named.astype(np.float32)),
                **self._variables,
            },
            coordinates={
                "control": ("control", [row.found.name for row in rows]),
                "network": ("network", [own, *names[:n_transferred]]),
                "named": ("named", self._names),
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
                "objective": self._stage.objective,
                "response": self._response,
                "grey_response": self._grey,
                "natural_response": self._natural_response,
                "contrast_energy": self._energy,
                "headline": self._headline(),
                **told,
                **self._range,
                "status": "complete" if self._n_done == self.n_steps else "cancelled",
            },
        )

    def _headline(self) -> str:
        """Return in one line how the answer compares: docs/controls.md."""
        shown = zip(self._others, self._relations[1:], self._transferred, strict=False)
        transferred = [Transferred(each.name, how, response) for each, how, response in shown]
        goal = self._stage.goal
        contrast = named_attributes(goal.kind, self._names, self._named).get("contrast", "")
        apart = None
        if self._opposed is not None:
            apart = ToldApart(self._engine.network.name, self._opposed.name)
        return in_one_line(
            self._rows,
            goal,
            self._measured.sign,
            transferred,
            contrast=contrast,
            grey=self._grey,
            apart=apart,
        )


def _numbers(values: Iterable[float]) -> np.ndarray:
    return np.array(list(values), np.float32)
