"""Hybrid composite: the guide's frame mixed into the picture, evenly or by a mask.

    composite = mask·picture + (1 - mask)·guide;     result = picture + alpha·(composite - picture)

White of the mask keeps the picture. The mask is a depth (near is white), a blend or a difference of the two pictures'
grays; then it is inverted, equalized, given contrast, stretched and equalized again, each if it is asked for.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from . import color_match


@dataclass(frozen=True)
class Adjustment:
    """What is done to a mask."""

    inverse: bool = False
    equalize: str = "None"
    contrast: float = 1.0
    stretched: bool = False
    low: float = 0.0  # percentiles that become black and white
    high: float = 100.0


def composite(picture: Tensor, guide: Tensor, alpha: float, mask: Tensor | None = None) -> Tensor:
    """The guide mixed into the picture by alpha; where a mask is white the picture stays."""
    weight = alpha if mask is None else alpha * (1 - mask)
    return picture + (guide - picture) * weight


def blend_mask(picture: Tensor, guide: Tensor, alpha: float) -> Tensor:
    """How light a mixture of the two is; alpha 0 is the picture: (1, 1, H, W)."""
    return torch.lerp(_luma(picture), _luma(guide), alpha)


def difference_mask(picture: Tensor, guide: Tensor) -> Tensor:
    """How much the two differ in gray: (1, 1, H, W)."""
    return (_luma(picture) - _luma(guide)).abs()


def adjust(mask: Tensor, by: Adjustment) -> Tensor:
    """The mask after everything that is done to it."""
    mask = 1 - mask if by.inverse else mask
    mask = equalize(mask) if by.equalize in ("Before", "Both") else mask
    mask = add_contrast(mask, by.contrast)
    mask = stretch(mask, by.low, by.high) if by.stretched else mask
    return equalize(mask) if by.equalize in ("After", "Both") else mask


def add_contrast(mask: Tensor, contrast: float) -> Tensor:
    """Contrast about the mask's own mean."""
    return mask if contrast == 1 else ((mask - mask.mean()) * contrast + mask.mean()).clamp(0, 1)


def stretch(mask: Tensor, low: float, high: float) -> Tensor:
    """Everything below one percentile black, everything above another white."""
    order = mask.flatten().sort().values
    least, most = (order[round(each / 100 * (len(order) - 1))] for each in (min(low, high), max(low, high)))
    return ((mask - least) / (most - least).clamp(min=1e-6)).clamp(0, 1)


def equalize(mask: Tensor) -> Tensor:
    """Every gray in equal share: each value becomes its rank."""
    even = torch.linspace(0, 1, mask.numel(), device=mask.device).view(mask.shape)
    return color_match.match_channels(mask, even) if mask.amax() > mask.amin() else mask


def _luma(picture: Tensor) -> Tensor:
    return color_match.gray(picture)[:, :1]
