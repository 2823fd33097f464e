"""A Shot's geometry as it lies in the Shot's folder, and what it must be."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from .geometry import (
    ABSENT,
    FIRST_TRIANGLE,
    FIRST_VERTEX,
    PACKED,
    TRIANGLES,
    VERTICES,
    Array,
    Geometry,
    Material,
    Meshes,
    Placements,
)

AT_ONCE = 1 << 18  # rows looked at together, so that memory stays flat

LAYOUT = {  # field → shape of a row, dtype
    "geometry.vertices": ((3,), "float32"),
    "geometry.packed": ((3,), "uint16"),
    "geometry.triangles": ((3,), "int32"),
    "geometry.material": ((), "uint16"),
    "geometry.mesh": ((5,), "int64"),
    "geometry.bounds": ((2, 3), "float64"),
    "geometry.placed.frame": ((), "int32"),
    "geometry.placed.object": ((), "int32"),
    "geometry.placed.mesh": ((), "int32"),
    "geometry.placed.pose": ((4, 4), "float64"),
}


def geometry_arrays(geometry: Geometry) -> dict[str, Array]:
    """Its arrays by the names of their files."""
    meshes, placed = geometry.meshes, geometry.placements
    arrays = (meshes.vertices, meshes.packed, meshes.triangles, meshes.material, meshes.table, meshes.bounds)
    return dict(zip(LAYOUT, (*arrays, placed.frame, placed.object, placed.mesh, placed.pose), strict=True))


def geometry_header(geometry: Geometry) -> dict[str, Any]:
    """What stands in shot.json."""
    materials = [{"name": material.name, "color": list(material.color)} for material in geometry.materials]
    return {"objects": list(geometry.objects), "materials": materials}


def assemble_geometry(header: Mapping[str, Any], arrays: Mapping[str, Array]) -> Geometry:
    """The geometry from its part of shot.json and its arrays; KeyError, TypeError or ValueError when they are wrong."""
    red_green_blue = 3
    materials = []
    for each in header["materials"]:
        color = tuple(float(part) for part in each["color"])
        if len(color) != red_green_blue:
            raise ValueError(f"the color of material {each['name']!r}")
        materials.append(Material(str(each["name"]), color))
    rows = [arrays[name] for name in LAYOUT]
    return Geometry(
        tuple(str(name) for name in header["objects"]), tuple(materials), Meshes(*rows[:6]), Placements(*rows[6:])
    )


def geometry_faults(geometry: Geometry, frames: tuple[int, ...]) -> Iterator[str]:
    """Sentences that name the field, and the object, mesh or frame where there is one."""
    arrays = geometry_arrays(geometry)
    for name, array in arrays.items():
        shape, dtype = LAYOUT[name]
        if array.shape[1:] != shape or array.ndim != len(shape) + 1:
            yield f"{name} has shape {array.shape}; here it must be (any, {', '.join(map(str, shape))})."
            return
        if array.dtype.name != dtype:
            yield f"{name} is {array.dtype.name}; it must be {dtype}."
            return
    if any(not (np.isfinite(color) and color >= 0) for each in geometry.materials for color in each.color):
        yield "geometry.materials has a color that is not a number from 0 up."
    yield from _mesh_faults(geometry.meshes, len(geometry.materials))
    yield from _placement_faults(geometry, frames)


def _mesh_faults(meshes: Meshes, materials: int) -> Iterator[str]:
    if len(meshes.bounds) != len(meshes.table):
        yield f"geometry.bounds has {len(meshes.bounds)} rows for {len(meshes.table)} meshes."
        return
    if len(meshes.material) != len(meshes.triangles):
        yield f"geometry.material has {len(meshes.material)} rows for {len(meshes.triangles)} triangles."
        return
    table = np.asarray(meshes.table)
    room = np.where(table[:, PACKED] != 0, len(meshes.packed), len(meshes.vertices))
    wrong = (table < 0).any(axis=1) | ~_within(table[:, FIRST_VERTEX], table[:, VERTICES], room)
    wrong |= ~_within(table[:, FIRST_TRIANGLE], table[:, TRIANGLES], len(meshes.triangles))
    if wrong.any():
        yield f"geometry.mesh at row {np.flatnonzero(wrong)[0]} lies outside of the arrays."
        return
    if not np.isfinite(meshes.bounds).all() or (meshes.bounds[:, 1] < 0).any():
        yield "geometry.bounds has sizes that are not numbers from 0 up."
    for at in range(0, len(meshes.vertices), AT_ONCE):
        if not np.isfinite(meshes.vertices[at : at + AT_ONCE]).all():
            yield "geometry.vertices has values that are not numbers."
            return
    ranges, where = np.unique(table[:, [FIRST_TRIANGLE, TRIANGLES]], axis=0, return_inverse=True)
    some = ranges[ranges[:, 1] > 0]
    if (some[1:, 0] < some[:-1].sum(axis=1)).any():  # else many meshes could name the same triangles again and again
        yield "geometry.mesh has meshes that share some of their triangles; they must share all of them or none."
        return
    fewest = np.full(len(ranges), np.iinfo(np.int64).max)
    np.minimum.at(fewest, where.ravel(), table[:, VERTICES])
    for (start, count), vertices in zip(ranges.tolist(), fewest.tolist(), strict=True):
        triangles = meshes.triangles[start : start + count]
        if count and (triangles.min() < 0 or triangles.max() >= vertices):
            yield f"geometry.triangles at row {start} and after name corners that a mesh of {vertices} vertices lacks."
            return
    if len(meshes.material) and meshes.material.max() >= max(materials, 1):
        yield f"geometry.material names material {meshes.material.max()} of {materials}."


def _within(first: Array, count: Array, room: Array | int) -> Array:
    """Whether so many rows from the first on are there; sums could overflow."""
    return (count <= room) & (first <= room - count)


def _placement_faults(geometry: Geometry, frames: tuple[int, ...]) -> Iterator[str]:
    placed = geometry.placements
    counts = {len(array) for array in (placed.frame, placed.object, placed.mesh, placed.pose)}
    if len(counts) > 1:
        yield "geometry.placed.* must all have as many rows."
        return
    if not len(placed.frame):
        return
    frame, thing = placed.frame.astype(np.int64), placed.object.astype(np.int64)
    if (np.diff(frame) < 0).any() or frame[0] < 0 or frame[-1] >= len(frames):
        yield f"geometry.placed.frame must never fall and lie between 0 and {len(frames) - 1}."
        return
    if thing.min() < 0 or thing.max() >= len(geometry.objects):
        yield f"geometry.placed.object lies outside of the {len(geometry.objects)} objects."
        return
    if placed.mesh.min() < ABSENT or placed.mesh.max() >= len(geometry.meshes.table):
        yield f"geometry.placed.mesh lies outside of the {len(geometry.meshes.table)} meshes."
        return
    keys = np.sort(frame * len(geometry.objects) + thing)
    if (twice := np.flatnonzero(np.diff(keys) == 0)).size:
        at, which = divmod(int(keys[twice[0]]), len(geometry.objects))
        yield f"geometry.placed has two rows for {geometry.objects[which]} at frame {frames[at]}."
    for at in range(0, len(frame), AT_ONCE):
        pose = placed.pose[at : at + AT_ONCE]
        bad = ~np.isfinite(pose).all(axis=(1, 2)) | (pose[:, 3] != (0, 0, 0, 1)).any(axis=1)
        if bad.any():
            row = at + int(np.flatnonzero(bad)[0])
            yield (
                f"geometry.placed.pose of {geometry.objects[thing[row]]} at frame {frames[frame[row]]} is not an "
                "affine matrix."
            )
            return
