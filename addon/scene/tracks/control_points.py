"""Points that only Blender knows: origins, bones, control points. Read in the main thread, frame by frame."""

from dataclasses import dataclass, field
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from ....backend.motion_bridge.errors import BadInput
from ..geometry.array_store import Handle, Store
from .sources import Bone, CurvePoints, Origin, Source, Vertices


@dataclass
class ControlPointPositions:
    """One source's points at every frame of a snapshot."""

    source: Source
    store: Store
    clear_of: frozenset[str]  # objects that do not hide these points: they lie inside of them
    places: list[Handle | None] = field(default_factory=list)  # (n, 3) in the world; None where there are none

    def at(self, frame: int) -> NDArray[np.float64] | None:
        """The points (n, 3) at a position of the snapshot."""
        handle = self.places[frame]
        return None if handle is None else self.store.get(handle)


class ControlPointReader:
    """Reads the sources that need Blender; the rest follows from the geometry."""

    def __init__(self, sources: tuple[Source, ...], store: Store) -> None:
        self.points: dict[int, ControlPointPositions] = {}  # number of the source →
        self.members: dict[int, NDArray[np.int64]] = {}  # number of the source → vertices of its group
        self._store = store
        self._sources = sources

    def read(self, depsgraph: Any, frame: float) -> None:
        """Add one frame. BadInput when an object, bone or group is not there, or not in the render."""
        for number, source in enumerate(self._sources):
            if isinstance(source, Origin | Bone | CurvePoints):
                obj = evaluated(source.object, depsgraph, frame)
                if number not in self.points:
                    self.points[number] = ControlPointPositions(source, self._store, clear_of(source))
                places = _places(source, obj)
                self.points[number].places.append(None if places is None else self._store.put(places))
            elif isinstance(source, Vertices) and source.group and number not in self.members:
                self.members[number] = _members(source, evaluated(source.object, depsgraph, frame))


def evaluated(name: str, depsgraph: Any, frame: float) -> Any:
    """An object as the render evaluates it."""
    obj = bpy.data.objects.get(name)
    if obj is None:
        raise BadInput(f"There is no object {name!r} to follow; choose another.")
    found = obj.evaluated_get(depsgraph)
    if not found.is_evaluated:
        raise BadInput(
            f"The object {name!r} is not part of the render at frame {frame:g}, so it cannot be followed; "
            "enable it and its collection for rendering."
        )
    return found


def clear_of(source: Origin | Bone | CurvePoints) -> frozenset[str]:
    """The objects that points of a source lie inside of: its own, and what its armature bends or carries."""
    names = {source.object}
    if isinstance(source, Bone):
        rig = bpy.data.objects[source.object]
        for obj in bpy.data.objects:
            armatures = [change for change in obj.modifiers if change.type == "ARMATURE"]
            bent = any(getattr(armature, "object", None) == rig for armature in armatures)
            if bent or obj.parent == rig:
                names.add(obj.name)
    return frozenset(names)


def _places(source: Origin | Bone | CurvePoints, obj: Any) -> NDArray[np.float64] | None:
    matrix = obj.matrix_world
    match source:
        case Origin():
            points = [matrix.translation]
        case Bone():
            bone = obj.pose.bones.get(source.bone) if obj.pose else None
            if bone is None:
                raise BadInput(f"The object {source.object!r} has no bone {source.bone!r} to follow; choose another.")
            points = [matrix @ bone.head.lerp(bone.tail, source.along)]
        case CurvePoints():
            if obj.type not in ("CURVE", "SURFACE"):
                raise BadInput(f"The object {source.object!r} is not a curve; follow its origin, surface or vertices.")
            splines = obj.data.splines
            points = [matrix @ point.co for spline in splines for point in spline.bezier_points]
            points += [matrix @ point.co.to_3d() for spline in splines for point in spline.points]
    return np.array([point[:] for point in points], np.float64) if points else None


def _members(source: Vertices, obj: Any) -> NDArray[np.int64]:
    group = obj.vertex_groups.get(source.group)
    if group is None:
        raise BadInput(f"The object {source.object!r} has no vertex group {source.group!r}; choose another.")
    number = group.index
    return np.array(
        [
            vertex.index
            for vertex in obj.data.vertices
            if any(member.group == number and member.weight > 0.5 for member in vertex.groups)
        ],
        np.int64,
    )
