"""Pictures at another size."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]


def fill(pixels: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """A picture (H, W, 3) scaled until it covers width × height, what sticks out cut off evenly on both sides."""
    scale = max(width / pixels.shape[1], height / pixels.shape[0])
    across = _weights(pixels.shape[1], width, scale)
    down = _weights(pixels.shape[0], height, scale)
    rows = np.stack([down @ pixels[..., channel].astype(np.float32) @ across.T for channel in range(3)], axis=-1)
    return np.rint(rows).clip(0, 255).astype(np.uint8)


def _weights(size: int, new: int, scale: float) -> Array:
    """How much each of the old pixels counts for each of the new: (new, size), a tent as wide as the larger pixel."""
    centre = (np.arange(new) + 0.5 - new / 2) / scale + size / 2
    reach = max(1.0, 1 / scale)
    weights = np.maximum(0, 1 - np.abs(centre[:, None] - (np.arange(size) + 0.5)) / reach).astype(np.float32)
    return weights / weights.sum(axis=1, keepdims=True)
