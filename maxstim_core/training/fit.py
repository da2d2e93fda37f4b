"""Fitting the 734 free parameters of a network to published tuning, through the simulator.

Starting from the prior network, Adam lowers a weighted sum of the terms in
`maxstim_core.training.terms` on stimuli that are drawn anew for every step, and stays near the prior.
Weights are shared between columns, so that a fit on a small eye nearly holds on the published one: the
first steps are made on a smaller eye, where they cost half.

A second stage, if asked for, goes on with the same terms and one more: the error of a small decoder that
tells the optic flow of made scenes and learns along (`maxstim_core.training.flow`).
"""

from __future__ import annotations

import copy
import io
import json
import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from maxstim_core.conventions import EXTENT
from maxstim_core.errors import MaxstimError
from maxstim_core.lattice import Lattice
from maxstim_core.networks.connectome import Connectome
from maxstim_core.networks.layout import Layout
from maxstim_core.networks.network import Network, Parameters
from maxstim_core.networks.unfitted import prior_network
from maxstim_core.simulation.choose_engine import make_engine
from maxstim_core.simulation.differentiable import (
    parameter_tensors,
    simulate_differentiably,
    steady_state_of,
)
from maxstim_core.simulation.engine import Engine, FreeParameters
from maxstim_core.storage.atomic import write_whole
from maxstim_core.storage.torch_archive import check_torch_archive
from maxstim_core.training import terms
from maxstim_core.training.config import FitConfig
from maxstim_core.training.flow import FlowErrors, FlowStage, take_moments
from maxstim_core.training.stimuli import FitStimuli, draw

WEIGHTS = {
    "direction": 3.0,
    "selectivity": 4.0,
    "off axis": 6.0,
    "wrong contrast": 3.0,
    "strength": 1.0,
    "untuned": 4.0,
    "flash index": 4.0,
    "flash change": 4.0,
    "flow": 1.5,
    "flow per column": 0.75,
    "speed": 2.0,
    "edge voltage": 0.1,
    "flash voltage": 0.1,
    "scene voltage": 0.1,
    "decoded flow": 4.0,
    "decoded voltage": 0.1,
    "grey voltage": 0.1,
    "prior": 0.02,
}
"""What each term of the loss weighs."""

_DT = 0.01
SMALL_EXTENT = 7
SMALL_SHARE = 0.6
"""The eye of the first steps, in rings, and their share."""

_GREY_SECONDS = 0.6
_CENTRAL_RINGS = 2
_TIME_CONSTANTS = (0.005, 0.3)
_RATES = {"strength": 0.03, "rest": 0.015, "time": 0.015}
_LAST_RATE = 0.02
_LONGEST_GRADIENT = 5.0

_FLOW_RATE = 0.2
"""Learning rates of the second stage over those of the first."""

_MOST_CHECKPOINT_BYTES = 10_000_000
"""Of a checkpoint, unpacked: those of both stages have 40 kB."""


@dataclass(frozen=True)
class FitReport:
    """How a fit stands after a step: its weighted terms, by name."""

    step: int
    n_steps: int
    terms: dict[str, float]

    @property
    def total(self) -> float:
        """The loss."""
        return sum(self.terms.values())


class _OnEye:
    """The network on one eye, and what is asked of it there."""

    def __init__(self, network: Network, held_out: tuple[str, ...], device: str) -> None:
        self.engine: Engine = make_engine(network, device=device)
        self._targets = terms.Targets(network.connectome.names, held_out)
        near = np.flatnonzero(network.lattice.ring <= _CENTRAL_RINGS)
        self._near = np.stack([network.layout.cells(kind)[near] for kind in self._targets.tuned])

    def terms(self, drills: FitStimuli, parameters: FreeParameters) -> dict[str, Tensor]:
        """Return what the drills cost a network with these parameters, not yet weighted."""
        targets, central = self._targets, self.engine.layout.central_cells
        fixed = FreeParameters(*(values.detach() for values in parameters))
        # The short grey before each movie lets the gradient see how grey voltages depend on them.
        grey = steady_state_of(self.engine, _DT, fixed, seconds=_GREY_SECONDS)

        def voltages(movies: np.ndarray, cells: np.ndarray) -> Tensor:
            shown = simulate_differentiably(
                self.engine, movies, _DT, initial_state=grey, cells=cells, parameters=parameters
            )
            return shown[:, drills.lead - 1 :]

        edges = voltages(drills.edges, central)
        found = terms.edge_terms(edges, targets, drills.angles)
        found |= terms.flash_terms(voltages(drills.flashes, central), targets, _DT)
        found |= terms.grey_term(edges[0, 0])
        if len(drills.scenes):
            near = voltages(drills.scenes, self._near.ravel()).unflatten(2, self._near.shape)
            flow = torch.as_tensor(drills.flow, dtype=near.dtype, device=near.device)
            # Skip the answer to the scene's appearance.
            found |= terms.scene_terms(near[:, round(0.2 / _DT) :], targets, flow)
        return found


