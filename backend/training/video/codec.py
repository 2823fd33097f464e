"""Stage 1: the sketch model's codec: a linear encoder that is fitted, then a streaming decoder trained against it.

The encoder is linear: principal components of the clips, seen through overlapping windows of 8×8 pixels by 4 frames.
From then on it stays as it is, as Wan's does at full size (tuning it blurs), and only the decoder is trained.
"""

from collections.abc import Callable
from pathlib import Path

import torch
from motion_bridge.engines.motionstream.network.sketch_config import CHANNELS, SIZE
from motion_bridge.engines.motionstream.network.sketch_vae import CELL, WINDOW, Decoder, Encoder, framed, group
from motion_bridge.engines.motionstream.network.track_head import STRIDE
from torch import Tensor, nn
from torch.nn import functional

from ..common.loop import train
from .bank import Bank

FRAMES, CLIPS = 9, 2
WORN = 0.8  # the most noise on the latents
EDGES = 0.5  # weight of the difference between neighboring pixels: L1 alone is content with blur


class Codec(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = Encoder(CHANNELS)
        self.decoder = Decoder(CHANNELS)


def train_codec(folder: Path, bank: Bank, steps: int, minutes: float, seed: int = 0) -> Codec:
    torch.manual_seed(seed)
    codec = Codec()
    fit_linear(codec, bank)
    codec.encoder.requires_grad_(False)
    train_decoder(folder, codec.decoder, codec.encoder, bank, steps, minutes, seed)
    return codec


def train_decoder(
    folder: Path,
    decoder: nn.Module,
    encode: Callable[[Tensor], Tensor],
    bank: Bank,
    steps: int,
    minutes: float,
    seed: int = 0,
    rate: float = 1e-3,
) -> nn.Module:
    """The decoder alone, against an encoder that stays as it is.

    encode: (B, 3, T, H, W) in -1 … 1 → latents.
    """

    def loss(step: int, generator: torch.Generator) -> Tensor:
        clips = torch.randint(len(bank), (CLIPS,), generator=generator).tolist()
        start = int(torch.randint(bank.frames.shape[1] - FRAMES + 1, (), generator=generator))
        frames = bank.pictures(clips, slice(start, start + FRAMES))
        with torch.no_grad():
            latents = encode(frames)
        # noise on the latents teaches the decoder to forgive a generator's errors
        amount = WORN * torch.rand((), generator=generator)
        latents = latents + amount * torch.randn(latents.shape, generator=generator)
        return difference(decoder(latents)[0], frames)

    return train(folder, decoder, loss, steps=steps, rate=rate, seed=seed, minutes=minutes)


@torch.no_grad()
def fit_linear(codec: Codec, bank: Bank) -> None:
    """Set both linear parts in closed form; the network beside the decoder's begins with nothing to say."""
    groups = group(bank.pictures(range(0, len(bank), max(1, len(bank) // 32)), slice(0, FRAMES))).flatten(0, 1)
    _fit_encoder(codec.encoder, groups)
    latents = codec.encoder.linear(framed(groups))
    _fit_decoder(codec.decoder, latents, groups)
    for layer in codec.decoder.modules():
        if isinstance(layer, nn.Conv2d) and layer is not codec.decoder.linear:
            assert layer.bias is not None
            nn.init.kaiming_normal_(layer.weight, a=3**0.5)  # half of what relu would need
            nn.init.zeros_(layer.bias)
    codec.decoder.leave.weight.zero_()


def _fit_encoder(encoder: Encoder, groups: Tensor) -> None:
    """Principal components of what is seen through windows that fade out towards their borders."""
    fade = torch.sin(torch.pi * (torch.arange(WINDOW) + 0.5) / WINDOW).square()
    fade = (fade[:, None] * fade).expand(3 * STRIDE, WINDOW, WINDOW)
    seen = functional.unfold(framed(groups), WINDOW, stride=CELL).transpose(1, 2).flatten(0, 1) * fade.flatten()
    variance, axes = torch.linalg.eigh(torch.cov(seen.T))
    variance, axes = variance.flip(0)[:CHANNELS].clamp(min=1e-6), axes.flip(1)[:, :CHANNELS]
    # the weaker a component, the less it is stretched towards unit variance: what matters most is heard best
    scale = variance**-0.25
    scale *= (variance * scale.square()).mean() ** -0.5
    down = (axes * scale).T
    encoder.linear.weight.copy_(down.view(CHANNELS, *fade.shape) * fade)
    assert encoder.linear.bias is not None
    encoder.linear.bias.copy_(-down @ seen.mean(0))


def _fit_decoder(decoder: Decoder, latents: Tensor, groups: Tensor) -> None:
    """Least squares from 3×3 cells to the pixels of the middle one."""
    around = functional.unfold(functional.pad(latents, (1, 1, 1, 1), mode="replicate"), 3).transpose(1, 2).flatten(0, 1)
    around = functional.pad(around, (0, 1), value=1.0)
    pixels = functional.unfold(groups, CELL, stride=CELL).transpose(1, 2).flatten(0, 1)
    ridge = 0.1 * torch.eye(around.shape[1])
    found = torch.linalg.solve(around.T @ around + ridge, around.T @ pixels).T
    decoder.linear.weight.copy_(found[:, :-1].view(decoder.linear.weight.shape))
    assert decoder.linear.bias is not None
    decoder.linear.bias.copy_(found[:, -1])


def encode_grey(encoder: Encoder) -> Tensor:
    """What the encoder makes of four gray frames: (C, h, w)."""
    with torch.no_grad():
        return encoder(torch.zeros(1, 3, 1 + STRIDE, SIZE, SIZE))[0, :, 1]


def difference(one: Tensor, other: Tensor) -> Tensor:
    """L1 of the pictures, and of their edges."""
    total = (one - other).abs().mean()
    for axis in (-1, -2):
        total = total + EDGES * (one.diff(dim=axis) - other.diff(dim=axis)).abs().mean()
    return total
