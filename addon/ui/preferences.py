"""Which Python makes the frames, and whether it can."""

import bpy
from bpy.props import StringProperty

from ..interpreter import diagnostics
from ..names import PACKAGE
from .text import draw_wrapped


class MotionBridgePreferences(bpy.types.AddonPreferences):
    bl_idname = PACKAGE

    python: StringProperty(
        name="Backend Python",
        description="The Python that makes the frames. Empty: Blender's own, which is enough for Reproject",
        subtype="FILE_PATH",
    )

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        layout.use_property_split = True
        row = layout.row(align=True)
        row.prop(self, "python")
        row.operator("motion_bridge.doctor", text="Check", icon="CHECKMARK")
        if diagnostics.report:
            draw_wrapped(layout.box(), diagnostics.report, context)


class MOTION_BRIDGE_OT_doctor(bpy.types.Operator):
    """Start the backend's Python and ask what it can do"""

    bl_idname = "motion_bridge.doctor"
    bl_label = "Check Backend"

    def execute(self, context: bpy.types.Context) -> set[str]:
        fine, report = diagnostics.ask()
        self.report({"INFO" if fine else "ERROR"}, report.splitlines()[0])
        return {"FINISHED"}


CLASSES = (MotionBridgePreferences, MOTION_BRIDGE_OT_doctor)

register, unregister = bpy.utils.register_classes_factory(CLASSES)
