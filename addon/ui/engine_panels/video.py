"""What the video engine is told beside the scene."""

from typing import Any

import bpy

from ....backend.motion_bridge.engines.video.requirements import chosen
from ....backend.motion_bridge.model_registry.video_registry import FAMILIES
from ....backend.motion_bridge.shot import GenerationSettings
from ...properties.video import FOLDER, MotionBridgeVideo
from ..automatic import draw_automatic
from ..downloads import draw_model
from ..panels import EnginePanel
from ..text import draw_wrapped
from . import engine_panel


class VideoPanel(EnginePanel):
    """Shown while the engine is Video Models."""

    bl_label = "Video Models"
    engine = "video"

    def draw_engine(self, layout: bpy.types.UILayout, context: bpy.types.Context, everything: Any) -> None:
        settings = everything.video
        column = layout.column()
        column.prop(settings, "model")
        if settings.model == FOLDER:
            column.prop(settings, "model_folder")
        else:
            draw_model(layout, context, settings.model)
        column.prop(settings, "control")
        column.prop(everything, "seed")
        name = settings.model if settings.model != FOLDER else ""
        family = chosen({"model": name, "control": ""})[0] if name else None
        if family is not None and family.terms:
            column.prop(settings, "accept_license")
            draw_wrapped(layout, f"{family.license}: {family.terms}", context, icon="INFO")
        if family is None or family is FAMILIES["ltx-2"]:
            column.prop(settings, "lora")
        if family is None or family is FAMILIES["sana-wm"]:
            column.prop(settings, "refiner")
        if family is None or family is FAMILIES["wan-i2v"]:
            column.prop(settings, "noise_free")
            column.prop(settings, "noise_known")
        header, body = layout.panel("motion_bridge_video_advanced", default_closed=True)
        header.label(text="Advanced")
        if body:
            body.prop(settings, "strength")
            for name in ("steps", "guidance", "length"):
                draw_automatic(body, settings, name)
            body.prop(settings, "size")
            body.prop(settings, "resampling")
            body.prop(settings, "device")


def draw_look(layout: bpy.types.UILayout, context: bpy.types.Context, everything: Any) -> None:
    """What changes the pictures most; a clip has one value of each."""
    layout.use_property_split, layout.use_property_decorate = True, False
    layout.prop(everything.video, "strength")
    draw_automatic(layout, everything.video, "guidance")
    layout.prop(everything.video, "noise_free")
    layout.prop(everything.video, "noise_known")


register, unregister = engine_panel(
    VideoPanel,
    lambda everything: GenerationSettings(settings=everything.video.engine_settings()),  # type: ignore[attr-defined]
    [MotionBridgeVideo],
    look=draw_look,
)
