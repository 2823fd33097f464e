"""What the MotionStream engine is told beside the scene."""

import bpy

from ..settings import settings_of
from .panels import Sidebar, in_each_editor


class MotionStreamPanel(Sidebar):
    """Shown while the engine is MotionStream."""

    bl_label = "MotionStream"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return settings_of(context.scene).engine == "motionstream"

    def draw(self, context: bpy.types.Context) -> None:
        layout, settings = self.layout, settings_of(context.scene).motionstream
        layout.use_property_split = True
        layout.use_property_decorate = False
        layout.prop(settings, "model")


register, unregister = bpy.utils.register_classes_factory(in_each_editor(MotionStreamPanel))
