"""Where the picture that is fed back lives: in pixels, or in the model's latents, which are never decoded and encoded.

The steps of the loop are the same in both; what differs is here. What is fed back is (1, C, h, w) float32: pixels from
0 to 1, or latent cells (8 pixels wide in most models), each where it stands in the picture.
"""

from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from ....models.image_model import (
    Conditioning,
    ImageModel,
    NoiseSeed,
    decode_latent,
    encode_image,
    image_to_image,
    latent_to_latent,
)
from . import color_match, sharpen_and_noise
from .images import from_bytes, to_bytes
from .latent_channel_weights import EVEN, Weights

Saved = NDArray[np.generic] | None  # what lies beside a frame on disk


class FeedbackSpace(Protocol):
    """What is fed back, and how the steps are done on it."""

    weights: Weights

    def encode(self, picture: Tensor) -> Tensor: ...  # from a picture (1, 3, H, W)
    def decode(self, feedback: Tensor) -> Tensor: ...  # the picture of it
    def saved(self, feedback: Tensor) -> Saved: ...  # what a resumed job needs beside the picture
    def restore(self, picture: Tensor, saved: Saved) -> Tensor | None: ...  # from both; None where it must be remade
    def flow(self, flow: Tensor) -> Tensor: ...  # a flow of pixels (1, H, W, 2), here
    def mask(self, mask: Tensor) -> Tensor: ...  # a mask (1, 1, H, W), here
    def match_color(self, feedback: Tensor, reference: Tensor, kind: str, amount: float) -> Tensor: ...
    def match_detail(self, feedback: Tensor, reference: Tensor, amount: float) -> Tensor: ...
    def adjust_contrast(self, feedback: Tensor, factor: float) -> Tensor: ...
    def desaturate(self, feedback: Tensor) -> Tensor: ...
    def sharpen(self, feedback: Tensor, amount: float, kernel: int, sigma: float, threshold: float) -> Tensor: ...
    def add_noise(self, feedback: Tensor, noise: Tensor, amount: Tensor, pull: bool) -> Tensor: ...
    def img2img(self, feedback: Tensor, sigma: float, conditioning: Conditioning, noise_seed: NoiseSeed) -> Tensor: ...


class PixelSpace:
    """Every frame is decoded, kept as it lies on disk, and encoded again."""

    def __init__(self, model: ImageModel, kept: bool = True, weights: Weights = EVEN):
        """kept: whether frames lie on disk as they are painted; they may be larger there."""
        self.model = model
        self.kept = kept
        self.weights = weights

    def encode(self, picture: Tensor) -> Tensor:
        return picture

    def decode(self, feedback: Tensor) -> Tensor:
        return feedback

    def saved(self, feedback: Tensor) -> Saved:
        return None if self.kept else to_bytes(feedback)

    def restore(self, picture: Tensor, saved: Saved) -> Tensor | None:
        if self.kept:
            return picture
        return None if saved is None else from_bytes(np.asarray(saved, np.uint8), str(picture.device))

    def flow(self, flow: Tensor) -> Tensor:
        return flow

    def mask(self, mask: Tensor) -> Tensor:
        return mask

    def match_color(self, feedback: Tensor, reference: Tensor, kind: str, amount: float) -> Tensor:
        """Colors; the statistics of latents too, at the price of decoding and encoding once more."""
        if kind != "Latent":
            return color_match.match(feedback, reference, kind, amount)
        latents = LatentSpace(self.model, weights=self.weights)
        return latents.decode(
            latents.match_color(latents.encode(feedback), latents.encode(reference), kind, amount), feedback.shape[-2:]
        )

    def match_detail(self, feedback: Tensor, reference: Tensor, amount: float) -> Tensor:
        return sharpen_and_noise.match_detail(feedback, reference, amount, together=True)

    def adjust_contrast(self, feedback: Tensor, factor: float) -> Tensor:
        return color_match.contrast(feedback, factor)

    def desaturate(self, feedback: Tensor) -> Tensor:
        return color_match.gray(feedback)

    def sharpen(self, feedback: Tensor, amount: float, kernel: int, sigma: float, threshold: float) -> Tensor:
        return sharpen_and_noise.unsharp(feedback, amount, kernel, sigma, threshold)

    def add_noise(self, feedback: Tensor, noise: Tensor, amount: Tensor, pull: bool) -> Tensor:
        return (
            sharpen_and_noise.mix_noise(feedback, noise, amount)
            if pull
            else sharpen_and_noise.add_noise(feedback, noise, amount)
        )

    def img2img(self, feedback: Tensor, sigma: float, conditioning: Conditioning, noise_seed: NoiseSeed) -> Tensor:
        """Any size: the model sees the picture with its edges mirrored."""
        height, width = feedback.shape[-2:]
        whole = padded(feedback.clamp(0, 1), self.model.multiple)
        return image_to_image(self.model, whole, sigma, conditioning, noise_seed)[..., :height, :width]


