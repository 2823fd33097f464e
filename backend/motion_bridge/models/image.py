"""What an image model can do, and the one thing the loop asks of it: make a picture from a picture.

Pictures are (1, 3, H, W) float, sRGB from 0 to 1. Latents are what a model denoises, normalised as it was trained.
"""

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from ..errors import BackendFailed

SMALLEST = 64  # pixels on a side
PROMPTS_KEPT = 64  # encodings; one of FLUX.2 takes 8 to 16 MB


@dataclass(frozen=True, eq=False)
class Structure:
    """A picture of where things are, for models that follow one (structure.py draws it)."""

    picture: Tensor  # (1, 3, H, W) from 0 to 1
    kind: str  # depth, canny
    strength: float = 1.0


@dataclass(frozen=True, eq=False)
class Wish:
    """What a picture should show, and how faithfully."""

    prompt: str
    negative: str = ""
    guidance: float | None = None  # None: as the model recommends
    steps: int | None = None
    structure: Structure | None = None  # where things are
    reference: Tensor | None = None  # (1, 3, H', W') from 0 to 1: who and what they are; encoded once


class ImageModel(Protocol):
    """A loaded model. `prompt` encodings are cached, so nothing is encoded twice."""

    multiple: int  # width and height must be multiples of it
    steps: int
    guidance: float

    def levels(self, steps: int, width: int, height: int) -> list[float]: ...
    def encode(self, picture: Tensor) -> Tensor: ...
    def decode(self, latent: Tensor) -> Tensor: ...
    def denoise(self, latent: Tensor, noise: Tensor, sigma: float, wish: Wish, seed: int) -> Tensor: ...


@dataclass(frozen=True)
class Chance:
    """Where the noise comes from; equal chances give equal pictures."""

    seed: int
    subseed: int = 0
    share: float = 0.0  # of the subseed's noise, 0 to 1


def image_to_image(model: ImageModel, picture: Tensor, sigma: float, wish: Wish, chance: Chance) -> Tensor:
    """The picture after its share `sigma` was replaced by what the wish describes; sigma 0 returns it untouched.

    BackendFailed when the model answers with values that are not numbers.
    """
    if sigma <= 0:
        return picture
    with torch.inference_mode():
        latent = model.encode(picture)
        noise = noise_for(latent, chance)
        made = model.decode(model.denoise(latent, noise, min(sigma, 1.0), wish, chance.seed))
    if not bool(torch.isfinite(made).all()):
        raise BackendFailed(
            "The image model answered with values that are not numbers; load it in bfloat16 or float32, "
            "or lower the guidance."
        )
    return made.to(picture).clamp(0, 1).clone()


def noise_for(latent: Tensor, chance: Chance) -> Tensor:
    """Standard normal noise of a latent's shape, the same on every device.

    Between two seeds, the one noise is turned into the other along the sphere.
    """
    main = _normal(latent, chance.seed)
    return slerp(main, _normal(latent, chance.subseed), chance.share) if chance.share else main


def slerp(a: Tensor, b: Tensor, share: float) -> Tensor:
    """From a to b along the sphere, so that a mixture of noises has the size of noise."""
    cosine = (a * b).sum() / (a.norm() * b.norm())
    angle = torch.arccos(cosine.clamp(-1, 1))
    if float(angle) < 1e-4:
        return torch.lerp(a, b, share)
    return (torch.sin((1 - share) * angle) * a + torch.sin(share * angle) * b) / torch.sin(angle)


def _normal(like: Tensor, seed: int) -> Tensor:
    return torch.randn(like.shape, generator=torch.Generator().manual_seed(seed)).to(like)
