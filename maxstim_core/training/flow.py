"""The second stage of a fit: to tell the optic flow of made scenes, the task of the paper.

A network is as good at it as a decoder that is fitted to it, the network fixed: always from the same
start, for as long, on the same scenes. So the errors before and after the stage can be compared.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from maxstim_core.conventions import frames_in
from maxstim_core.errors import MaxstimError
from maxstim_core.lattice import Lattice
from maxstim_core.simulation.differentiable import (
    parameter_tensors,
    simulate_differentiably,
    steady_state_of,
)
from maxstim_core.simulation.engine import Engine, FreeParameters
from maxstim_core.stimuli.synthetic.bundled_sets import FADE, SECONDS
from maxstim_core.stimuli.synthetic.scenes import Scene, SceneSettings, moving_scene
from maxstim_core.training.decoder import FlowDecoder, endpoint_error
from maxstim_core.training.terms import MOST_SCENE_VOLTAGE, beyond

_N_SCENES, N_UNSEEN = 96, 96
"""Scenes that a decoder is fitted to, and others that its error is measured on."""

_SCENES_AT_ONCE = 8
DECODER_STEPS, _DECODER_RATE, _JOINT_RATE = 400, 5e-3, 1e-3
"""Steps and learning rates of a decoder: alone, and along with the network."""

_SPEEDS, _OBJECT_SPEEDS = (2.0, 16.0), (2.0, 25.0)
"""Columns per second of the ground and of objects; near layers are up to 2.6 times as fast."""

_FIRST, _EVERY = 0.25, 0.05
"""Seconds of a scene that are left out, as it fades in, and from which frame to which flow is told."""

_UNSEEN_SEEDS = 2**30
"""Seed of scenes from which on they are not fitted to."""


@dataclass(frozen=True)
class FlowScenes:
    """Scenes whose flow is known.

    Attributes:
        movies: Luminance, shape (scene, frame, column).
        flow: Columns per second rightward and upward, in the frames at which it is decoded, shape
            (scene, decoded frame, 2, column).
    """

    movies: np.ndarray
    flow: np.ndarray


@dataclass(frozen=True)
class FlowErrors:
    """Mean endpoint errors on unseen scenes, in columns per second.

    Attributes:
        before: With a decoder fitted to the network before the stage.
        after: With one fitted to it afterwards.
        of_zero: Of telling no flow.
        of_mean: Of telling the mean flow of the scenes that decoders are fitted to, everywhere.
    """

    before: float
    after: float
    of_zero: float
    of_mean: float

    def as_text(self) -> str:
        """Return one line for people."""
        return (
            f"endpoint error on unseen scenes: {self.before:.2f} columns/s before the second stage, "
            f"{self.after:.2f} after; of no flow {self.of_zero:.2f}, of the mean flow {self.of_mean:.2f}"
        )

    def as_about(self) -> dict[str, object]:
        """Return what a network file says of the stage."""
        return {"unit": "columns/s", **{name: round(e, 4) for name, e in asdict(self).items()}}


def draw_scenes(
    lattice: Lattice, dt: float, number: int, random: np.random.Generator, first_seed: int = 0
) -> FlowScenes:
    """Return scenes with a moving camera, leaves at up to three depths and up to two objects.

    Args:
        lattice: The eye.
        dt: Seconds per frame.
        number: How many.
        random: Where chance comes from.
        first_seed: Seeds of the scenes are between this and `_UNSEEN_SEEDS` more.
    """
    scenes = [_any_scene(random, first_seed) for _ in range(number)]
    movies = [moving_scene(lattice, dt=dt, seconds=SECONDS, fade=FADE, **s) for s in scenes]
    flow = [Scene(**scene).flow(lattice, dt, SECONDS)[_decoded_frames(dt)] for scene in scenes]
    return FlowScenes(np.stack(movies), np.stack(flow).swapaxes(2, 3).astype(np.float32))


class FlowTask:
    """The task on one eye: scenes, voltages of the output types, and decoders of them.

    Args:
        engine: The network on its eye.
        dt: Seconds per frame.
        seed: Of the scenes and of the decoders' first weights; unseen scenes are always the same.
    """

    def __init__(self, engine: Engine, dt: float, seed: int) -> None:
        self._engine, self._dt, self._seed = engine, dt, seed
        self._lattice = engine.layout.lattice
        roles = [cell_type.role for cell_type in engine.network.connectome.cell_types]
        outputs = [kind for kind, role in enumerate(roles) if role == "output"]
        self._cells = np.stack([engine.layout.cells(kind) for kind in outputs])

    @property
    def _like(self) -> Tensor:
        """A tensor of the precision, and on the device, that the engine computes with."""
        return parameter_tensors(self._engine).time_constant

    @cached_property
    def _scenes(self) -> FlowScenes:
        random = np.random.default_rng([self._seed, *b"decoder"])
        return draw_scenes(self._lattice, self._dt, _N_SCENES, random)

    @cached_property
    def _unseen(self) -> FlowScenes:
        random = np.random.default_rng([*b"unseen"])
        return draw_scenes(self._lattice, self._dt, N_UNSEEN, random, _UNSEEN_SEEDS)

    def new_scenes(self, random: np.random.Generator) -> FlowScenes:
        """Return the scenes of one step."""
        return draw_scenes(self._lattice, self._dt, _SCENES_AT_ONCE, random)

    def voltage(self, scenes: FlowScenes, parameters: FreeParameters) -> Tensor:
        """Return the voltage that is decoded, shape (scene, decoded frame, type, column).

        Differentiable with respect to the parameters.
        """
        fixed = FreeParameters(*(values.detach() for values in parameters))
        shown = simulate_differentiably(
            self._engine,
            scenes.movies,
            self._dt,
            initial_state=steady_state_of(self._engine, self._dt, fixed),
            cells=self._cells.ravel(),
            parameters=parameters,
        )
        return shown[:, _decoded_frames(self._dt)].unflatten(2, self._cells.shape)

    def flow(self, scenes: FlowScenes) -> Tensor:
        """Return the flow of scenes where and how the engine computes."""
        return torch.as_tensor(scenes.flow).to(self._like)

    def new_decoder(self) -> FlowDecoder:
        """Return a decoder as it is before it has learnt anything."""
        decoder = FlowDecoder(self._lattice, len(self._cells), self._seed)
        return decoder.to(self._like.device, self._like.dtype)

    def fitted_decoder(self, parameters: FreeParameters) -> FlowDecoder:
        """Return a decoder that is fitted to the network with these parameters."""
        voltage, flow = self._recorded(self._scenes, parameters), self.flow(self._scenes)
        decoder = self.new_decoder()
        decoder.scale_to(voltage)
        adam = torch.optim.Adam(decoder.parameters())
        random = torch.Generator().manual_seed(self._seed)
        for step in range(DECODER_STEPS):
            share = 0.5 * (1 + math.cos(math.pi * step / DECODER_STEPS))
            adam.param_groups[0]["lr"] = _DECODER_RATE * share
            some = torch.randperm(_N_SCENES, generator=random)[:_SCENES_AT_ONCE].to(flow.device)
            adam.zero_grad()
            endpoint_error(decoder(voltage[some]), flow[some]).backward()
            adam.step()
        return decoder

    @torch.no_grad()
    def error(self, decoder: FlowDecoder, parameters: FreeParameters) -> float:
        """Return the mean endpoint error on unseen scenes, columns per second.

        Raises:
            MaxstimError: if a voltage does not stay finite.
        """
        decoded = decoder(self._recorded(self._unseen, parameters))
        error = endpoint_error(decoded, self.flow(self._unseen)).item()
        if not math.isfinite(error):
            raise MaxstimError(
                "No decoder can be fitted, as the voltages of the network do not stay finite; start the "
                "fit again with another seed."
            )
        return error

    def errors_of_constants(self) -> tuple[float, float]:
        """Return the error of telling no flow, and of telling the mean flow, on unseen scenes."""
        flow, mean = self.flow(self._unseen), self.flow(self._scenes).mean((0, 1, 3))
        constants = torch.zeros_like(mean), mean
        zero, mean_flow = (endpoint_error(value[:, None], flow).item() for value in constants)
        return zero, mean_flow

    @torch.no_grad()
    def _recorded(self, scenes: FlowScenes, parameters: FreeParameters) -> Tensor:
        """The same as `voltage`, a few scenes at a time, and not differentiable."""
        fixed = FreeParameters(*(values.detach() for values in parameters))
        some = range(0, len(scenes.movies), self._engine.samples_at_once)
        batches = [slice(k, k + some.step) for k in some]
        parts = (FlowScenes(scenes.movies[b], scenes.flow[b]) for b in batches)
        return torch.cat([self.voltage(part, fixed) for part in parts])


class FlowStage:
    """What a fit needs in its second stage: a decoder that learns along with the network.

    Args:
        engine: The network on its eye.
        dt: Seconds per frame.
        seed: Where chance comes from.
    """

    def __init__(self, engine: Engine, dt: float, seed: int) -> None:
        self._task = FlowTask(engine, dt, seed)
        self.before: float | None = None
        self._take(self._task.new_decoder())

    def begin(self, parameters: FreeParameters) -> None:
        """Fit the decoder to the network as it is before the stage, and keep its error.

        Raises:
            MaxstimError: if a voltage does not stay finite.
        """
        self._take(self._task.fitted_decoder(parameters))
        self.before = self._task.error(self._decoder, parameters)

    def terms(self, parameters: FreeParameters, random: np.random.Generator) -> dict[str, Tensor]:
        """Return what new scenes cost: the decoder's error over the mean speed, and large voltages."""
        scenes = self._task.new_scenes(random)
        voltage, flow = self._task.voltage(scenes, parameters), self._task.flow(scenes)
        error = endpoint_error(self._decoder(voltage), flow) / flow.norm(dim=2).mean()
        largest = voltage.abs().amax((0, 1, 3))
        return {"decoded flow": error, "decoded voltage": beyond(largest, MOST_SCENE_VOLTAGE)}

    def step(self, share: float) -> None:
        """Let the decoder follow its gradient, at a share of its learning rate."""
        self._adam.param_groups[0]["lr"] = share * _JOINT_RATE
        self._adam.step()
        self._adam.zero_grad()

    def errors(self, parameters: FreeParameters) -> FlowErrors:
        """Return the errors before and after the stage, the parameters being those afterwards.

        Raises:
            MaxstimError: if a voltage does not stay finite.
        """
        assert self.before is not None  # it has begun
        after = self._task.error(self._task.fitted_decoder(parameters), parameters)
        return FlowErrors(self.before, after, *self._task.errors_of_constants())

    def state(self) -> dict[str, object]:
        """Return what `go_on` needs."""
        adam, decoder = self._adam.state_dict(), self._decoder.state_dict()
        return {"before": self.before, "decoder": decoder, "adam": adam}

    def go_on(self, state: dict[str, Any]) -> None:
        """Go on where another stage of the same fit was."""
        self.before = state["before"]
        self._decoder.load_state_dict(state["decoder"])
        take_moments(self._adam, state["adam"])

    def _take(self, decoder: FlowDecoder) -> None:
        self._decoder, self._adam = decoder, torch.optim.Adam(decoder.parameters())
        self._adam.zero_grad()


