"""What keeps Render from working in a new file, said before it is pressed, with the button that mends it."""

from pathlib import Path
from typing import Any

import bpy

from ..properties import settings_of
from .engine_choice import state_of

TEMPORARY = "motion_bridge"  # folder of Blender's own user data, for takes of files that are not saved


def obstacle(scene: bpy.types.Scene) -> str:
    """Why Render is gray; empty where nothing is in the way."""
    settings = settings_of(scene)
    if scene.camera is None:
        return "The scene has no camera: Add \N{BLACK RIGHT-POINTING SMALL TRIANGLE} Camera."
    if unsaved(settings):
        return "Takes go beside the file: save it, or use a temporary folder."
    if bpy.app.is_job_running("RENDER"):
        return "Blender is rendering; wait, or press Esc."
    if not state_of(settings.engine).ready:
        return "This engine is not installed; Reproject needs nothing."
    return ""


def unsaved(settings: Any) -> bool:
    """Whether takes are to go beside a file that is not there."""
    return settings.output.startswith("//") and not bpy.data.filepath


def draw_unsaved(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """The two ways out."""
    if not unsaved(settings_of(context.scene)):
        return
    row = layout.row(align=True)
    row.operator_context = "INVOKE_DEFAULT"
    row.operator("wm.save_mainfile", text="Save\N{HORIZONTAL ELLIPSIS}", icon="FILE_TICK")
    row.operator("motion_bridge.temporary_output", text="Temporary", icon="TEMP")


class MOTION_BRIDGE_OT_temporary_output(bpy.types.Operator):
    """Put takes into a folder of Blender's user data until you choose another in Expert"""

    bl_idname = "motion_bridge.temporary_output"
    bl_label = "Use a Temporary Folder"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        folder = bpy.utils.user_resource("DATAFILES", path=TEMPORARY, create=True)
        if not folder:
            self.report({"ERROR"}, "Blender's user data cannot be written; save the file instead.")
            return {"CANCELLED"}
        settings_of(context.scene).output = str(Path(folder) / "takes")
        return {"FINISHED"}


CLASSES = (MOTION_BRIDGE_OT_temporary_output,)

register, unregister = bpy.utils.register_classes_factory(CLASSES)
