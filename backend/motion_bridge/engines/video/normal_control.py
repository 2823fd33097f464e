"""Which way surfaces face, as pictures: red to the right, green up, blue to the viewer; black where there is nothing.

Over a plane inverse depth w is linear in the pixel: w = m · (u, v, 1). With the lens K, a point is K⁻¹ (u, v, 1) / w,
so n · X = 1 holds for n = Kᵀ m. The slope of w within a surface therefore gives its normal, exactly where it is flat.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...geometry.visible_surfaces import Surfaces

Array = NDArray[np.float64]

TO_VIEWER = np.array([-1.0, 1.0, 1.0])  # n points away, x right, y down, z forward; a normal points here, y up


def normals(here: Surfaces, intrinsics: NDArray[Any]) -> Array:
    """Unit normals (H, W, 3): x to the right, y up, z to the viewer; zero where there is nothing.

    intrinsics: (3, 3), the lens in pixels.
    """
    near = here.inverse_depth.astype(np.float64)
    parts = here.parts
    right, below = here.edge_right.copy(), here.edge_below.copy()
    right[:, :-1] |= parts[:, 1:] != parts[:, :-1]
    below[:-1] |= parts[1:] != parts[:-1]
    across, down = _slope(near, right), _slope(near.T, below.T).T
    height, width = near.shape
    u, v = np.arange(width) + 0.5, np.arange(height)[:, None] + 0.5
    m = np.stack([across, down, near - across * u - down * v], axis=-1)
    n = m @ np.asarray(intrinsics, np.float64)  # Kᵀ m for each pixel
    length = np.linalg.norm(n, axis=-1, keepdims=True)
    return n / np.where(length > 0, length, 1) * TO_VIEWER * (near > 0)[..., None]


def picture(here: Surfaces, intrinsics: NDArray[Any]) -> NDArray[np.uint8]:
    """Normals as a picture (H, W, 3): (n + 1) / 2 in 255 steps."""
    found = normals(here, intrinsics)
    shown = np.rint(255 * (found + 1) / 2).astype(np.uint8)
    shown[here.inverse_depth <= 0] = 0
    return shown


def _slope(near: Array, edge: NDArray[np.bool_]) -> Array:
    """Change of `near` from column to column, within surfaces; edge: what lies to the right is another surface.

    The mean of both sides, or of the one that there is; 0 where a surface is one pixel wide.
    """
    step = np.diff(near, axis=1)
    whole = ~edge[:, :-1]
    step = np.where(whole, step, 0)
    total, count = np.zeros(near.shape), np.zeros(near.shape)
    total[:, :-1] += step
    total[:, 1:] += step
    count[:, :-1] += whole
    count[:, 1:] += whole
    return total / np.maximum(count, 1)
