"""How the generated picture is shown, as `scene.motion_bridge.view`."""

from typing import Any

import bpy
from bpy.props import BoolProperty, FloatProperty


def _redraw(_: Any, context: bpy.types.Context) -> None:
    for window in context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == "VIEW_3D":
                area.tag_redraw()


class MotionBridgeView(bpy.types.PropertyGroup):
    """What the camera view shows of it."""

    overlay: BoolProperty(
        name="Overlay",
        description="Show the generated picture over the camera's view",
        default=True,
        options=set(),
        update=_redraw,
    )
    opacity: FloatProperty(
        name="Opacity",
        description="How much the generated picture covers of the camera's view",
        default=1,
        min=0,
        max=1,
        subtype="FACTOR",
        options=set(),
        update=_redraw,
    )
    wipe: FloatProperty(
        name="Wipe",
        description="How much of the width shows the generated picture, from the left; "
        "the rest shows the viewport or the second take",
        default=1,
        min=0,
        max=1,
        subtype="FACTOR",
        options=set(),
        update=_redraw,
    )
    follow: BoolProperty(
        name="Playhead Follows",
        description="Go to each frame as it arrives",
        options=set(),
    )
