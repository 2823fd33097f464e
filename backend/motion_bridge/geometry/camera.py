"""Pixels, rays and points: the camera of a Shot.

Camera axes are OpenCV's: x right, y down, z forward. Pixel (0, 0) is the top-left corner of the top-left pixel, whose
center is (0.5, 0.5). Poses are 4×4 camera-to-world matrices. Intrinsics are 3×3 upper triangular matrices in pixels;
an orthographic camera uses the same matrix without the division by depth.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]


def pixel_centers(width: int, height: int) -> Array:
    """The center of every pixel: (H, W, 2)."""
    x, y = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    return np.stack([x, y], axis=-1)


def project(points: Array, intrinsics: Array, orthographic: bool = False) -> Array:
    """Where camera-space points (..., 3) fall in the picture: (..., 2) pixels.

    Points at or behind a perspective camera have no pixel: they come out as inf or nan, without a warning.
    """
    x, y = points[..., 0], points[..., 1]
    with np.errstate(divide="ignore", invalid="ignore"):
        if not orthographic:
            x, y = x / points[..., 2], y / points[..., 2]
        return _affine(intrinsics[:2, :2], intrinsics[:2, 2], x, y)


def unproject(pixels: Array, depth: Array, intrinsics: Array, orthographic: bool = False) -> Array:
    """The camera-space points (..., 3) seen at pixels (..., 2), a distance (...) along the optical axis."""
    back = np.linalg.inv(intrinsics[:2, :2])
    plane = _affine(back, -back @ intrinsics[:2, 2], pixels[..., 0], pixels[..., 1])
    points = np.empty((*plane.shape[:-1], 3), np.result_type(plane, depth))
    points[..., :2] = plane if orthographic else plane * depth[..., None]
    points[..., 2] = depth
    return points


def transform(matrix: Array, points: Array) -> Array:
    """Points (..., 3) moved by a 4×4 matrix."""
    return _affine(matrix[:3, :3], matrix[:3, 3], points[..., 0], points[..., 1], points[..., 2])


def _affine(matrix: Array, offset: Array, *coordinates: Array) -> Array:
    """matrix @ point + offset for the points of these coordinates (...): (..., rows).

    Written out, because numpy's product of many points with one small matrix is several times slower.
    """
    out = np.empty((*coordinates[0].shape, len(matrix)), np.result_type(matrix, *coordinates))
    for row, shift in enumerate(offset):
        total = coordinates[0] * matrix[row, 0]
        for column, coordinate in enumerate(coordinates[1:], 1):
            total += coordinate * matrix[row, column]
        out[..., row] = total + shift
    return out
