"""From an object or a collection, and a word on how to follow it, to sources."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import bpy

from ....backend.motion_bridge.errors import BadInput
from .sources import PATH, Bone, CurvePoints, Instances, Origin, Source, Surface, Vertices

SHOWN = ("MESH", "CURVE", "SURFACE", "META", "FONT")  # types of objects that a render may see as a surface
MOST = 10_000_000  # vertices in one span; above it somebody has mistyped
_NUMBERS = re.compile(r"(\d+)(?:-(\d+))?")


class PointKind(StrEnum):
    """Which points of an object are followed."""

    SURFACE = "surface"
    ORIGIN = "origin"
    VERTICES = "vertices"
    BONES = "bones"
    CURVE = "curve"
    INSTANCES = "instances"

    @property
    def label(self) -> str:
        """As an error calls them."""
        return "control points" if self is PointKind.CURVE else self.value


@dataclass(frozen=True)
class TrackSelection:
    """How somebody wants something followed."""

    what: str = PointKind.SURFACE
    kind: str = PATH
    count: int = 100  # points at most, of a surface and of vertices
    spacing: float = 0.0  # pixels between a surface's points; 0: by count
    group: str = ""  # of vertices
    vertices: tuple[int, ...] = ()  # their numbers; with neither: all
    bone: str = ""  # its name; none: all that bend something
    along: float = 0.0  # from a bone's head, 0, to its tail, 1


def sources_of(name: str, objects: list[Any], selection: TrackSelection) -> tuple[Source, ...]:
    """The sources that a selection means. name: what was asked for. objects: the object, or those of a collection.

    BadInput when none of them can be followed like this.
    """
    can = [obj for obj in objects if has(obj, selection.what)]
    if not can:
        raise BadInput(
            f"{name!r} has no {PointKind(selection.what).label} to follow; choose another way or another object."
        )
    if selection.what == "surface":
        return (Surface(tuple(obj.name for obj in can), selection.count, selection.spacing, selection.kind),)
    return tuple(source for obj in can for source in _of(obj, selection))


def members(collection: Any, scene: Any) -> list[Any]:
    """The objects of a collection, and of those within it, that the scene renders."""
    return [obj for obj in collection.all_objects if not obj.hide_render and obj.name in scene.objects]


def named(name: str, scene: Any) -> list[Any]:
    """The scene's object of that name, or the members of the collection. BadInput when there is neither."""
    if obj := scene.objects.get(name):
        return [obj]
    if collection := bpy.data.collections.get(name):
        return members(collection, scene)
    raise BadInput(f"The scene {scene.name!r} has no object and no collection {name!r} to follow; choose another.")


def numbers_of(text: str) -> tuple[int, ...]:
    """Vertices as people write them: 0-12 40. BadInput for anything else."""
    found: list[int] = []
    for word in text.replace(",", " ").split():
        match = _NUMBERS.fullmatch(word)
        if not match:
            raise BadInput(f"{word!r} is not a vertex; write numbers such as 0-12 40.")
        first, last = int(match[1]), int(match[2] or match[1])
        if last < first or last - first >= MOST:
            raise BadInput(f"The vertices {word} are reversed or too many; write them from the lower to the higher.")
        found += range(first, last + 1)
    return tuple(found)


def text_of(numbers: Sequence[int]) -> str:
    """The same the other way: rising numbers as a text."""
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return " ".join(str(first) if first == last else f"{first}-{last}" for first, last in ranges)


def has(obj: Any, what: str) -> bool:
    """Whether an object could be followed so."""
    match what:
        case "surface":
            return obj.type in SHOWN or brings_in(obj)
        case "vertices":
            return obj.type in SHOWN
        case "bones":
            return obj.type == "ARMATURE" and len(obj.pose.bones) > 0
        case "curve":
            return obj.type in ("CURVE", "SURFACE")
        case "instances":
            return brings_in(obj)
    return True


def brings_in(obj: Any) -> bool:
    """Whether an object may show instances."""
    return obj.is_instancer or any(change.type in ("NODES", "PARTICLE_SYSTEM") for change in obj.modifiers)


def likely(obj: Any) -> str:
    """How an artist probably wants an object followed."""
    if obj.type == "ARMATURE":
        return "bones"
    if obj.type == "CURVE" and not (obj.data.bevel_depth or obj.data.extrude or obj.data.bevel_object):
        return "curve"
    return "surface" if has(obj, "surface") else "origin"


def _of(obj: Any, selection: TrackSelection) -> Iterator[Source]:
    match selection.what:
        case "origin":
            yield Origin(obj.name, selection.kind)
        case "vertices":
            yield Vertices(obj.name, selection.group, selection.vertices, selection.count, selection.kind)
        case "curve":
            yield CurvePoints(obj.name, selection.kind)
        case "instances":
            yield Instances(obj.name, selection.kind)
        case "bones":
            for bone in [selection.bone] if selection.bone else bending(obj):
                yield Bone(obj.name, bone, selection.along, selection.kind)


def bending(rig: Any) -> list[str]:
    """The bones that deform something, or all where none does."""
    bones = [bone.name for bone in rig.data.bones if bone.use_deform]
    return bones or [bone.name for bone in rig.data.bones]
