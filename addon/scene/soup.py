"""All surfaces of one frame in one heap of triangles, in world space."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...backend.motion_bridge.motion.camera import transform
from .geometry import Geometry
from .store import Handle


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
    triangles: dict[int, NDArray[np.int32]] = {}  # shape →
    last, soup = None, None
    for frame in geometry.frames:
        if soup is None or frame != last:
            soup = _heap(geometry, frame, placed, triangles)
            last = frame
        yield soup


def _heap(geometry: Geometry, frame, placed, triangles) -> Soup:  # type: ignore[no-untyped-def]
    store = geometry.store
    things, shapes, matrices = store.get(frame.thing), store.get(frame.shape), store.get(frame.matrix)
    for gone in set(placed) - set(things.tolist()):
        del placed[gone]
    used = set(shapes.tolist())
    for gone in set(triangles) - used:
        del triangles[gone]
    for shape in used - set(triangles):
        triangles[shape] = store.get(geometry.shapes[shape].triangles)
    start = np.full(len(geometry.things), -1)
    origin = np.full((len(geometry.things), 3), np.nan)
    origin[things] = matrices[:, :3, 3]
    connection: list[Handle | None] = [None] * len(geometry.things)
    points, faces, owners, count = [], [], [], 0
    for thing, shape, matrix in zip(things.tolist(), shapes.tolist(), matrices, strict=True):
        key = matrix.tobytes()
        if placed.get(thing, (None, None))[:2] != (shape, key):
            local = store.get(geometry.shapes[shape].vertices).astype(np.float64)
            placed[thing] = (shape, key, transform(matrix, local))
        points.append(placed[thing][2])
        faces.append(triangles[shape] + np.int32(count))
        owners.append(np.full(len(triangles[shape]), thing, np.int32))
        start[thing] = count
        connection[thing] = geometry.shapes[shape].connection
        count += len(points[-1])
    return Soup(
        np.concatenate([np.empty((0, 3)), *points]),
        np.concatenate([np.empty((0, 3), np.int32), *faces]),
        np.concatenate([np.empty(0, np.int32), *owners]),
        start,
        origin,
        tuple(connection),
        {thing: part for thing, (_, _, part) in placed.items()},
    )
