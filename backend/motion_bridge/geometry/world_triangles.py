"""All surfaces of one frame of a Shot's geometry as one list of triangles in world space."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..shot.geometry import FIRST_TRIANGLE, TRIANGLES, VERTICES, Geometry
from .camera import transform

Array = NDArray[Any]


@dataclass(frozen=True)
class Layout:
    """Whose each vertex and triangle is; the same object as long as the same things are there, connected alike."""

    objects: NDArray[np.int64]  # (n,) who is there, rising
    first_point: NDArray[np.int64]  # (O,) where an object's points begin, -1 where it is absent
    first_face: NDArray[np.int64]  # (O,) where its triangles begin
    connection: NDArray[np.int64]  # (O,) the first of its triangles in Geometry.meshes, -1 where it is absent
    triangles: NDArray[np.int32]  # (F, 3) corners
    owner: NDArray[np.int32]  # (F,) whose each triangle is


@dataclass(frozen=True)
class WorldTriangles:
    """The surfaces of one frame."""

    layout: Layout
    points: NDArray[np.float64]  # (V, 3)
    row: NDArray[np.int64]  # (O,) of Geometry.placements, -1 where an object is absent

    def faces(self, triangle: Array) -> Array:
        """Of triangles (n,) of this frame, where they are in Geometry.meshes."""
        owner = self.layout.owner[triangle]
        return triangle - self.layout.first_face[owner] + self.layout.connection[owner]


class TriangleReader:
    """The frames of a geometry; going forward, only what moved is transformed again. For one thread."""

    def __init__(self, geometry: Geometry) -> None:
        self.geometry = geometry
        self._last: WorldTriangles | None = None
        self._local: dict[int, NDArray[np.float64]] = {}  # the vertices of meshes that were asked for last

    def at(self, frame: int) -> WorldTriangles:
        """The surfaces of a frame, by position."""
        row, placements = self.geometry.placed(frame), self.geometry.placements
        last = self._last
        if last is not None and np.array_equal(row, last.row):
            return last
        objects = np.flatnonzero(row >= 0)
        mesh = np.asarray(placements.mesh[row[objects]], np.int64)
        table = self.geometry.meshes.table[mesh] if len(mesh) else np.zeros((0, 5), np.int64)
        same = last is not None and self._alike(last.layout, objects, table)
        layout = last.layout if same and last is not None else self._layout(objects, table)
        if same and last is not None:
            points, moved = last.points.copy(), row[objects] != last.row[objects]
        else:
            points, moved = np.empty((int(table[:, VERTICES].sum()), 3)), np.ones(len(objects), bool)
        local: dict[int, NDArray[np.float64]] = {}
        for thing, its, count in zip(
            objects[moved].tolist(), mesh[moved].tolist(), table[moved, VERTICES], strict=True
        ):
            if its not in local:
                local[its] = self._local[its] if its in self._local else self.geometry.meshes.points(its)
            start = layout.first_point[thing]
            points[start : start + count] = transform(placements.pose[row[thing]], local[its])
        self._local = local
        self._last = WorldTriangles(layout, points, row)
        return self._last

    def _alike(self, layout: Layout, objects: Array, table: Array) -> bool:
        if not np.array_equal(layout.objects, objects):
            return False
        if not np.array_equal(layout.connection[objects], table[:, FIRST_TRIANGLE]):
            return False
        counts = np.diff(np.append(layout.first_point[objects], self._last.points.shape[0] if self._last else 0))
        return np.array_equal(counts, table[:, VERTICES])

    def _layout(self, objects: Array, table: Array) -> Layout:
        count = len(self.geometry.objects)
        first_point, first_face, connection = (np.full(count, -1) for _ in range(3))
        first_point[objects] = np.cumsum(table[:, VERTICES]) - table[:, VERTICES]
        first_face[objects] = np.cumsum(table[:, TRIANGLES]) - table[:, TRIANGLES]
        connection[objects] = table[:, FIRST_TRIANGLE]
        owner = np.repeat(objects, table[:, TRIANGLES]).astype(np.int32)
        at = np.arange(len(owner)) - first_face[owner] + connection[owner]
        triangles = self.geometry.meshes.triangles[at] + first_point[owner, None].astype(np.int32)
        return Layout(objects, first_point, first_face, connection, triangles, owner)
