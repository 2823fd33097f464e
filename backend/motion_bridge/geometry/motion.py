"""How the pixels of one frame move to another, as matrices.

A pixel (x, y) of frame k that shows a point at depth Z is the homogeneous vector (x, y, 1, 1/Z); with an orthographic
camera, (x, y, 1, Z). Camera, object and the other camera are then one 4×4 matrix, and its result, divided by its third
part, is the pixel and inverse depth (or depth) at frame j. Sky has 1/Z = 0, so it turns with the camera and never
shifts. An orthographic camera sees the sky in one direction only, so there each pixel of sky stays where it is.

On a surface that deforms each triangle has a matrix of its own: a plane's picture moves to its picture by a homography,
(x, y, 1) → (u, v, w), here the product of the corners' homogeneous pixels at j and the inverse of those at k. A fourth
row gives the inverse depth (or depth) in the same way.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..shot import Shot

Array = NDArray[Any]

GONE, DEFORMED = -1, -2  # Motion.row


@dataclass(frozen=True)
class Motion:
    """From frame k to frame j."""

    matrices: NDArray[np.float64]  # (m, 4, 4); the first is that of sky and of what stands still
    row: NDArray[np.int32]  # (objects + 1,) by index: which of them, GONE or DEFORMED
    orthographic: tuple[bool, bool]  # frames k and j
    homography: NDArray[np.float64] | None = None  # (n, 4, 3) of deformed triangles that are seen
    of_triangle: NDArray[np.int32] | None = None  # (F,) their rows, by triangle of frame k


def world_to_pixels(shot: Shot, k: int) -> Array:
    """The 4×4 matrix from the world to the pixel vectors of frame k."""
    drop = np.eye(4)
    drop[:3, :3] = shot.camera.intrinsics[k]
    if shot.camera.orthographic[k]:
        drop[:, [2, 3]] = drop[:, [3, 2]]
    return drop @ np.linalg.inv(shot.camera.pose[k])


def motion_matrices(shot: Shot, k: int, j: int, carried: Array) -> Array:
    """The matrices (m + 1, 4, 4) of what stands still, and of m objects that carried the world at k to that at j."""
    to_then, from_now = world_to_pixels(shot, j), np.linalg.inv(world_to_pixels(shot, k))
    still = np.eye(4) if np.array_equal(to_then, world_to_pixels(shot, k)) else to_then @ from_now
    return np.concatenate([still[None], to_then @ carried @ from_now])


def homographies(now: Array, then: Array) -> Array:
    """(n, 4, 3) from the pixel vectors of triangles' corners at k and at j, (n, 3, 4), one a row; nan where edge-on."""
    out = np.full((len(now), 4, 3), np.nan)
    fine = np.abs(np.linalg.det(now[:, :, :3])) > 0
    out[fine] = np.linalg.solve(now[fine, :, :3], then[fine]).transpose(0, 2, 1)
    return out


def pixel_vectors(shot: Shot, k: int, points: Array) -> Array:
    """World points (..., 3) as (..., 4): (x, y, 1, 1/Z) times their depth Z; orthographic, (x, y, 1, Z)."""
    return np.concatenate([points, np.ones((*points.shape[:-1], 1))], axis=-1) @ world_to_pixels(shot, k).T


def through(matrix: Array, x: Array, y: Array, fourth: Array) -> tuple[Array, Array, Array]:
    """x, y and fourth part of pixel vectors after a 4×4 matrix; nan behind the camera. They broadcast."""
    if np.array_equal(matrix[2], (0, 0, 1, 0)):
        scale = None
    else:
        scale = (matrix[2, 0] * x + (matrix[2, 1] * y + matrix[2, 2])) + matrix[2, 3] * fourth
        with np.errstate(divide="ignore", invalid="ignore"):
            np.divide(1, scale, out=scale)
        scale[~(scale > 0)] = np.nan
    parts = []
    for part in (0, 1, 3):
        if part == 3 and np.array_equal(matrix[3], (0, 0, 0, 1)):
            value = fourth if scale is None else fourth * scale
        else:
            value = (matrix[part, 0] * x + (matrix[part, 1] * y + matrix[part, 2])) + matrix[part, 3] * fourth
            if scale is not None:
                value *= scale
        parts.append(value)
    return parts[0], parts[1], parts[2]


def through_each(matrices: Array, row: Array, x: Array, y: Array, fourth: Array) -> tuple[Array, Array, Array]:
    """The same for pixels (n,) that each have their own matrix: row (n,) of matrices (m, 4, 4)."""
    table = matrices.reshape(-1, 16).T
    u, v, scale, rest = (
        table[at].take(row) * x
        + table[at + 1].take(row) * y
        + table[at + 2].take(row)
        + table[at + 3].take(row) * fourth
        for at in (0, 4, 8, 12)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = np.where(scale > 0, 1 / scale, np.nan)
    return u * scale, v * scale, rest * scale


def through_homography(table: Array, row: Array, x: Array, y: Array) -> tuple[Array, Array, Array]:
    """The same for pixels (n,) that each have their own homography: row (n,) of table (m, 4, 3)."""
    parts = table.reshape(-1, 12).T
    u, v, scale, rest = (
        parts[at].take(row) * x + parts[at + 1].take(row) * y + parts[at + 2].take(row) for at in (0, 3, 6, 9)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = np.where(scale > 0, 1 / scale, np.nan)
    return u * scale, v * scale, rest * scale
