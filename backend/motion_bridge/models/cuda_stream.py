"""Work beside the main work of a CUDA device: on a stream of its own, fetched when it is done.

Elsewhere everything is done at once, one thing after the other; what comes out is the same, byte for byte.
"""

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor

Made = TypeVar("Made")


class CudaStream(Generic[Made]):
    """A lane beside the device's own. follows: whether its work needs what was queued on the main lane before."""

    def __init__(self, device: str, follows: bool = True):
        self._stream = torch.cuda.Stream() if device == "cuda" else None
        self._follows = follows

    def start(self, work: Callable[[], Made], *used: Tensor) -> "Pending[Made]":
        """Begin work. used: tensors of the main lane that it reads."""
        if self._stream is None:
            return Pending(work(), None)
        before = torch.cuda.current_stream().record_event()
        with torch.cuda.stream(self._stream):
            if self._follows:
                self._stream.wait_event(before)
            made = work()
            for tensor in used:
                tensor.record_stream(self._stream)  # its memory is not given away before this lane is through
            return Pending(made, self._stream.record_event())


class Pending(Generic[Made]):
    """Something that is being made."""

    def __init__(self, made: Made, done: Any):
        self._made, self._done = made, done

    def wait_on_device(self, tensors: Callable[[Made], Sequence[Tensor]]) -> Made:
        """For work that is queued from now on; nobody waits but the device. tensors: those that it reads."""
        if self._done is not None:
            lane = torch.cuda.current_stream()
            lane.wait_event(self._done)
            for tensor in tensors(self._made):
                tensor.record_stream(lane)
        return self._made

    def wait(self) -> Made:
        """For this process, which waits until it is done."""
        if self._done is not None:
            self._done.synchronize()
        return self._made


def to_host(tensor: Tensor) -> Tensor:
    """A copy in the process's memory, which is complete when its lane is; without waiting."""
    if tensor.device.type != "cuda":
        return tensor.cpu()
    return torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=True).copy_(tensor, non_blocking=True)


def to_device(tensor: Tensor, device: torch.device | str) -> Tensor:
    """A copy on the device, without waiting for what is queued there."""
    if torch.device(device).type != "cuda":
        return tensor.to(device)
    return tensor.pin_memory().to(device, non_blocking=True)
