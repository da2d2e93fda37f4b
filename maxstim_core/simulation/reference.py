"""The readable truth: the network as one sparse matrix, in plain torch, on any device.

    V <- V + dt / max(tau, dt) * (-V + b + W relu(V) + x)

is the whole forward pass (docs/numerics.md#dynamics), and its transpose the whole adjoint
(docs/numerics.md#gradients). Every faster engine is tested against this one.
"""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from maxstim_core.networks.network import Network
from maxstim_core.simulation.engine import FreeParameters, Gradients, Rollout
from maxstim_core.simulation.torch_engine import TorchEngine


class _Tape(NamedTuple):
    """States before and after each frame (cell, sample) and what they were computed with."""

    states: list[Tensor]
    transposed: Tensor
    parameters: FreeParameters
    dt: float
    cells: Tensor


class _Product(torch.autograd.Function):
    """A sparse matrix times states; its derivative is the product with the transposed one, and so on.

    torch's own product of sparse matrices can be differentiated once.
    """

    @staticmethod
    def forward(ctx: Any, states: Tensor, there: Tensor, back: Tensor) -> Tensor:
        ctx.there, ctx.back = there, back
        return there @ states

    @staticmethod
    def backward(ctx: Any, cotangent: Tensor) -> tuple[Tensor, None, None]:
        return _Product.apply(cotangent, ctx.back, ctx.there), None, None

    @staticmethod
    def jvp(ctx: Any, tangent: Tensor, *_: None) -> Tensor:
        return _Product.apply(tangent, ctx.there, ctx.back)


class ReferenceEngine(TorchEngine):
    """Simulates with a sparse matrix product per frame."""

    def __init__(self, network: Network, *, device: str = "cpu", dtype: str = "float32") -> None:
        super().__init__(network, device=device, dtype=dtype)
        source, target, tap = self.layout.edges
        self._source, self._target = self.index(source), self.index(target)
        self._tap, self._tap_pair = self.index(tap), self.index(self.layout.tap_pair)
        values = network.parameters
        signed_count = values.synapse_count * values.synapse_sign[self.layout.tap_pair]
        self._signed_count = self.array(signed_count)
        self._input_cells = self.index(self.layout.input_cells)
        self._forward = _Sparsity(target, source, self.layout.n_cells, self.device)
        self._backward = _Sparsity(source, target, self.layout.n_cells, self.device)

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
        weights = self._edge_weights(parameters)
        matrix = self._forward.matrix(weights)
        rest = parameters.resting_potential[self._type_of_cell, None]
        rate = 1 / self._clamped_time_constant(parameters, dt)
        inputs, n_types = self._input_cells.ravel(), len(self._input_cells)

        state = initial_state.T.contiguous()
        states, recorded = [state], []
        for frame in movie.unbind(1):
            pull = -state + rest + matrix @ torch.relu(state)
            pull[inputs] += frame.T.repeat(n_types, 1)
            state = state + rate * pull * dt
            recorded.append(state[cells].T)
            if tape:
                states.append(state)
        kept = None
        if tape:
            kept = _Tape(states, self._backward.matrix(weights), parameters, dt, cells)
        return Rollout(
            activity=torch.stack(recorded, dim=1),
            final_state=state.T,
            tape=kept,
        )

    def rollout_of_operations(self, movie: Tensor, dt: float, cells: np.ndarray) -> Tensor:
        """Return what a movie does after grey, by operations that torch differentiates again and again.

        Args:
            movie: Luminance, shape (sample, frame, column).
            dt: Seconds per frame.
            cells: Numbers of the cells to record, shape (recorded cell,).

        Returns:
            Voltage after each frame, shape (sample, frame, recorded cell).
        """
        weights = self._edge_weights(self.parameters)
        there, back = self._forward.matrix(weights), self._backward.matrix(weights)
        rest = self.parameters.resting_potential[self._type_of_cell, None]
        rate = 1 / self._clamped_time_constant(self.parameters, dt)
        inputs, n_types = self._input_cells.ravel(), len(self._input_cells)
        state = self.start_state("grey", len(movie), dt, self.parameters).T
        recorded = []
        for frame in movie.to(rest).unbind(1):
            pull = -state + rest + _Product.apply(torch.relu(state), there, back)
            pull = pull.index_add(0, inputs, frame.T.repeat(n_types, 1))
            state = state + rate * pull * dt
            recorded.append(state[self.index(cells)].T)
        return torch.stack(recorded, dim=1).to(movie)

    def adjoint(self, tape: _Tape, cotangent: Tensor, *, with_parameters: bool) -> Gradients:
        """See `Engine.adjoint`."""
        rate = 1 / self._clamped_time_constant(tape.parameters, tape.dt)
        n_samples, n_frames, _ = cotangent.shape
        on_state = torch.zeros_like(tape.states[0])
        on_movie = cotangent.new_zeros(n_samples, n_frames, self.layout.lattice.n_columns)
        sums = _ParameterSums(self) if with_parameters else None
        for t in reversed(range(n_frames)):
            before = tape.states[t]
            on_state.index_add_(0, tape.cells, cotangent[:, t].T)
            on_pull = on_state * rate * tape.dt
            on_movie[:, t] = on_pull[self._input_cells].sum(0).T
            if sums:
                sums.add(on_state, on_pull, before, tape.states[t + 1])
            through_synapses = (tape.transposed @ on_pull) * (before > 0)
            on_state = on_state - on_pull + through_synapses
        return Gradients(
            movie=on_movie,
            initial_state=on_state.T,
            parameters=sums.gradients(tape.parameters, tape.dt) if sums else None,
        )

    def _edge_weights(self, parameters: FreeParameters) -> Tensor:
        taps = parameters.synapse_strength[self._tap_pair] * self._signed_count
        return taps[self._tap]

    def _clamped_time_constant(self, parameters: FreeParameters, dt: float) -> Tensor:
        return parameters.time_constant.clamp(min=dt)[self._type_of_cell, None]


