"""Where the points that one frame shows stood at another, and whether they were seen there.

A point counts as seen at frame j when it lies inside the picture, in front of the camera, and among the four pixels
around it those that show the same object at its depth (Surfaces.depth_tolerance) make up at least a quarter of the
bilinear weights: half a pixel of doubt at a silhouette, no more.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..shot import Shot
from .motion import DEFORMED, GONE, Motion, through, through_each, through_homography
from .scene import Scene, scene_of
from .visible_surfaces import Surfaces

Array = NDArray[Any]
Pixels = NDArray[np.intp]  # positions in a flattened picture

ENOUGH = 0.25  # of the bilinear weights
AT_ONCE = 1 << 15  # pixels; what they need then stays in the processor's cache


@dataclass(frozen=True)
class Correspondence:
    """For some pixels of frame k, what became of their points at frame j."""

    x: Array  # (N,) pixels, nan behind the camera and where the object is gone
    y: Array
    inverse_depth: Array  # (N,) 1/depth at frame j
    seen: NDArray[np.bool_]  # (N,)


def where_was(shot: Shot, k: int, j: int) -> tuple[Array, NDArray[np.bool_]]:
    """Where the point that each pixel of frame k shows was at frame j: (H, W, 2) pixels, and whether it was seen there.

    k and j are positions in the Shot, in any order. The Shot needs geometry or depth.
    """
    scene = scene_of(shot)
    here = scene.surfaces(k)
    found = follow(scene, k, j, here, scene.surfaces(j))
    size = here.index.shape
    return np.stack([found.x, found.y], -1).reshape(*size, 2), found.seen.reshape(size)


def follow(
    scene: Scene, k: int, j: int, here: Surfaces, there: Surfaces, pixels: Pixels | None = None, dtype: Any = np.float64
) -> Correspondence:
    """The same for some pixels of frame k, or for all; `here` and `there` are the surfaces of frames k and j.

    dtype: of positions and inverse depth; float32, good to a thousandth of a pixel, takes two thirds of the time.
    """
    motion = scene.motion(k, j, here)
    motion = replace(motion, matrices=motion.matrices.astype(dtype, copy=False))
    count = here.index.size if pixels is None else len(pixels)
    x, y, near = (np.empty(count, dtype) for _ in range(3))
    seen = np.zeros(count, bool)
    height, width = there.index.shape
    for part, at in _parts(here, pixels, dtype):
        x[part], y[part], near[part] = moved(motion, here, *at)
        px, py, pz = x[part], y[part], near[part]
        with np.errstate(invalid="ignore"):
            inside = (px >= 0) & (px <= width) & (py >= 0) & (py <= height) & (pz >= 0)
        which = None if inside.all() else np.flatnonzero(inside)
        if which is not None:
            px, py, pz = px[which], py[which], pz[which]
        index = here.index.ravel()[at[2]].ravel()
        found = _is_seen(there, px, py, pz, index if which is None else index[which])
        if which is None:
            seen[part] = found
        else:
            seen[part][which] = found
    return Correspondence(x, y, near, seen)


def all_moved(motion: Motion, here: Surfaces) -> tuple[Array, Array, Array]:
    """x, y and inverse depth (H·W,) of all pixels at the motion's other frame, seen or not."""
    x, y, near = (np.empty(here.index.size) for _ in range(3))
    for part, at in _parts(here, None, np.float64):
        x[part], y[part], near[part] = moved(motion, here, *at)
    return x, y, near


