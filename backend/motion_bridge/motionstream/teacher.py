"""The bidirectional teacher: Wan's transformer with a track head, over a whole clip at once."""

from collections.abc import Sequence

import torch
from diffusers import WanTransformer3DModel
from torch import Tensor, nn

from .condition import FirstFrame, Tracks, channels
from .guidance import Coefficients, guide
from .track_head import TrackHead


class Teacher(nn.Module):
    """A transformer and the head that reads tracks for it; the student is built from the same two."""

    def __init__(self, transformer: WanTransformer3DModel, head: TrackHead, carries: bool):
        """carries: the weights were trained with the first frame's features propagated along the tracks."""
        super().__init__()
        self.transformer, self.head, self.carries = transformer, head, carries

    def forward(
        self, noisy: Tensor, sigma: Tensor, first: Sequence[FirstFrame], tracks: Sequence[Tracks | None], text: Tensor
    ) -> Tensor:
        """The velocity noise − clean of clips: (B, C, T, h, w) at noise levels (B,), each with its own conditions."""
        frames = range(noisy.shape[2])
        told = [channels(f, t, self.head, frames, self.carries) for f, t in zip(first, tracks, strict=True)]
        return self.transformer(torch.cat([noisy, torch.stack(told)], dim=1), 1000 * sigma, text).sample


@torch.no_grad()
def generate(
    teacher: Teacher,
    noise: Tensor,
    first: FirstFrame,
    tracks: Tracks | None,
    text: Tensor,
    levels: Sequence[float],
    weights: Coefficients,
) -> Tensor:
    """A clean clip (C, T, h, w) from noise of that shape, by Euler steps down `levels` to zero.

    text: (words, width); all zeros is no text. Three evaluations a step, made as one batch.
    """
    clip = noise
    words = torch.stack([text, torch.zeros_like(text), text])
    for level, following in zip(levels, [*levels[1:], 0.0], strict=True):
        sigma = torch.full((3,), level)
        velocity = teacher(clip.expand(3, *clip.shape), sigma, [first] * 3, [tracks, tracks, None], words)
        both, no_text, no_motion = velocity
        clip = clip + (following - level) * guide(both, no_text, no_motion, weights)
    return clip
