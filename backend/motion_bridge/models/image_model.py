"""What an image model can do, and the one thing the loop asks of it: make a picture from a picture.

Pictures are (1, 3, H, W) float, sRGB from 0 to 1. Latents are what a model denoises, normalised as it was trained.
"""

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from ..errors import BackendFailed, BadInput
from ..model_registry.parameter_count import SMALLEST as SMALLEST
from .cuda_stream import sent
from .pipeline_parts import Parts, memory_told
from .prompt_encoding import Encoding, Prompt

NO_NUMBERS = (
    "The image model answered with values that are not numbers; load it in bfloat16 or float32, or lower the guidance."
)


@dataclass(frozen=True, eq=False)
class Structure:
    """A picture of where things are, for models that follow one (structure.py draws it)."""

    picture: Tensor  # (1, 3, H, W) from 0 to 1
    kind: str  # depth, canny
    strength: float = 1.0


@dataclass(frozen=True, eq=False)
class Wish:
    """What a picture should show, and how faithfully."""

    prompt: Prompt
    negative: Prompt = ""
    guidance: float | None = None  # None: as the model recommends
    steps: int | None = None
    structure: Structure | None = None  # where things are
    reference: Tensor | None = None  # (1, 3, H', W') from 0 to 1: who and what they are; encoded once
    lora_weights: tuple[float, ...] | None = None  # None: as they are


def refuse_negative(wish: Wish, model: str) -> None:
    """BadInput where a model that knows no negative prompt is given one. model: what it is, for the sentence."""
    if wish.negative:
        raise BadInput(f"{model} and knows no negative prompt; take the negative out.")


class ImageModel(Protocol):
    """A loaded model. `encoded` remembers, so nothing is encoded twice."""

    parts: Parts
    refers: bool  # whether it takes a reference picture
    multiple: int  # width and height must be multiples of it
    steps: int
    guidance: float

    def levels(self, steps: int, width: int, height: int) -> list[float]: ...
    def encoded(self, prompt: Prompt, /) -> Encoding: ...
    def encode(self, picture: Tensor) -> Tensor: ...
    def decode(self, latent: Tensor) -> Tensor: ...
    def denoise(self, latent: Tensor, noise: Tensor, sigma: float, wish: Wish, seed: int) -> Tensor: ...
    def cells(self, latent: Tensor) -> Tensor: ...  # (1, C, H/8, W/8): each where it stands in the picture
    def from_cells(self, cells: Tensor) -> Tensor: ...


@dataclass(frozen=True)
class Chance:
    """Where the noise comes from; equal chances give equal pictures."""

    seed: int
    subseed: int = 0
    share: float = 0.0  # of the subseed's noise, 0 to 1
    size: float = 1.0  # of the noise; 1 is what the model was taught with


def image_to_image(model: ImageModel, picture: Tensor, sigma: float, wish: Wish, chance: Chance) -> Tensor:
    """The picture after its share `sigma` was replaced by what the wish describes; sigma 0 returns it untouched.

    BackendFailed when the model answers with values that are not numbers.
    """
    if sigma <= 0:
        return picture
    return decoded(model, latent_to_latent(model, encoded(model, picture), sigma, wish, chance)).to(picture)


def latent_to_latent(model: ImageModel, latent: Tensor, sigma: float, wish: Wish, chance: Chance) -> Tensor:
    """The same in latents, without the loss of decoding and encoding."""
    if sigma <= 0:
        return latent
    with torch.inference_mode(), memory_told(model.parts):
        made = model.denoise(latent, noise_for(latent, chance), min(sigma, 1.0), wish, chance.seed)
    return _numbers(made)


def encoded(model: ImageModel, picture: Tensor) -> Tensor:
    """A picture's latents."""
    with torch.inference_mode(), memory_told(model.parts):
        return model.encode(picture).clone()


def decoded(model: ImageModel, latent: Tensor) -> Tensor:
    """The picture of latents, float32 from 0 to 1. BackendFailed where the model's answer is no picture."""
    with torch.inference_mode(), memory_told(model.parts):
        made = model.decode(latent)
    return _numbers(made).float().clamp(0, 1)


def _numbers(made: Tensor) -> Tensor:
    if not bool(torch.isfinite(made).all()):
        raise BackendFailed(NO_NUMBERS)
    return made.clone()  # an ordinary tensor, where inference made one that knows less


def noise_for(latent: Tensor, chance: Chance) -> Tensor:
    """Standard normal noise of a latent's shape, the same on every device.

    Between two seeds, the one noise is turned into the other along the sphere.
    """
    noise = _normal(latent, chance.seed)
    if chance.share:
        noise = slerp(noise, _normal(latent, chance.subseed), chance.share)
    return noise if chance.size == 1 else noise * chance.size


def slerp(a: Tensor, b: Tensor, share: float) -> Tensor:
    """From a to b along the sphere, so that a mixture of noises has the size of noise."""
    cosine = (a * b).sum() / (a.norm() * b.norm())
    angle = torch.arccos(cosine.clamp(-1, 1))
    if float(angle) < 1e-4:
        return torch.lerp(a, b, share)
    return (torch.sin((1 - share) * angle) * a + torch.sin(share * angle) * b) / torch.sin(angle)


def _normal(like: Tensor, seed: int) -> Tensor:
    return sent(torch.randn(like.shape, generator=torch.Generator().manual_seed(seed)), like.device).to(like)
