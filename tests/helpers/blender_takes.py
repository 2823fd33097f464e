"""Where the takes of a scene are: in the Sequencer of a scene of their own."""

from pathlib import Path

import bpy
import numpy as np


def takes_of(scene: bpy.types.Scene) -> bpy.types.Scene | None:
    return scene.motion_bridge.takes


def strips(scene: bpy.types.Scene):
    """The strips of a scene's takes; none where there are none yet."""
    from bl_ext.user_default.motion_bridge.addon import compat

    takes = takes_of(scene)
    return compat.strips(takes) if takes else []


def own_strips(scene: bpy.types.Scene):
    """What stands in a scene's own Sequencer."""
    from bl_ext.user_default.motion_bridge.addon import compat

    return compat.strips(scene)


def files(strip) -> list[str]:
    return [element.filename for element in strip.elements]


def png(path: Path) -> np.ndarray:
    from bl_ext.user_default.motion_bridge.backend.motion_bridge.media import png

    return png.read(path)


def drawn_by_the_sequencer(scene: bpy.types.Scene | None, frame: int, path: Path) -> np.ndarray:
    """What a scene's Sequencer shows at a frame, with the view transform that the scene has."""
    assert scene is not None
    scene.render.image_settings.color_mode = "RGB"
    scene.render.filepath = str(path)
    bpy.context.scene.frame_set(frame)  # this operator takes the frame from there, whichever scene it renders
    bpy.ops.render.render(write_still=True, scene=scene.name)
    return png(path)
