"""The settings of the MotionStream engine."""

from typing import Any

import bpy
from bpy.props import StringProperty


class MotionBridgeMotionStream(bpy.types.PropertyGroup):
    """As `scene.motion_bridge.motionstream`."""

    model: StringProperty(name="Model", description="The video model: a name that is registered, or a folder")

    def engine_settings(self) -> dict[str, Any]:
        """By the names that the engine knows."""
        return {"model": self.model}
