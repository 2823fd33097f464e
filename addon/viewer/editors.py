"""The open editors: which of them show our picture, and when they draw our panel anew."""

import textwrap
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from typing import Any

import bpy

from .. import compat
from ..names import TITLE
from ..properties import settings_of
from .takes_scene import source_of, with_strips


def show_image(image: bpy.types.Image) -> bool:
    """Show an image in the open Image Editors that show nothing else of the artist's; whether it is to be seen."""
    seen = False
    for area in _image_editors():
        space: Any = area.spaces.active
        if space.image is None or space.image.type == "RENDER_RESULT":
            space.image = image
        seen = seen or space.image == image
    return seen


def image_wanted(image: bpy.types.Image | None) -> bool:
    """Whether an open Image Editor shows the image, or would."""
    shown = [area.spaces.active.image for area in _image_editors()]  # type: ignore[attr-defined]
    return any(each is None or each.type == "RENDER_RESULT" or each == image for each in shown)


def open_image(image: bpy.types.Image, window: bpy.types.Window) -> None:
    """Show an image in an Image Editor; where none is free, Blender opens one as its preferences say for renders."""
    if not show_image(image):
        with bpy.context.temp_override(window=window):
            bpy.ops.render.view_show("INVOKE_DEFAULT")
        show_image(image)


def look_through_camera(context: bpy.types.Context, image: bpy.types.Image | None) -> None:
    """Have the 3D View that is worked in, else the largest, look through the camera: that is where pictures come.

    Nothing happens where a view does so already, or where an Image Editor shows the pictures. image: ours, if any.
    """
    views = [area for area in context.window.screen.areas if area.type == "VIEW_3D"] if context.window else []
    spaces: list[Any] = [area.spaces.active for area in views]
    seen = any(space.region_3d.view_perspective == "CAMERA" for space in spaces)
    if not views or seen or context.scene.camera is None or image_wanted(image):
        return
    area: Any = context.area if context.area in views else max(views, key=lambda each: each.width * each.height)
    area.spaces.active.region_3d.view_perspective = "CAMERA"


def go_to(scene: bpy.types.Scene, frame: int) -> None:
    """Set the playhead of a scene and of its takes' one, unless an animation is being played."""
    windows = bpy.context.window_manager.windows
    if any(window.screen.is_animation_playing for window in windows):
        return
    for each in (scene, settings_of(scene).takes):
        if each is not None and each.frame_current != frame:
            each.frame_current = frame


def show_strips() -> None:
    """Let the Sequencers of all workspaces show the takes if they show no strips; of those that come later, too."""
    source = next((window.scene for window in bpy.context.window_manager.windows), bpy.context.scene)
    takes = with_strips(source)
    if takes is not None:
        for workspace in bpy.data.workspaces:
            compat.show_in_sequencer(workspace, takes, source_of(takes))


def mark_changed(step: str) -> bool:
    """Make what was added through Blender's data a step that can be undone, so that closing asks to save it.

    False while the artist is in the middle of something, such as moving an object: then it must be asked again.
    """
    windows = bpy.context.window_manager.windows
    if any(len(getattr(window, "modal_operators", ())) for window in windows):
        return False
    with bpy.context.temp_override(window=windows[0]) if len(windows) else nullcontext(), suppress(RuntimeError):
        bpy.ops.ed.undo_push(message=step)
    return True


def redraw_panels() -> None:
    """Have the sidebars with our tab drawn anew; the pictures beside them are left alone."""
    for area in _areas():
        for region in area.regions:
            if region.type == "UI" and getattr(region, "active_panel_category", TITLE) in (TITLE, "UNSUPPORTED"):
                region.tag_redraw()


def pop_up(sentence: str) -> None:
    """Show a failure where the mouse is: the artist may look at anything but our panel."""

    def draw(menu: Any, _: bpy.types.Context) -> None:
        for line in textwrap.wrap(sentence, 80):
            menu.layout.label(text=line)

    manager = bpy.context.window_manager
    if len(manager.windows):
        with bpy.context.temp_override(window=manager.windows[0]):
            manager.popup_menu(draw, title=TITLE, icon="ERROR")


def _image_editors() -> list[bpy.types.Area]:
    return [area for area in _areas() if area.type == "IMAGE_EDITOR" and area.ui_type == "IMAGE_EDITOR"]


def _areas() -> Iterator[bpy.types.Area]:
    for window in bpy.context.window_manager.windows:
        yield from window.screen.areas
