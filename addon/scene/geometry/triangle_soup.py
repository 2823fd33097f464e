"""All surfaces of one frame in one heap of triangles, in world space."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ....backend.motion_bridge.geometry.camera import transform
from .array_store import Handle
from .instances import Geometry, PlacedInstances


@dataclass(frozen=True)
class Soup:
    """One frame's triangles; the vertices of each instance lie together."""

    points: NDArray[np.float64]  # (V, 3) in the world
    triangles: NDArray[np.int32]  # (F, 3)
    instance: NDArray[np.int32]  # (F,) whose each triangle is
    start: NDArray[np.int64]  # (instances,) where an instance's points begin, -1 where it is absent
    origin: NDArray[np.float64]  # (instances, 3) in the world, nan where an instance is absent
    connection: tuple[Handle | None, ...]  # (instances,) how its corners are connected
    parts: Mapping[int, NDArray[np.float64]]  # instance → its points; the same array while it stands still


def soups(geometry: Geometry) -> Iterator[Soup]:
    """The frames of a snapshot, one after the other; what stands still is not moved again."""
    placed: dict[int, tuple[int, bytes, NDArray[np.float64]]] = {}  # instance → shape, matrix, points in the world
    faces = _Faces(geometry)
    last, soup = None, None
    for frame in geometry.frames:
        if soup is None or frame != last:
            soup = _heap(geometry, frame, placed, faces)
            last = frame
        yield soup


class _Faces:
    """The triangles of all instances of a frame; the same arrays as long as the same instances have the same ones."""

    def __init__(self, geometry: Geometry) -> None:
        self._geometry = geometry
        self._kept: dict[Handle, NDArray[np.int32]] = {}
        self._of: list[tuple[int, int, Handle]] = []
        self._last = np.empty((0, 3), np.int32), np.empty(0, np.int32)

    def get(self, of: list[tuple[int, int, Handle]]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Triangles (F, 3) and whose each is (F,); of: each instance, its first point's number and its triangles."""
        if of != self._of:
            used = {handle for _, _, handle in of}
            self._kept = {handle: kept for handle, kept in self._kept.items() if handle in used}
            for handle in used - set(self._kept):
                self._kept[handle] = self._geometry.store.get(handle)
            faces = [self._kept[handle] + np.int32(start) for _, start, handle in of]
            owners = [np.full(len(self._kept[handle]), instance, np.int32) for instance, _, handle in of]
            self._of = of
            self._last = (
                np.concatenate([np.empty((0, 3), np.int32), *faces]),
                np.concatenate([np.empty(0, np.int32), *owners]),
            )
        return self._last


def _heap(geometry: Geometry, frame: PlacedInstances, placed: dict[int, tuple], faces: _Faces) -> Soup:
    store = geometry.store
    instances, shapes, matrices = store.get(frame.instance), store.get(frame.shape), store.get(frame.matrix)
    for gone in set(placed) - set(instances.tolist()):
        del placed[gone]
    start = np.full(len(geometry.instances), -1)
    origin = np.full((len(geometry.instances), 3), np.nan)
    origin[instances] = matrices[:, :3, 3]
    connection: list[Handle | None] = [None] * len(geometry.instances)
    points, of, count = [], [], 0
    for instance, shape, matrix in zip(instances.tolist(), shapes.tolist(), matrices, strict=True):
        key = matrix.tobytes()
        if placed.get(instance, (None, None))[:2] != (shape, key):
            local = store.get(geometry.shapes[shape].vertices).astype(np.float64)
            placed[instance] = (shape, key, transform(matrix, local))
        points.append(placed[instance][2])
        of.append((instance, count, geometry.shapes[shape].triangles))
        start[instance] = count
        connection[instance] = geometry.shapes[shape].connection
        count += len(points[-1])
    return Soup(
        np.concatenate([np.empty((0, 3)), *points]),
        *faces.get(of),
        start,
        origin,
        tuple(connection),
        {instance: part for instance, (_, _, part) in placed.items()},
    )