def _parts(here: Surfaces, pixels: Pixels | None, dtype: Any) -> Iterator[tuple[slice, tuple[Array, Array, Any]]]:
    """Pieces of the result, with the pixels' x and y (they broadcast) and their place in the flattened picture."""
    height, width = here.index.shape
    if pixels is None:
        rows, x = max(1, AT_ONCE // width), np.arange(width, dtype=dtype) + dtype(0.5)
        for top in range(0, height, rows):
            bottom = min(height, top + rows)
            place = slice(top * width, bottom * width)
            yield place, (x, (np.arange(top, bottom, dtype=dtype) + dtype(0.5))[:, None], place)
    else:
        for at in range(0, len(pixels), AT_ONCE):
            part = slice(at, min(at + AT_ONCE, len(pixels)))
            row, column = np.divmod(pixels[part], width)
            yield part, (column.astype(dtype) + dtype(0.5), row.astype(dtype) + dtype(0.5), pixels[part])


def moved(motion: Motion, here: Surfaces, x: Array, y: Array, place: Any) -> tuple[Array, Array, Array]:
    """x, y and inverse depth (n,) at frame j, before anybody asks whether they can be seen.

    x and y of the pixels broadcast; place: where they are in the flattened picture, a slice or (n,).
    """
    shape = np.broadcast_shapes(x.shape, y.shape)
    near = here.inverse_depth.ravel()[place].astype(x.dtype).reshape(shape)
    sky = near == 0 if any(motion.orthographic) else None
    fourth = 1 / np.where(near == 0, 1, near) if motion.orthographic[0] else near
    result = [part.ravel() for part in through(motion.matrices[0], x, y, fourth)]
    if motion.row.any():
        row = motion.row.take(here.index.ravel()[place].ravel())
        some = np.flatnonzero(row)
        if len(some):
            flat_x, flat_y = (np.broadcast_to(side, shape).ravel()[some] for side in (x, y))
            _move_objects(motion, here, result, row[some], some, flat_x, flat_y, fourth.ravel()[some], place)
    to_x, to_y, fourth = result
    if sky is None:
        return to_x, to_y, fourth
    sky = sky.ravel()
    if motion.orthographic[1]:
        with np.errstate(divide="ignore"):
            fourth = np.where(sky, 0, 1 / fourth)
    stays = (x, y) if all(motion.orthographic) else (np.array(np.nan), np.array(np.nan))
    to_x, to_y = (
        np.where(sky, np.broadcast_to(side, shape).ravel(), to) for side, to in zip(stays, (to_x, to_y), strict=True)
    )
    return to_x, to_y, fourth


def _move_objects(
    motion: Motion,
    here: Surfaces,
    result: list[Array],
    row: Array,
    some: Array,
    x: Array,
    y: Array,
    fourth: Array,
    place: Any,
) -> None:
    """Replace what moves by itself among the results; some: where these pixels are in them."""
    rigid = np.flatnonzero(row > 0)
    parts = through_each(motion.matrices, row[rigid], x[rigid], y[rigid], fourth[rigid])
    for whole, part in zip(result, parts, strict=True):
        whole[some[rigid]] = part
    if motion.homography is not None and motion.of_triangle is not None and here.triangle is not None:
        soft = np.flatnonzero(row == DEFORMED)
        triangle = here.triangle.ravel()[place].ravel()[some[soft]]
        parts = through_homography(motion.homography, motion.of_triangle.take(triangle), x[soft], y[soft])
        for whole, part in zip(result, parts, strict=True):
            whole[some[soft]] = part
    gone = some[row == GONE]
    for whole in result:
        whole[gone] = np.nan


def same_surface(
    there: Surfaces, tap: Pixels, index: NDArray[np.integer], inverse_depth: Array, reach: float = 1
) -> NDArray[np.bool_]:
    """Whether pixels `tap` of a frame show that object at that depth; reach: how far off the taps are, in pixels."""
    gap = there.inverse_depth.ravel().take(tap) - inverse_depth
    np.abs(gap, out=gap)
    tolerance = there.depth_tolerance.ravel().take(tap)
    if reach != 1:
        tolerance = tolerance * np.float32(reach)
    return (gap <= tolerance) & (there.index.ravel().take(tap) == index)


def _is_seen(
    there: Surfaces, x: Array, y: Array, inverse_depth: Array, index: NDArray[np.integer]
) -> NDArray[np.bool_]:
    height, width = there.index.shape
    column = np.minimum(x.astype(np.int32), np.int32(width - 1))
    row = np.minimum(y.astype(np.int32), np.int32(height - 1))
    row *= np.int32(width)
    row += column
    nearest = row.astype(np.intp)
    seen = same_surface(there, nearest, index, inverse_depth)
    doubt = np.flatnonzero(~seen & there.near_edge.ravel().take(nearest))
    if not len(doubt):
        return seen
    x, y, inverse_depth, index = x[doubt], y[doubt], inverse_depth[doubt], index[doubt]
    weight = np.zeros(len(doubt))
    left, top = np.floor(x - 0.5), np.floor(y - 0.5)
    for down in (0, 1):
        for right in (0, 1):
            column = np.clip(left + right, 0, width - 1).astype(np.intp)
            row = np.clip(top + down, 0, height - 1).astype(np.intp)
            tap_weight = (1 - abs(left + right + 0.5 - x)) * (1 - abs(top + down + 0.5 - y))
            weight += tap_weight * same_surface(there, row * width + column, index, inverse_depth)
    seen[doubt] = weight >= ENOUGH
    return seen
