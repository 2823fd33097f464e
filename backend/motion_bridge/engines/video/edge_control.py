"""Edges as white lines on black, from depth, objects and the bend of surfaces: no light, no texture, no noise.

An edge runs where another object begins, where depth jumps, and where a surface bends: there the inverse depth, which
is linear over a plane, changes its slope.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...geometry.visible_surfaces import Surfaces

BEND = 0.3  # change of slope, in shares of the slope's own size and of what a pixel subtends, that is a crease


def edges(here: Surfaces, focal: float) -> NDArray[np.bool_]:
    """Where lines run (H, W), one pixel wide; focal: the lens in pixels."""
    parts = here.parts
    right = here.edge_right.copy()
    below = here.edge_below.copy()
    right[:, :-1] |= parts[:, 1:] != parts[:, :-1]
    below[:-1] |= parts[1:] != parts[:-1]
    line = right | below
    return line | _creases(here, right, below, focal)


def picture(here: Surfaces, focal: float) -> NDArray[np.uint8]:
    """The lines as a picture (H, W, 3)."""
    return np.repeat((edges(here, focal) * np.uint8(255))[..., None], 3, axis=-1)


def _creases(here: Surfaces, right: NDArray[np.bool_], below: NDArray[np.bool_], focal: float) -> NDArray[np.bool_]:
    """Bends of a surface, away from silhouettes."""
    near = here.inverse_depth.astype(np.float64)
    across = _bends(near, right, focal)
    return across | _bends(near.T, below.T, focal).T


def _bends(near: NDArray[np.float64], edge: NDArray[np.bool_], focal: float) -> NDArray[np.bool_]:
    """Where a surface bends from one column to the next; edge: what lies to the right is another surface."""
    found = np.zeros(near.shape, bool)
    slope = np.diff(near, axis=1) * focal  # of 1/z, in shares of 1/z about the tangent of the surface's tilt
    bend = np.abs(np.diff(slope, axis=1))
    middle = near[:, 1:-1]
    whole = ~(edge[:, :-2] | edge[:, 1:-1]) & (middle > 0)
    found[:, 1:-1] = whole & (bend > BEND * (middle + np.abs(slope[:, 1:])))
    return found


def focal_of(intrinsics: NDArray[Any]) -> float:
    """The lens in pixels of the picture's width."""
    return float(abs(intrinsics[0, 0]))