class _ParameterSums:
    """Collects the gradients of the free parameters, frame by frame."""

    def __init__(self, engine: ReferenceEngine) -> None:
        self.engine = engine
        n_cells, n_edges = engine.layout.n_cells, len(engine._source)
        like = engine.parameters.time_constant
        self.on_rest, self.on_change = like.new_zeros(n_cells), like.new_zeros(n_cells)
        self.on_weight = like.new_zeros(n_edges)

    def add(self, on_state: Tensor, on_pull: Tensor, before: Tensor, after: Tensor) -> None:
        self.on_rest += on_pull.sum(1)
        self.on_change += (on_state * (after - before)).sum(1)
        drive = torch.relu(before)[self.engine._source]
        self.on_weight += (on_pull[self.engine._target] * drive).sum(1)

    def gradients(self, parameters: FreeParameters, dt: float) -> FreeParameters:
        engine, tau = self.engine, parameters.time_constant
        # V changes by dt / tau * pull, so d(change)/d(tau) = -change / tau; none where dt clamps tau.
        on_tau = -self._per_type(self.on_change, tau) / tau
        per_tap = torch.zeros_like(engine._signed_count).index_add_(0, engine._tap, self.on_weight)
        on_strength = torch.zeros_like(parameters.synapse_strength)
        on_strength.index_add_(0, engine._tap_pair, per_tap * engine._signed_count)
        return FreeParameters(
            self._per_type(self.on_rest, tau), torch.where(tau > dt, on_tau, 0), on_strength
        )

    def _per_type(self, per_cell: Tensor, like: Tensor) -> Tensor:
        return torch.zeros_like(like).index_add_(0, self.engine._type_of_cell, per_cell)


class _Sparsity:
    """Where the entries of a square sparse matrix are, so that only values change."""

    def __init__(self, rows: np.ndarray, columns: np.ndarray, size: int, device: str) -> None:
        order = np.lexsort((columns, rows))
        starts = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=size))])
        self._order = torch.as_tensor(order, device=device)
        self._starts = torch.as_tensor(starts.astype(np.int32), device=device)
        self._columns = torch.as_tensor(columns[order].astype(np.int32), device=device)
        self._shape = (size, size)

    def matrix(self, values: Tensor) -> Tensor:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Sparse CSR tensor support", UserWarning)
            return torch.sparse_csr_tensor(
                self._starts,
                self._columns,
                values[self._order],
                self._shape,
                check_invariants=False,
            )
