"""All surfaces of one frame in one heap of triangles, in world space."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ....backend.motion_bridge.geometry.camera import transform
from .array_store import Handle
from .instances import FrameOfGeometry, Geometry


@dataclass(frozen=True)
class Soup:
    """One frame's triangles; the vertices of each thing lie together."""

    points: NDArray[np.float64]  # (V, 3) in the world
    triangles: NDArray[np.int32]  # (F, 3)
    thing: NDArray[np.int32]  # (F,) whose each triangle is
    start: NDArray[np.int64]  # (things,) where a thing's points begin, -1 where it is absent
    origin: NDArray[np.float64]  # (things, 3) in the world, nan where a thing is absent
    connection: tuple[Handle | None, ...]  # (things,) how its corners are connected
    parts: Mapping[int, NDArray[np.float64]]  # thing → its points; the same array while it stands still


def soups(geometry: Geometry) -> Iterator[Soup]:
    """The frames of a snapshot, one after the other; what stands still is not moved again."""
    placed: dict[int, tuple[int, bytes, NDArray[np.float64]]] = {}  # thing → shape, matrix, points in the world
    faces = _Faces(geometry)
    last, soup = None, None
    for frame in geometry.frames:
        if soup is None or frame != last:
            soup = _heap(geometry, frame, placed, faces)
            last = frame
        yield soup


class _Faces:
    """The triangles of all things of a frame; the same arrays as long as the same things have the same ones."""

    def __init__(self, geometry: Geometry) -> None:
        self._geometry = geometry
        self._kept: dict[Handle, NDArray[np.int32]] = {}
        self._of: list[tuple[int, int, Handle]] = []
        self._last = np.empty((0, 3), np.int32), np.empty(0, np.int32)

    def get(self, of: list[tuple[int, int, Handle]]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Triangles (F, 3) and whose each is (F,); of: each thing, its first point's number and its triangles."""
        if of != self._of:
            used = {handle for _, _, handle in of}
            self._kept = {handle: kept for handle, kept in self._kept.items() if handle in used}
            for handle in used - set(self._kept):
                self._kept[handle] = self._geometry.store.get(handle)
            faces = [self._kept[handle] + np.int32(start) for _, start, handle in of]
            owners = [np.full(len(self._kept[handle]), thing, np.int32) for thing, _, handle in of]
            self._of = of
            self._last = (
                np.concatenate([np.empty((0, 3), np.int32), *faces]),
                np.concatenate([np.empty(0, np.int32), *owners]),
            )
        return self._last


def _heap(geometry: Geometry, frame: FrameOfGeometry, placed: dict[int, tuple], faces: _Faces) -> Soup:
    store = geometry.store
    things, shapes, matrices = store.get(frame.thing), store.get(frame.shape), store.get(frame.matrix)
    for gone in set(placed) - set(things.tolist()):
        del placed[gone]
    start = np.full(len(geometry.things), -1)
    origin = np.full((len(geometry.things), 3), np.nan)
    origin[things] = matrices[:, :3, 3]
    connection: list[Handle | None] = [None] * len(geometry.things)
    points, of, count = [], [], 0
    for thing, shape, matrix in zip(things.tolist(), shapes.tolist(), matrices, strict=True):
        key = matrix.tobytes()
        if placed.get(thing, (None, None))[:2] != (shape, key):
            local = store.get(geometry.shapes[shape].vertices).astype(np.float64)
            placed[thing] = (shape, key, transform(matrix, local))
        points.append(placed[thing][2])
        of.append((thing, count, geometry.shapes[shape].triangles))
        start[thing] = count
        connection[thing] = geometry.shapes[shape].connection
        count += len(points[-1])
    return Soup(
        np.concatenate([np.empty((0, 3)), *points]),
        *faces.get(of),
        start,
        origin,
        tuple(connection),
        {thing: part for thing, (_, _, part) in placed.items()},
    )
