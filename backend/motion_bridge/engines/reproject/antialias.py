"""Silhouettes as the key pictures' renderer shows them.

Every pixel takes the color of the surface at its center, so where a silhouette runs over what a picture shows unmixed
it would be a staircase. There, and only there, a pixel is mixed with its neighbors, as much as the pixels along the
silhouettes of a key picture are. A silhouette that came along with its surface has its mixture already, so a scene that
stands still stays as it is, and the frames of a renderer without antialiasing have none either.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...geometry.visible_surfaces import Mask, Surfaces

Array = NDArray[Any]

MOST = 0.25  # of a neighbor's color


def antialias(colors: Array, where: Mask, share: float) -> None:
    """Mix the colors (H, W, 3) at some pixels (H, W) in place; share: of each neighbor's color, along each axis."""
    row, column = np.nonzero(where)
    if share <= 0 or not len(row):
        return
    height, width = where.shape
    flat, total = colors.reshape(-1, 3), np.zeros((len(row), 3), np.float32)
    weights = share, 1 - 2 * share, share
    for down, weight in zip((-1, 0, 1), weights, strict=True):
        line = np.clip(row + down, 0, height - 1) * width
        for right, part in zip((-1, 0, 1), weights, strict=True):
            beside = line + np.clip(column + right, 0, width - 1)
            total += np.float32(weight * part) * flat.take(beside, axis=0)
    colors[row, column] = total


def mixture(pixels: NDArray[np.generic], surfaces: Surfaces) -> float:
    """How much of the other side's color the pixels beside a picture's silhouettes hold, on average: 0 to MOST.

    The slope of a regression: where a silhouette runs between the second and the third of four pixels in a row, those
    two differ from the outer ones by so much of the outer ones' difference. About 1/8 for a box filter of one pixel, 0
    without antialiasing.
    """
    shared = total = 0.0
    for axis, edge in ((1, surfaces.edge_right), (0, surfaces.edge_below)):
        lines, edges = np.moveaxis(pixels, axis, 0), np.moveaxis(edge, axis, 0)
        at, along = np.nonzero(edges[1:-2] & ~edges[:-3] & ~edges[2:-1])
        outer, inner, across, beyond = (lines[at + step, along].astype(np.float64) for step in range(4))
        difference = beyond - outer
        shared += float(((inner - outer) * difference).sum() + ((beyond - across) * difference).sum())
        total += 2 * float((difference**2).sum())
    return float(np.clip(shared / total, 0, MOST)) if total > 0 else 0.0
