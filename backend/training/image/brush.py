"""What pictures are painted with: masks of shapes, grain, and a mask's worth of color laid over a picture.

Pictures are (S, S, 3) float32, sRGB 0 to 1; masks (S, S) float32 with soft edges; places in fractions of the side,
x to the right and y down.
"""

from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]
SHIFT = 4  # bits of a pixel's fraction in OpenCV's coordinates
GRAINS, GRAIN_SIDE = 12, 768


def blank(size: int) -> Array:
    return np.zeros((size, size, 3), np.float32)


def polygon(size: int, corners: Array) -> Array:
    """corners: (N, 2)."""
    mask = np.zeros((size, size), np.uint8)
    fixed = np.round(np.asarray(corners, np.float32) * size * 2**SHIFT).astype(np.int32)
    cv2.fillPoly(mask, [fixed], 255, cv2.LINE_AA, SHIFT)
    return mask.astype(np.float32) / 255


def ellipse(size: int, x: float, y: float, wide: float, high: float, turn: float = 0.0) -> Array:
    """wide and high: half axes; turn: degrees."""
    angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    at = np.stack([wide * np.cos(angle), high * np.sin(angle)], 1)
    c, s = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    return polygon(size, at @ np.array([[c, s], [-s, c]]) + (x, y))


def box(size: int, left: float, top: float, right: float, bottom: float) -> Array:
    return polygon(size, np.array([[left, top], [right, top], [right, bottom], [left, bottom]]))


def below(size: int, height: Array) -> Array:
    """Everything under a line of heights (N,), given from the left edge to the right."""
    across = np.linspace(0, 1, len(height))
    line = np.stack([across, height], 1)
    return polygon(size, np.concatenate([line, [[1, 1.1], [0, 1.1]]]))


def ridge(rng: Generator, rough: float, octaves: int) -> Array:
    """A line of heights (65,), about -1 to 1, of rising frequency and falling size; rough: what each octave keeps."""
    across, line, size = np.linspace(0, 1, 65), np.zeros(65), 1.0
    for octave in range(octaves):
        knots = rng.uniform(-1, 1, 3 + 2 ** (octave + 1))
        line += size * np.interp(across, np.linspace(0, 1, len(knots)), knots)
        size *= rough
    if octaves < 3:  # round hills
        line = np.convolve(np.pad(line, 6, "edge"), np.hanning(13) / np.hanning(13).sum(), "valid")
    return np.asarray(line, np.float64)


def over(picture: Array, mask: Array, color: object) -> None:
    """Lay a color (3,) or a field of colors (S, S, 3) over a picture, in place."""
    rows, columns = (np.flatnonzero(np.any(mask, axis=axis)) for axis in (1, 0))
    if not len(rows):
        return
    area = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)  # most shapes are small
    field = np.asarray(color, np.float32)
    picture[area] += ((field[area] if field.ndim == 3 else field) - picture[area]) * mask[area][..., None]


def gradient(size: int, top: object, bottom: object, end: float = 1.0) -> Array:
    """From one color to another, downwards; reached at `end`."""
    share = np.clip(np.linspace(0, 1 / end, size, dtype=np.float32), 0, 1)[:, None, None]
    field = np.asarray(top, np.float32) * (1 - share) + np.asarray(bottom, np.float32) * share
    return np.broadcast_to(field, (size, size, 3)).copy()


def grain(rng: Generator, size: int, scale: float, stretch: float = 1.0) -> Array:
    """Cloudy noise, mean 0, deviation about 1, features about `scale` of the side wide; stretch: wider than high."""
    tile = _tiles()[int(rng.integers(GRAINS))]
    high = int(np.clip(6 / scale, 8, GRAIN_SIDE / 2))  # features of the tiles are about six texels
    wide = int(np.clip(high / stretch, 8, GRAIN_SIDE / 2))
    y, x = rng.integers(GRAIN_SIDE - high), rng.integers(GRAIN_SIDE - wide)
    part = tile[y : y + high, x : x + wide]
    return np.asarray(cv2.resize(part, (size, size), interpolation=cv2.INTER_CUBIC), np.float32)


@lru_cache(1)
def _tiles() -> list[Array]:
    rng = np.random.default_rng(0)
    tiles = []
    for _ in range(GRAINS):
        noise = rng.standard_normal((GRAIN_SIDE, GRAIN_SIDE)).astype(np.float32)
        soft = cv2.GaussianBlur(noise, (0, 0), 2.0) * 7 + 0.25 * cv2.GaussianBlur(noise, (0, 0), 0.8) * 3
        tiles.append(soft / soft.std())
    return tiles
