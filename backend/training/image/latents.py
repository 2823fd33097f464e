"""Stage 2: pictures are drawn and encoded once; the later stages learn from their latents."""

from pathlib import Path
from typing import cast

import numpy as np
import torch
from diffusers.models.autoencoders.autoencoder_kl_flux2 import AutoencoderKLFlux2
from safetensors.torch import load_file, save_file
from torch import Tensor

from . import scenes
from .text import new_tokenizer, tokens

SHARES = {128: 0.84, 192: 0.1, 256: 0.06}  # side in pixels → share of the pictures
AT_ONCE = 16


def make_latents(path: Path, codec: AutoencoderKLFlux2, count: int, seed: int = 0) -> None:
    """Latents of `count` pictures, packed 2×2 but not normalized, with their captions' tokens, to a safetensors file.

    Beside them the mean and variance of each channel at 128², which become the codec's statistics.
    """
    tokenizer = new_tokenizer()
    found: dict[str, Tensor] = {}
    for side, share in SHARES.items():
        latents, captions = [], []
        for start in range(0, max(1, round(count * share)), AT_ONCE):
            drawn = [scenes.draw(np.random.default_rng([seed, side, start + k]), side) for k in range(AT_ONCE)]
            pictures = torch.from_numpy(np.stack([picture for picture, _ in drawn])).permute(0, 3, 1, 2)
            with torch.no_grad():
                latents.append(packed(encoded(codec, pictures.contiguous() * 2 - 1)).half())
            captions += [caption for _, caption in drawn]
        found[f"latents.{side}"] = torch.cat(latents)
        found[f"identities.{side}"], found[f"mask.{side}"] = tokens(tokenizer, captions)
    seen = found["latents.128"].float()
    found["mean"], found["variance"] = seen.mean((0, 2, 3)), seen.var((0, 2, 3))
    found["weight"] = weights(codec, seen[:AT_ONCE], found["variance"].sqrt())
    save_file(found, path)


@torch.no_grad()
def weights(codec: AutoencoderKLFlux2, latents: Tensor, deviation: Tensor) -> Tensor:
    """How much each packed channel changes the picture when it changes as it usually does; 1 on average: (C,).

    Normalized channels all vary alike, so that without this the transformer spends itself on the finest.
    """
    told = []
    raw = unpacked(latents)
    plain = decoded(codec, raw)
    for channel, size in enumerate(deviation.view(-1, 4).mean(1)):
        moved = raw.clone()
        moved[:, channel] += size
        told.append((decoded(codec, moved) - plain).square().mean().sqrt())
    found = torch.stack(told).repeat_interleave(4)
    return found / found.mean()


def encoded(codec: AutoencoderKLFlux2, pictures: Tensor) -> Tensor:
    """Pictures (B, 3, H, W) in -1 … 1 → the most likely latents (B, C, H/8, W/8)."""
    return codec.encode(pictures, return_dict=False)[0].mode()


def decoded(codec: AutoencoderKLFlux2, latents: Tensor) -> Tensor:
    """Latents (B, C, H/8, W/8) → pictures (B, 3, H, W) in about -1 … 1."""
    return codec.decode(cast("torch.FloatTensor", latents), return_dict=False)[0]


def packed(raw: Tensor) -> Tensor:
    """2×2 patches to channels, as FLUX.2 orders them: (B, C, H, W) → (B, 4·C, H/2, W/2)."""
    batch, channels, rows, columns = raw.shape
    patches = raw.view(batch, channels, rows // 2, 2, columns // 2, 2).permute(0, 1, 3, 5, 2, 4)
    return patches.reshape(batch, channels * 4, rows // 2, columns // 2)


def unpacked(latent: Tensor) -> Tensor:
    """The inverse of `packed`."""
    batch, channels, rows, columns = latent.shape
    patches = latent.view(batch, channels // 4, 2, 2, rows, columns).permute(0, 1, 4, 2, 5, 3)
    return patches.reshape(batch, channels // 4, rows * 2, columns * 2)


class Bank:
    """The encoded pictures, normalized: mean 0 and deviation 1 in each channel."""

    def __init__(self, path: Path):
        found = load_file(path)
        self.mean, self.variance = found["mean"], found["variance"]
        weight = found["weight"].sqrt()  # half way, or edges and grain would not be learned at all
        self.weight = (weight / weight.mean())[:, None, None]
        self.kinds = [(found[f"latents.{side}"], found[f"identities.{side}"], found[f"mask.{side}"]) for side in SHARES]
        self.channels = len(self.mean)
        tokenizer = new_tokenizer()
        self.vocabulary = len(tokenizer)
        self.nothing = tokens(tokenizer, [""])

    def batch(self, count: int, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """Latents (B, C, H, W) of one size, tokens and mask (B, L); fewer of the larger sizes, for the same work."""
        which = int(torch.multinomial(torch.tensor(list(SHARES.values())), 1, generator=generator))
        latents, identities, mask = self.kinds[which]
        count = max(1, count * 64 // latents[0, 0].numel())
        chosen = torch.randint(len(latents), (count,), generator=generator)
        deviation = (self.variance + 1e-4).sqrt()
        normal = (latents[chosen].float() - self.mean[:, None, None]) / deviation[:, None, None]
        return normal, identities[chosen], mask[chosen]

    def without_words(self, identities: Tensor, mask: Tensor, silent: Tensor) -> tuple[Tensor, Tensor]:
        """The tokens of an empty prompt where silent (B,)."""
        return tuple(
            torch.where(silent[:, None], no, yes) for no, yes in zip(self.nothing, (identities, mask), strict=True)
        )  # type: ignore[return-value]
