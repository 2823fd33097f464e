"""What a pass asks of a card, counted without one: kernels, casts, concatenations and the bytes that they move.

The pass runs on tensors without contents (torch's device `meta`), operation by operation as in eager mode. Compiled
blocks fuse most of what is counted here; `fused` counts what is left.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from motion_bridge.engines.motionstream.checkpoints import checkpoint
from motion_bridge.engines.motionstream.network.kv_cache import Buffer
from motion_bridge.engines.motionstream.network.student import Student
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode
from torch.utils import _pytree as tree
from torch.utils._python_dispatch import TorchDispatchMode

FREE = {"_unsafe_view", "_reshape_alias", "empty", "empty_like", "new_empty", "lift_fresh", "detach"}
HEAVY = ("mm", "addmm", "bmm", "convolution")  # counted as kernels, not as traffic


@dataclass
class Count(TorchDispatchMode):
    """Of everything that happens inside `with Count() as count`."""

    kernels: Counter = field(default_factory=Counter)
    moved: int = 0  # bytes read and written by all but products and attention

    def __post_init__(self) -> None:
        super().__init__()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        name = func._schema.name.removeprefix("aten::")
        if func.is_view or name in FREE:
            return made
        self.kernels[name] += 1
        if not name.startswith(HEAVY):
            touched = [each for each in tree.tree_leaves((args, kwargs, made)) if isinstance(each, Tensor)]
            self.moved += sum(each.numel() * each.element_size() for each in touched)
        return made

    @property
    def total(self) -> int:
        return sum(self.kernels.values())

    @property
    def casts(self) -> int:
        return self.kernels["_to_copy"]

    @property
    def concatenations(self) -> int:
        return self.kernels["cat"]


class OneAttention(TorchFunctionMode):
    """Attention as the one kernel that it is on a card; `meta` would take it apart."""

    def __init__(self, count: Count):
        super().__init__()
        self._count = count

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is not functional.scaled_dot_product_attention:
            return func(*args, **(kwargs or {}))
        self._count.kernels["attention"] += 1
        return args[0].new_empty(args[0].shape)


@torch.no_grad()
def of_a_pass(shape: dict[str, Any], width: int, height: int, words: int) -> Count:
    """One pass over a late chunk of three latent frames at sink 1 and window 1, in bfloat16."""
    with torch.device("meta"):
        student = Student(**shape).eval()
        checkpoint.cast(student, torch.bfloat16)
        given = torch.empty(1, 52, 3, height // 8, width // 8, dtype=torch.bfloat16)
        sigma, told = torch.empty(1), torch.empty(1, words, shape["text_dim"], dtype=torch.bfloat16)
        tokens, heads = (
            student.tokens(3, *given.shape[-2:]),
            (shape["num_attention_heads"], shape["attention_head_dim"]),
        )
        key, value = (torch.empty(1, 3 * tokens, *heads, dtype=torch.bfloat16) for _ in range(2))
        context = [Buffer(key, value, 2 * tokens) for _ in student.blocks]
        text = student.read_text(told)
        student.chunk(given, sigma, text, context)  # what is made once for each size
        with Count() as count, OneAttention(count):
            student.chunk(given, sigma, text, context)
    return count


def fused(work: Callable[[], Any]) -> int:
    """How many kernels torch's compiler makes of what the work runs compiled, beside products and attention."""
    from torch._inductor import metrics

    metrics.reset()
    work()
    return metrics.generated_kernel_count
