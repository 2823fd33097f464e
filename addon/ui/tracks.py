"""What is followed through the shot."""

import bpy

from ..settings import settings_of
from .panels import Sidebar, in_each_editor


class TracksPanel(Sidebar):
    """The points whose paths an engine is told."""

    bl_label = "Tracks"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        layout, settings = self.layout, settings_of(context.scene)
        layout.use_property_split = True
        layout.use_property_decorate = False
        layout.prop(settings, "grid")
        layout.prop(settings.tracks, "through_glass")


register, unregister = bpy.utils.register_classes_factory(in_each_editor(TracksPanel))
