"""The open editors: which of them show our picture, and when they draw our panel anew."""

import textwrap
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from typing import Any

import bpy

from .. import compat
from ..names import TITLE
from .takes_scene import source_of, with_strips


def show_image(image: bpy.types.Image) -> None:
    """Show an image where renders are shown: in the open Image Editors that show nothing else of the artist's.

    Where there are none, Blender opens one as its preferences say for renders.
    """
    if not _replace_renders(image):
        windows = bpy.context.window_manager.windows
        if len(windows):
            with bpy.context.temp_override(window=windows[0]):
                bpy.ops.render.view_show("INVOKE_DEFAULT")
            _replace_renders(image)


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


def _replace_renders(image: bpy.types.Image) -> bool:
    """Put the image into the Image Editors that show a render or nothing; whether it is to be seen."""
    seen = False
    for area in _areas():
        if area.type == "IMAGE_EDITOR" and area.ui_type == "IMAGE_EDITOR":
            space: Any = area.spaces.active
            if space.image is None or space.image.type == "RENDER_RESULT":
                space.image = image
            seen = seen or space.image == image
    return seen


def _areas() -> Iterator[bpy.types.Area]:
    for window in bpy.context.window_manager.windows:
        yield from window.screen.areas
