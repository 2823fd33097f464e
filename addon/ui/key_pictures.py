"""Which frames are key pictures, in the panel of an engine that uses them."""

from typing import Any

import bpy


def draw_keys(layout: bpy.types.UILayout, keys: Any) -> None:
    """The choice, and what belongs to it. keys: the scene's settings of them."""
    column = layout.column()
    column.prop(keys, "mode")
    match keys.mode:
        case "EVERY":
            column.prop(keys, "step")
        case "AUTOMATIC":
            column.prop(keys, "threshold", slider=True)
        case "FILES":
            column.prop(keys, "folder")
    if keys.mode != "FILES":
        column.prop(keys, "blur", text="Blur and Focus")
