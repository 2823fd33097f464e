"""Endless video: one chunk after another, each at the same cost, with tracks and prompt free to change in between.

Noise is drawn for each chunk from (seed, chunk), so that the same seed and the same changes give the same video
whatever happened to the process in between.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import TypeVar

import torch
from torch import Tensor

from ..checkpoints.generator import Generator
from ..checkpoints.inference_config import Usage
from ..network import prediction_type
from ..network.conditioning import FirstFrame, Tracks, channels, sent
from ..network.kv_cache import KeyValue, SlotCache
from ..network.sampler import sample
from ..network.student import Text
from ..network.track_head import picture_frames
from ..network.track_map import cells_by_floor, cells_by_rounding
from .async_decode import Decoded, Decoding
from .sink_refresh import distance

T = TypeVar("T")


@dataclass(frozen=True)
class Direction:
    """What the next chunk is told to show."""

    tracks: Tracks | None  # of the chunk's picture frames
    text: Text
    refresh: bool = False  # the newest chunk takes the sink's place first


@dataclass(frozen=True)
class Chunk:
    """Some frames that are finished, or nearly."""

    frames: slice  # picture frames
    decoded: Decoded
    refreshed: bool  # the sink was replaced before it

    @property
    def pictures(self) -> Tensor:
        """As `finish` made them: (3, frames, H, W) in -1 … 1 unless it says otherwise."""
        return self.decoded.wait()[0]


def chunk_frames(usage: Usage, number: int) -> range:
    """The latent frames of a chunk."""
    start = usage.first_chunk + (number - 1) * usage.chunk if number else 0
    return range(start, usage.first_chunk + number * usage.chunk)


@torch.no_grad()
def stream(
    generator: Generator,
    first: FirstFrame,
    direct: Callable[[slice], Direction],
    seed: int,
    finish: Callable[[Tensor], Tensor] = lambda pictures: pictures,
    refresh_beyond: float | None = None,
) -> Iterator[Chunk]:
    """Chunks for ever.

    direct: called once before each chunk with its picture frames; whatever changed before that call is in the chunk,
    whatever changes later is in the next. An interrupted stream goes on by being made again, its first chunks dropped.
    refresh_beyond: replace the sink by itself when the picture is farther from it than this (drift.distance).
    """
    usage = generator.usage
    cells = {"floor": cells_by_floor, "round": cells_by_rounding}[usage.cells]
    cache = _cache(generator, *first.latent.shape[1:])
    decoding = Decoding(generator.decoder, finish, generator.device)
    newest: list[KeyValue] = []
    recent = anchor = None  # latent frames: the newest, and the sink's
    far, still = False, torch.zeros(1, device=generator.device)  # the noise level of what is finished
    for number in count():
        latents = chunk_frames(usage, number)
        pictures = picture_frames(latents.start, latents.stop)
        direction = direct(pictures)
        refreshed = bool(newest) and usage.sink > 0 and (direction.refresh or far)
        if refreshed:
            cache.renew_sink(newest)
            anchor = recent
        told = channels(first, direction.tracks, generator.head, latents, usage.carries, cells)[None]
        context = cache.context()

        def velocity(noisy, sigma, told=told, context=context, text=direction.text):
            time = (sigma * 1000).floor() / 1000 if usage.whole_times else sigma
            made = generator.student.chunk(torch.cat([noisy.to(told), told], dim=1), time, text, context)[0]
            return prediction_type.velocity(made, noisy, told, sigma[:, None, None, None, None], usage.answers)

        shape = (1, first.latent.shape[0], *told.shape[2:])
        noise = [sent(each, still) for each in _noise(seed, number, len(usage.levels), shape)]
        clean = sample(velocity, noise, usage.levels)
        _, newest = generator.student.chunk(torch.cat([clean.to(told), told], dim=1), still, direction.text, context)
        cache.commit(newest if number < usage.sink else _end(newest, usage.recalled, len(latents)))
        recent = clean[0, :, -1]
        anchor = recent if anchor is None else anchor
        far = refresh_beyond is not None and distance(recent, anchor) > refresh_beyond
        yield Chunk(pictures, decoding(clean), refreshed)


def _cache(generator: Generator, height: int, width: int) -> SlotCache:
    """An empty memory for one stream at a latent size."""
    usage, student = generator.usage, generator.student
    room = student.tokens(max(usage.first_chunk, usage.chunk), height, width)

    def turn(key: Tensor, at: int) -> Tensor:
        return student.turned(key, at, height, width)

    return SlotCache(len(student.blocks), usage.sink, usage.window, room, turn)


def handed_out(chunks: Iterator[T], overlapping: bool) -> Iterator[T]:
    """The same chunks; where decoding overlaps, each only when the next one has been begun."""
    if not overlapping:
        yield from chunks
        return
    held = None
    for chunk in chunks:
        if held is not None:
            yield held
        held = chunk
    if held is not None:
        yield held


def _noise(seed: int, chunk: int, count: int, shape: tuple[int, ...]) -> list[Tensor]:
    drawn = torch.Generator().manual_seed((seed * 1_000_003 + chunk) % (1 << 63))
    return [torch.randn(shape, generator=drawn) for _ in range(count)]


def _end(made: list[KeyValue], recalled: int, frames: int) -> list[KeyValue]:
    """The last frames of a chunk, which are all that some models look back at."""
    if recalled >= frames:
        return made
    tokens = recalled * made[0].key.shape[1] // frames
    return [KeyValue(kv.key[:, -tokens:], kv.value[:, -tokens:]) for kv in made]
