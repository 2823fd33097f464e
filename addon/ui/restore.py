"""Restore Settings from Frame: what a finished frame was made with, back in the panel."""

import bpy
from bpy.props import StringProperty

from ..paths import absolute
from ..properties.restored import restore
from .operators import attempt


class MOTION_BRIDGE_OT_restore_settings(bpy.types.Operator):
    """Set engine, prompts, seed and settings as they were for a frame; the scene itself stays as it is"""

    bl_idname = "motion_bridge.restore_settings"
    bl_label = "Restore Settings from Frame…"
    bl_options = {"REGISTER", "UNDO"}

    filepath: StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})
    filter_glob: StringProperty(default="*.png", options={"HIDDEN"})

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        return attempt(self, lambda: self._restore(context.scene))

    def _restore(self, scene: bpy.types.Scene) -> None:
        path = absolute(self.filepath)
        notices = restore(scene, path)
        self.report({"WARNING" if notices else "INFO"}, ". ".join((f"Settings of {path.name}", *notices)))


register, unregister = bpy.utils.register_classes_factory((MOTION_BRIDGE_OT_restore_settings,))
