"""The scene's motion into a file or onto the clipboard.

Three steps, because reading a long shot and fitting schedules to it take a while: `Export` asks Blender, `work` is
arithmetic and files in any thread, `finish` is Blender's again.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from ...backend.motion_bridge import shot as shots
from ...backend.motion_bridge.errors import BadInput, Cancelled
from ...backend.motion_bridge.files import writing
from ...backend.motion_bridge.files.temporary import TemporaryFolder
from ...backend.motion_bridge.geometry.cancellation import stoppable
from ...backend.motion_bridge.schedules.camera import documents
from ...backend.motion_bridge.schedules.camera.documents import Written
from ...backend.motion_bridge.takes.output_path import check_file
from ..paths import absolute
from ..properties import settings_of
from ..render import request
from ..scene.camera import picture_of
from ..scene.first_frame import FromPixels
from ..scene.snapshot import complete, snapshot
from ..scene.tracks.sources import WHOLE
from ..viewer import movie
from .formats import FORMATS, KEYS, SCHEDULES, TARGETS, Format, Made, Order, picture, schedules
from .keyframes import artist_places

Progress = Callable[[int, int], None]  # frames read, frames in all


class Export:
    """A file under way. BadInput from every step, in a sentence."""

    def __init__(
        self, context: bpy.types.Context, name: str, path: str, changes: Mapping[str, Any], choices: Mapping[str, Any]
    ):
        """Read the context's scene. name: of FORMATS. changes: fields of the Request. choices: fields of the Order."""
        if name not in FORMATS:
            raise BadInput(f"There is no format {name!r}; choose one of {', '.join(FORMATS)}.")
        self._format = FORMATS[name]
        self._folder = TemporaryFolder()
        asked = Order(output_file(path, self._format.suffix), pictures=self._folder.path, **choices)
        self._read = Reading(context, self._folder, self._format, changes)
        self._order = self._read.keyed(asked) if name in SCHEDULES else asked
        self._made = Made((), ())

    @property
    def path(self) -> Path:
        """The file that is to be written."""
        return self._order.path

    def work(self, progress: Progress, cancelled: Callable[[], bool]) -> None:
        """Write what needs no Blender."""

        def drawn(done: int, total: int) -> None:
            progress(done, total)
            if cancelled():
                raise Cancelled(f"Stopped after {done} of {total} pictures; there is no movie.")

        shot = self._read.shot(progress, cancelled)
        try:
            with stoppable(cancelled):
                self._made = self._format.make(shot, replace(self._order, drawn=drawn))
        except OSError as fault:
            raise BadInput(f"{self._order.path} cannot be written: {fault.strerror or fault}.") from None

    def finish(self) -> tuple[tuple[Path, ...], tuple[str, ...]]:
        """Make the movies, if there are any: the files, and what their reader should know."""
        made = self._made
        for each in made.movies:
            frames = {number: picture(each.folder, number) for number in range(1, each.count + 1)}
            movie.write_pictures(frames, each.fps, each.path, each.exact)
        for beside, content in made.beside.items():
            writing.write_named(beside, content)
        return made.files, (*self._read.notes, *made.sentences)

    def close(self) -> None:
        """Take away what was only needed meanwhile."""
        self._folder.close()


class Copy:
    """Schedules on their way to the clipboard, in the same three steps."""

    def __init__(self, context: bpy.types.Context, changes: Mapping[str, Any]):
        self._folder = TemporaryFolder()
        self._read = Reading(context, self._folder, FORMATS["webui"], changes)
        self._order = self._read.keyed(Order(Path(), **choices_of(context.scene)))
        self.made: Written | None = None

    def work(self, progress: Progress, cancelled: Callable[[], bool]) -> None:
        shot = self._read.shot(progress, cancelled)
        with stoppable(cancelled):
            self.made = schedules(shot, self._order)

    def finish(self) -> tuple[tuple[Path, ...], tuple[str, ...]]:
        assert self.made
        bpy.context.window_manager.clipboard = documents.fields(self.made)
        return (), (*self._read.notes, *self.made.sentences)

    def close(self) -> None:
        self._folder.close()


class Reading:
    """The scene as a Shot in a folder for a while. No first frame is rendered for formats that do not look at it."""

    def __init__(
        self,
        context: bpy.types.Context,
        folder: TemporaryFolder,
        wanted: Format,
        changes: Mapping[str, Any],
    ):
        scene = context.scene
        size = picture_of(scene.render)
        black = FromPixels(np.zeros((size.height, size.width, 3), np.uint8))
        first = {} if wanted.picture else {"first_frame": black}
        unless = {} if wanted.tracks else {"grid": 0, "sources": (), "region": WHOLE}
        asked = request.Changes({"needs": wanted.needs, **first, **changes, **unless})
        self._scene = scene
        self._snapshot = snapshot(context, request.request_of(scene, settings_of(scene).engine, asked))
        self._folder = folder.path / "shot"

    @property
    def notes(self) -> tuple[str, ...]:
        return tuple(self._snapshot.notes)

    def keyed(self, wanted: Order) -> Order:
        """The same with the places of the artist's keys, if they are asked for. Main thread."""
        if wanted.keys != "ARTIST":
            return wanted
        cameras = [camera.name for camera in self._snapshot.cameras]
        places, sentences = artist_places(self._scene, cameras, self._snapshot.request.frames)
        self._snapshot.notes.extend(sentences)
        return replace(wanted, places=frozenset(places))

    def shot(self, progress: Progress, cancelled: Callable[[], bool]) -> shots.Shot:
        complete(self._snapshot, self._folder, progress, cancelled)
        if cancelled():
            raise Cancelled("Stopped after the scene was read; nothing was written.")
        return shots.load(self._folder)


def choices_of(scene: bpy.types.Scene) -> dict[str, Any]:
    """What the panel says of schedules, as fields of an Order."""
    settings = settings_of(scene)
    return {
        "target": settings.schedule_target,
        "keys": settings.schedule_keys,
        "tolerance": settings.schedule_tolerance,
    }


def output_file(path: str, suffix: str) -> Path:
    """Where a file is to be written, with the format's ending if it has none; BadInput when nothing can be there."""
    if path.startswith("//") and not bpy.data.filepath:
        raise BadInput(f"The file {path} starts beside the .blend file; save the .blend file first.")
    place = absolute(path)
    if not path or not place.name:
        raise BadInput("The file has no name; write one.")
    whole = check_file(str(place))
    return whole if whole.suffix else check_file(f"{whole}{suffix}")


__all__ = ["FORMATS", "KEYS", "SCHEDULES", "TARGETS", "Copy", "Export", "choices_of"]