class Fit:
    """A fit: iterate it to the end or until you like, then ask for its `network`.

    Args:
        config: How to fit.
        device: Where to compute: see `maxstim_core.devices.resolve_device`.
        checkpoint: File in which the fit is kept every few steps, and from which it goes on.
        every: How many.
        connectome: To fit instead of the bundled one.
        weights: What each term weighs instead. The checkpoint tells neither them nor the connectome.

    Attributes:
        step: Steps done so far.
        n_steps: Steps in all.
        unkept: Why the checkpoint could not be written the last time, or None.

    Raises:
        MaxstimError: if the device is not there, or the checkpoint is of another fit.
    """

    def __init__(
        self,
        config: FitConfig,
        *,
        device: str = "cpu",
        checkpoint: str | os.PathLike | None = None,
        every: int = 20,
        connectome: Connectome | None = None,
        weights: Mapping[str, float] = WEIGHTS,
    ) -> None:
        self._weights = weights
        self.config, self.n_steps = config, config.n_iters + config.flow_steps
        self._checkpoint, self._every = checkpoint, every
        extents = min(SMALL_EXTENT, config.extent), config.extent
        small, large = (prior_network(extent, connectome) for extent in extents)
        self._small, self._large = (_OnEye(n, config.held_out, device) for n in (small, large))
        start = parameter_tensors(self._large.engine)
        self._prior = start.synapse_strength.log()
        seeded = torch.Generator().manual_seed(config.random_seed)
        scattered = config.scatter * torch.randn(len(self._prior), generator=seeded)
        self._free = {
            "strength": (self._prior + scattered.to(self._prior)).requires_grad_(),
            "rest": start.resting_potential.clone().requires_grad_(),
            "time": start.time_constant.log().requires_grad_(),
        }
        groups = [{"params": [self._free[name]], "lr": rate} for name, rate in _RATES.items()]
        self._adam = torch.optim.Adam(groups)
        self._flow: FlowStage | None = None
        if config.flow_steps:
            self._flow = FlowStage(self._large.engine, _DT, config.random_seed)
        self.step = 0
        self.unkept: str | None = None
        self._whole: dict[str, object] | None = None
        if checkpoint is not None and os.path.exists(checkpoint):
            self._resume(checkpoint)

    def __iter__(self) -> Iterator[FitReport]:
        """Fit, and report every step."""
        while self.step < self.n_steps:
            second = self._flow if self.step >= self.config.n_iters else None
            if second is not None and second.before is None:
                second.begin(self._parameters())
            # One generator per step, so that a fit goes on after a pause as it would have without.
            random = np.random.default_rng((self.config.random_seed, self.step))
            small = self.step < SMALL_SHARE * self.config.n_iters
            shown = self._small if small else self._large
            drills = draw(shown.engine.layout.lattice, _DT, self.config.n_scenes, random)
            asked = shown.terms(drills, self._parameters())
            asked["prior"] = (self._free["strength"] - self._prior).square().mean()
            if second is not None:
                asked |= second.terms(self._parameters(), random)
            weighted = {name: self._weights[name] * value for name, value in asked.items()}
            self._adam.zero_grad()
            loss = sum(weighted.values())
            assert isinstance(loss, Tensor)  # there are always terms
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self._free.values(), _LONGEST_GRADIENT)
            share = self._cooling()
            for group, rate in zip(self._adam.param_groups, _RATES.values(), strict=True):
                group["lr"] = rate * share * (1 if second is None else _FLOW_RATE)
            self._adam.step()
            if second is not None:
                second.step(share)
            self.step += 1
            values = {name: value.item() for name, value in weighted.items()}
            if not all(map(math.isfinite, values.values())):
                raise MaxstimError(
                    f"The fit was lost at step {self.step}; start it again with another seed."
                )
            if self._checkpoint is not None:
                self._whole = copy.deepcopy(self._state())
            if self.step % self._every == 0 or self.step in (self.config.n_iters, self.n_steps):
                self.keep()
            yield FitReport(self.step, self.n_steps, values)

    def keep(self) -> None:
        """Write the checkpoint, if there is to be one, as it was after the last whole step.

        The fit is worth more than its checkpoint: if that cannot be written, `unkept` says why.
        """
        if self._whole is None or self._checkpoint is None:
            return
        content = io.BytesIO()
        torch.save(self._whole, content)
        try:
            write_whole(self._checkpoint, "checkpoint", content.getvalue())
            self.unkept = None
        except MaxstimError as error:
            self.unkept = str(error)

    def flow_errors(self) -> FlowErrors | None:
        """Return what the second stage has brought so far, or None if it has not begun.

        Raises:
            MaxstimError: if a voltage does not stay finite.
        """
        if self._flow is None or self._flow.before is None:
            return None
        return self._flow.errors(self._parameters())

    def network(self, name: str = "fitted", extent: int = EXTENT) -> Network:
        """Return the network as fitted so far, on an eye of `extent` rings."""
        prior = self._large.engine.network.parameters
        rest, tau, strength = (values.detach().cpu().numpy() for values in self._parameters())
        parameters = Parameters(rest, tau, prior.synapse_sign, prior.synapse_count, strength)
        layout = Layout(self._large.engine.layout.connectome, Lattice(extent))
        return Network(name, layout, parameters)

    def _parameters(self) -> FreeParameters:
        return FreeParameters(
            self._free["rest"],
            self._free["time"].exp().clamp(*_TIME_CONSTANTS),
            self._free["strength"].exp(),
        )

    def _cooling(self) -> float:
        """Share of the learning rate at this step: a cosine from one to `_LAST_RATE` in each stage."""
        first, second = self.config.n_iters, self.config.flow_steps
        step, n_steps = (self.step, first) if self.step < first else (self.step - first, second)
        share = 0.5 * (1 + math.cos(math.pi * step / n_steps))
        return _LAST_RATE + (1 - _LAST_RATE) * share

    def _state(self) -> dict[str, object]:
        state = {
            "config": self.config.to_json(),
            "step": self.step,
            "free": {name: values.detach() for name, values in self._free.items()},
            "adam": self._adam.state_dict(),
        }
        if self._flow is not None and self.step > self.config.n_iters:
            state["flow"] = self._flow.state()
        return state

    def _resume(self, path: str | os.PathLike) -> None:
        try:
            check_torch_archive(Path(path), _MOST_CHECKPOINT_BYTES)
            state = torch.load(path, map_location="cpu", weights_only=True)
            theirs, ours = (json.loads(text) for text in (state["config"], self.config.to_json()))
            if "flow" not in state:  # the first stage is the same whatever follows
                theirs["flow_steps"] = ours["flow_steps"] = self.config.flow_steps
            same = theirs == ours
            if same:
                self._take(state)
        except Exception as error:  # whatever a damaged file, or one of another kind, leads to
            raise MaxstimError(
                f"The file {path} is no checkpoint of a fit that can be read; name another file, or "
                "remove this one if it was a checkpoint."
            ) from error
        if not same:
            raise MaxstimError(
                f"The checkpoint {path} belongs to a fit with other settings; give the same settings, "
                "or another file."
            )

    def _take(self, state: dict[str, Any]) -> None:
        """Go on from a state; raises whatever it lacks leads to."""
        self.step = int(state["step"])
        with torch.no_grad():
            for name, values in self._free.items():
                values.copy_(state["free"][name].view_as(values))
        take_moments(self._adam, state["adam"])
        if "flow" in state:
            assert self._flow is not None
            self._flow.go_on(state["flow"])
