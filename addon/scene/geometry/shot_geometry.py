"""A snapshot's surfaces as the geometry of a Shot, written frame by frame.

A mesh is written when it is first shown. What an object shows after its first mesh deforms, and is packed where the
camera of the frame cannot tell it from exact. A surface keeps its triangles while its faces have the same corners, even
where Blender would cut a folded quad otherwise: so that it stays one surface.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ....backend.motion_bridge.geometry.camera import transform
from ....backend.motion_bridge.geometry.packing import packing_tolerance
from ....backend.motion_bridge.shot import Geometry as ShotGeometry
from ....backend.motion_bridge.shot import GeometryWriter
from ....backend.motion_bridge.shot.geometry import STEPS
from .array_store import Handle
from .frame_geometry import FrameGeometry
from .instances import Geometry, PlacedInstances

Key = tuple[Handle, Handle, Handle]  # vertices, triangles, materials


class GeometryFiles:
    """The geometry in a Shot's folder; call `add` for each frame in order, then `finish`."""

    def __init__(self, geometry: Geometry, folder: Path) -> None:
        self._geometry = geometry
        self._writer = GeometryWriter(folder)
        for material in geometry.materials.found:
            self._writer.add_material(material.name, material.color)
        for instance in geometry.instances:
            self._writer.add_object(instance.name)
        self._connections: dict[tuple[Handle, Handle, bytes], int] = {}
        self._meshes: dict[Key, tuple[int, float]] = {}  # number, and how far a coordinate may be off
        self._first: dict[int, int] = {}  # instance → the shape that it has first
        self._surface: dict[int, tuple[Handle, Handle]] = {}  # instance → its corners, its triangles
        self._last: PlacedInstances | None = None
        self._deformed = False  # whether the last frame shows packed meshes
        self.topology_changed: dict[int, int] = {}  # instance → the first frame (position) that has other corners

    def add(self, now: FrameGeometry) -> None:
        """Write what is new at a frame."""
        frame = self._geometry.frames[now.at]
        if frame == self._last and not self._deformed:
            self._writer.repeat_frame()
            return
        store = self._geometry.store
        instances, shapes, matrices = store.get(frame.instance), store.get(frame.shape), store.get(frame.matrix)
        there = np.isfinite(matrices).all(axis=(1, 2))
        instances, shapes, matrices = instances[there], shapes[there], matrices[there]
        self._deformed = False
        meshes = [
            self._mesh(instance, shape, matrix, now)
            for instance, shape, matrix in zip(instances.tolist(), shapes.tolist(), matrices, strict=True)
        ]
        self._writer.add_frame(instances, meshes, matrices)
        self._last = frame

    def finish(self) -> ShotGeometry:
        """The whole of it."""
        return self._writer.finish()

    def _mesh(self, instance: int, number: int, matrix: NDArray[np.float64], now: FrameGeometry) -> int:
        """The mesh that an instance shows at a frame, written if it is not there yet."""
        shape = self._geometry.shapes[number]
        corners, triangles = self._surface.get(instance, (None, shape.triangles))
        if corners != shape.connection:
            if corners is not None:
                self.topology_changed.setdefault(instance, now.at)
            triangles = shape.triangles
            self._surface[instance] = shape.connection, triangles
            self._first[instance] = number
        key = shape.vertices, triangles, shape.material
        tolerance = 0.0
        if number != self._first[instance]:
            self._deformed = True
            points = transform(now.to_camera, now.soup.parts[instance])
            view = now.view
            tolerance = packing_tolerance(points, matrix, view.intrinsics, view.near, view.orthographic)
        if key not in self._meshes or self._meshes[key][1] > tolerance:
            self._meshes[key] = self._write(key, tolerance)
        return self._meshes[key][0]

    def _write(self, key: Key, tolerance: float) -> tuple[int, float]:
        vertices, triangles, material = key
        points = self._geometry.store.get(vertices)
        lost = ~np.isfinite(points).all(axis=1)
        points[lost] = 0
        connection = triangles, material, lost.tobytes() if lost.any() else b""
        if connection not in self._connections:
            faces = self._geometry.store.get(triangles)
            faces[lost[faces].any(axis=1)] = 0  # nothing is seen of a face without a place
            self._connections[connection] = self._writer.add_triangles(faces, self._geometry.store.get(material))
        error = float(np.ptp(points, axis=0).max(initial=0)) / STEPS / 2
        mesh = self._writer.add_mesh(points, self._connections[connection], tolerance)
        return mesh, error if error <= tolerance else 0.0
