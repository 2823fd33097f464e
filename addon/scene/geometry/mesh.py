"""An evaluated mesh as triangles, cut exactly where Blender cuts its faces.

Blender's own list of triangles comes one by one through its API, at a quarter of a second a million. So triangles and
quads are cut here by Blender's rule, and how the faces are connected is asked once for each list of corners.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .array_store import Handle, Store


@dataclass(frozen=True, slots=True)
class Shape:
    """A mesh as it looks at some frame; equal control points are equal arrays."""

    vertices: Handle  # (V, 3) float32, in the object's own space
    triangles: Handle  # (F, 3) int32
    connection: Handle  # (C,) int32: which corners there are; quads may be cut otherwise between the same corners
    material: Handle  # (F,) uint16 by triangle, or (1,) for all of them


class MeshReader:
    """Reads meshes into a store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._starts: dict[tuple[Handle, int], NDArray[np.int32]] = {}  # corners and number of faces → first corners
        self._cut: dict[tuple[Handle, int, bytes], Handle] = {}  # …and the quads that are cut the other way → triangles

    def read(self, obj: Any, materials: Sequence[int] = (0,)) -> Shape | None:
        """The triangles of an evaluated mesh object; None when it has no faces. materials: the numbers of its slots."""
        if not obj.data.is_editmode:
            return self._mesh(obj.data, materials)
        try:  # what is being edited is a mesh only after a conversion
            return self._mesh(obj.to_mesh(), materials)
        finally:
            obj.to_mesh_clear()

    def _mesh(self, mesh: Any, materials: Sequence[int]) -> Shape | None:
        if not len(mesh.polygons):
            return None
        vertices = np.empty((len(mesh.vertices), 3), np.float32)
        mesh.attributes["position"].data.foreach_get("vector", vertices.reshape(-1))
        corners = np.empty(len(mesh.loops), np.int32)
        mesh.attributes[".corner_vert"].data.foreach_get("value", corners)
        connection = self._store.put(corners)
        key = (connection, len(mesh.polygons))
        if key not in self._starts:
            starts = np.empty(len(mesh.polygons), np.int32)
            mesh.polygons.foreach_get("loop_start", starts)
            self._starts[key] = starts
        starts = self._starts[key]
        sizes = np.diff(starts, append=np.int32(len(corners)))
        if sizes.min() < 3 or sizes.max() > 4:
            triangles = self._store.put(blenders_triangles(mesh))
        else:
            turned = turned_quads(vertices, corners, starts[sizes == 4])
            cut = (*key, np.packbits(turned).tobytes())
            if cut not in self._cut:
                self._cut[cut] = self._store.put(cut_faces(corners, starts, sizes, turned))
            triangles = self._cut[cut]
        material = self._store.put(material_of_triangles(mesh, sizes, materials))
        return Shape(self._store.put(vertices), triangles, connection, material)


def material_of_triangles(mesh: Any, sizes: NDArray[np.int32], materials: Sequence[int]) -> NDArray[np.uint16]:
    """The material (F,) of each triangle, or (1,) where all have one. sizes: corners of each face."""
    attribute = mesh.attributes.get("material_index") if len(materials) > 1 else None
    if attribute is None:
        return np.array(materials[:1], np.uint16)
    slot = np.empty(len(sizes), np.int32)
    attribute.data.foreach_get("value", slot)
    material = np.array(materials, np.uint16)[slot.clip(0, len(materials) - 1)]
    if (material == material[0]).all():
        return material[:1].copy()
    return np.repeat(material, sizes - 2)


def blenders_triangles(mesh: Any) -> NDArray[np.int32]:
    """A mesh's triangles (F, 3) as Blender lists them."""
    mesh.calc_loop_triangles()
    triangles = np.empty((len(mesh.loop_triangles), 3), np.int32)
    mesh.loop_triangles.foreach_get("vertices", triangles.reshape(-1))
    return triangles


def turned_quads(
    vertices: NDArray[np.float32], corners: NDArray[np.int32], starts: NDArray[np.int32]
) -> NDArray[np.bool_]:
    """Which quads Blender cuts from the second corner to the fourth: those that fold over their other diagonal."""
    first, second, third, fourth = (vertices[corners[starts + at]] for at in range(4))
    diagonal = third - first
    one, two = _cross(second - first, diagonal), _cross(fourth - first, diagonal)
    return one[:, 0] * two[:, 0] + one[:, 1] * two[:, 1] + one[:, 2] * two[:, 2] > 0


def cut_faces(
    corners: NDArray[np.int32], starts: NDArray[np.int32], sizes: NDArray[np.int32], turned: NDArray[np.bool_]
) -> NDArray[np.int32]:
    """The triangles (F, 3) of triangles and quads, in the faces' order."""
    quad = sizes == 4
    first = np.cumsum(sizes - 2) - (sizes - 2)  # each face's first triangle
    triangles = np.empty((int((sizes - 2).sum()), 3), np.int32)
    triangles[first[~quad]] = corners[starts[~quad, None] + [0, 1, 2]]
    turn = turned[:, None]
    triangles[first[quad]] = corners[starts[quad, None] + np.where(turn, [0, 1, 3], [0, 1, 2])]
    triangles[first[quad] + 1] = corners[starts[quad, None] + np.where(turn, [1, 2, 3], [0, 2, 3])]
    return triangles


def _cross(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    (ax, ay, az), (bx, by, bz) = a.T, b.T
    return np.stack([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx], axis=-1)
