"""Painting a part of a picture: what stays is put back after every step, with the noise of that level.

So the model sees what stays at each step and fits to it what it paints (Lugmayr et al. 2022, RePaint; the inpainting
pipelines of diffusers do the same). Where the area is between 0 and 1, a place begins at that share of sigma (Levin and
Fried 2023, differential diffusion): it changes little, so that the border of an area can be soft.

Models that were taught to inpaint are shown the area and what is around it beside the picture, as more channels.
"""

import torch
from torch import Tensor
from torch.nn import functional

INSIDE = 0.5  # what is more than this of an area is painted by models that know only inside and outside
ROUNDED = 2e-3  # of a level: some samplers know only a thousand of them


def cells(area: Tensor, latent: Tensor) -> Tensor:
    """An area of pixels (1, 1, H, W) in a latent's cells, (1, C, h, w): as much as the most of a cell's pixels."""
    return functional.adaptive_max_pool2d(area.to(latent), latent.shape[-2:]).expand_as(latent)


def put_back(sample: Tensor, original: Tensor, begin: Tensor, level: float) -> Tensor:
    """A sample after the step from a level, with the original where painting has not begun.

    original: the picture with the noise of the level that was reached. begin: the level from which each place is
    painted, 0 where it stays.
    """
    return sample.where((begin > 0) & (begin >= level - ROUNDED), original)


def surroundings(
    area: Tensor | None, picture: Tensor | None, height: int, width: int, device: str
) -> tuple[Tensor, Tensor]:
    """A hard mask (1, 1, H, W), 1 where is painted, and the picture (1, 3, H, W) with gray there.

    Without an area everything is painted.
    """
    if area is None or picture is None:
        return torch.ones(1, 1, height, width, device=device), torch.full((1, 3, height, width), 0.5, device=device)
    mask = (area > INSIDE).to(picture)
    return mask, torch.lerp(picture, torch.full_like(picture, 0.5), mask)
