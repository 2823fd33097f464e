"""The list of takes as panels show it, as `window_manager.motion_bridge_takes`: a view of the disk, never saved."""

from typing import Any

import bpy
from bpy.props import BoolProperty, CollectionProperty, FloatProperty, IntProperty, PointerProperty, StringProperty


class MotionBridgeTake(bpy.types.PropertyGroup):
    """One take; its name is that of its folder."""

    folder: StringProperty(name="Folder")
    engine: StringProperty(name="Engine")
    prompt: StringProperty(name="Prompt")
    seed: IntProperty(name="Seed")
    frames: IntProperty(name="Frames", description="How many of them are on disk")
    total: IntProperty(name="Of", description="How many the take is to have")
    seconds: FloatProperty(name="Duration")
    size: StringProperty(name="Disk")
    favorite: BoolProperty(name="Favorite")
    thumbnail: StringProperty(name="Thumbnail")


class MotionBridgeTakeList(bpy.types.PropertyGroup):
    """The takes of one output folder, newest first."""

    output: StringProperty(name="Output")
    items: CollectionProperty(type=MotionBridgeTake)
    active: IntProperty(name="Take", description="The take that the buttons are for")


_WindowManager: Any = bpy.types.WindowManager  # the stubs do not know what add-ons add


def take_list(context: Any) -> Any:
    """The list."""
    return context.window_manager.motion_bridge_takes


def register() -> None:
    bpy.utils.register_class(MotionBridgeTake)
    bpy.utils.register_class(MotionBridgeTakeList)
    _WindowManager.motion_bridge_takes = PointerProperty(type=MotionBridgeTakeList, options={"SKIP_SAVE"})


def unregister() -> None:
    del _WindowManager.motion_bridge_takes
    bpy.utils.unregister_class(MotionBridgeTakeList)
    bpy.utils.unregister_class(MotionBridgeTake)
