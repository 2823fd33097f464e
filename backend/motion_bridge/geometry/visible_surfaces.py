"""What each pixel of one frame shows: which thing, how near, and where the silhouettes run.

Nearness is 1/depth. It is linear over a plane in a perspective view, and sky, infinitely far, has nearness 0.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..shot import Shot

Array = NDArray[Any]
Mask = NDArray[np.bool_]

FOOTPRINTS = 2.0  # depths closer together than this many pixel widths are one surface
STEPS = 1.5  # ... and those within this many times the surface's own change from a pixel to the next
TORN = 3.0  # neighbours that differ by more than this many of those changes belong to two surfaces


@dataclass(frozen=True)
class Surfaces:
    """One frame's geometry; every array is (H, W)."""

    index: NDArray[np.uint16]  # Shot.objects.index, 0 also where depth is infinite
    nearness: NDArray[np.float32]  # 1/depth
    slack: NDArray[np.float32]  # points within this of the pixel's nearness, up to a pixel away, are its surface's
    torn_right: Mask  # a silhouette runs between this pixel and its right neighbour
    torn_below: Mask  # ... or the one below
    near_edge: Mask  # a silhouette runs through the 4×4 pixels whose second row and column start here
    fringe: Mask  # beside a silhouette, where a renderer's filter mixes the colours of both sides


def surfaces(shot: Shot, k: int) -> Surfaces:
    """The geometry of frame k, a position in the Shot. The Shot must have depth."""
    assert shot.depth is not None
    depth = one_frame(shot.depth, k)
    precision = 4 * float(np.finfo(depth.dtype).eps)
    with np.errstate(divide="ignore"):
        near: Array = 1 / depth.astype(np.float32)
    index = np.zeros(near.shape, np.uint16) if shot.objects is None else one_frame(shot.objects.index, k)
    index = np.where(near > 0, index, np.uint16(0))
    width = FOOTPRINTS / np.sqrt(abs(np.linalg.det(shot.camera.intrinsics[k, :2, :2])))
    same = near * np.float32(precision) + near ** (2 if shot.camera.orthographic[k] else 1) * np.float32(width)
    across, down = np.diff(near, axis=1), np.diff(near, axis=0)
    slope = _smaller(across, 1), _smaller(down, 0)
    torn_right, torn_below = np.zeros(near.shape, bool), np.zeros(near.shape, bool)
    torn_right[:, :-1] = (index[:, 1:] != index[:, :-1]) | _jumps(across, slope[0], same, 1)
    torn_below[:-1] = (index[1:] != index[:-1]) | _jumps(down, slope[1], same, 0)
    return Surfaces(
        index=index,
        nearness=near,
        slack=same + np.float32(STEPS) * (slope[0] + slope[1]),
        torn_right=torn_right,
        torn_below=torn_below,
        near_edge=_reached(torn_right, (-1, 3), (-1, 2)) | _reached(torn_below, (-1, 2), (-1, 3)),
        fringe=_reached(torn_right, (-1, 2), (-1, 1)) | _reached(torn_below, (-1, 1), (-1, 2)),
    )


def one_frame(array: NDArray, k: int) -> NDArray:
    """array[k] as its own array. A map of a file is read through the file, so that its pages do not pile up here."""
    if isinstance(array, np.memmap) and array.flags.c_contiguous and array.base is getattr(array, "_mmap", None):
        count = int(np.prod(array.shape[1:]))
        at = array.offset + k * count * array.dtype.itemsize
        return np.fromfile(array.filename, array.dtype, count, offset=at).reshape(array.shape[1:])  # type: ignore
    return np.array(array[k])


def widened(mask: Mask, reach: int) -> Mask:
    """The mask and all that is within so many pixels of it, in x and y."""
    return _reached(mask, (-reach, reach + 1), (-reach, reach + 1))


def _smaller(steps: Array, axis: int) -> Array:
    """The smaller of the steps to both neighbours, 0 where they turn: the surface's own slope even at a silhouette."""
    if steps.shape[axis] == 0:
        return np.zeros([side + (along == axis) for along, side in enumerate(steps.shape)], steps.dtype)
    before = np.concatenate([steps.take([0], axis), steps], axis)
    after = np.concatenate([steps, steps.take([-1], axis)], axis)
    return np.where(before * after > 0, np.minimum(abs(before), abs(after)), np.float32(0))


def _jumps(steps: Array, slope: Array, same: Array, axis: int) -> Mask:
    first, second = (slice(None),) * axis + (slice(-1),), (slice(None),) * axis + (slice(1, None),)
    widest = np.maximum(slope[first], slope[second])
    return abs(steps) > np.maximum(same[first], same[second]) + np.float32(TORN) * widest


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
