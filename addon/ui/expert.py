"""Everything, closed at first: the panels of the engine, prompts, tracks and exchange stand in it."""

from typing import Any

import bpy

from ..properties import settings_of
from .panels import Sidebar, in_each_editor, listens


class ExpertPanel(Sidebar):
    """Where takes go, and the seed; the rest has panels of its own."""

    bl_label = "Expert"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        layout: Any = self.layout
        settings = settings_of(context.scene)
        layout.use_property_split = True
        layout.use_property_decorate = False
        layout.prop(settings, "output")
        if listens(settings.engine, "seed"):
            layout.prop(settings, "seed")


register, unregister = bpy.utils.register_classes_factory(in_each_editor(ExpertPanel))
