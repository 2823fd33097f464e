"""Takes that are made already, over the camera's view: the picture of the frame at the playhead, of one take or two.

Files are read and packed in a thread, always for the frame that is wanted last, so scrubbing never waits.
"""

import bisect
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import bpy
from bpy.app.handlers import persistent

from ...backend.motion_bridge.errors import BadInput
from ...backend.motion_bridge.media import png, texture
from ..properties import settings_of
from ..take import Take
from . import camera_overlay

PULSE = 0.02  # seconds between two looks at the thread


class InView:
    """What is shown."""

    scene = ""  # its name; empty: nothing
    first: Take | None = None
    takes: tuple[dict[int, Path], ...] = ()  # the files of one or two, by frame
    wanted: int | None = None  # the frame that is to be read next
    reading: "Reading | None" = None


class Reading(threading.Thread):
    """Reads the pictures of one frame."""

    def __init__(self, files: Sequence[Path | None]):
        super().__init__(name="motion-bridge-take", daemon=True)
        self._files = files
        self.pictures: list[camera_overlay.Packed | None] = []

    def run(self) -> None:
        self.pictures = [file and _read(file) for file in self._files]


def show(scene: bpy.types.Scene, first: Take, second: Take | None = None) -> None:
    """Show a take where the scene's camera sees it, and another one right of the wipe."""
    InView.scene, InView.first = scene.name, first
    InView.takes = tuple(take.frames() for take in (first, second) if take is not None)
    view: Any = settings_of(scene).view
    if second is not None and view.wipe == 1:
        view.wipe = 0.5
    if _frame_changed not in bpy.app.handlers.frame_change_post:
        bpy.app.handlers.frame_change_post.append(_frame_changed)
    _want(scene.frame_current)


def compare(scene: bpy.types.Scene, other: Take) -> None:
    """Put a take right of the wipe, beside the one that is shown; BadInput where that is none or the same."""
    first = InView.first if InView.scene == scene.name else None
    if first is None or first == other:
        raise BadInput(f"Show another take first; then {other.name} can be compared with it.")
    show(scene, first, other)


def refresh(take: Take) -> None:
    """Read the frames of a take anew, if it is shown alone: some of them have gone."""
    scene = bpy.data.scenes.get(InView.scene)
    if scene is not None and InView.first == take and len(InView.takes) == 1:
        show(scene, take)


def leave() -> None:
    """Follow the playhead no longer; what is shown stays until something else is."""
    InView.scene, InView.first, InView.takes, InView.wanted = "", None, (), None
    InView.reading = None  # of what is shown no longer
    if _frame_changed in bpy.app.handlers.frame_change_post:
        bpy.app.handlers.frame_change_post.remove(_frame_changed)
    if bpy.app.timers.is_registered(_look):
        bpy.app.timers.unregister(_look)


def file_at(files: dict[int, Path], frame: int) -> Path | None:
    """The picture that stands at a frame: its own or the one before; None before the first."""
    numbers = list(files)
    at = bisect.bisect_right(numbers, frame)
    return files[numbers[at - 1]] if at else None


def _want(frame: int) -> None:
    InView.wanted = frame
    if not bpy.app.timers.is_registered(_look):
        bpy.app.timers.register(_look, first_interval=0)


def _look() -> float | None:
    """Show what has been read, and have the next read; until nothing more is wanted."""
    reading = InView.reading
    if reading is not None:
        if reading.is_alive():
            return PULSE
        InView.reading = None
        first, *second = reading.pictures
        if first is not None:
            camera_overlay.show(InView.scene, first, second[0] if second else None)
        else:
            camera_overlay.forget()
    if InView.wanted is None:
        return None
    InView.reading = Reading([file_at(files, InView.wanted) for files in InView.takes])
    InView.wanted = None
    InView.reading.start()
    return PULSE


def _read(file: Path) -> camera_overlay.Packed | None:
    try:
        return texture.packed(png.read(file))
    except (BadInput, OSError):  # it was deleted meanwhile, or is damaged
        return None


@persistent
def _frame_changed(scene: bpy.types.Scene, *_: Any) -> None:
    if scene.name == InView.scene and not bpy.app.is_job_running("RENDER"):  # which calls from a thread of its own
        _want(scene.frame_current)


@persistent
def _file_loaded(*_: Any) -> None:
    leave()


def register() -> None:
    bpy.app.handlers.load_post.append(_file_loaded)


def unregister() -> None:
    bpy.app.handlers.load_post.remove(_file_loaded)
    leave()
