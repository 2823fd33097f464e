"""All of Blender's data as plain values, so that two moments can be compared."""

import bpy

DEPTH = 6
INTERFACE = {"screens", "workspaces", "window_managers", "brushes", "palettes", "libraries"}  # walking them crashes
UNREADABLE = {"rna_type", "original", "is_evaluated", "depsgraph", "session_uid", "uv_sculpt", "tool_slots"}
UNREADABLE |= {"storage_type"}  # 5.2 changes it when somebody looks at an attribute's values, as `dump` does


def dump():
    """Everything that Blender's data says of itself, as nested dictionaries; pointers to datablocks are their names."""
    blocks = {}
    for kind in bpy.data.bl_rna.properties:
        if kind.type == "COLLECTION" and kind.identifier not in INTERFACE:
            for block in getattr(bpy.data, kind.identifier):
                blocks[kind.identifier, block.name_full] = describe(block, DEPTH)
    layer = bpy.context.view_layer
    blocks["selection"] = sorted(thing.name for thing in layer.objects.selected), layer.objects.active.name
    blocks["mode"] = bpy.context.mode
    return blocks


def describe(owner, depth):
    found = {}
    for name, rna in owner.bl_rna.properties.items():
        if name in UNREADABLE:
            continue
        try:
            value = getattr(owner, name)
        except (AttributeError, RuntimeError, TypeError):
            continue
        if rna.type == "POINTER":
            found[name] = (
                value.name_full if isinstance(value, bpy.types.ID) else value and depth and deeper(value, depth)
            )
        elif rna.type == "COLLECTION":
            found[name] = [deeper(item, depth) if depth else None for item in value][:300]
        else:
            found[name] = tuple(value) if getattr(rna, "is_array", False) else value
    return found


def deeper(value, depth):
    return value.name_full if isinstance(value, bpy.types.ID) else describe(value, depth - 1)


def assert_same(before, after):
    assert before.keys() == after.keys()
    for key, value in before.items():
        assert describe_difference(value, after[key]) is None, (key, describe_difference(value, after[key]))


def describe_difference(a, b, path=""):
    if isinstance(a, dict) and isinstance(b, dict):
        for key in a.keys() | b.keys():
            if found := describe_difference(a.get(key), b.get(key), f"{path}.{key}"):
                return found
        return None
    if isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for at, (one, two) in enumerate(zip(a, b, strict=True)):
            if found := describe_difference(one, two, f"{path}[{at}]"):
                return found
        return None
    return None if repr(a) == repr(b) else f"{path}: {a!r} became {b!r}"
