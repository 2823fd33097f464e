"""Keeps the list of takes true: read from the disk when something has changed, never while a panel is drawn."""

from functools import partial
from typing import Any

import bpy
from bpy.app.handlers import persistent

from ...backend.motion_bridge.errors import BadInput
from .. import take
from ..properties import settings_of
from ..properties.takes import take_list
from ..render.estimate import size_text
from ..render.manager import window
from ..take_summary import TakeSummary, summaries
from ..viewer.editors import redraw_panels
from ..viewer.takes_scene import source_of
from .thumbnails import follow_file

_seen: dict[str, tuple[Any, ...]] = {}  # scene → what its list was read for
_waiting: Any = None  # the timer that reads it anew


def refresh_soon(scene: bpy.types.Scene) -> None:
    """Called by panels as they are drawn: reads the list afterwards, if it shows something else by now."""
    global _waiting
    scene = source_of(scene) or scene
    if _state(scene) != _seen.get(scene.name) and (_waiting is None or not bpy.app.timers.is_registered(_waiting)):
        _waiting = partial(_refresh, scene.name)
        bpy.app.timers.register(_waiting, first_interval=0)


def refresh(scene: bpy.types.Scene) -> None:
    """Read the takes of a scene now."""
    scene = source_of(scene) or scene
    _seen[scene.name] = _state(scene)
    listed = take_list(bpy.context, scene)
    if listed is None:
        listed = bpy.context.window_manager.motion_bridge_take_lists.add()  # type: ignore[attr-defined]
        listed.name = scene.name
    chosen = listed.items[listed.active].name if 0 <= listed.active < len(listed.items) else ""
    newest = listed.items[0].name if len(listed.items) else ""
    listed.items.clear()
    listed.output = settings_of(scene).output
    try:
        found = list(summaries(take.output_folder(settings_of(scene).output)))
    except (BadInput, OSError):
        return  # the file is not saved yet, or nothing can be written there: Render says so
    for each in found:
        _fill(listed.items.add(), each)
        follow_file(str(each.thumbnail or ""))
    names = [item.name for item in listed.items]
    fresh = bool(names) and names[0] != newest  # a new take is what people look at next
    listed.active = names.index(chosen) if chosen in names and not fresh else 0


def _fill(item: Any, found: TakeSummary) -> None:
    item.name, item.folder = found.take.name, str(found.take.folder)
    item.engine, item.prompt, item.seed = found.engine, found.prompt, max(min(found.seed, 2**31 - 1), -(2**31))
    item.frames, item.total, item.seconds = found.frames, found.total, found.seconds
    item.size, item.favorite = size_text(found.bytes), found.favorite
    item.thumbnail = str(found.thumbnail or "")


def forget_list() -> None:
    """Have it read anew when it is drawn next."""
    _seen.clear()


def _refresh(name: str) -> None:
    scene = bpy.data.scenes.get(name)
    if scene is not None:
        refresh(scene)
        redraw_panels()


def _state(scene: bpy.types.Scene) -> tuple[Any, ...]:
    """What the list depends on, as far as it costs nothing to look at."""
    job = window.session.job if window.session else None
    made = job and (job.take.folder, job.state, job.total)
    return settings_of(scene).output, bpy.data.filepath, made


@persistent
def _file_loaded(*_: Any) -> None:
    forget_list()


def register() -> None:
    bpy.app.handlers.load_post.append(_file_loaded)


def unregister() -> None:
    bpy.app.handlers.load_post.remove(_file_loaded)
    if _waiting is not None and bpy.app.timers.is_registered(_waiting):
        bpy.app.timers.unregister(_waiting)
    forget_list()
