"""Simulations remember: what they give at a frame depends on the frames before it."""

from collections.abc import Iterable
from typing import Any

CACHED = {"CLOTH", "SOFT_BODY"}  # modifiers with a point cache of their own


def first_step(scene: Any) -> int | None:
    """The frame from which unbaked simulations must be stepped through; None when there are none."""
    starts = [cache.frame_start for cache in _caches(scene) if not cache.is_baked]
    if any(_simulates(group) for obj in scene.objects for group in _node_groups(obj)):
        starts.append(scene.frame_start)
    return min(starts, default=None)


def step_through(scene: Any, frames: Iterable[int]) -> None:
    """Let the scene's own simulations run, as playing the animation would: rigid bodies move in no other way."""
    for frame in frames:
        scene.frame_set(frame)


def _caches(scene: Any) -> list[Any]:
    world = scene.rigidbody_world
    found = [world.point_cache] if world and world.enabled and world.collection else []
    for obj in scene.objects:
        found += [modifier.point_cache for modifier in obj.modifiers if modifier.type in CACHED]
        found += [system.point_cache for system in obj.particle_systems if system.settings.type == "EMITTER"]
    return found


def _node_groups(obj: Any) -> list[Any]:
    return [modifier.node_group for modifier in obj.modifiers if modifier.type == "NODES" and modifier.node_group]


def _simulates(group: Any) -> bool:
    for node in group.nodes:
        if node.bl_idname == "GeometryNodeSimulationOutput":
            return True
        if node.bl_idname == "GeometryNodeGroup" and node.node_tree and _simulates(node.node_tree):
            return True
    return False
