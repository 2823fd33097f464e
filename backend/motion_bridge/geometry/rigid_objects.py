"""Which objects of a geometry move, and their rigid part: what stands still is one object here."""

import numpy as np
from numpy.typing import NDArray

from ..errors import BadInput
from ..shot import Geometry
from ..shot.geometry import ABSENT
from .temporary_arrays import scratch

STATIC = "static"
MOST = 65534  # what a uint16 can name beside "nothing" and "static"


def moving_objects(geometry: Geometry) -> NDArray[np.int64]:
    """The objects, rising, that ever stand elsewhere or otherwise than before; coming and going is not moving."""
    placed = geometry.placements
    there = np.flatnonzero(placed.mesh != ABSENT)
    order = there[np.argsort(placed.object[there], kind="stable")]
    one, other = order[:-1], order[1:]
    same = placed.object[one] == placed.object[other]
    differs = (placed.mesh[one] != placed.mesh[other]) | (placed.pose[one] != placed.pose[other]).any(axis=(1, 2))
    return np.unique(placed.object[one][same & differs]).astype(np.int64)


def rigid_index(geometry: Geometry) -> NDArray[np.int32]:
    """(O,) the index that each object has in maps: 1 where it stands still, else one of its own from 2 on."""
    moving = moving_objects(geometry)
    index = np.ones(len(geometry.objects), np.int32)
    index[moving] = np.arange(2, len(moving) + 2)
    return index


def rigid_objects(geometry: Geometry, frames: int) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """The names (M,) and object-to-world matrices (M, T, 4, 4) of what is 1, 2 … in `rigid_index`.

    A deforming object follows its matrix; where one is absent or flat (scale zero) its pose is held from the nearest
    frame before, else after. BadInput when more move than an index map can name.
    """
    moving, placed = moving_objects(geometry), geometry.placements
    if len(moving) > MOST:
        raise BadInput(
            f"{len(moving)} objects move in this scene and at most {MOST} can be told apart; "
            "hide some instances from the render or join them."
        )
    pose = scratch((len(moving) + 1, frames, 4, 4), np.float64)
    pose[:] = np.eye(4)
    order = np.argsort(placed.object, kind="stable")
    edges = np.searchsorted(placed.object[order], np.stack([moving, moving + 1]))
    for number, (start, end) in enumerate(edges.T.tolist(), 1):
        rows = order[start:end]
        rows = rows[placed.mesh[rows] != ABSENT]
        rows = rows[np.abs(np.linalg.det(placed.pose[rows][:, :3, :3])) > 0]
        if len(rows):
            at = np.searchsorted(placed.frame[rows], np.arange(frames), side="right") - 1
            pose[number] = placed.pose[rows[np.maximum(at, 0)]]
    return (STATIC, *(geometry.objects[thing] for thing in moving)), pose
