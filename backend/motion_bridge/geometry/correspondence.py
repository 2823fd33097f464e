"""Where the points that one frame shows stood at another.

A pixel (x, y) of frame k that shows a point at depth Z is the homogeneous vector (x, y, 1, 1/Z); with an orthographic
camera, (x, y, 1, Z). Camera, object and the other camera are then one 4×4 matrix, and its result, divided by its third
part, is the pixel and nearness (or depth) at frame j. Sky has 1/Z = 0, so it turns with the camera and never shifts.
An orthographic camera sees the sky in one direction only, so there each pixel of sky stays where it is.

A point counts as seen at frame j when it lies inside the picture, in front of the camera, and among the four pixels
around it those that show the same object at its depth (Surfaces.slack) make up at least a quarter of the bilinear
weights: half a pixel of doubt at a silhouette, no more.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..shot import Shot
from .visible_surfaces import Surfaces, surfaces

Array = NDArray[Any]
Pixels = NDArray[np.intp]  # positions in a flattened picture

ENOUGH = 0.25  # of the bilinear weights


@dataclass(frozen=True)
class Correspondence:
    """For some pixels of frame k, what became of their points at frame j."""

    x: Array  # (N,) float64 pixels, nan behind the camera
    y: Array
    nearness: Array  # (N,) 1/depth at frame j
    seen: NDArray[np.bool_]  # (N,)


def where_was(shot: Shot, k: int, j: int) -> tuple[Array, NDArray[np.bool_]]:
    """Where the point that each pixel of frame k shows was at frame j: (H, W, 2) pixels, and whether it was seen there.

    k and j are positions in the Shot, in any order. The Shot needs depth; without objects everything stands still.
    """
    here = surfaces(shot, k)
    found = follow(shot, k, j, here, surfaces(shot, j), np.arange(here.index.size))
    size = here.index.shape
    return np.stack([found.x, found.y], -1).reshape(*size, 2), found.seen.reshape(size)


def follow(shot: Shot, k: int, j: int, here: Surfaces, there: Surfaces, pixels: Pixels) -> Correspondence:
    """The same for some pixels of frame k; `here` and `there` are the surfaces of frames k and j."""
    index, near = here.index.ravel()[pixels], here.nearness.ravel()[pixels].astype(np.float64)
    x, y, nearness = _moved(shot, k, j, pixels, index, near)
    with np.errstate(invalid="ignore"):
        inside = (x >= 0) & (x <= shot.width) & (y >= 0) & (y <= shot.height) & (nearness >= 0)
    seen = np.zeros(len(pixels), bool)
    (inside,) = np.nonzero(inside)
    seen[inside] = _is_seen(there, x[inside], y[inside], nearness[inside], index[inside])
    return Correspondence(x, y, nearness, seen)


def same_surface(there: Surfaces, tap: Pixels, index: NDArray[np.uint16], nearness: Array, reach: float = 1) -> NDArray:
    """Whether pixels `tap` of a frame show that object at that nearness; reach: how far off the taps are, in pixels."""
    gap = abs(there.nearness.ravel()[tap] - nearness)
    return (there.index.ravel()[tap] == index) & (gap <= reach * there.slack.ravel()[tap])


def _is_seen(there: Surfaces, x: Array, y: Array, nearness: Array, index: NDArray[np.uint16]) -> NDArray[np.bool_]:
    height, width = there.index.shape
    column = np.minimum(x.astype(np.intp), width - 1)
    row = np.minimum(y.astype(np.intp), height - 1)
    nearest = row * width + column
    seen = same_surface(there, nearest, index, nearness)
    (doubt,) = np.nonzero(~seen & there.near_edge.ravel()[nearest])
    weight = np.zeros(len(doubt))
    left, top = np.floor(x[doubt] - 0.5), np.floor(y[doubt] - 0.5)
    for down in (0, 1):
        for right in (0, 1):
            column = np.clip(left + right, 0, width - 1).astype(np.intp)
            row = np.clip(top + down, 0, height - 1).astype(np.intp)
            share = (1 - abs(left + right + 0.5 - x[doubt])) * (1 - abs(top + down + 0.5 - y[doubt]))
            weight += share * same_surface(there, row * width + column, index[doubt], nearness[doubt])
    seen[doubt] = weight >= ENOUGH
    return seen


def _moved(
    shot: Shot, k: int, j: int, pixels: Pixels, index: NDArray[np.uint16], near: Array
) -> tuple[Array, Array, Array]:
    """x, y and nearness at frame j, before anybody asks whether they can be seen."""
    row, column = np.divmod(pixels, shot.width)
    at = column + 0.5, row + 0.5
    sky = near == 0
    flat = shot.camera.orthographic[k], shot.camera.orthographic[j]
    fourth = 1 / np.where(sky, 1, near) if flat[0] else near
    result = _through(_motion(shot, k, j, None), at, fourth)
    if shot.objects is not None:
        for thing in np.flatnonzero(np.bincount(index)[1:]):
            then, now = shot.objects.pose[thing, j], shot.objects.pose[thing, k]
            if not np.array_equal(then, now):
                (mine,) = np.nonzero(index == thing + 1)
                move = _motion(shot, k, j, then @ np.linalg.inv(now))
                for whole, part in zip(result, _through(move, (at[0][mine], at[1][mine]), fourth[mine]), strict=True):
                    whole[mine] = part
    x, y, fourth = result
    if flat[1]:
        with np.errstate(divide="ignore"):
            fourth = np.where(sky, 0, 1 / fourth)
    if any(flat):
        stays = (at[0], at[1]) if all(flat) else (np.nan, np.nan)
        x, y = np.where(sky, stays[0], x), np.where(sky, stays[1], y)
    return x, y, fourth


def _through(matrix: Array, at: tuple[Array, Array], fourth: Array) -> tuple[Array, Array, Array]:
    u, v, share, rest = (row[0] * at[0] + row[1] * at[1] + row[3] * fourth + row[2] for row in matrix)
    share = np.where(share > 0, share, np.nan)
    return u / share, v / share, rest / share


def _motion(shot: Shot, k: int, j: int, carried: Array | None) -> Array:
    """The 4×4 matrix from the pixel vectors of frame k to those of frame j.

    carried: where the object took what was at the world's points at frame k; None for what stands still.
    """
    then, now = _camera(shot, j), _camera(shot, k)
    if carried is None:
        return np.eye(4) if np.array_equal(then, now) else then @ np.linalg.inv(now)
    return then @ carried @ np.linalg.inv(now)


def _camera(shot: Shot, k: int) -> Array:
    """The 4×4 matrix from the world to the pixel vectors of frame k."""
    drop = np.eye(4)
    drop[:3, :3] = shot.camera.intrinsics[k]
    if shot.camera.orthographic[k]:
        drop[:, [2, 3]] = drop[:, [3, 2]]
    return drop @ np.linalg.inv(shot.camera.pose[k])