class LatentSpace:
    """The model's own answer is warped, cleaned and denoised again; frames on disk are only looked at."""

    def __init__(self, model: ImageModel, kept: bool = True, weights: Weights = EVEN):
        """kept: means nothing here; latents lie beside their frames in any case."""
        self.model = model
        self.weights = weights
        self.size = (0, 0)  # of the pictures, height and width
        self.cell = 8  # pixels that a cell is wide

    def encode(self, picture: Tensor) -> Tensor:
        whole = padded(picture.clamp(0, 1), self.model.multiple)
        return self._measured(picture, self.model.to_vae_latent(encode_image(self.model, whole)))

    def decode(self, feedback: Tensor, size: torch.Size | None = None) -> Tensor:
        height, width = self.size if size is None else size
        return decode_latent(self.model, self.model.from_vae_latent(feedback))[..., :height, :width]

    def saved(self, feedback: Tensor) -> Saved:
        return feedback.float().cpu().numpy()

    def restore(self, picture: Tensor, saved: Saved) -> Tensor | None:
        return None if saved is None else self._measured(picture, torch.from_numpy(np.array(saved)).to(picture.device))

    def flow(self, flow: Tensor) -> Tensor:
        """The mean motion of each cell's pixels, in cells."""
        across = padded(flow.permute(0, 3, 1, 2), self.model.multiple, "replicate")
        return functional.avg_pool2d(across, self.cell).permute(0, 2, 3, 1).contiguous() / self.cell

    def mask(self, mask: Tensor) -> Tensor:
        return functional.avg_pool2d(padded(mask, self.model.multiple, "replicate"), self.cell)

    def match_color(self, feedback: Tensor, reference: Tensor, kind: str, amount: float) -> Tensor:
        """Mean and deviation of every channel; the cells keep their order, so nothing is washed out."""
        return color_match.match_statistics(feedback, reference, amount * self.weights.of_color(feedback))

    def match_detail(self, feedback: Tensor, reference: Tensor, amount: float) -> Tensor:
        """Each channel's own, in cells."""
        return sharpen_and_noise.match_detail(feedback, reference, amount, together=False)

    def adjust_contrast(self, feedback: Tensor, factor: float) -> Tensor:
        """About each channel's mean."""
        mean = feedback.mean((2, 3), keepdim=True)
        return feedback if factor == 1 else (feedback - mean) * factor + mean

    def desaturate(self, feedback: Tensor) -> Tensor:
        return feedback  # latents have no gray; the frames that are shown have

    def sharpen(self, feedback: Tensor, amount: float, kernel: int, sigma: float, threshold: float) -> Tensor:
        """By cells; a threshold in gray levels means nothing here."""
        return sharpen_and_noise.unsharp(feedback, amount, min(kernel, *feedback.shape[-2:]), sigma)

    def add_noise(self, feedback: Tensor, noise: Tensor, amount: Tensor, pull: bool) -> Tensor:
        """An amount of 1 is as much noise as there is picture, in each channel."""
        noise = noise * self.weights.of_texture(feedback)
        mean, size = feedback.mean((2, 3), keepdim=True), feedback.std((2, 3), keepdim=True)
        return torch.lerp(feedback, mean + size * noise, amount) if pull else feedback + amount * size * noise

    def img2img(self, feedback: Tensor, sigma: float, conditioning: Conditioning, noise_seed: NoiseSeed) -> Tensor:
        latent = self.model.from_vae_latent(feedback)
        return (
            feedback
            if sigma <= 0
            else self.model.to_vae_latent(latent_to_latent(self.model, latent, sigma, conditioning, noise_seed))
        )

    def _measured(self, picture: Tensor, cells: Tensor) -> Tensor:
        self.size = (picture.shape[-2], picture.shape[-1])
        self.cell = -(-picture.shape[-1] // self.model.multiple) * self.model.multiple // cells.shape[-1]
        return cells


def padded(picture: Tensor, multiple: int, mode: str = "reflect") -> Tensor:
    """The picture (1, C, H, W) with its right and lower edges drawn out to a multiple."""
    height, width = picture.shape[-2:]
    beyond = (0, -width % multiple, 0, -height % multiple)
    return functional.pad(picture, beyond, mode=mode) if any(beyond) else picture
