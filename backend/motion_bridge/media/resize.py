"""Pictures at another size: a tent filter as wide as the larger pixel."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]


def stretched(pixels: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """A picture (H, W, 3) at width × height, whatever its shape was."""
    across = weights(pixels.shape[1], width, width / pixels.shape[1])
    down = weights(pixels.shape[0], height, height / pixels.shape[0])
    return separable(pixels, across, down)


def separable(pixels: NDArray[np.uint8], across: Array, down: Array) -> NDArray[np.uint8]:
    """A picture (H, W, 3) under weights for its columns (new W, W) and rows (new H, H)."""
    rows = np.stack([down @ pixels[..., channel].astype(np.float32) @ across.T for channel in range(3)], axis=-1)
    return np.rint(rows).clip(0, 255).astype(np.uint8)


def weights(size: int, new: int, scale: float) -> Array:
    """How much each of the old pixels counts for each of the new, the middle kept: (new, size)."""
    center = (np.arange(new) + 0.5 - new / 2) / scale + size / 2
    reach = max(1.0, 1 / scale)
    tent = np.maximum(0, 1 - np.abs(center[:, None] - (np.arange(size) + 0.5)) / reach).astype(np.float32)
    return tent / tent.sum(axis=1, keepdims=True)
