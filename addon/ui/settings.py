"""What seldom changes."""

import bpy

from ..properties import settings_of
from .panels import Sidebar, in_each_editor


class SettingsPanel(Sidebar):
    """The settings that belong to no theme."""

    bl_label = "Settings"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        layout, settings = self.layout, settings_of(context.scene)
        layout.use_property_split = True
        layout.use_property_decorate = False
        layout.prop(settings, "seed")


register, unregister = bpy.utils.register_classes_factory(in_each_editor(SettingsPanel))