def take_moments(adam: torch.optim.Adam, state: dict[str, Any]) -> None:
    """Let Adam go on from a state that was read from a file.

    Args:
        adam: As it was made for its parameters.
        state: As ``adam.state_dict`` returned it, or anything.

    Raises:
        ValueError: if its numbers are not as many as the parameters; other errors where it is no state.
    """
    parameters = [values for group in adam.param_groups for values in group["params"]]
    for values, moments in zip(parameters, state["state"].values(), strict=True):
        if any(moment.shape not in (values.shape, ()) for moment in moments.values()):
            raise ValueError("moments of other parameters")
    adam.load_state_dict(state)


def _any_scene(random: np.random.Generator, first_seed: int) -> SceneSettings:
    """Settings of `moving_scene`: a flight, with chance for everything."""
    speed, object_speed = (
        float(np.exp(random.uniform(*np.log(s)))) for s in (_SPEEDS, _OBJECT_SPEEDS)
    )
    return {
        "seed": first_seed + int(random.integers(_UNSEEN_SEEDS)),
        "angle": random.uniform(0, 360),
        "speed": speed,
        "roll": random.normal(0, 45),
        "expansion": random.normal(0, 0.4),
        "foliage": int(random.integers(3)),
        "parallax": random.uniform(1, 1.6),
        "objects": int(random.integers(3)),
        "object_angle": random.uniform(0, 360),
        "object_speed": object_speed,
        "contrast": float(np.exp(random.normal(-0.1, 0.3))),
    }


def _decoded_frames(dt: float) -> slice:
    """The frames in which flow is decoded."""
    return slice(frames_in(_FIRST, dt), None, frames_in(_EVERY, dt))
