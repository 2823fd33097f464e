"""What a render shows and this reader does not see as it is: found here, to be told by name."""

from collections.abc import Mapping
from typing import Any

KINDS = {  # types of objects that a render draws without surfaces
    "CURVES": "hair",
    "POINTCLOUD": "points",
    "VOLUME": "volume",
    "GREASEPENCIL": "grease pencil",
    "GPENCIL": "grease pencil",  # its name before Blender 4.3
}
DISPLACED = "displacement of its material"
NAMED = 5  # as many are told by name


def kind_of(instance: Any) -> str | None:
    """What of an instance is drawn but not read: hair, points, volume … None where all of it is read."""
    obj = instance.object
    if instance.show_particles and any(_is_hair(modifier) for modifier in obj.modifiers):
        return "hair"
    if not instance.show_self:
        return None
    if obj.type in KINDS:
        return None if _is_empty(obj) else KINDS[obj.type]
    if obj.type != "MESH":
        return None
    if is_volume(obj):
        return "volume"
    return DISPLACED if any(_displaces(material) for material in materials_of(obj)) else None


def is_volume(obj: Any) -> bool:
    """Whether a mesh only bounds a volume: all its materials have one, and no surface."""
    materials = materials_of(obj)
    return bool(materials) and all(_is_linked(one, "Volume") and not _is_linked(one, "Surface") for one in materials)


def materials_of(obj: Any) -> list[Any]:
    """The materials of an evaluated mesh object, None where a slot is empty."""
    return [slot.material for slot in obj.material_slots] or list(obj.data.materials)


def sentences(found: Mapping[str, str]) -> list[str]:
    """One sentence that names what was found, object by object; none where nothing was."""
    if not found:
        return []
    named = [f"{name!r} ({kind})" for name, kind in sorted(found.items())[:NAMED]]
    if len(found) > NAMED:
        named.append(f"{len(found) - NAMED} more")
    which = " and ".join(filter(None, (", ".join(named[:-1]), named[-1])))
    return [f"Only surfaces are read, as modifiers leave them: tracks, depth and flow do not know {which}."]


def _is_hair(modifier: Any) -> bool:
    if modifier.type != "PARTICLE_SYSTEM" or not modifier.show_render:
        return False
    settings = modifier.particle_system.settings
    grown = settings.type == "HAIR" or settings.physics_type == "KEYED"
    return grown and settings.render_type == "PATH" and settings.count > 0


def _is_empty(obj: Any) -> bool:
    data = obj.data
    return (obj.type == "CURVES" and not len(data.curves)) or (obj.type == "POINTCLOUD" and not len(data.points))


def _displaces(material: Any) -> bool:
    return _is_linked(material, "Displacement") and material.displacement_method != "BUMP"


def _is_linked(material: Any, socket: str) -> bool:
    tree = material.node_tree if material else None
    output = tree.get_output_node("ALL") if tree else None
    return output is not None and output.inputs[socket].is_linked
