"""Takes that wait for their turn, as `scene.motion_bridge.queue`."""

from typing import Any

import bpy
from bpy.props import EnumProperty, IntProperty, PointerProperty, StringProperty


def _is_camera(_: Any, thing: bpy.types.Object) -> bool:
    return thing.type == "CAMERA"


class MotionBridgeQueueEntry(bpy.types.PropertyGroup):
    """One take to be made: through which camera, with which engine and seed; all else as the panel says then."""

    camera: PointerProperty(
        name="Camera", description="Camera to render; empty: the scene's camera", type=bpy.types.Object, poll=_is_camera
    )
    engine: StringProperty(name="Engine", description="What makes its frames")
    seed: IntProperty(name="Seed", description="The same seed gives the same frames", min=0)
    state: EnumProperty(
        name="State",
        items=[
            ("WAITING", "Waiting", "Waiting", "TIME", 0),
            ("RUNNING", "Running", "It is being made", "PLAY", 1),
            ("DONE", "Done", "Finished", "CHECKMARK", 2),
            ("FAILED", "Failed", "See the reason below", "ERROR", 3),
        ],
    )
    outcome: StringProperty(name="Outcome", description="The take, or what was wrong")
