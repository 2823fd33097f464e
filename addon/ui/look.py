"""The few sliders that change most, closed at first."""

from collections.abc import Callable
from typing import Any

import bpy

from ..properties import settings_of
from .panels import Sidebar, in_each_editor

DrawLook = Callable[[bpy.types.UILayout, bpy.types.Context, Any], None]  # layout, context, the scene's settings
looks: dict[str, DrawLook] = {}  # by engine: a handful of sliders for what its pictures look like


def has_look(scene: bpy.types.Scene) -> bool:
    """Whether the scene's engine has sliders for `draw_look`."""
    return settings_of(scene).engine in looks


def draw_look(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """The few sliders of the scene's engine that change most; nothing for an engine that has none."""
    everything = settings_of(context.scene)
    if everything.engine in looks:
        looks[everything.engine](layout, context, everything)


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
