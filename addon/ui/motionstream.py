"""What the MotionStream engine is told beside the scene."""

import bpy

from ..properties import settings_of
from ..properties.motionstream import AUTOMATIC, FOLDER
from .automatic import draw_automatic
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
            draw_wrapped(layout, "No tracks: only prompt and first frame guide the video.", context, icon="INFO")
        header, body = layout.panel("motion_bridge_motionstream_advanced", default_closed=True)
        header.label(text="Advanced")
        if body:
            body.prop(settings, "decoder")
            for name in AUTOMATIC:
                draw_automatic(body, settings, name)
            body.prop(settings, "refresh_sink")
            body.prop(settings, "device")


register, unregister = bpy.utils.register_classes_factory(in_each_editor(MotionStreamPanel))
