"""A repeated step as a CUDA graph: hundreds of kernels for the price of one launch."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import torch
from torch import Tensor

_WARM_UP = 2
"""Steps before one is recorded: kernels are compiled and libraries set up on the way."""


class Replayed:
    """A step that runs a few times, is then recorded as a CUDA graph, and from there on replayed.

    The step must work in place on tensors that live on, and must not wait for the device. What it
    returns is overwritten by the next call.

    Args:
        step: What to repeat.
        device: The GPU that it works on.
    """

    def __init__(self, step: Callable[[], Tensor], device: str) -> None:
        self._step, self._device = step, device
        self._n_calls = 0
        self._recordable = True
        self._graph: torch.cuda.CUDAGraph | None = None
        self._result: Tensor  # of the graph, from when there is one
        with torch.cuda.device(device):
            # A graph cannot be recorded on the default stream, nor from work begun on another.
            self._stream = torch.cuda.Stream()

    @property
    def recorded(self) -> bool:
        """Whether calls are replays by now."""
        return self._graph is not None

    def __call__(self) -> Tensor:
        """Take the step; return what it returns."""
        with torch.cuda.device(self._device):
            if self._n_calls == _WARM_UP and self._recordable and not self._graph:
                self._record()
            self._n_calls += 1
            if self._graph:
                self._graph.replay()
                return self._result
            here = torch.cuda.current_stream()
            self._stream.wait_stream(here)
            with torch.cuda.stream(self._stream):
                result = self._step()
            here.wait_stream(self._stream)
            return result

    def _record(self) -> None:
        graph = torch.cuda.CUDAGraph()
        try:
            with torch.cuda.graph(graph, stream=self._stream):
                self._result = self._step()
        except RuntimeError as error:
            self._recordable = False
            cause = (str(error) or type(error).__name__).splitlines()[0]
            warnings.warn(
                f"The steps could not be recorded as a CUDA graph ({cause}), so they are launched one "
                "by one, which is slower.",
                RuntimeWarning,
                stacklevel=2,
            )
        else:
            self._graph = graph
