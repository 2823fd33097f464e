"""The student's forward pass as CUDA graphs: recorded once for each shape, then replayed without Python or launches.

Chunk, sink and window are fixed in a stream, so there are few shapes: at sink 1 and window 1 the first chunk looks back
at nothing, the second at one chunk, all others at two. Three graphs cover an endless video. A recording reads its
inputs from memory of its own, into which they are copied when they are others than last time; its answers lie in
memory of its own too and hold until the next replay.

No GPU was at hand to run this: what is tested is everything but the recording itself.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from .kv_cache import KeyValue
from .student import Kept, Text

Made = tuple[Tensor, list[KeyValue]]
Record = Callable[[Callable[[], Made]], tuple[Callable[[], Any], Made]]


def record(work: Callable[[], Made]) -> tuple[Callable[[], Any], Made]:
    """What does the work again, and where its answers are from then on."""
    beside = torch.cuda.Stream()
    beside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(beside):  # libraries set themselves up in the first runs, which cannot be recorded
        for _ in range(2):
            work()
    torch.cuda.current_stream().wait_stream(beside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        made = work()
    return graph.replay, made


class Graphs:
    """Takes the place of Student.chunk."""

    def __init__(self, chunk: Callable[..., Made], record: Record = record):
        self._chunk, self._record = chunk, record
        self._recorded: dict[tuple, tuple[list[Tensor], Callable[[], Any], Made]] = {}
        self._last: dict[tuple, list[Tensor]] = {}

    def __call__(self, model_input: Tensor, sigma: Tensor, text: Text, context: Kept) -> Made:
        given = _tensors(model_input, sigma, text, context)
        shapes = tuple(each.shape for each in given)
        if shapes not in self._recorded:
            words = Text(tuple(map(_own, text.layers)), tuple(map(_own, text.picture)))
            own = (model_input.clone(), sigma.clone(), words, [each and _own(each) for each in context])
            self._recorded[shapes] = (_tensors(*own), *self._record(lambda: self._chunk(*own)))
        held, replay, made = self._recorded[shapes]
        for place, now, last in zip(held, given, self._last.get(shapes, held), strict=True):
            if now is not last:
                place.copy_(now)
        self._last[shapes] = given
        replay()
        return made


def _tensors(model_input: Tensor, sigma: Tensor, text: Text, context: Kept) -> list[Tensor]:
    kept = [*text.layers, *text.picture, *(each for each in context if each)]
    return [model_input, sigma, *(tensor for each in kept for tensor in (each.key, each.value))]


def _own(each: KeyValue) -> KeyValue:
    return KeyValue(each.key.clone(), each.value.clone())
