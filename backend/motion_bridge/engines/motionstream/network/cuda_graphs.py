"""The student's forward pass as CUDA graphs: recorded once for each shape, then replayed without Python or launches.

Chunk, sink and window are fixed in a stream, so there are few shapes: at sink 1 and window 1 the first chunk looks back
at nothing, the second at one chunk, all others at two. Three graphs cover an endless video. A recording reads its
inputs from memory of its own, into which they are copied when they are others than last time; what is looked back at is
copied once for each chunk, into buffers that all recordings share. Answers lie in a recording's own memory and hold
until the next replay.

No GPU was at hand to run this: what is tested is everything but the recording itself.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from .kv_cache import Buffer, Kept, KeyValue
from .student import Text

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
        self._rooms: dict[torch.Size, list[KeyValue]] = {}
        self._held: dict[torch.Size, Kept] = {}  # the context that a room holds

    def __call__(self, model_input: Tensor, sigma: Tensor, text: Text, context: Kept) -> Made:
        """context: SlotCache's, a list of its own for each chunk."""
        given, past = _tensors(model_input, sigma, text), self._past(context)
        shapes = (*(each.shape for each in given), past[0] and past[0].tokens)
        if shapes not in self._recorded:
            words = Text(tuple(map(_own, text.layers)), tuple(map(_own, text.picture)))
            own = (model_input.clone(), sigma.clone(), words)
            self._recorded[shapes] = (_tensors(*own), *self._record(lambda: self._chunk(*own, past)))
        held, replay, made = self._recorded[shapes]
        for place, now, last in zip(held, given, self._last.get(shapes, held), strict=True):
            if now is not last:
                place.copy_(now)
        self._last[shapes] = given
        replay()
        return made

    def _past(self, context: Kept) -> list[Buffer | None]:
        """What is looked back at, in memory of our own; copied when a chunk begins."""
        if context[0] is None:
            return [None] * len(context)
        shape = context[0].key.shape
        if shape not in self._rooms:
            self._rooms[shape] = [KeyValue(torch.empty_like(e.key), torch.empty_like(e.value)) for e in context if e]
        pairs = [(own, each) for own, each in zip(self._rooms[shape], context, strict=True) if each]
        if self._held.get(shape) is not context:
            for own, each in pairs:
                own.key[:, : each.tokens].copy_(each.key[:, : each.tokens])
                own.value[:, : each.tokens].copy_(each.value[:, : each.tokens])
            self._held[shape] = context
        return [Buffer(own.key, own.value, each.tokens) for own, each in pairs]


def _tensors(model_input: Tensor, sigma: Tensor, text: Text) -> list[Tensor]:
    kept = [*text.layers, *text.picture]
    return [model_input, sigma, *(tensor for each in kept for tensor in (each.key, each.value))]


def _own(each: KeyValue) -> KeyValue:
    return KeyValue(each.key.clone(), each.value.clone())
