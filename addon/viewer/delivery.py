"""From a job's frames to what the artist sees: the image and the strip."""

from collections.abc import Sequence

import bpy

from ...backend.motion_bridge.ipc.events import FrameMade
from ..take import Take
from . import editors, image
from .strip import TakeStrip


class Delivery:
    """Shows the frames of one take; safe to call at any time, it waits while Blender renders."""

    def __init__(self, scene: bpy.types.Scene, take: Take, frames: Sequence[int]):
        self.attached = True  # False once another file was loaded: its scenes are none of ours
        self._file = bpy.data.filepath
        self._take = take
        self._frames = frames
        self._strip = TakeStrip(scene, take.folder, frames)
        self._newest: FrameMade | None = None
        self._introduced = False  # whether the editors have been told of the picture
        self._grown = False

    def add(self, made: Sequence[FrameMade]) -> None:
        """Note the frames that have arrived; only the newest of them will be drawn."""
        for frame in made:
            self._strip.add(frame.index, frame.path.name)
            self._newest, self._grown = frame, True

    def add_earlier(self) -> None:
        """Note the frames that the take holds already, when it is resumed."""
        there = self._take.frames()
        for index, number in enumerate(self._frames):
            if number in there:
                self._strip.add(index, there[number].name)
                self._grown = True

    def show(self) -> None:
        """Bring image and strip up to date."""
        if not self.attached or bpy.app.is_job_running("RENDER"):
            return
        if self._newest:
            picture = image.show(self._newest.pixels)
            self._newest = None
            if not self._introduced and not bpy.app.background:
                editors.show_image(picture)
                self._introduced = True
        if self._grown:
            self._strip.place()
            self._grown = False

    def file_loaded(self) -> None:
        """Another file is open now, or the same one anew: go on only in the same one, with all of the strip."""
        self.attached = bool(self._file) and bpy.data.filepath == self._file
        self._grown = True
