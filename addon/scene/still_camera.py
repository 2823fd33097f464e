"""Whether a camera surely stands still, from what Blender knows without going to another frame."""

from collections.abc import Iterator
from typing import Any

import bpy

from .. import compat

ALIKE = 1e-7  # keys that differ by less hold the same value


def surely_still(scene: bpy.types.Scene) -> bool:
    """Whether nothing that could move the scene's camera is there. False where it may move, or there is none.

    Looked at are keys, drivers, the NLA, constraints, physics and parents, of the camera and of its lens, and markers
    that switch cameras; a constraint or a parent that could move counts as one that does.
    """
    camera = scene.camera
    if camera is None or len({marker.camera for marker in scene.timeline_markers if marker.camera}) > 1:
        return False
    return not any(_may_move(owner) for owner in _owners(camera))


def _owners(camera: bpy.types.Object) -> Iterator[Any]:
    """The camera, its lens, and all that carry it."""
    if camera.data is not None:
        yield camera.data
    thing: Any = camera
    while thing is not None:
        yield thing
        thing = thing.parent


def _may_move(owner: Any) -> bool:
    if len(getattr(owner, "constraints", ())) or getattr(owner, "rigid_body", None) is not None:
        return True
    if getattr(owner, "parent_type", "OBJECT") != "OBJECT":
        return True  # a bone or vertices of the parent carry it
    data = owner.animation_data
    if data is None:
        return False
    if len(data.drivers) or any(len(track.strips) for track in data.nla_tracks):
        return True
    return any(_varies(curve) for curve in compat.own_curves(owner))


def _varies(curve: Any) -> bool:
    if len(curve.modifiers) or not len(curve.keyframe_points):
        return bool(len(curve.modifiers))
    values = [point.co[1] for point in curve.keyframe_points]
    return max(values) - min(values) > ALIKE
