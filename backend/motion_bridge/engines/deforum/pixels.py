"""Pictures as Python programs hand them over: arrays, or whatever numpy can make one of, such as Pillow's images."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import BadInput

Picture = NDArray[np.uint8]  # (H, W, 3), sRGB, top row first


def as_pixels(image: Any) -> Picture:
    """(H, W, 3) uint8. BadInput for anything else."""
    pixels = np.asarray(image.convert("RGB") if hasattr(image, "convert") else image)
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8:
        raise BadInput(f"The picture is {pixels.dtype} of shape {pixels.shape}; it must be uint8 (H, W, 3).")
    return pixels
