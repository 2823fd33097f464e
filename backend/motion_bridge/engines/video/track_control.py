"""Tracks as dots with a trail on black: what LTX-2's motion-track LoRA was taught with.

On a canvas whose shorter side has 1080 pixels, each track draws its last 51 positions, the oldest with a radius of 2
pixels and the newest with 8; colors go from blue (oldest) over green and yellow to red. The canvas is then shrunk, and
red and blue change places, because the training wrote BGR: in the picture the newest dot is blue.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...shot import Shot
from .between_frames import between
from .resize import resized

Array = NDArray[Any]

CANVAS = 1080  # pixels of the shorter side
TRAIL = 51  # positions
OLDEST, NEWEST = 2.0, 8.0  # pixels, radius
COLORS = np.array([[0, 0, 255], [0, 255, 0], [255, 255, 0], [255, 0, 0]], float)  # of age, oldest first; RGB


def at_times(shot: Shot, times: Array) -> tuple[Array, NDArray[np.bool_]]:
    """Tracks between frames: (N, S, 2) pixels on straight lines, and (N, S) whether the nearer frame shows the point.

    times: (S,) in frames since the Shot's first one.
    """
    assert shot.tracks is not None
    where = between(shot, times)
    xy = np.asarray(shot.tracks.xy, np.float64)
    high = np.minimum(where.low + 1, xy.shape[1] - 1)
    at = xy[:, where.low] + (xy[:, high] - xy[:, where.low]) * where.share[:, None]
    return at, np.asarray(shot.tracks.visible)[:, where.nearest]


def frame(
    xy: Array, visible: NDArray[np.bool_], k: int, size: tuple[int, int], out: tuple[int, int]
) -> NDArray[np.uint8]:
    """The picture (H, W, 3) of position k of tracks (N, S, 2) of a picture of `size`, at `out` (width, height)."""
    scale = CANVAS / min(out)
    width, height = (round(side * scale) for side in out)
    canvas = np.zeros((height, width, 3), np.uint8)
    stretch = np.array([width / size[0], height / size[1]])
    for age in range(min(TRAIL - 1, k), -1, -1):  # the newest last, on top
        share = 1 - age / (TRAIL - 1)
        radius = OLDEST + (NEWEST - OLDEST) * share
        color = _color(share)
        shown = visible[:, k - age] & np.isfinite(xy[:, k - age]).all(-1)
        for x, y in np.rint(xy[shown, k - age] * stretch).astype(int).tolist():
            _dot(canvas, x, y, radius, color)
    return resized(canvas, *out)[..., ::-1]


def _color(share: float) -> NDArray[np.uint8]:
    place = share * (len(COLORS) - 1)
    low = min(int(place), len(COLORS) - 2)
    return np.rint(COLORS[low] + (COLORS[low + 1] - COLORS[low]) * (place - low)).astype(np.uint8)


def _dot(canvas: NDArray[np.uint8], x: int, y: int, radius: float, color: NDArray[np.uint8]) -> None:
    reach = int(radius)
    height, width = canvas.shape[:2]
    top, bottom = max(0, y - reach), min(height, y + reach + 1)
    left, right = max(0, x - reach), min(width, x + reach + 1)
    if top >= bottom or left >= right:
        return
    rows, columns = np.mgrid[top:bottom, left:right]
    canvas[top:bottom, left:right][(rows - y) ** 2 + (columns - x) ** 2 <= radius**2] = color
