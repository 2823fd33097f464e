"""The student's chunks inside training: looking back at clean chunks it is given, or at those it made itself."""

from dataclasses import dataclass

import torch
from motion_bridge.engines.motionstream.network.conditioning import channels
from motion_bridge.engines.motionstream.network.kv_cache import Cache, KeyValue
from motion_bridge.engines.motionstream.network.prediction_type import velocity
from motion_bridge.engines.motionstream.network.student import Kept, Student, Text
from motion_bridge.engines.motionstream.network.track_head import TrackHead
from torch import Tensor, nn

from .batch import Batch

CHUNK = 3  # latent frames


class Streamer(nn.Module):
    """A student and the head that reads tracks for it, as Teacher is for the whole clip."""

    CALLED = ("read", "told", "velocity", "remember")  # instead of forward

    def __init__(self, student: Student, head: TrackHead, carries: bool, answers: str):
        super().__init__()
        self.student, self.head, self.carries, self.answers = student, head, carries, answers

    def read(self, text: Tensor) -> Text:
        return self.student.read_text(text)

    def told(self, batch: Batch, latents: range) -> Tensor:
        """What is told of some latent frames of every clip."""
        each = zip(batch.first, batch.tracks, strict=True)
        return torch.stack([channels(f, t, self.head, latents, self.carries) for f, t in each])

    def velocity(self, noisy: Tensor, sigma: Tensor, told: Tensor, text: Text, context: Kept) -> Tensor:
        """Of one chunk (B, C, frames, h, w) at noise levels (B,)."""
        answer = self.student.chunk(torch.cat([noisy, told], dim=1), sigma, text, context)[0]
        return velocity(answer, noisy, told, sigma[:, None, None, None, None], self.answers)

    def remember(self, clean: Tensor, told: Tensor, text: Text, context: Kept) -> list[KeyValue]:
        """What later chunks may look back at of a finished one."""
        still = clean.new_zeros(len(clean))
        return self.student.chunk(torch.cat([clean, told], dim=1), still, text, context)[1]


@dataclass(frozen=True)
class Reach:
    """How far back a chunk looks, in chunks."""

    sink: int = 1
    window: int = 1


def forced(streamer: Streamer, batch: Batch, noisy: Tensor, sigma: Tensor, past: Tensor, reach: Reach) -> Tensor:
    """The velocity of each chunk of noisy clips (B, C, K, h, w), where the chunks before it are `past`'s.

    sigma: (B, chunks); past: as noisy, but clean. What the chunks remember carries no gradient.
    """
    text = streamer.read(batch.text)
    with torch.no_grad():
        plain = streamer.read(batch.text)
    cache = Cache(len(streamer.student.blocks), reach.sink, reach.window)
    answers = []
    for number, latents in enumerate(chunks(noisy.shape[2])):
        told = streamer.told(batch, latents)
        context = streamer.student.look_back(cache.context(), *told.shape[-2:])
        span = slice(latents.start, latents.stop)
        answers.append(streamer.velocity(noisy[:, :, span], sigma[:, number], told, text, context))
        with torch.no_grad():
            cache.commit(streamer.remember(past[:, :, span], told, plain, context))
    return torch.cat(answers, dim=2)


def roll_out(
    streamer: Streamer, batch: Batch, levels: list[float], last: int, generator: torch.Generator, reach: Reach
) -> Tensor:
    """Clips as the student makes them on its own: (B, C, K, h, w), as long as the batch's.

    Every chunk goes down levels[: last + 1]; only the last of these steps carries the gradient, and what a chunk
    remembers carries none.
    """
    text = streamer.read(batch.text)
    with torch.no_grad():
        plain = streamer.read(batch.text)
    cache = Cache(len(streamer.student.blocks), reach.sink, reach.window)
    made = []
    for latents in chunks(batch.clean.shape[2]):
        with torch.no_grad():
            told = streamer.told(batch, latents)
            context = streamer.student.look_back(cache.context(), *told.shape[-2:])
            noisy = clean = torch.randn(_like(batch, latents), generator=generator).to(batch.clean)
            for k in range(last):
                sigma = noisy.new_full((len(noisy),), levels[k])
                clean = noisy - levels[k] * streamer.velocity(noisy, sigma, told, plain, context)
                fresh = torch.randn(clean.shape, generator=generator).to(clean)
                noisy = (1 - levels[k + 1]) * clean + levels[k + 1] * fresh
        sigma = noisy.new_full((len(noisy),), levels[last])
        clean = noisy - levels[last] * streamer.velocity(noisy, sigma, told, text, context)
        made.append(clean)
        with torch.no_grad():
            cache.commit(streamer.remember(clean.detach(), told, plain, context))
    return torch.cat(made, dim=2)


def chunks(latent_frames: int) -> list[range]:
    return [range(start, start + CHUNK) for start in range(0, latent_frames, CHUNK)]


def _like(batch: Batch, latents: range) -> tuple[int, ...]:
    count, width, _, *size = batch.clean.shape
    return (count, width, len(latents), *size)
