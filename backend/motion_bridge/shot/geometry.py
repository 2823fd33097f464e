"""The surfaces of a Shot: meshes once, what stands still once, what moves as a pose a frame.

A mesh is kept in its object's own space and may stand in the scene many times. A surface that deforms is another mesh
at each frame, with the same triangles. A placement says where an object stands from its frame on, until the object's
next placement: so an object that never moves takes one row, and one that moves takes a row a frame.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..files import npy, writing

Array = NDArray[Any]

ABSENT = -1  # Placements.mesh: the object is not there
STEPS = 65535  # of a packed coordinate, across the mesh's bounds
FIRST_VERTEX, VERTICES, FIRST_TRIANGLE, TRIANGLES, PACKED = range(5)  # columns of Meshes.table


@dataclass(frozen=True)
class Material:
    """How a surface looks where no picture shows it."""

    name: str
    color: tuple[float, float, float]  # the viewport's, linear Rec. 709, 0 to 1


@dataclass(frozen=True)
class Meshes:
    """K triangle meshes, one after the other."""

    vertices: Array  # (V, 3) float32, in the object's own space
    packed: Array  # (Q, 3) uint16: of packed meshes, lower bound + size * value / STEPS
    triangles: Array  # (F, 3) int32, corners by their number within the mesh
    material: Array  # (F,) uint16, into Geometry.materials
    table: Array  # (K, 5) int64: first vertex, vertices, first triangle, triangles, whether packed
    bounds: Array  # (K, 2, 3) float64: the lower corner and the size of packed meshes, else zeros

    def points(self, mesh: int) -> NDArray[np.float64]:
        """The vertices (V, 3) of a mesh."""
        start, count, _, _, packed = self.table[mesh].tolist()
        if not packed:
            return np.asarray(self.vertices[start : start + count], np.float64)
        low, size = self.bounds[mesh]
        return low + size * (self.packed[start : start + count] / STEPS)

    def faces(self, mesh: int) -> slice:
        """Where its triangles are in `triangles` and `material`; the same for meshes that are connected alike."""
        start, count = self.table[mesh, [FIRST_TRIANGLE, TRIANGLES]].tolist()
        return slice(start, start + count)


@dataclass(frozen=True)
class Placements:
    """Where objects stand, in the order of frames; each row holds until the object's next."""

    frame: Array  # (R,) int32, positions in Shot.frames, never falling
    object: Array  # (R,) int32, into Geometry.objects; at most once a frame
    mesh: Array  # (R,) int32, into the table of meshes, or ABSENT
    pose: Array  # (R, 4, 4) float64, object to world, any affine matrix


@dataclass(frozen=True)
class Geometry:
    """Every surface that the camera could see."""

    objects: tuple[str, ...]  # names; instances of one object share its name
    materials: tuple[Material, ...]
    meshes: Meshes
    placements: Placements

    def placed(self, frame: int) -> Array:
        """The row of `placements` that holds for each object (O,) at a frame, by position; -1 where it is absent."""
        order, keys = self._by_object
        objects = np.arange(len(self.objects))
        at = np.searchsorted(keys, objects * self._span + min(frame, self._span - 1), side="right") - 1
        rows = order[at] if len(order) else at
        there = (at >= 0) & (keys[at] >= objects * self._span) if len(keys) else np.zeros(len(objects), bool)
        there[there] = self.placements.mesh[rows[there]] != ABSENT
        return np.where(there, rows, -1)

    @cached_property
    def _span(self) -> int:
        return int(self.placements.frame[-1]) + 1 if len(self.placements.frame) else 1

    @cached_property
    def _by_object(self) -> tuple[Array, Array]:
        """The rows by object and frame, and what they are sorted by."""
        keys = self.placements.object.astype(np.int64) * self._span + self.placements.frame
        order = np.argsort(keys, kind="stable")
        return order, keys[order]


