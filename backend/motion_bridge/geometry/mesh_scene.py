"""A scene that is known by its geometry: each frame is rasterized when it is asked for, at the Shot's own size."""

import threading
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..shot import Shot
from .camera import transform
from .motion import DEFORMED, GONE, Motion, homographies, motion_matrices, pixel_vectors
from .rasterizer import Seen, View, rasterize
from .rigid_objects import rigid_index
from .visible_surfaces import Surfaces, find_surfaces
from .world_triangles import TriangleReader, WorldTriangles

Array = NDArray[Any]

NEAR = 1e-3  # Blender units; where the Shot says nothing of the camera's clipping
PRECISION = 4 * float(np.finfo(np.float32).eps)  # relative, of a rasterized depth


@dataclass(frozen=True)
class DrawnFrame:
    """A frame of the geometry as the camera sees it."""

    world: WorldTriangles
    seen: Seen


class MeshScene:
    """A Shot with geometry."""

    def __init__(self, shot: Shot) -> None:
        assert shot.geometry is not None
        self.shot = shot
        self._reader = TriangleReader(shot.geometry)
        self._index = rigid_index(shot.geometry)
        self._reading = threading.Lock()

    def view(self, k: int) -> View:
        """The camera of frame k as the rasterizer takes it."""
        camera = self.shot.camera
        near, far = (NEAR, np.inf) if camera.clip is None else camera.clip[k].tolist()
        return View(camera.intrinsics[k], self.shot.width, self.shot.height, near, far, bool(camera.orthographic[k]))

    def world(self, k: int) -> WorldTriangles:
        """The triangles of frame k."""
        with self._reading:
            return self._reader.at(k)

    def draw(self, k: int) -> DrawnFrame:
        """Rasterize frame k; any thread may ask."""
        world = self.world(k)
        points = transform(np.linalg.inv(self.shot.camera.pose[k]), world.points)
        return DrawnFrame(world, rasterize(points, world.layout.triangles, self.view(k)))

    def surfaces(self, k: int) -> "MeshSurfaces":
        """What frame k shows; in its index all that stands still through the Shot is one object."""
        drawn = self.draw(k)
        with np.errstate(divide="ignore"):
            near = 1 / drawn.seen.depth
        triangle = drawn.seen.triangle.ravel()
        owner = np.append(drawn.world.layout.owner, np.int32(-1)) + np.int32(1)
        part = owner.take(triangle, mode="wrap").reshape(near.shape)
        index = np.concatenate([np.zeros(1, np.int32), self._index]).take(part)
        camera = self.shot.camera
        found = find_surfaces(index, near, PRECISION, camera.intrinsics[k], bool(camera.orthographic[k]))
        return MeshSurfaces(**{**vars(found), "triangle": drawn.seen.triangle, "part": part}, world=drawn.world)

    def motion(self, k: int, j: int, here: Surfaces) -> Motion:
        """How the pixels of frame k move to frame j. What is absent at j, or connected otherwise, is gone."""
        assert isinstance(here, MeshSurfaces) and self.shot.geometry is not None
        camera, geometry = self.shot.camera, self.shot.geometry
        flat = bool(camera.orthographic[k]), bool(camera.orthographic[j])
        row_now, row_then = here.world.row, geometry.placed(j)
        kind = np.zeros(len(row_now), np.int32)
        changed = np.flatnonzero((row_now != row_then) & (row_now >= 0))
        absent = row_then[changed] < 0
        kind[changed[absent]] = GONE
        changed = changed[~absent]
        if not len(changed):
            return Motion(motion_matrices(self.shot, k, j, np.zeros((0, 4, 4))), self._by_index(kind), flat)
        placed, table = geometry.placements, geometry.meshes.table
        mesh_now, mesh_then = (np.asarray(placed.mesh[rows[changed]]) for rows in (row_now, row_then))
        pose_now, pose_then = (np.asarray(placed.pose[rows[changed]]) for rows in (row_now, row_then))
        rigid = (mesh_now == mesh_then) & (np.abs(np.linalg.det(pose_now[:, :3, :3])) > 0)
        moved = np.flatnonzero(rigid & (pose_now != pose_then).any(axis=(1, 2)))
        kind[changed[moved]] = np.arange(1, len(moved) + 1)
        matrices = motion_matrices(self.shot, k, j, pose_then[moved] @ np.linalg.inv(pose_now[moved]))
        alike = (table[mesh_now, 1:4] == table[mesh_then, 1:4]).all(axis=1)
        kind[changed[~rigid & alike]] = DEFORMED
        kind[changed[~rigid & ~alike]] = GONE
        if not (kind == DEFORMED).any():
            return Motion(matrices, self._by_index(kind), flat)
        return Motion(matrices, self._by_index(kind), flat, *self._homographies(k, j, here, kind == DEFORMED, row_then))

    def _by_index(self, kind: NDArray[np.int32]) -> NDArray[np.int32]:
        """What is said of objects (O,), by index: nothing (0) and what stands still (1) have the first matrix."""
        row = np.zeros(int(self._index.max(initial=1)) + 1, np.int32)
        moving = self._index > 1
        row[self._index[moving]] = kind[moving]
        return row

    def _homographies(
        self, k: int, j: int, here: "MeshSurfaces", deformed: Array, row_then: Array
    ) -> tuple[Array, Array]:
        """Of the triangles that are seen of deformed objects: (n, 4, 3), and the row of each triangle (F,), else -1."""
        assert self.shot.geometry is not None
        geometry, layout = self.shot.geometry, here.world.layout
        seen = np.zeros(len(layout.owner) + 1, bool)
        seen[here.triangle.ravel()] = True  # -1, for nothing, is the last
        triangle = np.flatnonzero(seen[:-1] & deformed[layout.owner])
        of_triangle = np.full(len(layout.owner), -1, np.int32)
        of_triangle[triangle] = np.arange(len(triangle))
        corners, owner = layout.triangles[triangle], layout.owner[triangle]
        now = pixel_vectors(self.shot, k, here.world.points[corners])
        then = np.empty_like(now)
        for thing in np.unique(owner).tolist():
            row = row_then[thing]
            points = geometry.meshes.points(int(geometry.placements.mesh[row]))
            points = pixel_vectors(self.shot, j, transform(geometry.placements.pose[row], points))
            mine = owner == thing
            then[mine] = points[corners[mine] - layout.first_point[thing]]
        return homographies(now, then), of_triangle


@dataclass(frozen=True)
class MeshSurfaces(Surfaces):
    """What a frame of the geometry shows."""

    triangle: NDArray[np.int32] = None  # type: ignore[assignment]  (H, W), -1 where there is nothing
    part: NDArray[np.int32] = None  # type: ignore[assignment]  (H, W) 1 + the object's number in the geometry
    world: WorldTriangles = None  # type: ignore[assignment]
