"""What each pixel of one frame shows: which object, how near, and where the silhouettes run.

Inverse depth is linear over a plane in a perspective view, and sky, infinitely far, has inverse depth 0.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Mask = NDArray[np.bool_]

FOOTPRINTS = 2.0  # depths closer together than this many pixel widths are one surface
STEPS = 1.5  # ... and those within this many times the surface's own change from a pixel to the next
DISCONTINUITY = 3.0  # neighbors that differ by more than this many of those changes belong to two surfaces


@dataclass(frozen=True)
class Surfaces:
    """One frame's geometry; every array is (H, W)."""

    index: NDArray[np.integer]  # which object is seen, from 1; 0 where there is nothing
    inverse_depth: NDArray[np.float32]  # 1/depth
    depth_tolerance: NDArray[np.float32]  # inverse depths within this, up to a pixel away, are the pixel's own surface
    edge_right: Mask  # a silhouette runs between this pixel and its right neighbor
    edge_below: Mask  # ... or the one below
    near_edge: Mask  # a silhouette runs through the 4×4 pixels whose second row and column start here
    fringe: Mask  # beside a silhouette, where a renderer's filter mixes the colors of both sides
    triangle: NDArray[np.int32] | None = None  # which triangle of the frame is seen, -1 for none; None without geometry
    part: NDArray[np.integer] | None = None  # what is one surface to a person, though it stands still with others

    @property
    def parts(self) -> NDArray[np.integer]:
        """What is one surface to a person, as far as it is known."""
        return self.index if self.part is None else self.part


def find_surfaces(
    index: NDArray[np.integer],
    inverse_depth: NDArray[np.floating],
    precision: float,
    intrinsics: Array,
    orthographic: bool,
) -> Surfaces:
    """The geometry of a frame from its index and inverse depth (H, W); precision: relative, of the depth."""
    near = inverse_depth
    width = FOOTPRINTS / np.sqrt(abs(np.linalg.det(intrinsics[:2, :2])))
    same = near * near if orthographic else near.copy()  # the tolerance of a surface that is seen head-on
    same *= np.float32(width)
    same += near * np.float32(precision)
    across, down = np.diff(near, axis=1), np.diff(near, axis=0)
    slope_x, slope_y = _smaller(across, 1), _smaller(down, 0)
    edge_right, edge_below = np.zeros(near.shape, bool), np.zeros(near.shape, bool)
    edge_right[:, :-1] = (index[:, 1:] != index[:, :-1]) | _jumps(across, slope_x, same, 1)
    edge_below[:-1] = (index[1:] != index[:-1]) | _jumps(down, slope_y, same, 0)
    slope_x += slope_y
    slope_x *= np.float32(STEPS)
    slope_x += same
    return Surfaces(
        index=index,
        inverse_depth=near,
        depth_tolerance=slope_x,
        edge_right=edge_right,
        edge_below=edge_below,
        near_edge=_reached(edge_right, (-1, 3), (-1, 2)) | _reached(edge_below, (-1, 2), (-1, 3)),
        fringe=_reached(edge_right, (-1, 2), (-1, 1)) | _reached(edge_below, (-1, 1), (-1, 2)),
    )


def widened(mask: Mask, reach: int) -> Mask:
    """The mask and all that is within so many pixels of it, in x and y."""
    return _reached(mask, (-reach, reach + 1), (-reach, reach + 1))


def _smaller(steps: Array, axis: int) -> Array:
    """The smaller of the steps to both neighbors, 0 where they turn: the surface's own slope even at a silhouette."""
    side = steps.shape[axis] + 1
    shape = (side, steps.shape[1]) if axis == 0 else (steps.shape[0], side)
    out = np.zeros(shape, steps.dtype)
    if side < 2:
        return out
    first, second = _pair(axis)
    size = np.abs(steps)
    inner = out[1:-1] if axis == 0 else out[:, 1:-1]
    np.minimum(size[first], size[second], out=inner)
    inner *= steps[first] * steps[second] > 0
    ends = ((0, 0), (-1, -1)) if axis == 0 else ((np.s_[:, 0], np.s_[:, 0]), (np.s_[:, -1], np.s_[:, -1]))
    for to, of in ends:
        out[to] = size[of]
    return out


def _pair(axis: int) -> tuple[Any, Any]:
    return (np.s_[:-1], np.s_[1:]) if axis == 0 else (np.s_[:, :-1], np.s_[:, 1:])


def _jumps(steps: Array, slope: Array, same: Array, axis: int) -> Mask:
    first, second = _pair(axis)
    widest = np.maximum(slope[first], slope[second])
    widest *= np.float32(DISCONTINUITY)
    widest += np.maximum(same[first], same[second])
    return np.abs(steps) > widest


def _reached(mask: Mask, rows: tuple[int, int], columns: tuple[int, int]) -> Mask:
    """Whether the mask is set anywhere in the given range of rows and columns around each pixel."""
    for axis, span in ((0, rows), (1, columns)):
        found = np.zeros_like(mask)
        for shift in range(*span):
            here, there = [slice(None)] * 2, [slice(None)] * 2
            here[axis] = slice(max(0, -shift), mask.shape[axis] - max(0, shift))
            there[axis] = slice(max(0, shift), mask.shape[axis] - max(0, -shift))
            if abs(shift) < mask.shape[axis]:
                found[tuple(here)] |= mask[tuple(there)]
        mask = found
    return mask
