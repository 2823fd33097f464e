"""Colors between pixels: Catmull-Rom where a picture is magnified, averages where it is minified.

Catmull-Rom returns a pixel itself at its center. Where several of the picture's pixels fall into one, their average is
taken from a pyramid of halved pictures, along the longer axis of a long footprint (Heckbert, Survey of Texture
Mapping, 1986). All as sRGB values, not as light: the overshoot at an edge then looks equally weak on both sides, where
in light it would draw black lines along whatever is bright.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
MARGIN = 2  # how far the kernel reaches beyond the picture, whose border is continued
AT_ONCE = 1 << 13  # pixels; what they need then stays in the processor's cache
MANY = 1 << 15  # pixels: from so many on a picture of bytes is worth packing
SHARP, SOFT = 1.1, 1.5  # picture pixels per pixel: up to the first Catmull-Rom alone, from the second the average alone
TAPS = 4  # along a long footprint, at most


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture with its border continued, ready to be sampled."""

    planes: Array  # (3, rows · stride), uint8 or float32, in 0 to 255
    stride: int

    @cached_property
    def half(self) -> "Picture":
        """The picture at half its size: means of 2×2 pixels."""
        rows = self.planes.shape[1] // self.stride
        inner = self.planes.reshape(3, rows, self.stride)[:, MARGIN:-MARGIN, MARGIN:-MARGIN].astype(np.float32)
        even = np.pad(inner, ((0, 0), (0, inner.shape[1] % 2), (0, inner.shape[2] % 2)), mode="edge")
        return _bordered((even[:, ::2, ::2] + even[:, 1::2, ::2] + even[:, ::2, 1::2] + even[:, 1::2, 1::2]) / 4)


def prepare(pixels: NDArray[np.generic]) -> Picture:
    """From (H, W, 3) uint8, or uint16 with 257 times the values."""
    planes = pixels.transpose(2, 0, 1)
    return _bordered(planes if pixels.dtype == np.uint8 else planes.astype(np.float32) / 257)


def _bordered(planes: Array) -> Picture:
    padded = np.pad(planes, ((0, 0), (MARGIN, MARGIN), (MARGIN, MARGIN)), mode="edge")
    return Picture(np.ascontiguousarray(padded).reshape(3, -1), padded.shape[2])


def sample(picture: Picture, x: Array, y: Array) -> NDArray[np.float32]:
    """The colors at pixels (x, y), (N,) each and inside the picture: (3, N), 0 to 255 but for overshoot."""
    colors = np.empty((3, len(x)), np.float32)
    packed = _packed_rows(picture) if picture.planes.dtype == np.uint8 and len(x) >= MANY else None
    for at in range(0, len(x), AT_ONCE):
        part = slice(at, at + AT_ONCE)
        left, top, across, down = footprint(x[part], y[part])
        corner = top * picture.stride + left + (MARGIN - 1) * (picture.stride + 1)
        total = colors[:, part]
        for row in range(4):
            taps = _row(picture, packed, corner)
            taps *= (across * down[row])[:, None]
            line = taps[0]
            for column in (1, 2, 3):
                line += taps[column]
            if row:
                total += line
            else:
                total[:] = line
            corner += picture.stride
    return colors


def _row(picture: Picture, packed: Array | None, corner: NDArray[np.intp]) -> NDArray[np.float32]:
    """Four pixels of a row from each corner (n,) on: (4, 3, n)."""
    if packed is None:
        taps = np.empty((4, 3, len(corner)), np.float32)
        for column in range(4):
            for plane, out in zip(picture.planes, taps[column], strict=True):
                out[:] = plane.take(corner + column, mode="clip")
        return taps
    taken = packed.take(corner, mode="clip").view(np.uint8).reshape(len(corner), 16)
    return taken.T.astype(np.float32, order="C").reshape(4, 4, -1)[:, :3]


@lru_cache(4)  # the key pictures around a frame; 16 bytes a pixel each
def _packed_rows(picture: Picture) -> NDArray[np.complex128]:
    """The four pixels from each pixel of a picture of bytes on, as one number of 16 bytes: one gather instead of 12."""
    count = picture.planes.shape[1]
    pixels = np.zeros((count + 3, 4), np.uint8)
    pixels[:count, :3] = picture.planes.T
    return np.lib.stride_tricks.as_strided(pixels, (count, 16), (4, 1)).copy().view(np.complex128).ravel()


def forget() -> None:
    """Let go of what is kept of pictures between frames: a job has ended."""
    _packed_rows.cache_clear()


