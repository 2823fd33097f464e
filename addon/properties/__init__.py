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
from . import from_schema, prompt_markers, takes
from .key_pictures import MotionBridgeDraft, MotionBridgeKeys
from .prompt_markers import MotionBridgePrompt
from .queue import MotionBridgeQueueEntry
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


def _get_prompt(settings: Any) -> str:
    return prompt_at(prompt_markers.prompts(settings.id_data), settings.id_data.frame_current)


def _set_prompt(settings: Any, text: str) -> None:
    """Into the key that holds; before the first one, into a new one that holds from the start on."""
    scene = settings.id_data
    prompt_markers.synchronize(scene)
    holding = key_at((key.frame for key in settings.prompts), scene.frame_current)
    key = next((key for key in settings.prompts if key.frame == holding), None)
    if key is None:
        prompt_markers.add(scene, min(scene.frame_start, scene.frame_current), text)
    else:
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
    prompt_markers: BoolProperty(
        name="Markers",
        description="Keep each prompt as a marker of the timeline, too. Markers named 'prompt: …' are prompts",
        default=True,
        update=prompt_markers.switched,
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
    queue: CollectionProperty(type=MotionBridgeQueueEntry)
    active_queue: IntProperty()
    view: PointerProperty(type=MotionBridgeView)

    def generation(self, engine: str, frames: Sequence[int] = ()) -> GenerationSettings:
        """What the panel says for an engine and a job of these frames; empty for the scene's own range."""
        told = _readers[engine](self) if engine in _readers else UNSPECIFIED
        if engine in _schedules:
            told = replace(told, schedules=_schedules[engine](self, frames))
        scene: Any = self.id_data
        prompts = prompt_markers.prompts(scene)
        negative = {frames[0] if frames else scene.frame_start: self.negative} if self.negative else {}
        return replace(told, prompts=prompts, negative=negative, seed=self.seed)

    def show_engine(self, told: GenerationSettings) -> None:
        """Show the engine's own settings and schedules as it was told them; what nobody told stays as it is."""
        group: Any = getattr(self, self.engine, self)
        if hasattr(group, "restore"):
            group.restore(told.settings, told.schedules)
        else:
            from_schema.show(group, told.settings)


Read = Callable[[MotionBridgeSettings], GenerationSettings]
ReadSchedules = Callable[[MotionBridgeSettings, Sequence[int]], dict[str, str]]
_readers: dict[str, Read] = {}  # what the panels say, by engine
_schedules: dict[str, ReadSchedules] = {}  # likewise, of engines with schedules that Blender animates


def attach(engine: str, read: Read, groups: Sequence[type] = (), schedules: ReadSchedules | None = None) -> None:
    """Keep properties for an engine with every scene, the last group of them as `scene.motion_bridge.<engine>`.

    read: the engine's own settings, as the scene's settings have them. schedules: its schedules at the frames of a job.
    """
    if schedules:
        _schedules[engine] = schedules
    for group in groups:
        bpy.utils.register_class(group)
    if groups:
        setattr(MotionBridgeSettings, engine, PointerProperty(type=groups[-1]))
    _readers[engine] = read


def detach(engine: str, groups: Sequence[type] = ()) -> None:
    """Undo `attach`."""
    del _readers[engine]
    _schedules.pop(engine, None)
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
    MotionBridgeQueueEntry,
    MotionBridgeView,
    MotionBridgeSettings,
)


_Scene: Any = bpy.types.Scene  # the stubs do not know what add-ons add


def current_value(scene: Any, name: str) -> Any:
    """The value at the current frame of one of the settings or schedules of the scene's engine, by the engine's name
    for it. BadInput for a schedule that cannot be read.
    """
    everything = settings_of(scene)
    group = getattr(everything, everything.engine)
    if hasattr(getattr(group, "curves", None), name):
        return group.now(name)
    return getattr(group, name)


def settings_of(scene: Any) -> MotionBridgeSettings:
    """The scene's settings."""
    return scene.motion_bridge


def register() -> None:
    for cls in CLASSES:
        bpy.utils.register_class(cls)
    prompt_markers.register()
    _Scene.motion_bridge = PointerProperty(type=MotionBridgeSettings)
    takes.register()


def unregister() -> None:
    takes.unregister()
    prompt_markers.unregister()
    del _Scene.motion_bridge
    for cls in reversed(CLASSES):
        bpy.utils.unregister_class(cls)
