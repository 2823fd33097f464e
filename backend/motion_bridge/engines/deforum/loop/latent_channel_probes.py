"""Pictures that differ in one thing at a time: where things are, what color they have, what they are made of.

Each is drawn from three numbers, so that any one can be changed and the others kept: a layout of regions, a palette of
colors at a brightness that belongs to the region, and a fine pattern for each region that averages to nothing.
"""

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

REGIONS = 7
COLORFUL = 0.15  # size of Cb and Cr
PATTERN = 0.08  # amplitude of the fine pattern
FINE = (0.12, 0.4)  # its waves in cycles a pixel
KINDS = ("structure", "color", "texture")


@dataclass(frozen=True)
class Recipe:
    """What a picture is drawn from."""

    structure: int
    color: int
    texture: int


def changed(recipe: Recipe, kind: str) -> Recipe:
    """The same but for one thing."""
    return replace(recipe, **{kind: getattr(recipe, kind) + 1_000_003})


def draw(recipe: Recipe, size: int) -> Tensor:
    """(1, 3, size, size) from 0 to 1."""
    where = _layout(recipe.structure, size)
    brightness = np.linspace(0.38, 0.62, REGIONS)  # so that no color is cut off
    palette = np.random.default_rng((recipe.color, 2))
    angle = palette.uniform(0, 2 * np.pi, REGIONS)
    blue, red = COLORFUL * np.cos(angle), COLORFUL * np.sin(angle)
    luma = brightness[where] + PATTERN * _pattern(recipe.texture, where)
    cb, cr = blue[where], red[where]
    rgb = np.stack([luma + 1.402 * cr, luma - 0.344 * cb - 0.714 * cr, luma + 1.772 * cb])
    return torch.from_numpy(rgb.astype(np.float32))[None]


def _layout(seed: int, size: int) -> NDArray[np.intp]:
    """Which region each pixel belongs to: the nearest of a few points, some of which reach further than others."""
    rng = np.random.default_rng((seed, 1))
    points, reach = rng.uniform(0, size, (REGIONS, 2)), rng.uniform(0.6, 1.4, REGIONS)
    at = np.moveaxis(np.mgrid[:size, :size], 0, -1) + 0.5
    distance = np.linalg.norm(at[:, :, None] - points, axis=-1) / reach
    return distance.argmin(-1)


def _pattern(seed: int, where: NDArray[np.intp]) -> NDArray[np.float64]:
    """A wave of its own for each region, from -1 to 1."""
    rng = np.random.default_rng((seed, 3))
    frequency, angle = rng.uniform(*FINE, REGIONS), rng.uniform(0, np.pi, REGIONS)
    phase = rng.uniform(0, 2 * np.pi, REGIONS)
    y, x = np.mgrid[: where.shape[0], : where.shape[1]]
    along = x * np.cos(angle)[where] + y * np.sin(angle)[where]
    return np.sin(2 * np.pi * frequency[where] * along + phase[where])
