"""Pictures as a GPU takes them without converting a pixel: four bytes seen as one float.

Blender makes textures from floats only. Red, green, blue and a fourth byte are therefore one 32-bit float, which a
shader takes apart again. The fourth byte is the float's sign and exponent: with 63 every color is an ordinary number,
whereas 0 would make denormals, which a GPU may flush to zero, and 127 or 255 NaNs, which it may change.
"""

import numpy as np
from numpy.typing import NDArray

FOURTH = 63


def packed(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """A picture (H, W, 3) uint8 as (H, W) float32, top row first; the bytes are R, G, B, 63 from the lowest on."""
    height, width, _ = pixels.shape
    rgbx = np.empty((height, width, 4), np.uint8)
    rgbx[..., :3] = pixels
    rgbx[..., 3] = FOURTH
    return rgbx.view("<f4")[..., 0]
