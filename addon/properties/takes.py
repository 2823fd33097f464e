"""The takes as panels list them, as `window_manager.motion_bridge_take_lists`: a view of the disk, never saved."""

from typing import Any

import bpy
from bpy.props import BoolProperty, CollectionProperty, FloatProperty, IntProperty, StringProperty


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
    """The takes of one scene, newest first; its name is the scene's: two windows may show two scenes."""

    output: StringProperty(name="Output")
    items: CollectionProperty(type=MotionBridgeTake)
    active: IntProperty(name="Take", description="The take that the buttons are for")


_WindowManager: Any = bpy.types.WindowManager  # the stubs do not know what add-ons add


def take_list(context: Any, scene: bpy.types.Scene) -> Any:
    """The list of a scene that takes are made from; None where it was not read yet."""
    return context.window_manager.motion_bridge_take_lists.get(scene.name)


def register() -> None:
    bpy.utils.register_class(MotionBridgeTake)
    bpy.utils.register_class(MotionBridgeTakeList)
    _WindowManager.motion_bridge_take_lists = CollectionProperty(type=MotionBridgeTakeList, options={"SKIP_SAVE"})


def unregister() -> None:
    del _WindowManager.motion_bridge_take_lists
    bpy.utils.unregister_class(MotionBridgeTakeList)
    bpy.utils.unregister_class(MotionBridgeTake)
