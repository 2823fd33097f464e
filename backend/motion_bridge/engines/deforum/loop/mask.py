"""Masks: where generation may change a picture, or noise may come. A mask is (1, 1, H, W) float: 1 changes, 0 stays."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from ....errors import BadInput
from . import images, mask_expressions
from .images import Picture, from_bytes
from .sharpen_and_noise import blur

NAMES = ("everywhere", "init_mask", "video_mask")


class Masks:
    """The masks of a job, frame by frame."""

    def __init__(
        self,
        settings: Mapping[str, Any],
        texts: Mapping[str, list[str]],
        video: Sequence[Picture],
        size: tuple[int, int],
        device: str,
    ):
        """texts: mask_schedule and noise_mask_schedule, where they are given. size: width and height."""
        self.settings = settings
        self.texts = texts
        self.video = video
        self.size = size
        self.device = device
        self._file = lru_cache(8)(self._read)
        self._frame = lru_cache(1)(self._of_video)
        used = settings["mask_file"] or settings["mask_video"]
        self.used = bool(used or "mask_schedule" in texts)
        for k in range(max(len(next(iter(texts.values()), [])), 1)):  # wrong ones are found before anything is made
            if k == 0 or any(series[k] != series[k - 1] for series in texts.values()):
                self.area(k)
                self.noise(k)

    def area(self, k: int) -> Tensor | None:
        """Where frame k may change; None: everywhere."""
        if not self.used:
            return None
        return self._written("mask_schedule", k)

    def noise(self, k: int) -> Tensor | None:
        """Where noise comes at frame k; None: everywhere."""
        if not self.settings["use_noise_mask"]:
            return None
        return self._written("noise_mask_schedule" if "noise_mask_schedule" in self.texts else "mask_schedule", k)

    def _written(self, name: str, k: int) -> Tensor:
        text = self.texts[name][k] if name in self.texts else "{video_mask}"
        return mask_expressions.area(text, lambda which: self._named(which, k), self._file)

    def _named(self, name: str, k: int) -> Tensor:
        width, height = self.size
        if name == "everywhere" or not name:
            return torch.ones(1, 1, height, width, device=self.device)
        if name not in NAMES:
            raise BadInput(f"There is no mask {{{name}}}; there are {', '.join(f'{{{each}}}' for each in NAMES)}.")
        if name == "video_mask" and self.video:
            return self._frame(k)
        if not self.settings["mask_file"]:
            raise BadInput(f"The mask {{{name}}} is asked for; give a mask_file or a mask_video.")
        return self._file(self.settings["mask_file"])

    def _of_video(self, k: int) -> Tensor:
        return self._adjust(self.video[k])

    def _read(self, path: str) -> Tensor:
        name = "mask_file" if path == self.settings["mask_file"] else "mask_schedule"
        return self._adjust(images.fitted(images.read(path, name), *self.size))

    def _adjust(self, pixels: Picture) -> Tensor:
        names = ("mask_contrast_adjust", "mask_brightness_adjust", "mask_invert")
        return adjust(from_bytes(pixels, self.device)[:, :1], *(self.settings[name] for name in names))


def adjust(mask: Tensor, contrast: float = 1.0, brightness: float = 1.0, invert: bool = False) -> Tensor:
    """A mask made harder, lighter or the other way round, as the settings of the field name it."""
    value = ((mask - 0.5) * contrast + 0.5) * brightness
    value = value.clamp(0, 1)
    return 1 - value if invert else value


def soften(mask: Tensor, soft: float) -> Tensor:
    """A mask with `soft` pixels of transition."""
    return blur(mask, 2 * round(3 * soft) + 1, soft) if soft > 0 else mask


def overlay(made: Tensor, kept: Tensor, mask: Tensor) -> Tensor:
    """The generated picture where the mask lets it, the kept one elsewhere."""
    return torch.lerp(kept, made, mask)
