"""What the engine `reproject` is told beside the scene."""

from typing import Any

import bpy

from ....backend.motion_bridge.shot import GenerationSettings
from ..key_pictures import draw_keys
from ..panels import EnginePanel
from . import engine_panel


class ReprojectPanel(EnginePanel):
    """Its property stands among the scene's own, where .blend files have it."""

    bl_label = "Reproject"
    engine = "reproject"

    def draw_engine(self, layout: bpy.types.UILayout, context: bpy.types.Context, everything: Any) -> None:
        draw_keys(layout, everything.keys)
        layout.prop(everything, "mark_unseen")


register, unregister = engine_panel(
    ReprojectPanel, lambda everything: GenerationSettings(settings={"mark_unseen": everything.mark_unseen})
)
