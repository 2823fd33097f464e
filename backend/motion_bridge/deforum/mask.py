"""Masks: where generation may change a picture. A mask is (1, 1, H, W) float: 1 changes, 0 stays."""

import torch
from torch import Tensor

from .detail import blur


def adjusted(mask: Tensor, contrast: float = 1.0, brightness: float = 1.0, invert: bool = False) -> Tensor:
    """A mask made harder, lighter or the other way round, as the settings of the field name it."""
    value = ((mask - 0.5) * contrast + 0.5) * brightness
    value = value.clamp(0, 1)
    return 1 - value if invert else value


def overlay(made: Tensor, kept: Tensor, mask: Tensor, soft: float = 0.0) -> Tensor:
    """The generated picture where the mask lets it, the kept one elsewhere; `soft` pixels of transition."""
    edge = blur(mask, 2 * round(3 * soft) + 1, soft) if soft > 0 else mask
    return torch.lerp(kept, made, edge)
