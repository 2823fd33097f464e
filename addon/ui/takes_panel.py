"""The takes of the scene: what was made, and what can be done with it."""

from typing import Any

import bpy

from .panels import Sidebar, in_each_editor


class TakesPanel(Sidebar):
    """The last take, until there is a list."""

    bl_label = "Takes"

    def draw(self, context: bpy.types.Context) -> None:
        layout: Any = self.layout
        row = layout.row(align=True)
        row.operator("motion_bridge.resume", icon="FILE_REFRESH")
        row.operator("motion_bridge.movie", icon="FILE_MOVIE")
        row.operator("motion_bridge.show_takes", text="", icon="SEQUENCE")
        row.operator("motion_bridge.open_folder", text="", icon="FILE_FOLDER")
        row.operator("motion_bridge.clean_takes", text="", icon="TRASH")


register, unregister = bpy.utils.register_classes_factory(in_each_editor(TakesPanel))
