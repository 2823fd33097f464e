"""Stage 0: the sketch model's encoder and streaming decoder, together, by reconstruction.

At full size only the decoder is trained, against Wan's own encoder; the sketch has no such encoder to lean on.
"""

from pathlib import Path

import torch
from torch import Tensor, nn

from ..motionstream.codec import Decoder, Encoder
from ..motionstream.sketch import CHANNELS
from .batch import draw_batch
from .loop import train

FRAMES, CLIPS = 9, 8


class Codec(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = Encoder(CHANNELS)
        self.decoder = Decoder(CHANNELS)


def train_codec(folder: Path, steps: int, minutes: float, seed: int = 0) -> Codec:
    torch.manual_seed(seed)
    codec = Codec()

    def loss(step: int, generator: torch.Generator) -> Tensor:
        frames = draw_batch(CLIPS, FRAMES, generator, complete=True).frames
        latents = codec.encoder(frames)
        # noise on the latents teaches the decoder to forgive a generator's small errors
        latents = latents + 0.1 * torch.rand((), generator=generator) * torch.randn(latents.shape, generator=generator)
        pictures, _ = codec.decoder(latents)
        spread = (latents.std() - 1).square() + latents.mean().square()
        return _difference(pictures, frames) + 0.02 * spread

    train(folder, codec, loss, steps=steps, rate=1e-3, seed=seed, minutes=minutes)
    return codec


def _difference(one: Tensor, other: Tensor) -> Tensor:
    """L1 of the pictures and of their edges: L1 alone is content with blur."""
    total = (one - other).abs().mean()
    for axis in (-1, -2):
        total = total + (one.diff(dim=axis) - other.diff(dim=axis)).abs().mean()
    return total
