"""What the student remembers: the keys and values of a few clean chunks, in memory that never grows.

The first S chunks (the sink) stay for ever; of the others the last W (the window) stay, each overwriting the oldest.
Keys are kept unrotated, because their place in time is that of their slot now, not of the moment they were made:
a chunk that moves from slot to slot would otherwise carry an old rotation with it. Student.look_back turns them.
"""

from dataclasses import dataclass, field

import torch
from torch import Tensor


@dataclass(frozen=True)
class KeyValue:
    """Keys and values of one layer: (B, tokens, heads, head width) each; keys without rotation."""

    key: Tensor
    value: Tensor


@dataclass
class Cache:
    """A rolling memory for all layers of one stream."""

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
        if slot == len(self.slots):
            self.slots.append([KeyValue(kv.key.clone(), kv.value.clone()) for kv in clean])
            return
        self._put(slot, clean)

    def renew_sink(self, clean: list[KeyValue]) -> None:
        """Let a later chunk stand in the sink from now on: the newest of it, where the sink has room for several."""
        there = min(self.sink, self.chunks)
        for slot in range(there - 1):
            self._put(slot, self.slots[slot + 1])
        if there:
            room = self.slots[there - 1][0].key.shape[1]
            self._put(there - 1, [KeyValue(kv.key[:, -room:], kv.value[:, -room:]) for kv in clean])

    def _put(self, slot: int, clean: list[KeyValue]) -> None:
        if self.slots[slot][0].key.shape != clean[0].key.shape:  # after a first chunk of another length
            self.slots[slot] = [KeyValue(kv.key.clone(), kv.value.clone()) for kv in clean]
            return
        for kept, new in zip(self.slots[slot], clean, strict=True):
            kept.key.copy_(new.key)
            kept.value.copy_(new.value)

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
