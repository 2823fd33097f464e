"""What the scene remembers: the settings of the panel, saved in the .blend."""

from typing import Any

import bpy
from bpy.props import (
    BoolProperty,
    CollectionProperty,
    EnumProperty,
    FloatProperty,
    IntProperty,
    PointerProperty,
    StringProperty,
)

from ...backend.motion_bridge.engines.base import ENGINES
from ...backend.motion_bridge.shot import GenerationSettings
from ..compat import BLEND_RELATIVE
from .deforum import MotionBridgeDeforum
from .motionstream import MotionBridgeMotionStream
from .schedules import MotionBridgeSchedules
from .tracks import MotionBridgeSource, MotionBridgeTracks

ENGINE_LABELS = {  # engine: what the menu says of it; an engine that is not here is shown by its name alone
    "reproject": ("Reproject", "Move the first frame along the scene's true motion. Needs nothing installed"),
    "deforum": ("Deforum", "Warp each frame, let an image model repaint it, feed it back. Needs a Python with torch"),
    "motionstream": ("MotionStream", "Stream a video along the tracks, chunk after chunk. Needs a Python with torch"),
}


class MotionBridgePrompt(bpy.types.PropertyGroup):
    """One prompt keyframe."""

    frame: IntProperty(name="Frame", description="The frame from which the prompt holds")
    text: StringProperty(name="Prompt", description="What the picture shows from this frame on")


class MotionBridgeSettings(bpy.types.PropertyGroup):
    """One scene's settings, as `scene.motion_bridge`."""

    engine: EnumProperty(
        name="Engine",
        description="What makes the frames",
        items=[(name, *ENGINE_LABELS.get(name, (name, ""))) for name in ENGINES],
        default="reproject",
    )
    output: StringProperty(
        name="Output",
        description="Folder for the takes; each Render makes a new one. // is the folder of the .blend file",
        subtype="DIR_PATH",
        options=BLEND_RELATIVE,
        default="//motion_bridge/",
    )
    first_frame: EnumProperty(
        name="First Frame",
        description="The picture that generation starts from",
        items=[
            ("RENDER", "Render", "Render the first frame of the range with this scene's own settings"),
            ("FILE", "File", "An image file"),
            ("IMAGE", "Image", "An image that is open in Blender"),
        ],
        default="RENDER",
    )
    first_frame_path: StringProperty(
        name="First Frame File",
        description="The picture to start from",
        subtype="FILE_PATH",
        options=BLEND_RELATIVE,
    )
    first_frame_image: PointerProperty(
        name="First Frame Image", description="The picture to start from", type=bpy.types.Image
    )
    prompts: CollectionProperty(type=MotionBridgePrompt)
    active_prompt: IntProperty()
    negative: StringProperty(name="Negative", description="What the pictures must not show")
    seed: IntProperty(name="Seed", description="The same seed gives the same frames", min=0)
    grid: IntProperty(
        name="Points per Row",
        description="Points per row and column of the grid that is tracked through the shot, from the first frame on",
        default=50,
        min=0,
        max=200,
    )
    mark_unseen: BoolProperty(
        name="Mark Unseen",
        description="Hatch what the first frame does not show instead of filling it",
    )
    schedule_target: EnumProperty(
        name="For",
        description="Whose warp the schedules are for",
        items=[
            ("WEBUI", "Webui", "Fitted to the warp of the webui and Forge, which is no pinhole"),
            ("METRIC", "Metric", "The true motion in scene units, for engines that warp truly, as this one's"),
        ],
    )
    schedule_keys: EnumProperty(
        name="Keys",
        description="Where schedules have keys",
        items=[
            ("FEWEST", "Fewest", "As few as the tolerance allows"),
            ("ARTIST", "Mine", "Where the camera has keys, and between them as few as the tolerance allows"),
            ("EVERY", "Every", "At every frame"),
        ],
    )
    schedule_tolerance: FloatProperty(
        name="Tolerance",
        description="Pixels that few keys may cost: a frame in the mean for the webui, over any 24 frames for metric. "
        "0 writes a key at every frame",
        default=0.25,
        min=0,
        soft_max=5,
        precision=2,
        subtype="PIXEL",
    )

    takes: PointerProperty(
        name="Takes", description="The scene whose Sequencer holds this scene's takes", type=bpy.types.Scene
    )
    tracks: PointerProperty(type=MotionBridgeTracks)
    deforum: PointerProperty(type=MotionBridgeDeforum)
    motionstream: PointerProperty(type=MotionBridgeMotionStream)

    def generation(self, engine: str, first: int) -> GenerationSettings:
        """What the panel says for an engine and a job that begins at a frame."""
        return GenerationSettings(
            prompts={key.frame: key.text for key in self.prompts},
            negative={first: self.negative} if self.negative else {},
            seed=self.seed,
            settings=self.engine_settings(engine),
            schedules=self.engine_schedules(engine),
        )

    def engine_settings(self, engine: str) -> dict[str, Any]:
        """An engine's own settings, by the names that it knows."""
        match engine:
            case "reproject":
                return {"mark_unseen": self.mark_unseen}
            case "deforum":
                return self.deforum.engine_settings()
            case "motionstream":
                return self.motionstream.engine_settings()
        return {}

    def engine_schedules(self, engine: str) -> dict[str, str]:
        """The schedules that an engine is told: texts by their names."""
        return self.deforum.schedules() if engine == "deforum" else {}


CLASSES = (
    MotionBridgePrompt,
    MotionBridgeSource,
    MotionBridgeTracks,
    MotionBridgeSchedules,
    MotionBridgeDeforum,
    MotionBridgeMotionStream,
    MotionBridgeSettings,
)


_Scene: Any = bpy.types.Scene  # the stubs do not know what add-ons add


def settings_of(scene: Any) -> MotionBridgeSettings:
    """The scene's settings."""
    return scene.motion_bridge


def register() -> None:
    for cls in CLASSES:
        bpy.utils.register_class(cls)
    _Scene.motion_bridge = PointerProperty(type=MotionBridgeSettings)


def unregister() -> None:
    del _Scene.motion_bridge
    for cls in reversed(CLASSES):
        bpy.utils.unregister_class(cls)
