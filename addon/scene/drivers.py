"""Drivers that Blender did not evaluate: what they should move stands still in a render, and nobody says so."""

from collections.abc import Iterator
from typing import Any

import bpy

NAMED = 3  # as many are told by name


def driver_sentences(scene: Any) -> list[str]:
    """One sentence that names a scene's drivers that do not run and says what helps; none where all of them do.

    Blender marks a driver when it evaluates it, so this is asked after the scene was read.
    """
    silent = silent_drivers(scene)
    if not silent:
        return []
    some = ", ".join(silent[:NAMED]) + (f" and {len(silent) - NAMED} more" if len(silent) > NAMED else "")
    stands = "is driven by an expression that does not run, so it stands still"
    remedy = "; correct it in the Drivers editor."
    if bpy.app.autoexec_fail or bpy.app.autoexec_fail_quiet:
        remedy = (
            ": Blender was not allowed to run this file's scripts. Open it with Trusted Source checked, or start "
            "Blender with --enable-autoexec."
        )
    return [f"{some} {stands}{remedy}"]


def silent_drivers(scene: Any) -> list[str]:
    """What is driven in a scene and was not evaluated, as 'Camera' location."""
    return [
        f"{block.name!r} {curve.data_path}"
        for block in used_by(scene)
        for curve in _drivers(block)
        if not (curve.mute or (curve.is_valid and curve.driver.is_valid))
    ]


def used_by(scene: Any) -> list[Any]:
    """The datablocks that a scene shows or that move what it shows, by pointers of the commonest kinds."""
    found: dict[int, Any] = {}
    waiting = [scene, scene.world, *(marker.camera for marker in scene.timeline_markers), *scene.objects]
    while waiting:
        block = waiting.pop()
        if isinstance(block, bpy.types.ID) and block.as_pointer() not in found:
            found[block.as_pointer()] = block
            waiting += _pointers(block)
    return list(found.values())


def _pointers(block: Any) -> Iterator[Any]:
    yield getattr(block, "shape_keys", None)
    yield getattr(block, "node_tree", None)
    if isinstance(block, bpy.types.Object):
        yield from (block.parent, block.data, block.instance_collection)
        yield from (slot.material for slot in block.material_slots)
        pose = block.pose.bones if block.pose else ()
        for owner in (block, *pose):
            yield from (getattr(constraint, "target", None) for constraint in owner.constraints)
        yield from (getattr(modifier, "node_group", None) for modifier in block.modifiers)
        yield from (getattr(modifier, "object", None) for modifier in block.modifiers)
    elif isinstance(block, bpy.types.Collection):
        yield from block.all_objects
    elif isinstance(block, bpy.types.NodeTree):
        yield from (getattr(node, "node_tree", None) for node in block.nodes)
    for curve in _drivers(block):
        for variable in curve.driver.variables:
            yield from (target.id for target in variable.targets)


def _drivers(block: Any) -> Any:
    animation = getattr(block, "animation_data", None)
    return animation.drivers if animation else ()
