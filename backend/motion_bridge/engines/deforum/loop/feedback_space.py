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

from ....models.image_model import Chance, ImageModel, Wish, decoded, encoded, image_to_image, latent_to_latent
from . import color_match
from .images import from_bytes, to_bytes
from .latent_channel_weights import EVEN, Weights
from .sharpen_and_noise import add_noise, match_detail, mix_noise, unsharp

State = NDArray[np.generic] | None


class Space(Protocol):
    """What is fed back, and how the steps are done on it."""

    weights: Weights

    def enter(self, picture: Tensor) -> Tensor: ...  # from a picture (1, 3, H, W)
    def leave(self, fed: Tensor) -> Tensor: ...  # the picture of it
    def state(self, fed: Tensor) -> State: ...  # what a resumed job needs beside the picture
    def recalled(self, picture: Tensor, state: State) -> Tensor | None: ...  # from both; None where it must be remade
    def flow(self, flow: Tensor) -> Tensor: ...  # a flow of pixels (1, H, W, 2), here
    def area(self, area: Tensor) -> Tensor: ...  # a mask (1, 1, H, W), here
    def match(self, fed: Tensor, reference: Tensor, kind: str, amount: float) -> Tensor: ...
    def detail(self, fed: Tensor, reference: Tensor, amount: float) -> Tensor: ...
    def contrast(self, fed: Tensor, factor: float) -> Tensor: ...
    def grey(self, fed: Tensor) -> Tensor: ...
    def sharpen(self, fed: Tensor, amount: float, kernel: int, sigma: float, threshold: float) -> Tensor: ...
    def noisy(self, fed: Tensor, noise: Tensor, amount: Tensor, pull: bool) -> Tensor: ...
    def paint(self, fed: Tensor, sigma: float, wish: Wish, chance: Chance) -> Tensor: ...


class Pixels:
    """Every frame is decoded, kept as it lies on disk, and encoded again."""

    def __init__(self, model: ImageModel, kept: bool = True, weights: Weights = EVEN):
        """kept: whether frames lie on disk as they are painted; they may be larger there."""
        self.model = model
        self.kept = kept
        self.weights = weights

    def enter(self, picture: Tensor) -> Tensor:
        return picture

    def leave(self, fed: Tensor) -> Tensor:
        return fed

    def state(self, fed: Tensor) -> State:
        return None if self.kept else to_bytes(fed)

    def recalled(self, picture: Tensor, state: State) -> Tensor | None:
        if self.kept:
            return picture
        return None if state is None else from_bytes(np.asarray(state, np.uint8), str(picture.device))

    def flow(self, flow: Tensor) -> Tensor:
        return flow

    def area(self, area: Tensor) -> Tensor:
        return area

    def match(self, fed: Tensor, reference: Tensor, kind: str, amount: float) -> Tensor:
        """Colours; the statistics of latents too, at the price of decoding and encoding once more."""
        if kind != "Latent":
            return color_match.match(fed, reference, kind, amount)
        latents = Latents(self.model, weights=self.weights)
        return latents.leave(latents.match(latents.enter(fed), latents.enter(reference), kind, amount), fed.shape[-2:])

    def detail(self, fed: Tensor, reference: Tensor, amount: float) -> Tensor:
        return match_detail(fed, reference, amount, together=True)

    def contrast(self, fed: Tensor, factor: float) -> Tensor:
        return color_match.contrast(fed, factor)

    def grey(self, fed: Tensor) -> Tensor:
        return color_match.grey(fed)

    def sharpen(self, fed: Tensor, amount: float, kernel: int, sigma: float, threshold: float) -> Tensor:
        return unsharp(fed, amount, kernel, sigma, threshold)

    def noisy(self, fed: Tensor, noise: Tensor, amount: Tensor, pull: bool) -> Tensor:
        return mix_noise(fed, noise, amount) if pull else add_noise(fed, noise, amount)

    def paint(self, fed: Tensor, sigma: float, wish: Wish, chance: Chance) -> Tensor:
        """Any size: the model sees the picture with its edges mirrored."""
        height, width = fed.shape[-2:]
        whole = padded(fed.clamp(0, 1), self.model.multiple)
        return image_to_image(self.model, whole, sigma, wish, chance)[..., :height, :width]


