"""The settings of the Deforum engine."""

from typing import Any

import bpy
from bpy.props import StringProperty


class MotionBridgeDeforum(bpy.types.PropertyGroup):
    """As `scene.motion_bridge.deforum`."""

    model: StringProperty(
        name="Model", description="The image model: a name that is registered, or a folder", default="flux.2-klein-4b"
    )

    def engine_settings(self) -> dict[str, Any]:
        """By the names that the engine knows."""
        return {"model": self.model}

    def schedules(self) -> dict[str, str]:
        """The artist's own schedules, such as strength_schedule: texts by their names."""
        return {}
