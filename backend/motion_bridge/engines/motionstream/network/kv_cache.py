"""What the student remembers: the keys and values of a few clean chunks, in memory that never grows.

The first S chunks (the sink) stay for ever; of the others the last W (the window) stay. A key's place in time is that
of the slot it is in, not of the moment it was made. There are two forms of the same memory:

`Cache`, for training, keeps keys without rotation and puts them together anew for each chunk; Student.look_back turns
them. Nothing is written over, so gradients may pass.

`SlotCache`, for streaming, has one buffer for each layer: sink, window, and behind them room for the chunk in work,
whose keys are written there, so that nothing is ever put together. Keys lie in it turned for their slot already. At a
window of one chunk every slot is fixed, and each key is turned once in its life.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor


@dataclass(frozen=True)
class KeyValue:
    """Keys and values of one layer: (B, tokens, heads, head width) each."""

    key: Tensor
    value: Tensor

    @property
    def tokens(self) -> int:
        return self.key.shape[1]

    def with_present(self, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """All that a chunk looks at: what is here, and behind it the chunk's own keys (turned) and values."""
        return torch.cat([self.key, key], dim=1), torch.cat([self.value, value], dim=1)


@dataclass(frozen=True)
class Buffer:
    """The same as a part of memory that has room for more behind it: (B, room, heads, head width) each."""

    key: Tensor
    value: Tensor
    tokens: int  # that are held; the rest is free

    def with_present(self, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """As KeyValue has it, but the chunk's own are written behind the others, and views are given."""
        end = self.tokens + key.shape[1]
        self.key[:, self.tokens : end] = key
        self.value[:, self.tokens : end] = value
        return self.key[:, :end], self.value[:, :end]


Kept = list[KeyValue | None] | list[Buffer | None] | list[Buffer]  # for each layer; None where there is nothing


@dataclass
class Cache:
    """A rolling memory for all layers of one clip in training; keys without rotation."""

    layers: int
    sink: int  # chunks
    window: int  # chunks
    chunks: int = 0  # committed so far
    slots: list[list[KeyValue]] = field(default_factory=list)  # [slot][layer], allocated as the first chunks arrive

    def commit(self, clean: list[KeyValue]) -> None:
        """Remember a finished chunk, one KeyValue for each layer."""
        slot = self._slot_of(self.chunks)
        self.chunks += 1
        if slot is None:
            return
        kept = [KeyValue(kv.key.clone(), kv.value.clone()) for kv in clean]
        if slot == len(self.slots):
            self.slots.append(kept)
        else:
            self.slots[slot] = kept

    def context(self) -> list[KeyValue | None]:
        """For each layer what the next chunk may look back at, oldest slot first; None where there is nothing."""
        order = self._order()
        if not order:
            return [None] * self.layers
        return [
            KeyValue(
                torch.cat([self.slots[slot][layer].key for slot in order], dim=1),
                torch.cat([self.slots[slot][layer].value for slot in order], dim=1),
            )
            for layer in range(self.layers)
        ]

    def _slot_of(self, chunk: int) -> int | None:
        if chunk < self.sink:
            return chunk
        return self.sink + (chunk - self.sink) % self.window if self.window else None

    def _order(self) -> list[int]:
        recent = range(max(self.sink, self.chunks - self.window), self.chunks)
        kept = [*range(min(self.sink, self.chunks)), *recent]
        return [slot for slot in map(self._slot_of, kept) if slot is not None]


@dataclass
class _Chunk:
    """A chunk in a SlotCache."""

    tokens: int
    plain: list[KeyValue] | None  # keys without rotation, for each layer; None once the chunk cannot move any more
    at: int = -1  # the token at which it lies


class SlotCache:
    """A rolling memory for all layers of one stream."""

    def __init__(self, layers: int, sink: int, window: int, room: int, turn: Callable[[Tensor, int], Tensor]):
        """sink, window: chunks; room: tokens of the largest chunk.

        turn: keys without rotation and the token of the first slot they are to lie at → keys turned for there.
        """
        self._layers, self._turn = layers, turn
        self._sink_size, self._window_size = sink, window
        self._room = (sink + window + 1) * room
        self._moves = sink > 1 or window > 1  # whether a chunk ever changes its slot
        self._sink: list[_Chunk] = []
        self._window: list[_Chunk] = []
        self._buffers: list[KeyValue] = []
        self._chunks = 0

    def commit(self, clean: list[KeyValue]) -> None:
        """Remember a finished chunk, or what of it is looked back at: one KeyValue for each layer, keys not turned."""
        self._chunks += 1
        if len(self._sink) < self._sink_size:
            self._sink.append(self._new(clean))
        elif self._window_size:
            self._window = [*self._window, self._new(clean)][-self._window_size :]
        self._lay()

    def renew_sink(self, clean: list[KeyValue]) -> None:
        """Let the newest chunk stand in the sink from now on: the end of it, where the sink has room for less.

        It leaves the window for that: nothing is held twice.
        """
        if self._chunks <= self._sink_size or not self._sink:
            return  # the newest chunk is in the sink
        room = self._sink[-1].tokens
        newest = self._new([KeyValue(kv.key[:, -room:], kv.value[:, -room:]) for kv in clean])
        self._sink = [*self._sink[1:], newest]
        self._window = self._window[:-1]
        self._lay()

    def context(self) -> list[Buffer | None]:
        """For each layer what the next chunk may look back at; None where there is nothing."""
        if not (held := sum(chunk.tokens for chunk in (*self._sink, *self._window))):
            return [None] * self._layers
        return [Buffer(each.key, each.value, held) for each in self._buffers]

    def _new(self, clean: list[KeyValue]) -> _Chunk:
        if not self._buffers:
            shapes = [(kv.key.shape[0], self._room, *kv.key.shape[2:]) for kv in clean]
            each = zip(clean, shapes, strict=True)
            self._buffers = [KeyValue(kv.key.new_zeros(shape), kv.value.new_zeros(shape)) for kv, shape in each]
        plain = [KeyValue(kv.key.clone(), kv.value.clone()) for kv in clean] if self._moves else clean
        return _Chunk(clean[0].tokens, plain)

    def _lay(self) -> None:
        """Bring every chunk to where it belongs; what lies there already stays untouched."""
        at = 0
        for chunk in (*self._sink, *self._window):
            if chunk.at != at and chunk.plain is not None:
                for buffer, kv in zip(self._buffers, chunk.plain, strict=True):
                    buffer.key[:, at : at + chunk.tokens] = self._turn(kv.key, at)
                    buffer.value[:, at : at + chunk.tokens] = kv.value
                chunk.at = at
            if not self._moves:
                chunk.plain = None
            at += chunk.tokens
