"""From an object or a collection, and a word on how to follow it, to sources."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import bpy

from ....backend.motion_bridge.errors import BadInput
from .sources import PATH, Bone, CurvePoints, Instances, Origin, Source, Surface, Vertices

SHOWN = ("MESH", "CURVE", "SURFACE", "META", "FONT")  # types of objects that a render may see as a surface
MOST = 10_000_000  # vertices in one span; above it somebody has mistyped
_NUMBERS = re.compile(r"(\d+)(?:-(\d+))?")
WHATS = {  # what is followed of a thing: how to say it of an object that cannot be followed so
    "surface": "surface",
    "origin": "origin",
    "vertices": "vertices",
    "bones": "bones",
    "curve": "control points",
    "instances": "instances",
}


@dataclass(frozen=True)
class Wish:
    """How somebody wants something followed."""

    what: str = "surface"  # of WHATS
    kind: str = PATH
    count: int = 100  # points at most, of a surface and of vertices
    spacing: float = 0.0  # pixels between a surface's points; 0: by count
    group: str = ""  # of vertices
    vertices: tuple[int, ...] = ()  # their numbers; with neither: all
    bone: str = ""  # its name; none: all that bend something
    along: float = 0.0  # from a bone's head, 0, to its tail, 1


def sources_of(name: str, things: list[Any], wish: Wish) -> tuple[Source, ...]:
    """The sources that a wish means. name: what was asked for. things: the object, or those of a collection.

    BadInput when none of them can be followed like this.
    """
    can = [thing for thing in things if has(thing, wish.what)]
    if not can:
        raise BadInput(f"{name!r} has no {WHATS[wish.what]} to follow; choose another way or another object.")
    if wish.what == "surface":
        return (Surface(tuple(thing.name for thing in can), wish.count, wish.spacing, wish.kind),)
    return tuple(source for thing in can for source in _of(thing, wish))


def members(collection: Any, scene: Any) -> list[Any]:
    """The objects of a collection, and of those within it, that the scene renders."""
    return [thing for thing in collection.all_objects if not thing.hide_render and thing.name in scene.objects]


def named(name: str, scene: Any) -> list[Any]:
    """The scene's object of that name, or the members of the collection. BadInput when there is neither."""
    if thing := scene.objects.get(name):
        return [thing]
    if collection := bpy.data.collections.get(name):
        return members(collection, scene)
    raise BadInput(f"The scene {scene.name!r} has no object and no collection {name!r} to follow; choose another.")


def numbers_of(text: str) -> tuple[int, ...]:
    """Vertices as people write them: 0-12 40. BadInput for anything else."""
    found: list[int] = []
    for word in text.replace(",", " ").split():
        match = _NUMBERS.fullmatch(word)
        if not match:
            raise BadInput(f"{word!r} is no vertex; write numbers such as 0-12 40.")
        first, last = int(match[1]), int(match[2] or match[1])
        if last < first or last - first >= MOST:
            raise BadInput(f"The vertices {word} are reversed or too many; write them from the lower to the higher.")
        found += range(first, last + 1)
    return tuple(found)


def text_of(numbers: Sequence[int]) -> str:
    """The same the other way: rising numbers as a text."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return " ".join(str(first) if first == last else f"{first}-{last}" for first, last in spans)


def has(thing: Any, what: str) -> bool:
    """Whether an object could be followed so."""
    match what:
        case "surface":
            return thing.type in SHOWN or brings_in(thing)
        case "vertices":
            return thing.type in SHOWN
        case "bones":
            return thing.type == "ARMATURE" and len(thing.pose.bones) > 0
        case "curve":
            return thing.type in ("CURVE", "SURFACE")
        case "instances":
            return brings_in(thing)
    return True


def brings_in(thing: Any) -> bool:
    """Whether an object may show instances."""
    return thing.is_instancer or any(change.type in ("NODES", "PARTICLE_SYSTEM") for change in thing.modifiers)


def likely(thing: Any) -> str:
    """How an artist probably wants an object followed."""
    if thing.type == "ARMATURE":
        return "bones"
    if thing.type == "CURVE" and not (thing.data.bevel_depth or thing.data.extrude or thing.data.bevel_object):
        return "curve"
    return "surface" if has(thing, "surface") else "origin"


def _of(thing: Any, wish: Wish) -> Iterator[Source]:
    match wish.what:
        case "origin":
            yield Origin(thing.name, wish.kind)
        case "vertices":
            yield Vertices(thing.name, wish.group, wish.vertices, wish.count, wish.kind)
        case "curve":
            yield CurvePoints(thing.name, wish.kind)
        case "instances":
            yield Instances(thing.name, wish.kind)
        case "bones":
            for bone in [wish.bone] if wish.bone else bending(thing):
                yield Bone(thing.name, bone, wish.along, wish.kind)


def bending(rig: Any) -> list[str]:
    """The bones that deform something, or all where none does."""
    bones = [bone.name for bone in rig.data.bones if bone.use_deform]
    return bones or [bone.name for bone in rig.data.bones]
