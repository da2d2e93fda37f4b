"""The CUDA engine: the stencil in Triton, one kernel per frame forward and one per frame back.

A state is the padded grid of `maxstim_core.simulation.stencil`, row after row, one row per cell type
with zeros between, and positions fastest: neighbouring threads read neighbouring addresses whatever
the tap. From four stimuli on, four lie side by side at every position, so that a tap is one aligned
load of 16 bytes and its weight and shift serve all four. More side by side would spread a type's
neighbourhood over more memory than a multiprocessor's cache holds; stimuli beyond four are groups, the
slowest axis, and each group's state (1.4 MB) stays in the shared cache while it is worked on.

One stimulus has only some 75,000 values, so the time of a frame is the time of its longest chain: most
types have about 24 taps, but the largest 208 (256 back). A program therefore takes 32 taps of 32
positions at once and adds them up at the end. With many stimuli there is work enough, and a program
takes fewer taps of more positions, which share what they read.

Only voltages are kept for the adjoint, whose cotangents overwrite them slot by slot, unless gradients of
parameters are asked for: these need both.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from maxstim_core.errors import MaxstimError
from maxstim_core.networks.network import Network
from maxstim_core.simulation.cuda_graph import Replayed
from maxstim_core.simulation.engine import FreeParameters, Gradients, Rollout
from maxstim_core.simulation.stencil import Stencil, Taps
from maxstim_core.simulation.torch_engine import TorchEngine

CUDA_LANES = 4
"""Stimuli side by side: one load of 16 bytes."""

_OLDEST = (7, 0)
"""Compute capability that Triton needs."""


class Tile(NamedTuple):
    """What one program of a kernel covers.

    Attributes:
        positions: Positions of the grid, a power of two.
        taps: Taps at once, a power of two.
        warps: Warps of 32 threads that share them.
    """

    positions: int
    taps: int
    warps: int


FEW = Tile(positions=32, taps=32, warps=4)
"""For less than `MANY_STIMULI`, where the longest chain of taps counts."""

MANY = Tile(positions=128, taps=8, warps=4)
"""For `MANY_STIMULI` or more, where throughput counts."""

MANY_STIMULI = 16


@dataclass(frozen=True)
class _Numbers:
    """Parameters as the kernels read them."""

    forward_weight: Tensor
    backward_weight: Tensor
    rest: Tensor
    inverse_tau: Tensor
    gain: Tensor
    dt: float


class _Record(NamedTuple):
    """Which cells are recorded.

    Attributes:
        number: As the kernels read it, shape (type * position,), int32.
        of_cell: Number of the record of each cell that was asked for, shape (recorded cell,).
    """

    number: Tensor
    of_cell: Tensor


@dataclass
class _Tape:
    """States before and after each frame, (slot, group, place, lane), and their making."""

    states: Tensor | None
    numbers: _Numbers
    parameters: FreeParameters
    cells: Tensor
    record: _Record


class CudaEngine(TorchEngine):
    """Simulates in float32 on a GPU.

    Args:
        network: The network.
        device: For example ``cuda:0``.
        few: What a program covers where there are few stimuli.
        many: What a program covers where there are many.

    Raises:
        MaxstimError: if the GPU is too old, or kernels cannot be compiled here.
    """

    samples_at_once = 512

    def __init__(
        self, network: Network, *, device: str = "cuda", few: Tile = FEW, many: Tile = MANY
    ) -> None:
        super().__init__(network, device=device, dtype="float32")
        self._few, self._many = few, many
        self._stencil = stencil = Stencil(self.layout, block=max(few.positions, many.positions))
        self._n_types = len(self.layout.columns)
        self._pitch = stencil.size + stencil.margin
        self._stride = stencil.margin + self._n_types * self._pitch
        kind = self.layout.cell_type_of
        self._place_of_cell = self.index(
            stencil.cell_position + (kind + 1) * stencil.margin  # a margin before every row
        )
        self._flat_of_cell = self.index(stencil.cell_position)
        self._column_position = self.index(stencil.position)
        self._unrecorded = torch.where(
            torch.as_tensor(stencil.cell_mask().ravel(), device=self.device) > 0,
            self._n_types * stencil.size,
            -1,
        ).to(torch.int32)
        is_input = [t.role == "input" for t in network.connectome.cell_types]
        self._is_input = torch.tensor(is_input, dtype=torch.int32, device=self.device)
        self._input_types = self.index(np.flatnonzero(is_input))
        self._input_places = self._place_of_cell[self.index(self.layout.input_cells)]
        self._forward = _Gather(stencil.forward, self._pitch, self.device)
        self._backward = _Gather(stencil.backward, self._pitch, self.device)
        values = network.parameters
        signed_count = values.synapse_count * values.synapse_sign[self.layout.tap_pair]
        self._signed_count = self.array(signed_count)
        self._tap_pair = self.index(self.layout.tap_pair)
        self._tap_target = self.index(self.layout.tap_target)
        self._kernels = self._tried_kernels()

    def rollout(
        self,
        movie: Tensor,
        initial_state: Tensor,
        dt: float,
        *,
        cells: Tensor,
        parameters: FreeParameters,
        tape: bool,
        with_parameters: bool = False,
    ) -> Rollout:
        """See `Engine.rollout`."""
        n_samples, n_frames, _ = movie.shape
        n_slots = n_frames + 1 if tape else 2
        with self._on_device(), self._in_memory(n_samples, n_slots):
            numbers = self._numbers(parameters, dt)
            record = self._record(cells)
            states = self._states(n_slots, n_samples)
            states[0][:, self._place_of_cell] = _grouped(initial_state[:, None], states)[0]
            light = self._empty(n_frames, n_samples, self._stencil.size).zero_()
            light[:, :, self._column_position] = _grouped(movie, states)
            activity = self._empty(n_frames, n_samples, max(len(cells), 1))
            launch = self._launch(self._kernels.advance, n_samples, states)
            for frame in range(n_frames):
                launch(
                    states,
                    light,
                    activity,
                    record.number,
                    *self._forward.taps,
                    numbers.forward_weight,
                    numbers.rest,
                    numbers.inverse_tau,
                    self._is_input,
                    numbers.dt,
                    frame,
                    frame % n_slots,
                    (frame + 1) % n_slots,
                    states.shape[1],
                    activity.shape[2],
                    *self._geometry,
                )
            last = states[n_frames % n_slots][None][:, :, self._place_of_cell]
            return Rollout(
                activity=_ungrouped(activity, n_samples)[..., record.of_cell],
                final_state=_ungrouped(last, n_samples)[:, 0],
                tape=_Tape(states, numbers, parameters, cells, record) if tape else None,
            )

    def adjoint(self, tape: _Tape, cotangent: Tensor, *, with_parameters: bool) -> Gradients:
        """See `Engine.adjoint`; can be asked for once per rollout."""
        n_samples, n_frames, _ = cotangent.shape
        states, numbers, record = tape.states, tape.numbers, tape.record
        if states is None:
            raise MaxstimError(
                "The GPU keeps a simulation for one backward pass only; simulate again before the next."
            )
        tape.states = None
        with self._on_device(), self._in_memory(n_samples, 2 * (n_frames + 1)):
            seeds = self._seeds(cotangent, record, states)
            on_states = self._states(n_frames + 1, n_samples) if with_parameters else states
            on_states[n_frames] = 0
            on_states[n_frames][:, self._place_of_cell[tape.cells]] = seeds[-1][:, record.of_cell]
            launch = self._launch(self._kernels.retreat, n_samples, states)
            for frame in reversed(range(n_frames)):
                launch(
                    states,
                    on_states,
                    seeds,
                    record.number,
                    *self._backward.taps,
                    numbers.backward_weight,
                    numbers.gain,
                    frame,
                    states.shape[1],
                    seeds.shape[2],
                    *self._geometry,
                )
            on_inputs = on_states[1:][:, :, self._input_places]
            gain = numbers.gain[self._input_types][:, None, None]
            first = on_states[:1][:, :, self._place_of_cell]
            return Gradients(
                movie=_ungrouped((on_inputs * gain).sum(2), n_samples),
                initial_state=_ungrouped(first, n_samples)[:, 0],
                parameters=self._on_parameters(tape, states, on_states)
                if with_parameters
                else None,
            )

    def repeated(self, step: Callable[[], Tensor]) -> Callable[[], Tensor]:
        """See `Engine.repeated`: records the step as a CUDA graph."""
        return Replayed(step, self.device) if self.device.startswith("cuda") else step

    def _numbers(self, parameters: FreeParameters, dt: float) -> _Numbers:
        rest, tau, strength = (values.detach() for values in parameters)
        weights = strength[self._tap_pair] * self._signed_count
        inverse_tau = 1 / tau.clamp(min=dt)
        gain = inverse_tau * dt
        # Back, a source gathers what its targets pull, which is their cotangent times their gain.
        pulled = weights * gain[self._tap_target]
        return _Numbers(
            forward_weight=weights[self._forward.order],
            backward_weight=pulled[self._backward.order],
            rest=rest.contiguous(),
            inverse_tau=inverse_tau,
            gain=gain,
            dt=dt,
        )

    def _record(self, cells: Tensor) -> _Record:
        """Number the cells to record; one that is asked for twice has one number."""
        flat = self._flat_of_cell[cells]
        numbers = torch.arange(len(cells), dtype=torch.int32, device=self.device)
        number = self._unrecorded.scatter_reduce(0, flat, numbers, "amin")
        return _Record(number, number[flat].long())

    def _seeds(self, cotangent: Tensor, record: _Record, states: Tensor) -> Tensor:
        """Cotangents as the kernels read them, those of a cell that was asked for twice added up."""
        grouped = _grouped(cotangent, states).movedim(2, 0).contiguous()
        seeds = torch.zeros_like(grouped)
        # Sorts first, so that the order of the sum is fixed; `index_add_` would not.
        seeds.index_put_((record.of_cell,), grouped, accumulate=True)
        return seeds.movedim(0, 2).contiguous()

    def _on_parameters(self, tape: _Tape, states: Tensor, on_states: Tensor) -> FreeParameters:
        n_frames, tau = len(states) - 1, tape.parameters.time_constant.detach()
        gain, n_taps = tape.numbers.gain, len(self._signed_count)
        sums = torch.empty((n_frames, n_taps), device=self.device)
        lanes = states.shape[3]
        self._kernels.correlate[(n_taps, n_frames)](
            states,
            on_states,
            sums,
            self._forward.row_of_tap + self._stencil.margin,
            self._forward.taps[1] + self._stencil.margin,
            n_taps,
            states.shape[1],
            self._stride,
            self._stencil.size,
            LANES=lanes,
            BLOCK=self._many.positions * lanes,
            num_warps=self._many.warps,
        )
        per_tap = torch.empty(n_taps, dtype=torch.float64, device=self.device)
        per_tap[self._forward.order] = sums.double().sum(0)
        per_tap *= gain[self._tap_target] * self._signed_count
        on_strength = torch.zeros_like(tape.parameters.synapse_strength, dtype=torch.float64)
        on_strength.index_put_((self._tap_pair,), per_tap, accumulate=True)
        on_change = self._per_type(on_states[1:] * (states[1:] - states[:-1]))
        # V changes by dt / tau * pull, so d(change)/d(tau) = -change / tau; none where dt clamps tau.
        return FreeParameters(
            (self._per_type(on_states[1:]) * gain).float(),
            torch.where(tau > tape.numbers.dt, -on_change.float() / tau, 0),
            on_strength.float(),
        )

    def _per_type(self, values: Tensor) -> Tensor:
        """Sum over everything but the cell type; margins hold zeros."""
        return self._rows(values).sum((0, 1, 3, 4), dtype=torch.float64)

    def _states(self, n_slots: int, n_samples: int) -> Tensor:
        """Return states that are zero in the margins and in the first slot; kernels fill the others."""
        states = self._empty(n_slots, n_samples, self._stride)
        states[0] = 0
        states[:, :, : self._stencil.margin] = 0
        self._rows(states)[:, :, :, self._stencil.size :] = 0
        return states

    def _rows(self, states: Tensor) -> Tensor:
        """Return a view of shape (slot, group, type, place, lane): a row, then its margin."""
        return states[:, :, self._stencil.margin :].unflatten(2, (self._n_types, self._pitch))

    def _launch(self, kernel: Any, n_samples: int, states: Tensor) -> Callable:
        tile = self._few if n_samples < MANY_STIMULI else self._many
        _, n_groups, _, lanes = states.shape
        grid = (self._stencil.size // tile.positions, self._n_types, n_groups)

        def launch(*arguments: object) -> None:
            kernel[grid](
                *arguments,
                LANES=lanes,
                BLOCK=tile.positions * lanes,
                TAPS=tile.taps,
                num_warps=tile.warps,
            )

        return launch

    @property
    def _geometry(self) -> tuple[int, int, int, int]:
        return self._stride, self._stencil.margin, self._pitch, self._stencil.size

    def _empty(self, first: int, n_samples: int, places: int) -> Tensor:
        lanes = CUDA_LANES if n_samples >= CUDA_LANES else 1
        return torch.empty((first, -(-n_samples // lanes), places, lanes), device=self.device)

    def _on_device(self) -> contextlib.AbstractContextManager:
        # Triton launches on the current device, whatever device the tensors are on.
        on_gpu = self.device.startswith("cuda")
        return torch.cuda.device(self.device) if on_gpu else contextlib.nullcontext()

    @contextlib.contextmanager
    def _in_memory(self, n_samples: int, n_slots: int) -> Iterator[None]:
        """Turn torch's error for a lack of memory into a sentence that helps."""
        try:
            yield
        except torch.cuda.OutOfMemoryError:
            free = torch.cuda.mem_get_info(self.device)[0]
            free += torch.cuda.memory_reserved(self.device)
            free -= torch.cuda.memory_allocated(self.device)
            fit = int(0.8 * free) // (4 * n_slots * self._stride)
            advice = f"run at most {fit} at once" if fit else "choose fewer frames or the CPU"
            stimuli = "stimulus does" if n_samples == 1 else "stimuli do"
            raise MaxstimError(
                f"{n_samples} {stimuli} not fit into the memory of {self.device}; {advice}."
            ) from None

    def _tried_kernels(self) -> ModuleType:
        """Return the kernels' module, once one has run: they are compiled on this machine."""
        if (
            self.device.startswith("cuda")
            and torch.cuda.get_device_capability(self.device) < _OLDEST
        ):
            oldest = ".".join(map(str, _OLDEST))
            raise MaxstimError(
                f"The GPU is older than compute capability {oldest}, which Triton needs."
            )
        try:
            from maxstim_core.simulation import cuda_kernels as kernels

            self._kernels = kernels
            self.steady_state(0.05, seconds=0.05)
        except MaxstimError:
            raise
        except ModuleNotFoundError as error:
            raise MaxstimError(f"The package {error.name} is not installed.") from None
        except Exception as error:  # of many kinds: no C compiler, no headers, no disk space
            cause = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
            raise MaxstimError(f"Triton cannot compile a kernel here ({cause}).") from error
        return kernels


