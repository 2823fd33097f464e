"""Which instances move, and how: the rigid part of a snapshot."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ....backend.motion_bridge.errors import BadInput
from ....backend.motion_bridge.shot import map_array
from ..geometry.instances import Geometry

STATIC = "static"
MOST = 65534  # what a uint16 can name beside "nothing" and "static"


@dataclass(frozen=True)
class RigidObjects:
    """Everything that stands still as one entry, and one more for each instance that moves."""

    name: tuple[str, ...]  # (M,)
    pose: NDArray[np.float64]  # (M, T, 4, 4) object to world
    entry: NDArray[np.uint16]  # (instances,) 1 + the entry that an instance belongs to


def find_rigid_objects(geometry: Geometry, folder: Path) -> RigidObjects:
    """Instances whose matrix or vertices change; a deforming one follows its object's matrix.

    Where one is absent or flat (scale zero) its pose is held from the nearest frame before, else after. The poses are a
    map of the Shot folder's own file, for there may be many.
    BadInput when more instances move than an index map can name.
    """
    moving = _moving(geometry)
    numbers = np.flatnonzero(moving)
    if len(numbers) > MOST:
        raise BadInput(
            f"{len(numbers)} instances move in this scene and at most {MOST} can be told apart; "
            "hide some instances from the render or join them."
        )
    entry = np.ones(len(geometry.instances), np.uint16)
    entry[numbers] = np.arange(2, len(numbers) + 2)
    pose = map_array(folder, "objects.pose", (len(numbers) + 1, len(geometry.frames), 4, 4), np.float64)
    for row in pose:
        row[:] = np.eye(4)
    known = np.zeros(pose.shape[:2], bool)
    known[0] = True
    for at, frame in enumerate(geometry.frames):
        instances, matrices = geometry.store.get(frame.instance), geometry.store.get(frame.matrix)
        some = moving[instances] & (np.abs(np.linalg.det(matrices[:, :3, :3])) > 0)
        rows = entry[instances[some]].astype(np.int64) - 1
        pose[rows, at] = matrices[some]
        known[rows, at] = True
    _hold(pose, known)
    names = (STATIC, *(geometry.instances[number].name for number in numbers))
    return RigidObjects(names, pose, entry)


def _moving(geometry: Geometry) -> NDArray[np.bool_]:
    count = len(geometry.instances)
    moving, met = np.zeros(count, bool), np.zeros(count, bool)
    matrix, vertices = np.zeros((count, 4, 4)), np.zeros(count, np.int64)
    starts = np.array([shape.vertices.start for shape in geometry.shapes], np.int64)
    last = None
    for frame in geometry.frames:
        if frame == last:
            continue
        last = frame
        instances, matrices = geometry.store.get(frame.instance), geometry.store.get(frame.matrix)
        standing = starts[geometry.store.get(frame.shape)]
        new = ~met[instances]
        matrix[instances[new]], vertices[instances[new]] = matrices[new], standing[new]
        met[instances] = True
        moving[instances] |= (matrix[instances] != matrices).any(axis=(1, 2)) | (vertices[instances] != standing)
    return moving


def _hold(pose: NDArray[np.float64], known: NDArray[np.bool_]) -> None:
    """Fill the frames of which a rigid object's pose is not known from the last that is, or the first."""
    for row in np.flatnonzero(~known.all(axis=1)):
        frames = np.flatnonzero(known[row])
        if len(frames):
            source = frames[np.maximum(np.searchsorted(frames, np.arange(known.shape[1]), side="right") - 1, 0)]
            pose[row] = pose[row, source]
