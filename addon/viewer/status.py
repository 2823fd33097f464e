"""What is being made, said where people look: in the status bar, and while they direct it in the 3D Views' headers."""

from collections.abc import Iterable
from typing import Any, ClassVar

import bpy
from bpy.app.handlers import persistent

from ..names import TITLE

BAR = 24  # units of the interface's width
TRANSFORM = "TRANSFORM_OT_"  # operators that use the header themselves


class Status:
    """What is said at the moment."""

    text = ""  # empty: nothing
    share: float | None = None  # of the progress bar, 0 to 1; None: there is no end to get near to
    header = ""
    headed: ClassVar[set[int]] = set()  # areas, by their address, whose headers say it


def show(text: str, share: float | None, header: str = "") -> None:
    """Say it in the status bar, over a progress bar if there is a share, and a header in those of camera views."""
    if not bpy.context.window_manager.windows or bpy.app.background:
        return
    if not Status.text:
        _set_status_bar(_draw)
    changed, Status.text, Status.share = (Status.text, Status.share) != (text, share), text, share
    if changed:
        _redraw_status_bars()
    if header != Status.header:
        Status.header = header
        _head(header, bpy.context.window_manager.windows)


def clear() -> None:
    """Leave status bar and headers to Blender."""
    if Status.text:
        _set_status_bar(None)
    if Status.header:
        for screen in bpy.data.screens:  # those of other workspaces, too
            for area in screen.areas:
                if area.type == "VIEW_3D":
                    area.header_text_set(None)
    Status.text, Status.share, Status.header = "", None, ""
    Status.headed.clear()


def _draw(bar: Any, context: Any) -> None:
    """The whole status bar, as Blender gives it away: its own parts stay, ours stands between them."""
    layout = bar.layout
    layout.template_input_status()
    layout.separator_spacer()
    row = layout.row()
    row.ui_units_x = BAR
    if Status.share is None:
        row.label(text=f"{TITLE}: {Status.text}", icon="REC")
    else:
        row.progress(text=f"{TITLE}: {Status.text}", factor=Status.share)
    layout.separator_spacer()
    layout.template_reports_banner()
    layout.template_running_jobs()
    row = layout.row()
    row.alignment = "RIGHT"
    row.template_status_info()


def _set_status_bar(draw: Any) -> None:
    """All workspaces share the status bar, so any of them serves."""
    workspace = next(iter(bpy.data.workspaces), None)
    if workspace is not None:
        workspace.status_text_set(draw)


def _redraw_status_bars() -> None:
    """A status bar is no area that scripts can reach; setting its text is what draws it anew."""
    _set_status_bar(_draw)


def _head(header: str, windows: Iterable[Any]) -> None:
    """Say it in the 3D Views that look through the camera, and no longer in those that did.

    Not in a window where something is moved: its numbers stand there.
    """
    for window in windows:
        if any(operator.bl_idname.startswith(TRANSFORM) for operator in getattr(window, "modal_operators", ())):
            continue
        for area in window.screen.areas:
            if area.type != "VIEW_3D":
                continue
            address = area.as_pointer()
            if header and area.spaces.active.region_3d.view_perspective == "CAMERA":
                area.header_text_set(header)
                Status.headed.add(address)
            elif address in Status.headed:
                area.header_text_set(None)
                Status.headed.discard(address)


@persistent
def _file_loaded(*_: Any) -> None:
    clear()


def register() -> None:
    bpy.app.handlers.load_post.append(_file_loaded)


def unregister() -> None:
    bpy.app.handlers.load_post.remove(_file_loaded)
    clear()
