"""A take as an image-sequence strip: the picture of frame k stands at frame k of the timeline."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import bpy

from .. import compat
from ..names import TITLE
from . import editors
from .takes_scene import takes_scene


class TakeStrip:
    """The strip of one take, grown as frames arrive.

    Scene and strip are found by name at every step, so an undo or a reloaded file costs nothing but finding it again:
    what the strip lacks is added, and a takes' scene that an undo took away is made again.
    """

    def __init__(self, source: bpy.types.Scene, chosen: bpy.types.Scene | None, folder: Path, frames: Sequence[int]):
        """source: the scene that the take is made from. chosen: whose Sequencer it goes into; None: the takes' own."""
        self._source_name = source.name
        self._scene_name = chosen.name if chosen else ""
        self.name = f"{TITLE} {folder.name}"
        self._folder = folder
        self._frames = frames
        self._holds = holds(frames)
        self._files: list[str] = []  # one for each timeline frame that can be shown
        self._next = 0  # index of the first frame that is not in _files
        self.is_new = False  # whether it was made since somebody looked: the file has to be marked as changed
        self._there: dict[int, str] = {}  # finished frames by index, in whatever order they came

    def add(self, index: int, file: str) -> None:
        """Note a finished frame; `place` shows it once all the frames before it are there."""
        if index >= self._next:
            self._there[index] = file
        while self._next in self._there:
            self._files += [self._there.pop(self._next)] * self._holds[self._next]
            self._next += 1

    def place(self) -> None:
        """Bring the strip up to date; nothing happens when the scene is gone."""
        scene = self._scene() if self._files else None
        if scene is None:
            return
        strips = compat.strips(scene)
        strip = strips.get(self.name)
        if strip is None:
            strip = self._make(scene, strips)
            self.is_new = True
        for file in self._files[len(strip.elements) :]:
            strip.elements.append(file)
        compat.forget_drawn(strip)

    def _scene(self) -> Any:
        """The scene that the strip is in; a takes' scene is made where there is none."""
        scene = bpy.data.scenes.get(self._scene_name)
        if scene is None and (source := bpy.data.scenes.get(self._source_name)):
            scene = takes_scene(source)
            self._scene_name = scene.name
        return scene

    def _make(self, scene: bpy.types.Scene, strips: Any) -> Any:
        start, end = self._frames[0], self._frames[0] + sum(self._holds)
        first = str(self._folder / self._files[0])
        strip = strips.new_image(self.name, first, free_channel(strips, start, end), start, fit_method="FIT")
        if bpy.data.filepath and bpy.path.is_subdir(str(self._folder), bpy.path.abspath("//")):
            strip.directory = bpy.path.relpath(str(self._folder)).replace("\\", "/") + "/"
        scene.frame_start, scene.frame_end = min(scene.frame_start, start), max(scene.frame_end, end - 1)
        editors.show_strips()
        return strip


def holds(frames: Sequence[int]) -> list[int]:
    """For how many timeline frames each picture stands: until the next one, the last as long as the one before."""
    gaps = [later - frame for frame, later in zip(frames, frames[1:], strict=False)]
    return [*gaps, gaps[-1] if gaps else 1]


def free_channel(strips: Any, start: int, end: int) -> int:
    """The lowest channel on which nothing stands between two frames."""
    taken = set()
    for strip in strips:
        first, after = compat.strip_span(strip)
        if first < end and after > start:
            taken.add(strip.channel)
    return next(channel for channel in range(1, len(taken) + 2) if channel not in taken)
