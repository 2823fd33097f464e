"""An engine as somebody adds one: its own folder, its own panel file, and not a line anywhere else."""

ENGINE_FILE = "backend/motion_bridge/engines/gray/engine.py"
ENGINE = """\
import numpy as np

from ..base import Engine, Frame, Notice, settings


class Gray(Engine):
    label, description = "Gray", "Every frame in one gray"
    defaults = {"level": 128}

    def frames(self, shot, finished, changes):
        level = settings(self, shot)["level"]
        yield Notice(f"Every frame is {level}.")
        for k in (k for k in range(len(shot.frames)) if k not in finished):
            yield Frame(k, np.full_like(shot.first_frame, level))

engine = Gray()
"""
PANEL_FILE = "addon/ui/engine_panels/gray.py"
PANEL = """\
from bpy.props import IntProperty
from bpy.types import PropertyGroup

from ....backend.motion_bridge.shot import GenerationSettings
from ..panels import EnginePanel
from . import engine_panel


class MotionBridgeGray(PropertyGroup):
    level: IntProperty(name="Level", default=128)


class GrayPanel(EnginePanel):
    bl_label, engine = "Gray", "gray"

    def draw_engine(self, layout, context, everything):
        layout.prop(everything.gray, "level")


def told(everything):
    return GenerationSettings(settings={"level": everything.gray.level})


register, unregister = engine_panel(GrayPanel, told, [MotionBridgeGray])
"""
