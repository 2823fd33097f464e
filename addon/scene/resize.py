"""Pictures that are made to cover a frame."""

import numpy as np
from numpy.typing import NDArray

from ...backend.motion_bridge.media.resize import separable, weights


def fill(pixels: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """A picture (H, W, 3) scaled until it covers width × height, what sticks out cut off evenly on both sides."""
    scale = max(width / pixels.shape[1], height / pixels.shape[0])
    return separable(pixels, weights(pixels.shape[1], width, scale), weights(pixels.shape[0], height, scale))
