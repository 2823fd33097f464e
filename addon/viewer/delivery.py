"""From a job's frames to what the artist sees: the camera's view, the image and the strip."""

import time
from collections.abc import Sequence

import bpy

from ...backend.motion_bridge.ipc.events import FrameMade, Preview
from ..properties import settings_of
from ..take import Take
from . import camera_overlay, editors, image, takes_in_view
from .strip import TakeStrip

BUSY = 0.25  # of the time, at most, is spent on reading pictures for the image


class Delivery:
    """Shows the frames of one take; safe to call at any time, it waits while Blender renders."""

    def __init__(self, source: bpy.types.Scene, chosen: bpy.types.Scene | None, take: Take, frames: Sequence[int]):
        """source: the scene that the take is made from. chosen: the scene of the strip; None: the takes' own."""
        self.attached = True  # False once another file was loaded: its scenes are none of ours
        self._file = bpy.data.filepath
        self._source_name = source.name
        self._take = take
        self._frames = frames
        self._strip = TakeStrip(source, chosen, take.folder, frames)
        self._newest: FrameMade | Preview | None = None
        self._last_frame: FrameMade | None = None
        self._next_picture = 0.0  # when the image may be read again, time.monotonic
        self._drawn: FrameMade | Preview | None = None  # what the camera's view shows
        self._grown = False
        self._ended = False  # whether the last frame has been shown as the last

    def add(self, made: Sequence[FrameMade | Preview]) -> None:
        """Note the frames and previews that have arrived; only the newest of them will be drawn."""
        for each in made:
            self._newest = each
            if isinstance(each, FrameMade):
                self._strip.add(each.index, each.path.name)
                self._last_frame, self._grown = each, True

    def add_earlier(self) -> None:
        """Note the frames that the take holds already, when it is resumed."""
        there = self._take.frames()
        for index, number in enumerate(self._frames):
            if number in there:
                self._strip.add(index, there[number].name)
                self._grown = True

    def show(self, last: bool = False) -> None:
        """Bring image and strip up to date. last: nothing more will come."""
        if not self.attached or bpy.app.is_job_running("RENDER"):
            return
        if last and not self._ended:
            self._newest, self._ended = self._last_frame, True
        if self._newest:
            self._show_in_view(self._newest)
            if last or time.monotonic() >= self._next_picture:
                self._show_in_image(self._newest, last)
                self._newest = None
                if last:
                    self._go_on_showing()
        if self._grown:
            self._strip.place()
            self._grown = False
            if self._strip.is_new:
                bpy.context.view_layer.update()  # at once, so that nobody takes it for an edit of the artist's
        if self._strip.is_new and editors.mark_changed(f"Add {self._strip.name}"):
            self._strip.is_new = False

    @property
    def pending(self) -> bool:
        """Whether something is still to be shown, which had to wait."""
        return self.attached and (self._newest is not None or self._grown or self._strip.is_new)

    def file_loaded(self) -> None:
        """Another file is open now, or the same one anew: go on only in the same one, with all of the strip."""
        self.attached = bool(self._file) and bpy.data.filepath == self._file
        self._grown = True

    def _show_in_view(self, shown: FrameMade | Preview) -> None:
        """Over the camera's view, which costs next to nothing; the playhead goes along where that is wanted."""
        scene = bpy.data.scenes.get(self._source_name)
        if scene is None or shown is self._drawn:
            return
        self._drawn = shown
        if shown.packed is not None:
            camera_overlay.show(scene.name, shown.packed)
        if isinstance(shown, FrameMade) and settings_of(scene).view.follow:
            editors.go_to(scene, shown.number)

    def _go_on_showing(self) -> None:
        """The camera's view shows the take at the playhead from now on."""
        scene = bpy.data.scenes.get(self._source_name)
        if scene is not None and not bpy.app.background:
            takes_in_view.show(scene, self._take)

    def _show_in_image(self, shown: FrameMade | Preview, last: bool) -> None:
        """In the image, which has to be read from a file: while it is to be seen, and at the end."""
        if not (last or bpy.app.background or editors.image_wanted(image.find())):
            return
        begun = time.monotonic()
        picture = image.show(shown.pixels, shown.path if isinstance(shown, FrameMade) else None)
        if picture is not None and not bpy.app.background:
            editors.show_image(picture)
        now = time.monotonic()
        self._next_picture = now + (now - begun) * (1 / BUSY - 1)
