"""The few sliders that change most, closed at first."""

import bpy

from .panels import Sidebar, in_each_editor
from .schedules import draw_look, has_look


class LookPanel(Sidebar):
    """What the pictures look like; each slider takes keyframes where its engine follows them."""

    bl_label = "Look"
    bl_options = {"DEFAULT_CLOSED"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return has_look(context.scene)

    def draw(self, context: bpy.types.Context) -> None:
        draw_look(self.layout, context)


register, unregister = bpy.utils.register_classes_factory(in_each_editor(LookPanel))
