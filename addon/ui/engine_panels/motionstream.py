"""What the MotionStream engine is told beside the scene."""

from typing import Any

import bpy

from ....backend.motion_bridge.shot import GenerationSettings
from ...properties.motionstream import AUTOMATIC, FOLDER, MotionBridgeMotionStream
from ..automatic import draw_automatic
from ..panels import EnginePanel
from ..text import draw_wrapped
from . import engine_panel


class MotionStreamPanel(EnginePanel):
    """Shown while the engine is MotionStream."""

    bl_label = "MotionStream"
    engine = "motionstream"

    def draw_engine(self, layout: bpy.types.UILayout, context: bpy.types.Context, everything: Any) -> None:
        settings = everything.motionstream
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
            for name in ("device", "precision", "attention", "compile", "graphs"):
                body.prop(settings, name)


register, unregister = engine_panel(
    MotionStreamPanel,
    lambda everything: GenerationSettings(settings=everything.motionstream.engine_settings()),  # type: ignore[attr-defined]
    [MotionBridgeMotionStream],
)
