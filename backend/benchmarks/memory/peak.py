"""The most memory that tensors take at once while something runs, counted without running it.

Under torch's FakeTensorMode an operation makes tensors of the right shape and no content. Each storage counts from the
operation that makes it until nothing holds it, as it would for an allocator that wastes nothing. Convolutions also
count what their kernels hold while they work.
"""

import weakref
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

BLOCK = 512  # bytes: CUDA's allocator gives out multiples of it


class PeakMemory(TorchDispatchMode):
    """Counts the storages that operations make while it is entered; `peak` is the most at once, in bytes."""

    def __init__(self, block: int = BLOCK):
        super().__init__()
        self.now = self.peak = 0
        self._block = block
        self._known: set[int] = set()

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        for each in tree_leaves((args, kwargs)):
            if isinstance(each, Tensor):
                self._known.add(id(each.untyped_storage()))  # made before, such as weights
        made = function(*args, **(kwargs or {}))
        for each in tree_leaves(made):
            if isinstance(each, Tensor):
                self._count(each.untyped_storage())
        if function is torch.ops.aten.convolution.default:
            # Its kernels work in a layout of their own: a copy of the result and of the weights, for a moment.
            self.peak = max(self.peak, self.now + made.nbytes + args[1].nbytes)
        return made

    def _count(self, storage: torch.UntypedStorage) -> None:
        if id(storage) in self._known:
            return
        size = -(-storage.nbytes() // self._block) * self._block
        self._known.add(id(storage))
        self.now += size
        self.peak = max(self.peak, self.now)
        weakref.finalize(storage, self._forget, id(storage), size)

    def _forget(self, key: int, size: int) -> None:
        self._known.discard(key)
        self.now -= size


def activations(run: Callable[[], Any], block: int = BLOCK) -> int:
    """Bytes beside weights and inputs at the worst moment of a call, its result among them."""
    with torch.no_grad(), PeakMemory(block) as counter:
        kept = run()
    del kept
    return counter.peak


def weights(module: nn.Module) -> int:
    """Bytes of a module's parameters and buffers."""
    return sum(each.untyped_storage().nbytes() for each in (*module.parameters(), *module.buffers()))


def parameters(module: nn.Module) -> int:
    return sum(each.numel() for each in module.parameters())