class GeometryWriter:
    """Writes a Shot's geometry into its folder, frame by frame; memory does not grow with the frames."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._objects: list[str] = []
        self._materials: list[Material] = []
        self._connections: list[tuple[int, int]] = []  # first triangle, triangles
        self._state: dict[int, tuple[int, bytes]] = {}
        self._frames = 0
        self._files = {
            name: _GrowingArray(folder / f"geometry.{name}.npy", shape, dtype)
            for name, shape, dtype in (
                ("vertices", (3,), np.float32),
                ("packed", (3,), np.uint16),
                ("triangles", (3,), np.int32),
                ("material", (), np.uint16),
                ("mesh", (5,), np.int64),
                ("bounds", (2, 3), np.float64),
                ("placed.frame", (), np.int32),
                ("placed.object", (), np.int32),
                ("placed.mesh", (), np.int32),
                ("placed.pose", (4, 4), np.float64),
            )
        }

    def add_object(self, name: str) -> int:
        """Its number; several may have one name."""
        self._objects.append(name)
        return len(self._objects) - 1

    def add_material(self, name: str, color: tuple[float, float, float]) -> int:
        """Its number; color as in Material."""
        self._materials.append(Material(name, color))
        return len(self._materials) - 1

    def add_triangles(self, triangles: Array, material: Array | int) -> int:
        """How a mesh is connected: (F, 3) corners, and the material of each triangle. Its number, for meshes."""
        self._connections.append((len(self._files["triangles"]), len(triangles)))
        self._files["triangles"].append(triangles)
        self._files["material"].append(np.broadcast_to(np.asarray(material, np.uint16), len(triangles)))
        return len(self._connections) - 1

    def add_mesh(self, vertices: Array, connection: int, tolerance: float = 0.0) -> int:
        """A mesh of (V, 3) vertices; packed into 16 bits where no coordinate then errs by more than the tolerance."""
        low, high = (vertices.min(0), vertices.max(0)) if len(vertices) else (np.zeros(3), np.zeros(3))
        low, size = low.astype(np.float64), high.astype(np.float64) - low.astype(np.float64)
        packed = len(vertices) > 0 and size.max() / STEPS / 2 <= tolerance
        if packed:
            scale = np.divide(STEPS, size, out=np.zeros(3), where=size > 0)
            content, values = self._files["packed"], np.rint((vertices - low) * scale)
        else:
            content, values, low, size = self._files["vertices"], vertices, np.zeros(3), np.zeros(3)
        self._files["mesh"].append([[len(content), len(vertices), *self._connections[connection], packed]])
        self._files["bounds"].append([[low, size]])
        content.append(values)
        return len(self._files["mesh"]) - 1

    def add_frame(self, objects: ArrayLike, meshes: ArrayLike, poses: ArrayLike) -> None:
        """The next frame: which objects are there (n,), their meshes (n,) and object-to-world matrices (n, 4, 4)."""
        state = {
            thing: (mesh, pose.tobytes())
            for thing, mesh, pose in zip(
                np.asarray(objects).tolist(), np.asarray(meshes).tolist(), np.asarray(poses, np.float64), strict=True
            )
        }
        gone = sorted(self._state.keys() - state.keys())
        rows = sorted(
            [(thing, mesh, pose) for thing, (mesh, pose) in state.items() if self._state.get(thing) != (mesh, pose)]
            + [(thing, ABSENT, np.eye(4).tobytes()) for thing in gone]
        )
        if rows:
            self._files["placed.frame"].append(np.full(len(rows), self._frames))
            self._files["placed.object"].append([thing for thing, _, _ in rows])
            self._files["placed.mesh"].append([mesh for _, mesh, _ in rows])
            pose = np.frombuffer(b"".join(pose for _, _, pose in rows), np.float64)
            self._files["placed.pose"].append(pose.reshape(-1, 4, 4))
        self._state = state
        self._frames += 1

    def repeat_frame(self) -> None:
        """The next frame, where everything is as it was."""
        self._frames += 1

    def finish(self) -> Geometry:
        """Close the files; the geometry, mapped from them."""
        arrays = {name: file.finish() for name, file in self._files.items()}
        return Geometry(
            tuple(self._objects),
            tuple(self._materials),
            Meshes(*(arrays[name] for name in ("vertices", "packed", "triangles", "material", "mesh", "bounds"))),
            Placements(*(arrays[f"placed.{name}"] for name in ("frame", "object", "mesh", "pose"))),
        )


class _GrowingArray:
    """A .npy file that grows by rows; its header is completed at the end."""

    _HEADER = 128  # bytes

    def __init__(self, path: Path, shape: tuple[int, ...], dtype: Any) -> None:
        self._path, self._shape, self._dtype = path, shape, np.dtype(dtype).newbyteorder("<")
        self._rows = 0
        self._file: IO[bytes] = writing.create(path.parent, path.name)  # who has the old one mapped keeps it
        self._file.write(bytes(self._HEADER))

    def __len__(self) -> int:
        return self._rows

    def append(self, rows: Any) -> None:
        values = np.ascontiguousarray(rows, self._dtype).reshape(-1, *self._shape)
        self._file.write(values.tobytes())
        self._rows += len(values)

    def finish(self) -> Array:
        described = {"descr": self._dtype.str, "fortran_order": False, "shape": (self._rows, *self._shape)}
        text = repr(described).encode().ljust(self._HEADER - 11) + b"\n"
        self._file.seek(0)
        self._file.write(b"\x93NUMPY\x01\x00" + (self._HEADER - 10).to_bytes(2, "little") + text)
        self._file.close()
        return npy.map_read_only(self._path)
