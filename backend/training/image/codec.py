"""Stage 1: the codec, FLUX.2's autoencoder with few channels, by reconstruction.

The loop of the Deforum engine puts every picture through it again and again, so it has to be faithful to what it never
saw drawn: half of the pictures it learns from are warped, tinted or noisy.
"""

from pathlib import Path

import cv2
import numpy as np
import torch
from diffusers.models.autoencoders.autoencoder_kl_flux2 import AutoencoderKLFlux2
from numpy.random import Generator
from torch import Tensor
from torch.nn import functional

from ..common.loop import train
from . import scenes
from .brush import Array
from .latents import decoded, encoded
from .wavelet import lead

CHANNELS = 16  # of the latents, before they are packed 2×2
CROP, CROPS, PICTURES = 64, 4, 4  # side; crops of each picture; pictures of each step
ROUNDS = 4  # through the codec that the decoder learns to bear
AREA = 16  # pixels a side, of which only the mean counts for contrast
NOISE = 0.06  # at most, on the latents: a generator's errors, which the decoder learns to forgive


def new_codec() -> AutoencoderKLFlux2:
    return AutoencoderKLFlux2(
        block_out_channels=(16, 16, 32, 64),
        decoder_block_out_channels=(16, 24, 32, 64),
        layers_per_block=1,
        latent_channels=CHANNELS,
        norm_num_groups=1,  # the fewer, the less one corner's brightness depends on another's
        mid_block_add_attention=False,
        sample_size=128,
    )


def train_codec(folder: Path, steps: int, minutes: float, seed: int = 0) -> AutoencoderKLFlux2:
    torch.manual_seed(seed)
    codec = new_codec()
    lead(codec, torch.cat([draw_crops(np.random.default_rng([seed, steps + k])) for k in range(8)]))

    def loss(step: int, generator: torch.Generator) -> Tensor:
        pictures = draw_crops(np.random.default_rng([seed, step]))
        latents = encoded(codec, pictures)
        amount = NOISE * torch.rand((len(latents), 1, 1, 1), generator=generator)
        noisy = latents + amount * torch.randn(latents.shape, generator=generator)
        spread = (latents.std() - 1).square() + latents.mean().square()
        return difference(decoded(codec, noisy), pictures) + 0.02 * spread

    train(folder, codec, loss, steps=steps, rate=6e-4, seed=seed, minutes=minutes)
    return codec


def train_decoder(
    folder: Path, codec: AutoencoderKLFlux2, steps: int, minutes: float, seed: int = 0
) -> AutoencoderKLFlux2:
    """Stage 5: the decoder alone, so that the latents stay what the transformer was taught.

    It also learns from pictures that went through it up to three times: what comes back must be what went in, or a
    feedback loop gains contrast with every round.
    """
    assert codec.quant_conv is not None
    codec.encoder.requires_grad_(False)
    codec.quant_conv.requires_grad_(False)

    def loss(step: int, generator: torch.Generator) -> Tensor:
        pictures = draw_crops(np.random.default_rng([seed + 1, step]))
        with torch.no_grad():
            latents = encoded(codec, pictures)
            for _ in range(step % ROUNDS):
                pictures = decoded(codec, latents).clamp(-1, 1)
                latents = encoded(codec, pictures)
        amount = NOISE * torch.rand((len(latents), 1, 1, 1), generator=generator)
        noisy = latents + amount * torch.randn(latents.shape, generator=generator)
        return difference(decoded(codec, noisy), pictures)

    train(folder, codec, loss, steps=steps, rate=3e-4, seed=seed, minutes=minutes)
    return codec


@torch.no_grad()
def level(codec: AutoencoderKLFlux2, pictures: Tensor) -> None:
    """Scale and shift what comes out, so that areas of `pictures` (B, 3, H, W) gain no contrast by a round trip.

    Three hundredths that nobody sees once are a factor of twenty after a hundred frames.
    """
    back = decoded(codec, encoded(codec, pictures))
    was, came = (functional.avg_pool2d(each, AREA).transpose(0, 1).flatten(1) for each in (pictures, back))
    apart = was - was.mean(1, keepdim=True)
    gain = (apart * came).sum(1) / apart.square().sum(1)
    offset = came.mean(1) - gain * was.mean(1)
    last = codec.decoder.conv_out
    assert last.bias is not None
    last.weight /= gain[:, None, None, None]
    last.bias.copy_((last.bias - offset) / gain)


def draw_crops(rng: Generator) -> Tensor:
    """(PICTURES·CROPS, 3, CROP, CROP) in -1 … 1."""
    crops = []
    for _ in range(PICTURES):
        picture, _ = scenes.draw(rng, int(rng.choice([96, 128, 192])))
        if rng.random() < 0.5:
            picture = _worn(rng, picture)
        for y, x in rng.integers(0, len(picture) - CROP + 1, (CROPS, 2)):
            crops.append(picture[y : y + CROP, x : x + CROP])
    return torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2).contiguous() * 2 - 1


def draw_pictures(rng: Generator, count: int = 24) -> Tensor:
    """Whole pictures as they were drawn: (count, 3, 128, 128) in -1 … 1."""
    drawn = np.stack([scenes.draw(rng, 128)[0] for _ in range(count)])
    return torch.from_numpy(drawn).permute(0, 3, 1, 2).contiguous() * 2 - 1


def difference(one: Tensor, other: Tensor) -> Tensor:
    """L1 of the pictures and of their edges: L1 alone is content with blur."""
    total = (one - other).abs().mean()
    for axis in (-1, -2):
        total = total + (one.diff(dim=axis) - other.diff(dim=axis)).abs().mean()
    return total


def _worn(rng: Generator, picture: Array) -> Array:
    """As a feedback loop leaves it: turned and scaled, tinted, with noise, perhaps upside down."""
    size = len(picture)
    matrix = cv2.getRotationMatrix2D((size / 2, size / 2), float(rng.uniform(-30, 30)), float(rng.uniform(0.6, 1.5)))
    turned = cv2.warpAffine(picture, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    picture = turned ** rng.uniform(0.6, 1.6) * rng.uniform(0.7, 1.2, 3) + rng.uniform(-0.1, 0.1, 3)
    picture = picture + rng.uniform(0, 0.06) * rng.standard_normal(picture.shape)
    return np.clip(picture[:: rng.choice([1, -1])], 0, 1).astype(np.float32)
