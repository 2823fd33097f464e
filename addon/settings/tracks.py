"""What is followed through the shot, as the panel says."""

from typing import Any

import bpy
from bpy.props import BoolProperty


class MotionBridgeTracks(bpy.types.PropertyGroup):
    """As `scene.motion_bridge.tracks`."""

    through_glass: BoolProperty(
        name="Through Glass", description="Things of glass do not hide the points that are seen through them"
    )

    def engine_settings(self) -> dict[str, Any]:
        """None: tracks are part of the Shot, whatever the engine."""
        return {}
