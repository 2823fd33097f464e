"""A Sequencer below the 3D View, for takes to be seen in while they grow, where a window has none."""

from typing import Any

import bpy

from .. import compat
from ..names import PACKAGE

SHARE = 0.25  # of the height of the 3D View
SOON = 0.05  # seconds
LEAST = 400  # pixels of height, at a scale of 1, below which a view is not split


def make_soon(window: Any) -> None:
    """Split the largest 3D View once the button that asked for it has been drawn up: areas change hands here.

    Nothing happens where any window shows a Sequencer, where the preferences say so, or before Blender 5.0, whose
    Sequencer shows the window's scene.
    """
    if compat.WORKSPACES_CHOOSE and not bpy.app.background and _wanted() and not _has_sequencer():
        bpy.app.timers.register(lambda: make(window), first_interval=SOON)


def _wanted() -> bool:
    addon: Any = bpy.context.preferences.addons.get(PACKAGE)
    return addon is None or addon.preferences is None or addon.preferences.show_sequencer


def make(window: Any) -> None:
    """Split it now."""
    if window not in list(bpy.context.window_manager.windows) or _has_sequencer():
        return
    views = [area for area in window.screen.areas if area.type == "VIEW_3D"]
    least = LEAST * bpy.context.preferences.system.ui_scale
    view = max(views, key=lambda area: area.width * area.height, default=None)
    if view is None or view.height < least:
        return
    before = set(window.screen.areas)
    region = next(region for region in view.regions if region.type == "WINDOW")
    with bpy.context.temp_override(window=window, area=view, region=region):
        bpy.ops.screen.area_split(direction="HORIZONTAL", factor=SHARE)
    made = [area for area in window.screen.areas if area not in before]
    if made:
        below = min((view, *made), key=lambda area: area.y)
        below.type = "SEQUENCE_EDITOR"


def _has_sequencer() -> bool:
    windows = bpy.context.window_manager.windows
    return any(area.type == "SEQUENCE_EDITOR" for each in windows for area in each.screen.areas)