class Latents:
    """The model's own answer is warped, cleaned and denoised again; frames on disk are only looked at."""

    def __init__(self, model: ImageModel, kept: bool = True, weights: Weights = EVEN):
        """kept: means nothing here; latents lie beside their frames in any case."""
        self.model = model
        self.weights = weights
        self.size = (0, 0)  # of the pictures, height and width
        self.cell = 8  # pixels that a cell is wide

    def enter(self, picture: Tensor) -> Tensor:
        whole = padded(picture.clamp(0, 1), self.model.multiple)
        return self._measured(picture, self.model.cells(encoded(self.model, whole)))

    def leave(self, fed: Tensor, size: torch.Size | None = None) -> Tensor:
        height, width = self.size if size is None else size
        return decoded(self.model, self.model.from_cells(fed))[..., :height, :width]

    def state(self, fed: Tensor) -> State:
        return fed.float().cpu().numpy()

    def recalled(self, picture: Tensor, state: State) -> Tensor | None:
        return None if state is None else self._measured(picture, torch.from_numpy(np.array(state)).to(picture.device))

    def flow(self, flow: Tensor) -> Tensor:
        """The mean motion of each cell's pixels, in cells."""
        across = padded(flow.permute(0, 3, 1, 2), self.model.multiple, "replicate")
        return functional.avg_pool2d(across, self.cell).permute(0, 2, 3, 1).contiguous() / self.cell

    def area(self, area: Tensor) -> Tensor:
        return functional.avg_pool2d(padded(area, self.model.multiple, "replicate"), self.cell)

    def match(self, fed: Tensor, reference: Tensor, kind: str, amount: float) -> Tensor:
        """Mean and deviation of every channel; the cells keep their order, so nothing is washed out."""
        return color_match.match_statistics(fed, reference, amount * self.weights.of_colour(fed))

    def detail(self, fed: Tensor, reference: Tensor, amount: float) -> Tensor:
        """Each channel's own, in cells."""
        return match_detail(fed, reference, amount, together=False)

    def contrast(self, fed: Tensor, factor: float) -> Tensor:
        """About each channel's mean."""
        mean = fed.mean((2, 3), keepdim=True)
        return fed if factor == 1 else (fed - mean) * factor + mean

    def grey(self, fed: Tensor) -> Tensor:
        return fed  # latents have no grey; the frames that are shown have

    def sharpen(self, fed: Tensor, amount: float, kernel: int, sigma: float, threshold: float) -> Tensor:
        """By cells; a threshold in grey levels means nothing here."""
        return unsharp(fed, amount, min(kernel, *fed.shape[-2:]), sigma)

    def noisy(self, fed: Tensor, noise: Tensor, amount: Tensor, pull: bool) -> Tensor:
        """An amount of 1 is as much noise as there is picture, in each channel."""
        noise = noise * self.weights.of_texture(fed)
        mean, size = fed.mean((2, 3), keepdim=True), fed.std((2, 3), keepdim=True)
        return torch.lerp(fed, mean + size * noise, amount) if pull else fed + amount * size * noise

    def paint(self, fed: Tensor, sigma: float, wish: Wish, chance: Chance) -> Tensor:
        latent = self.model.from_cells(fed)
        return fed if sigma <= 0 else self.model.cells(latent_to_latent(self.model, latent, sigma, wish, chance))

    def _measured(self, picture: Tensor, cells: Tensor) -> Tensor:
        self.size = (picture.shape[-2], picture.shape[-1])
        self.cell = -(-picture.shape[-1] // self.model.multiple) * self.model.multiple // cells.shape[-1]
        return cells


def padded(picture: Tensor, multiple: int, mode: str = "reflect") -> Tensor:
    """The picture (1, C, H, W) with its right and lower edges drawn out to a multiple."""
    height, width = picture.shape[-2:]
    beyond = (0, -width % multiple, 0, -height % multiple)
    return functional.pad(picture, beyond, mode=mode) if any(beyond) else picture
