"""Endless video: one chunk after another, each at the same cost, with tracks and prompt free to change in between.

Noise is drawn for each chunk from (seed, chunk), so that the same seed and the same changes give the same video
whatever happened to the process in between.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from .cache import Cache
from .codec import Decoder
from .condition import FirstFrame, Tracks, channels
from .sampler import sample
from .student import Student, Text
from .track_head import TrackHead, picture_frames


@dataclass(frozen=True)
class Generator:
    """The networks of a stream and how they were trained to be used."""

    student: Student
    head: TrackHead
    decoder: Decoder | nn.Module
    chunk: int  # latent frames
    sink: int  # chunks
    window: int  # chunks
    levels: Sequence[float]  # noise levels of the denoising steps, from 1 downwards
    carries: bool  # first-frame features are propagated along the tracks


@dataclass(frozen=True)
class Direction:
    """What the next chunk is told to show."""

    tracks: Tracks | None  # of the chunk's picture frames
    text: Text


@dataclass(frozen=True)
class Chunk:
    """Some finished frames."""

    first: int  # picture frame
    pictures: Tensor  # (3, frames, H, W) in -1 … 1


@torch.no_grad()
def stream(generator: Generator, first: FirstFrame, direct: Callable[[slice], Direction], seed: int) -> Iterator[Chunk]:
    """Chunks for ever.

    direct: called once before each chunk with its picture frames; whatever changed before that call is in the chunk,
    whatever changes later is in the next. An interrupted stream goes on by being made again, its first chunks dropped.
    """
    cache = Cache(len(generator.student.blocks), generator.sink, generator.window)
    memory = None
    number = 0
    while True:
        latents = range(number * generator.chunk, (number + 1) * generator.chunk)
        pictures = picture_frames(latents.start, latents.stop)
        direction = direct(pictures)
        told = channels(first, direction.tracks, generator.head, latents, generator.carries)[None]
        context = cache.context()

        def velocity(noisy, sigma, told=told, context=context, text=direction.text):
            return generator.student.chunk(torch.cat([noisy, told], dim=1), sigma, text, context)[0]

        noise = _noise(seed, number, len(generator.levels), (1, first.latent.shape[0], *told.shape[2:]))
        clean = sample(velocity, noise, generator.levels)
        _, made = generator.student.chunk(torch.cat([clean, told], dim=1), torch.zeros(1), direction.text, context)
        cache.commit(made)
        shown, memory = generator.decoder(clean, memory)
        yield Chunk(pictures.start, shown[0])
        number += 1


def _noise(seed: int, chunk: int, count: int, shape: tuple[int, ...]) -> list[Tensor]:
    drawn = torch.Generator().manual_seed(seed * 1_000_003 + chunk)
    return [torch.randn(shape, generator=drawn) for _ in range(count)]
