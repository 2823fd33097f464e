"""What an image model can do, and the one thing the loop asks of it: make a picture from a picture.

Pictures are (1, 3, H, W) float, sRGB from 0 to 1. Latents are what a model denoises, normalized as it was trained.
"""

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from ..errors import BackendFailed, BadInput
from ..model_registry.parameter_count import SMALLEST as SMALLEST
from .cuda_stream import to_device
from .pipeline_parts import PipelineParts, naming_out_of_memory
from .prompt_encoding import Encoding, Prompt

NO_NUMBERS = (
    "The image model answered with values that are not numbers; load it in bfloat16 or float32, or lower the guidance."
)


@dataclass(frozen=True, eq=False)
class ControlImage:
    """A picture of where things are, for models that follow one (control_images.py draws it)."""

    picture: Tensor  # (1, 3, H, W) from 0 to 1
    kind: str  # depth, canny
    strength: float = 1.0


@dataclass(frozen=True, eq=False)
class Conditioning:
    """What a picture should show, and how faithfully."""

    prompt: Prompt
    negative: Prompt = ""
    guidance: float | None = None  # None: as the model recommends
    steps: int | None = None
    structure: ControlImage | None = None  # where things are
    reference: Tensor | None = None  # (1, 3, H', W') from 0 to 1: who and what they are; encoded once
    lora_weights: tuple[float, ...] | None = None  # None: as they are
    area: Tensor | None = None  # (1, 1, H, W) from 0, stays, to 1, may change: inpainting.py; None: all of it
    picture: Tensor | None = None  # (1, 3, H, W) from 0 to 1, with an area: what is there, for models that look at it


def refuse_negative(conditioning: Conditioning, model: str) -> None:
    """BadInput where a model that knows no negative prompt is given one. model: what it is, for the sentence."""
    if conditioning.negative:
        raise BadInput(f"{model} and knows no negative prompt; take the negative out.")


class ImageModel(Protocol):
    """A loaded model. `encode_prompt` remembers, so nothing is encoded twice."""

    parts: PipelineParts
    takes_reference: bool  # whether it takes a reference picture
    multiple: int  # width and height must be multiples of it
    steps: int
    guidance: float

    def levels(self, steps: int, width: int, height: int) -> list[float]: ...
    def encode_prompt(self, prompt: Prompt, /) -> Encoding: ...
    def encode(self, picture: Tensor) -> Tensor: ...
    def decode(self, latent: Tensor) -> Tensor: ...
    def check_negative(self, conditioning: "Conditioning") -> None: ...  # BadInput where it knows none
    def denoise(self, latent: Tensor, noise: Tensor, sigma: float, conditioning: Conditioning, seed: int) -> Tensor: ...
    def to_vae_latent(self, latent: Tensor) -> Tensor: ...  # (1, C, H/8, W/8): each where it stands in the picture
    def from_vae_latent(self, latent: Tensor) -> Tensor: ...


@dataclass(frozen=True)
class NoiseSeed:
    """Where the noise comes from; equal seeds give equal pictures."""

    seed: int
    subseed: int = 0
    subseed_strength: float = 0.0  # the share of its noise, 0 to 1
    size: float = 1.0  # of the noise; 1 is what the model was taught with


def image_to_image(
    model: ImageModel, picture: Tensor, sigma: float, conditioning: Conditioning, noise_seed: NoiseSeed
) -> Tensor:
    """The picture after its share `sigma` was replaced by what is described; sigma 0 returns it untouched.

    BackendFailed when the model answers with values that are not numbers.
    """
    if sigma <= 0:
        return picture
    latent = latent_to_latent(model, encode_image(model, picture), sigma, conditioning, noise_seed)
    return decode_latent(model, latent).to(picture)


def latent_to_latent(
    model: ImageModel, latent: Tensor, sigma: float, conditioning: Conditioning, noise_seed: NoiseSeed
) -> Tensor:
    """The same in latents, without the loss of decoding and encoding."""
    if sigma <= 0:
        return latent
    with torch.inference_mode(), naming_out_of_memory(model.parts):
        made = model.denoise(latent, noise_for(latent, noise_seed), min(sigma, 1.0), conditioning, noise_seed.seed)
    return _numbers(made)


def encode_image(model: ImageModel, picture: Tensor) -> Tensor:
    """A picture's latents."""
    with torch.inference_mode(), naming_out_of_memory(model.parts):
        return model.encode(picture).clone()


def decode_latent(model: ImageModel, latent: Tensor) -> Tensor:
    """The picture of latents, float32 from 0 to 1. BackendFailed where the model's answer is not a picture."""
    with torch.inference_mode(), naming_out_of_memory(model.parts):
        made = model.decode(latent)
    return _numbers(made).float().clamp(0, 1)


def _numbers(made: Tensor) -> Tensor:
    if not bool(torch.isfinite(made).all()):
        raise BackendFailed(NO_NUMBERS)
    return made.clone()  # an ordinary tensor, where inference made one that knows less


def noise_for(latent: Tensor, noise_seed: NoiseSeed) -> Tensor:
    """Standard normal noise of a latent's shape, the same on every device.

    Between two seeds, the one noise is turned into the other along the sphere.
    """
    noise = _normal(latent, noise_seed.seed)
    if noise_seed.subseed_strength:
        noise = slerp(noise, _normal(latent, noise_seed.subseed), noise_seed.subseed_strength)
    return noise if noise_seed.size == 1 else noise * noise_seed.size


def slerp(a: Tensor, b: Tensor, share: float) -> Tensor:
    """From a to b along the sphere, so that a mixture of noises has the size of noise."""
    cosine = (a * b).sum() / (a.norm() * b.norm())
    angle = torch.arccos(cosine.clamp(-1, 1))
    if float(angle) < 1e-4:
        return torch.lerp(a, b, share)
    return (torch.sin((1 - share) * angle) * a + torch.sin(share * angle) * b) / torch.sin(angle)


def _normal(like: Tensor, seed: int) -> Tensor:
    return to_device(torch.randn(like.shape, generator=torch.Generator().manual_seed(seed)), like.device).to(like)
