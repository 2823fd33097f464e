"""What a person sees and presses while the Python that makes the frames lacks something."""

import bpy
from bpy.props import StringProperty

from ...backend.motion_bridge.errors import MotionBridgeError
from ..interpreter import readiness
from ..names import PACKAGE
from .downloads import draw_install, draw_task
from .text import draw_wrapped


def draw_readiness(layout: bpy.types.UILayout, context: bpy.types.Context, engine: str) -> None:
    """What keeps an engine from running, as far as that is known, and how to mend it; nothing where nothing does."""
    try:
        lacking = readiness.lacking(engine)
    except MotionBridgeError as fault:
        draw_wrapped(layout.box(), str(fault), context, icon="ERROR")
        return
    if lacking is None:
        return
    box = layout.box()
    draw_wrapped(box, lacking, context, icon="INFO")
    draw_install(box, context)
    draw_task(box, context)
    row = box.row(align=True)
    row.operator("motion_bridge.copy_install", icon="COPYDOWN").engine = engine  # type: ignore[union-attr]
    row.operator("motion_bridge.open_preferences", icon="PREFERENCES")


class MOTION_BRIDGE_OT_copy_install(bpy.types.Operator):
    """Copy the commands that make a Python for this engine; paste them into a terminal"""

    bl_idname = "motion_bridge.copy_install"
    bl_label = "Commands"

    engine: StringProperty(options={"HIDDEN"})

    def execute(self, context: bpy.types.Context) -> set[str]:
        context.window_manager.clipboard = readiness.install_commands(self.engine)
        self.report({"INFO"}, f"Copied. Paste into a terminal, then choose {readiness.new_python()} in the preferences")
        return {"FINISHED"}


class MOTION_BRIDGE_OT_open_preferences(bpy.types.Operator):
    """Open this extension's preferences, where the Python that makes the frames is chosen"""

    bl_idname = "motion_bridge.open_preferences"
    bl_label = "Preferences"

    def execute(self, context: bpy.types.Context) -> set[str]:
        bpy.ops.preferences.addon_show(module=PACKAGE)
        return {"FINISHED"}


CLASSES = (MOTION_BRIDGE_OT_copy_install, MOTION_BRIDGE_OT_open_preferences)

register, unregister = bpy.utils.register_classes_factory(CLASSES)
