"""Where the generated pictures are seen: over the camera's view, and the buttons that open them elsewhere."""

from typing import Any

import bpy

from ..properties import settings_of
from ..viewer import editors, image, sequencer_workspace
from ..viewer.takes_scene import source_of
from .operators import attempt


def draw_view_options(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """How the camera's view shows the pictures, and the buttons for the other editors."""
    view: Any = settings_of(context.scene).view
    column = layout.column(align=True)
    row = column.row(align=True)
    row.prop(view, "overlay", text="", icon="HIDE_OFF" if view.overlay else "HIDE_ON")
    row = row.row(align=True)
    row.active = view.overlay
    row.prop(view, "opacity", slider=True)
    row.prop(view, "wipe", slider=True)
    layout.prop(view, "follow")
    row = layout.row(align=True)
    row.operator("motion_bridge.open_image", text="Image Editor", icon="IMAGE_DATA")
    row.operator("motion_bridge.show_takes", text="Sequencer", icon="SEQUENCE")


class MOTION_BRIDGE_OT_open_image(bpy.types.Operator):
    """Show the newest picture in an Image Editor; where none is open, Blender opens one as it does for renders"""

    bl_idname = "motion_bridge.open_image"
    bl_label = "Open in Image Editor"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        cls.poll_message_set("No picture has been generated yet")
        return context.window is not None and image.find() is not None

    def execute(self, context: bpy.types.Context) -> set[str]:
        picture = image.find()
        if picture is None:
            return {"CANCELLED"}
        editors.open_image(picture, context.window)
        return {"FINISHED"}


class MOTION_BRIDGE_OT_show_takes(bpy.types.Operator):
    """Show the takes in the Sequencer of a Video Editing workspace, which is made if there is none. They are in a scene of their own, whose view shows them as they are"""  # noqa: E501

    bl_idname = "motion_bridge.show_takes"
    bl_label = "Open in Sequencer"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        cls.poll_message_set("This scene has no takes yet")
        return context.window is not None and settings_of(context.scene).takes is not None

    def execute(self, context: bpy.types.Context) -> set[str]:
        takes: Any = settings_of(context.scene).takes
        return attempt(self, lambda: sequencer_workspace.open_takes(context.window, takes))


class MOTION_BRIDGE_OT_leave_takes(bpy.types.Operator):
    """Go back to the scene that these takes were made from"""

    bl_idname = "motion_bridge.leave_takes"
    bl_label = "Back to the Scene"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return context.window is not None and source_of(context.scene) is not None

    def execute(self, context: bpy.types.Context) -> set[str]:
        context.window.scene = source_of(context.scene)
        return {"FINISHED"}


register, unregister = bpy.utils.register_classes_factory(
    (MOTION_BRIDGE_OT_open_image, MOTION_BRIDGE_OT_show_takes, MOTION_BRIDGE_OT_leave_takes)
)
