"""The bidirectional teacher: Wan's transformer with a track head, over a whole clip at once."""

from collections.abc import Sequence

import torch
from diffusers.models.transformers.transformer_wan import WanTransformer3DModel
from torch import Tensor, nn

from .conditioning import FirstFrame, Tracks, channels
from .guidance import Coefficients, guide
from .prediction_type import VELOCITY, velocity
from .track_head import TrackHead


class Teacher(nn.Module):
    """A transformer and the head that reads tracks for it; the student is built from the same two."""

    def __init__(self, transformer: WanTransformer3DModel, head: TrackHead, carries: bool, answers: str = VELOCITY):
        """carries: the weights were trained with the first frame's features propagated along the tracks.

        answers: what the transformer's output means; see answer.py.
        """
        super().__init__()
        self.transformer, self.head, self.carries, self.answers = transformer, head, carries, answers

    def forward(
        self, noisy: Tensor, sigma: Tensor, first: Sequence[FirstFrame], tracks: Sequence[Tracks | None], text: Tensor
    ) -> Tensor:
        """The velocity noise − clean of clips: (B, C, T, h, w) at noise levels (B,), each with its own conditions."""
        frames = range(noisy.shape[2])
        each = zip(first, tracks, strict=True)
        told = torch.stack([channels(f, t, self.head, frames, self.carries) for f, t in each])
        answer = self.transformer(torch.cat([noisy, told], dim=1), 1000 * sigma, text).sample
        return velocity(answer, noisy, told, sigma[:, None, None, None, None], self.answers)


def generate(
    teacher: Teacher,
    noise: Tensor,
    first: FirstFrame,
    tracks: Tracks | None,
    text: Tensor,
    levels: Sequence[float],
    weights: Coefficients | None,
) -> Tensor:
    """A clean clip (C, T, h, w) from noise of that shape; see `trajectory`."""
    return trajectory(teacher, noise, first, tracks, text, levels, weights)[-1]


@torch.no_grad()
def trajectory(
    teacher: Teacher,
    noise: Tensor,
    first: FirstFrame,
    tracks: Tracks | None,
    text: Tensor,
    levels: Sequence[float],
    weights: Coefficients | None,
) -> list[Tensor]:
    """The way from noise (C, T, h, w) to a clean clip by Euler steps down `levels` to zero: the clip at every level.

    text: (words, width); all zeros is no text. weights: joint guidance, three evaluations a step, made as one batch;
    None takes the model's answer as it is.
    """
    way = [noise]
    for level, following in zip(levels, [*levels[1:], 0.0], strict=True):
        speed = guided(teacher, way[-1][None], noise.new_full((1,), level), [first], [tracks], text[None], weights)[0]
        way.append(way[-1] + (following - level) * speed)
    return way


def guided(
    teacher: Teacher,
    noisy: Tensor,
    sigma: Tensor,
    first: Sequence[FirstFrame],
    tracks: Sequence[Tracks | None],
    text: Tensor,
    weights: Coefficients | None,
) -> Tensor:
    """The velocity of clips (B, C, T, h, w) under joint guidance by text and motion."""
    if weights is None:
        return teacher(noisy, sigma, first, tracks, text)
    words = torch.cat([text, torch.zeros_like(text), text])
    told = [*tracks, *tracks, *[None] * len(tracks)]
    thrice = noisy.repeat(3, 1, 1, 1, 1)
    both, no_text, no_motion = teacher(thrice, sigma.repeat(3), [*first] * 3, told, words).chunk(3)
    return guide(both, no_text, no_motion, weights)