def sample_averaged(picture: Picture, x: Array, y: Array, axes: Array) -> NDArray[np.float32]:
    """The same where the picture is minified; axes (4, N): how x and y change from a pixel to its right, and below."""
    colors = np.empty((3, len(x)), np.float32)
    major, minor, along = ellipse(axes)
    taps = np.clip(np.ceil(major / np.maximum(minor, 1) - 0.5), 1, TAPS).astype(np.int64)
    level = np.log2(np.maximum(np.maximum(minor, major / taps), 1))
    for count in np.unique(taps).tolist():
        some = np.flatnonzero(taps == count)
        total = np.zeros((3, len(some)), np.float32)
        for tap in range(count):
            step = (tap + 0.5) / count - 0.5
            at = x[some] + step * along[0, some], y[some] + step * along[1, some]
            total += _trilinear(picture, *at, level[some])
        colors[:, some] = total / count
    return colors


def ellipse(axes: Array) -> tuple[Array, Array, Array]:
    """The longer and the shorter axis (N,) of footprints (4, N) in picture pixels, and the longer as a vector."""
    xx, yx, xy, yy = axes
    along_x, along_y, both = xx * xx + yx * yx, xy * xy + yy * yy, xx * xy + yx * yy
    middle, apart = (along_x + along_y) / 2, np.hypot((along_x - along_y) / 2, both)
    longest = middle + apart
    angle = np.arctan2(2 * both, along_x - along_y) / 2  # of the longer axis, between right and below
    vector = np.stack([xx * np.cos(angle) + xy * np.sin(angle), yx * np.cos(angle) + yy * np.sin(angle)])
    return np.sqrt(longest), np.sqrt(np.maximum(middle - apart, 0)), vector


def _trilinear(picture: Picture, x: Array, y: Array, level: Array) -> Array:
    """Bilinear colors (3, N) between the two levels of the pyramid around each level (N,)."""
    colors = np.zeros((3, len(x)), np.float32)
    at, low = picture, np.floor(level)
    for number in range(int(level.max(initial=0)) + 2):
        weight = np.where(low == number, 1 - (level - low), np.where(low == number - 1, level - low, 0))
        some = np.flatnonzero(weight > 0)
        if len(some):
            values = _bilinear(at, x[some] / 2**number, y[some] / 2**number)
            colors[:, some] += values * weight[some].astype(np.float32)
        if at.stride - 2 * MARGIN > 1 or at.planes.shape[1] // at.stride - 2 * MARGIN > 1:
            at = at.half
    return colors


def _bilinear(picture: Picture, x: Array, y: Array) -> Array:
    columns, rows = picture.stride - 2 * MARGIN, picture.planes.shape[1] // picture.stride - 2 * MARGIN
    x, y = np.clip(x - 0.5, -1, columns) + MARGIN, np.clip(y - 0.5, -1, rows) + MARGIN
    left, top = x.astype(np.intp), y.astype(np.intp)
    across, down = (x - left).astype(np.float32), (y - top).astype(np.float32)
    corner = top * picture.stride + left
    upper = picture.planes[:, corner] * (1 - across) + picture.planes[:, corner + 1] * across
    corner += picture.stride
    lower = picture.planes[:, corner] * (1 - across) + picture.planes[:, corner + 1] * across
    return upper * (1 - down) + lower * down


def sample_some(picture: Picture, x: Array, y: Array, belongs: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Catmull-Rom from those of the 4×4 taps that belong, (4, 4, N) by row and column; (3, N), nan where none does.

    Where one of the inner four is missing the negative weights are left out, so that the rest stays an average.
    """
    left, top, across, down = footprint(x, y)
    corner = top * picture.stride + left + (MARGIN - 1) * (picture.stride + 1)
    weights = down[:, None] * across
    weights *= belongs
    torn = ~belongs[1:3, 1:3].reshape(4, -1).all(axis=0)
    np.maximum(weights, 0, out=weights, where=torn)
    total = weights.reshape(16, -1).sum(axis=0)
    colors = np.zeros((3, len(x)), np.float32)
    for row in range(4):
        for column in range(4):
            at = corner + (row * picture.stride + column)
            for plane, out in zip(picture.planes, colors, strict=True):
                out += plane.take(at) * weights[row, column]
    with np.errstate(invalid="ignore"):
        colors /= np.where(total == 0, np.float32(np.nan), total)
    return colors


def footprint(x: Array, y: Array) -> tuple[NDArray[np.intp], NDArray[np.intp], Array, Array]:
    """The second column and row of the 4×4 taps around each (x, y), and the weights (4, N) of columns and rows."""
    left, top = np.floor(x - 0.5), np.floor(y - 0.5)
    return left.astype(np.intp), top.astype(np.intp), _weights(x - 0.5 - left), _weights(y - 0.5 - top)


def _weights(t: Array) -> Array:
    """Catmull-Rom at t of the way from the second tap to the third: (4, N) float32."""
    t = t.astype(np.float32)
    half, square = t / 2, t * t
    cube = square * half
    inner = 1 - 2.5 * square + 3 * cube, half + 2 * square - 3 * cube
    return np.stack([square - half - cube, *inner, cube - square / 2])
