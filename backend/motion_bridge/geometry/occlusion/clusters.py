"""The leaves of a BVH: where the box around some neighbors cannot matter, none of these triangles need be looked at."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..camera import transform
from ..point_query import lattice_of
from ..rasterizer import Array, Index, View, extent

SIZE = 12  # triangles of a leaf
SLACK = 1e-3  # pixels, for rounding
EVERYWHERE = 1e150  # finite, so that nothing becomes nan
STEPS = 1 << 10  # of the lattice by which neighbors are found, along each axis


@dataclass(frozen=True)
class Clusters:
    """Triangles in the world; leaf c holds those from SIZE·c to before SIZE·(c + 1)."""

    points: Array  # (V, 3)
    triangles: Index  # (F, 3)
    number: Index  # (F,) what each was among those that were handed in
    middle: Array  # (C, 3) of the box around each leaf
    half: Array  # (C, 3) of its size


@dataclass(frozen=True)
class Boxes:
    """What a camera sees of leaves or triangles, rather too large than too small."""

    nearest: Array  # (n,) least distance along the axis
    farthest: Array  # (n,)
    distance: Array  # (n,) least distance from the camera; 0 where nobody asked
    low: Array  # (n, 2) pixels; without meaning where not all is before the camera
    high: Array  # (n, 2)


def clustered(points: Array, triangles: Index) -> Clusters:
    """Leaves of triangles (F, 3), corners (V, 3) in the world. A corner that is nan makes a box of its leaf that
    reaches everywhere.
    """
    low, high = extent(points[triangles].astype(np.float64))
    order = np.argsort(_along_curve((low + high) / 2), kind="stable")
    starts = np.arange(0, len(order), SIZE)
    if len(order):
        low, high = np.minimum.reduceat(low[order], starts), np.maximum.reduceat(high[order], starts)
    with np.errstate(invalid="ignore", over="ignore"):
        middle, half = (low + high) / 2, (high - low) / 2
    odd = ~(np.isfinite(middle) & np.isfinite(half)).all(axis=1)
    middle[odd], half[odd] = 0, EVERYWHERE
    return Clusters(points, triangles[order], order, middle, half)


def members(clusters: Clusters, leaves: Index) -> NDArray[np.int64]:
    """The triangles (n,) of leaves."""
    found = (leaves[:, None] * SIZE + np.arange(SIZE)).ravel()
    return found[found < len(clusters.triangles)]


def seen(clusters: Clusters, to_camera: Array, view: View) -> Boxes:
    """Leaves, by the boxes around their boxes."""
    middle, turn = transform(to_camera, clusters.middle), np.abs(to_camera[:3, :3])
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        half = np.stack([(clusters.half * row).sum(axis=1) for row in turn], axis=-1)
        nearest, farthest = middle[:, 2] - half[:, 2], middle[:, 2] + half[:, 2]
        sides = []
        for axis in range(2):
            low, high = middle[:, axis] - half[:, axis], middle[:, axis] + half[:, axis]
            if not view.orthographic:
                low = np.minimum(low / nearest, low / farthest)
                high = np.maximum(high / nearest, high / farthest)
            sides.append((low, high))
        corners = [_span(view.intrinsics[axis], sides) for axis in range(2)]
        distance = np.sqrt((np.maximum(np.abs(middle) - half, 0) ** 2).sum(axis=1))
    low, high = (np.stack([corner[side] for corner in corners], axis=-1) for side in range(2))
    return Boxes(nearest, farthest, distance, low, high)


def boxes_of(corners: Array, pixels: Array, triangles: Index, close: float) -> Boxes:
    """Triangles (n, 3) with corners (V, 3) in camera space, that fall on pixels (V, 2); the distance is that of those
    nearer than `close`.
    """
    at = [triangles[:, corner] for corner in range(3)]
    nearest, farthest = _extent(*(corners[:, 2][corner] for corner in at))
    low, high = np.empty((len(triangles), 2)), np.empty((len(triangles), 2))
    with np.errstate(invalid="ignore"):
        for axis in range(2):
            least, greatest = _extent(*(pixels[:, axis][corner] for corner in at))
            spare = SLACK + 1e-6 * (greatest - least)
            low[:, axis], high[:, axis] = least - spare, greatest + spare
    distance, some = np.zeros(len(triangles)), np.flatnonzero(nearest < close)
    least, greatest = extent(corners[triangles[some]])
    distance[some] = np.linalg.norm(np.maximum(np.maximum(least, -greatest), 0), axis=1)
    return Boxes(nearest, farthest, distance, low, high)


def around(clusters: Clusters, places: Array, to_camera: Array, view: View) -> NDArray[np.int64]:
    """The triangles (n,) that may be seen at places (m, 2) of a camera's picture."""
    boxes = seen(clusters, to_camera, view)
    before = boxes.nearest >= view.near
    lattice = lattice_of(places, view)
    low = np.maximum(lattice.cells(boxes.low[before]), 0)
    high = np.minimum(lattice.cells(boxes.high[before]) + 1, lattice.size)
    kept = ~before & (boxes.farthest >= view.near)
    kept[np.flatnonzero(before)] = lattice.held(low, np.maximum(low, high)) > 0
    return members(clusters, np.flatnonzero(kept))


def _extent(a: Array, b: Array, c: Array) -> tuple[Array, Array]:
    """The least and the greatest of three (n,)."""
    return np.minimum(np.minimum(a, b), c), np.maximum(np.maximum(a, b), c)


def _span(row: Array, sides: list[tuple[Array, Array]]) -> tuple[Array, Array]:
    """The least and the greatest of row · (x, y, 1) for x and y between two sides."""
    low, high = row[2], row[2]
    for factor, (least, greatest) in zip(row[:2], sides, strict=True):
        if factor:
            low = low + factor * (least if factor > 0 else greatest)
            high = high + factor * (greatest if factor > 0 else least)
    return low, high


def _along_curve(places: Array) -> NDArray[np.uint32]:
    """The place of each point (n, 3) on a curve that goes through all of space and mostly stays among neighbors."""
    with np.errstate(invalid="ignore", over="ignore"):
        finite = np.where(np.isfinite(places), places, 0)
        low = finite.min(axis=0, initial=np.inf)
        size = (finite.max(axis=0, initial=-np.inf) - low).max(initial=0)
        cell = ((finite - low) * ((STEPS - 1) / size if size > 0 else 0)).clip(0, STEPS - 1).astype(np.uint32)
    spread = np.zeros_like(cell)
    for bit in range(STEPS.bit_length() - 1):
        spread |= (cell >> np.uint32(bit) & np.uint32(1)) << np.uint32(3 * bit)
    return spread[:, 0] | spread[:, 1] << np.uint32(1) | spread[:, 2] << np.uint32(2)
