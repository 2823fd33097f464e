"""Pictures at another size, in numpy."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..reproject.resample import prepare, sample, sample_averaged

Array = NDArray[Any]


def resized(picture: Array, width: int, height: int) -> NDArray[np.uint8]:
    """A picture (H, W, 3) of 8 or 16 bits at another size, 8 bits: Catmull-Rom, averages where it is made smaller."""
    old_height, old_width = picture.shape[:2]
    if (old_width, old_height) == (width, height):
        return picture if picture.dtype == np.uint8 else np.rint(picture / 257).astype(np.uint8)
    across, down = old_width / width, old_height / height
    x, y = np.meshgrid((np.arange(width) + 0.5) * across, (np.arange(height) + 0.5) * down)
    source = prepare(picture)
    if max(across, down) <= 1:
        colors = sample(source, x.ravel(), y.ravel())
    else:
        axes = np.repeat(np.array([[across], [0], [0], [down]], np.float32), x.size, axis=1)
        colors = sample_averaged(source, x.ravel(), y.ravel(), axes)
    return np.clip(np.rint(colors.T), 0, 255).astype(np.uint8).reshape(height, width, 3)


def nearest(values: Array, width: int, height: int) -> Array:
    """A map (H, W) at another size, each value one of the old ones."""
    old_height, old_width = values.shape
    row = ((np.arange(height) + 0.5) * old_height / height).astype(np.intp)
    column = ((np.arange(width) + 0.5) * old_width / width).astype(np.intp)
    return values[row[:, None], column]
