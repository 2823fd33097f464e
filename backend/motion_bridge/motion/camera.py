"""Pixels, rays and points: the camera of a Shot.

Camera axes are OpenCV's: x right, y down, z forward. Pixel (0, 0) is the top-left corner of the top-left pixel, whose
centre is (0.5, 0.5). Poses are 4×4 camera-to-world matrices. Intrinsics are 3×3 upper triangular matrices in pixels;
an orthographic camera uses the same matrix without the division by depth.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]


def pixel_centres(width: int, height: int) -> Array:
    """The centre of every pixel: (H, W, 2)."""
    x, y = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    return np.stack([x, y], axis=-1)


def project(points: Array, intrinsics: Array, orthographic: bool = False) -> Array:
    """Where camera-space points (..., 3) fall in the picture: (..., 2) pixels.

    Points at or behind a perspective camera have no pixel: they come out as inf or nan, without a warning.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        plane = points[..., :2] if orthographic else points[..., :2] / points[..., 2:]
    return plane @ intrinsics[:2, :2].T + intrinsics[:2, 2]


def unproject(pixels: Array, depth: Array, intrinsics: Array, orthographic: bool = False) -> Array:
    """The camera-space points (..., 3) seen at pixels (..., 2), a distance (...) along the optical axis."""
    plane = (pixels - intrinsics[:2, 2]) @ np.linalg.inv(intrinsics[:2, :2]).T
    if not orthographic:
        plane = plane * depth[..., None]
    return np.concatenate([plane, depth[..., None]], axis=-1)


def transform(matrix: Array, points: Array) -> Array:
    """Points (..., 3) moved by a 4×4 matrix."""
    return points @ matrix[:3, :3].T + matrix[:3, 3]
