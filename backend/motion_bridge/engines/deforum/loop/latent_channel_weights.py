"""How much of color matching and of noise each channel of the latents gets: by what a report says it answers to.

A report (channels.py) shares each channel out among structure, color and texture; a third each where nothing can be
said of it. Colors are matched in a channel as far as it answers to color, up to a third in full; noise comes by its
share of texture, as much as ever over all channels. Thirds everywhere change nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ....model_registry import folder_check as folders
from ....model_registry import registry
from ....models.image_model import ImageModel
from .latent_channels import KINDS, concludes, read_weights

ALL_ALIKE = "even"
SHIPPED = "channels.json"  # in a model's folder


@dataclass(frozen=True)
class Weights:
    """A share for each channel, 0 to 1; none: all alike."""

    color: tuple[float, ...] = ()
    texture: tuple[float, ...] = ()

    def of_color(self, latent: Tensor) -> Tensor | float:
        """What color matching is multiplied by: (1, C, 1, 1), 0 to 1."""
        return (_channels(self.color, latent.device) * len(KINDS)).clamp(max=1) if self.color else 1.0

    def of_texture(self, latent: Tensor) -> Tensor | float:
        """What noise is multiplied by: (1, C, 1, 1), its mean square 1."""
        if not self.texture:
            return 1.0
        share = _channels(self.texture, latent.device)
        return share / (share**2).mean().sqrt().clamp(min=1e-6)


EVEN = Weights()


def read(settings: Mapping[str, Any], model: ImageModel) -> Weights:
    """The weights that a job asks for. BadInput where its report is of another model, or concludes nothing.

    Where none is named, a model's own report is taken, if it lies in its folder, is of these weights and concludes
    something.
    """
    asked = settings["channel_weights"]
    if settings["feedback"] != "latent" or asked == ALL_ALIKE:
        return EVEN
    folder = registry.find_folder(settings["model"])
    path = Path(asked) if asked else folder / SHIPPED
    if not asked and not path.is_file():
        return EVEN
    same = folders.fingerprint(folder / "vae")
    if not asked and not concludes(path, same):
        return EVEN
    channels = int(model.parts.pipeline.vae.config.latent_channels)
    return Weights(*(tuple(read_weights(path, kind, channels, same)) for kind in ("color", "texture")))


@lru_cache(4)
def _channels(row: tuple[float, ...], device: torch.device) -> Tensor:
    """Brought to the device once, so that no frame waits for it: (C, 1, 1) float32."""
    return torch.tensor(row, device=device)[:, None, None]
