"""Numbers that an engine chooses itself unless somebody says otherwise: a checkbox, and the number where it is off."""

from typing import Any

import bpy


def draw_automatic(layout: bpy.types.UILayout, settings: Any, name: str) -> None:
    """The checkbox of `name`, labeled as the number is, and the number while the checkbox is off."""
    row = layout.row(heading=settings.bl_rna.properties[name].name)
    row.prop(settings, f"{name}_automatic")
    if not getattr(settings, f"{name}_automatic"):
        layout.prop(settings, name)