class _Gather:
    """Taps on the device, with shifts from the first row's beginning."""

    def __init__(self, taps: Taps, pitch: int, device: str) -> None:
        def on_device(values: np.ndarray) -> Tensor:
            return torch.as_tensor(values.astype(np.int32), device=device)

        self.order = torch.as_tensor(taps.order, device=device)
        self.taps = (on_device(taps.first), on_device(taps.other * pitch + taps.shift))
        n_types = len(taps.first) - 1
        self.row_of_tap = on_device(np.repeat(np.arange(n_types), np.diff(taps.first)) * pitch)


def _grouped(values: Tensor, like: Tensor) -> Tensor:
    """From (sample, frame, place) to (frame, group, place, lane), with zeros for missing samples."""
    _, n_groups, _, lanes = like.shape
    n_samples, n_frames, n_places = values.shape
    missing = n_groups * lanes - n_samples
    if missing:
        values = torch.nn.functional.pad(values, (0, 0, 0, 0, 0, missing))
    return values.reshape(n_groups, lanes, n_frames, n_places).permute(2, 0, 3, 1)


def _ungrouped(values: Tensor, n_samples: int) -> Tensor:
    """From (frame, group, place, lane) to (sample, frame, place)."""
    n_frames, n_groups, n_places, lanes = values.shape
    by_sample = values.permute(1, 3, 0, 2).reshape(n_groups * lanes, n_frames, n_places)
    return by_sample[:n_samples]
