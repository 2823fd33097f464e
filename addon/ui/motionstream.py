"""What the MotionStream engine is told beside the scene."""

import bpy

from ..properties import settings_of
from ..properties.motionstream import FOLDER
from .panels import Sidebar, in_each_editor
from .readiness import draw_readiness
from .text import draw_wrapped

ENGINE = "motionstream"


class MotionStreamPanel(Sidebar):
    """Shown while the engine is MotionStream."""

    bl_label = "MotionStream"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return settings_of(context.scene).engine == ENGINE

    def draw(self, context: bpy.types.Context) -> None:
        layout, everything = self.layout, settings_of(context.scene)
        settings = everything.motionstream
        draw_readiness(layout, context, ENGINE)
        layout.use_property_split = True
        layout.use_property_decorate = False
        column = layout.column()
        column.prop(settings, "model")
        if settings.model == FOLDER:
            column.prop(settings, "model_folder")
        column.prop(everything, "seed")
        if not everything.tracks.use_grid and not len(everything.tracks.sources):
            draw_wrapped(layout, "No tracks: the video follows text and first frame alone.", context, icon="INFO")
        header, body = layout.panel("motion_bridge_motionstream_advanced", default_closed=True)
        header.label(text="Advanced")
        if body:
            for name in ("decoder", "steps", "chunk", "sink", "window", "refresh_sink", "device"):
                body.prop(settings, name)


register, unregister = bpy.utils.register_classes_factory(in_each_editor(MotionStreamPanel))
