"""What the scene remembers: the settings of the panel, saved in the .blend."""

import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace
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

from ...backend.motion_bridge.engines import base as engines
from ...backend.motion_bridge.shot import UNSPECIFIED, GenerationSettings, key_at, prompt_at
from ..compat import BLEND_RELATIVE
from .key_pictures import MotionBridgeDraft, MotionBridgeKeys
from .tracks import MotionBridgeSource, MotionBridgeTracks
from .view import MotionBridgeView

STORED = ("reproject", "deforum", "motionstream")  # .blend files know these by their place in the menu


def engine_menu() -> list[tuple[str, str, str, str, int]]:
    """The engines as they call themselves; one that cannot be loaded is shown by its name alone."""
    there = engines.loadable()
    items = []
    for name in sorted(engines.ENGINES, key=lambda name: (STORED.index(name) if name in STORED else len(STORED), name)):
        label, about = (there[name].label or name, there[name].description) if name in there else (name, "")
        number = STORED.index(name) if name in STORED else zlib.crc32(name.encode()) >> 1
        items.append((name, label, about, "NONE", number))
    return items


class MotionBridgePrompt(bpy.types.PropertyGroup):
    """One prompt keyframe."""

    frame: IntProperty(name="Frame", description="The frame from which the prompt holds")
    text: StringProperty(name="Prompt", description="What the picture shows from this frame on")


def _get_prompt(settings: Any) -> str:
    return prompt_at({key.frame: key.text for key in settings.prompts}, settings.id_data.frame_current)


def _set_prompt(settings: Any, text: str) -> None:
    """Into the key that holds; before the first one, into a new one that holds from the start on."""
    scene = settings.id_data
    holding = key_at((key.frame for key in settings.prompts), scene.frame_current)
    key = next((key for key in settings.prompts if key.frame == holding), None)
    if key is None:
        key = settings.prompts.add()
        key.frame = min(scene.frame_start, scene.frame_current)
    key.text = text


class MotionBridgeSettings(bpy.types.PropertyGroup):
    """One scene's settings, as `scene.motion_bridge`."""

    engine: EnumProperty(
        name="Engine",
        description="What makes the frames",
        items=engine_menu(),
        default=engines.DEFAULT,
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
    prompt: StringProperty(  # a view of the list; it stores nothing of its own
        name="Prompt",
        description="What the picture shows at the current frame, and on until the next key",
        get=_get_prompt,
        set=_set_prompt,
        options={"SKIP_SAVE"},
    )
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
        description="Hatch what no key picture shows instead of filling it",
    )
    schedule_target: EnumProperty(
        name="For",
        description="Whose warp the schedules are for",
        items=[
            ("WEBUI", "Webui", "Fitted to the warp of the webui and Forge, which is not a pinhole"),
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
    keys: PointerProperty(type=MotionBridgeKeys)
    draft: PointerProperty(type=MotionBridgeDraft)
    view: PointerProperty(type=MotionBridgeView)

    def generation(self, engine: str, first: int = 0) -> GenerationSettings:
        """What the panel says for an engine and a job that begins at a frame."""
        told = _readers[engine](self) if engine in _readers else UNSPECIFIED
        prompts = {key.frame: key.text for key in self.prompts}
        return replace(told, prompts=prompts, negative={first: self.negative} if self.negative else {}, seed=self.seed)


Read = Callable[[MotionBridgeSettings], GenerationSettings]
_readers: dict[str, Read] = {}  # what the panels say, by engine


def attach(engine: str, read: Read, groups: Sequence[type] = ()) -> None:
    """Keep properties for an engine with every scene, the last group of them as `scene.motion_bridge.<engine>`.

    read: the engine's own settings and schedules, as the scene's settings have them.
    """
    for group in groups:
        bpy.utils.register_class(group)
    if groups:
        setattr(MotionBridgeSettings, engine, PointerProperty(type=groups[-1]))
    _readers[engine] = read


def detach(engine: str, groups: Sequence[type] = ()) -> None:
    """Undo `attach`."""
    del _readers[engine]
    if groups:
        delattr(MotionBridgeSettings, engine)
    for group in reversed(groups):
        bpy.utils.unregister_class(group)


CLASSES = (
    MotionBridgePrompt,
    MotionBridgeSource,
    MotionBridgeTracks,
    MotionBridgeKeys,
    MotionBridgeDraft,
    MotionBridgeView,
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
