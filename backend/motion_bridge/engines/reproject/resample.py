"""Colours between pixels: Catmull-Rom, which returns a pixel itself at its centre.

Filtered as sRGB values, not as light: its overshoot at an edge then looks equally weak on both sides, where in light
it would draw black lines along whatever is bright.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
MARGIN = 2  # how far the kernel reaches beyond the picture, whose border is continued
AT_ONCE = 1 << 16  # pixels; what they need then stays in the processor's cache


@dataclass(frozen=True)
class Picture:
    """A picture with its border continued, ready to be sampled."""

    pixels: NDArray[np.uint8]  # (rows · stride, 3)
    stride: int


def prepare(pixels: NDArray[np.uint8]) -> Picture:
    """From (H, W, 3) uint8."""
    padded = np.pad(pixels, ((MARGIN, MARGIN), (MARGIN, MARGIN), (0, 0)), mode="edge")
    return Picture(padded.reshape(-1, 3), padded.shape[1])


def sample(picture: Picture, x: Array, y: Array) -> Array:
    """The colours at pixels (x, y), (N,) each and inside the picture: (N, 3) float32, 0 to 255 but for overshoot."""
    colours = np.zeros((len(x), 3), np.float32)
    for at in range(0, len(x), AT_ONCE):
        part = slice(at, at + AT_ONCE)
        left, top, across, down = footprint(x[part], y[part])
        corner = top * picture.stride + left + (MARGIN - 1) * (picture.stride + 1)
        for row in range(4):
            for column in range(4):
                taken = picture.pixels.take(corner + (row * picture.stride + column), axis=0)
                colours[part] += taken * (down[row] * across[column])[:, None]
    return colours


def sample_some(picture: Picture, x: Array, y: Array, belongs: NDArray[np.bool_]) -> Array:
    """The same from those of the 4×4 taps that belong, (4, 4, N) by row and column; nan where none does.

    Where one of the inner four is missing the negative weights are left out, so that the rest stays an average.
    """
    left, top, across, down = footprint(x, y)
    corner = top * picture.stride + left + (MARGIN - 1) * (picture.stride + 1)
    weights = down[:, None] * across * belongs
    whole = belongs[1:3, 1:3].all((0, 1))
    weights = np.where(whole, weights, np.maximum(weights, 0))
    with np.errstate(invalid="ignore"):
        weights /= weights.sum((0, 1))
    taps = corner + (np.arange(4)[:, None] * picture.stride + np.arange(4))[..., None]
    return np.einsum("rcn,rcnd->nd", weights, picture.pixels[taps])


def footprint(x: Array, y: Array) -> tuple[NDArray[np.intp], NDArray[np.intp], Array, Array]:
    """The second column and row of the 4×4 taps around each (x, y), and the weights (4, N) of columns and rows."""
    left, top = np.floor(x - 0.5), np.floor(y - 0.5)
    return left.astype(np.intp), top.astype(np.intp), _weights(x - 0.5 - left), _weights(y - 0.5 - top)


def _weights(t: Array) -> Array:
    """Catmull-Rom at a share t of the way from the second tap to the third: (4, N) float32."""
    t = t.astype(np.float32)
    half, square = t / 2, t * t
    cube = square * half
    inner = 1 - 2.5 * square + 3 * cube, half + 2 * square - 3 * cube
    return np.stack([square - half - cube, *inner, cube - square / 2])
