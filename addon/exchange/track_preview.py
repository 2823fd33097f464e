"""What an engine would be told to follow, read from the scene only to be looked at."""

from collections.abc import Callable
from pathlib import Path

import bpy
import numpy as np

from ...backend.motion_bridge.errors import BadInput
from ...backend.motion_bridge.files.temporary import TemporaryFolder
from ...backend.motion_bridge.shot import Tracks
from .export import Progress, Reading
from .formats import FORMATS


class Look:
    """Reads the tracks of the scene's range, in the three steps of export.py."""

    def __init__(self, context: bpy.types.Context):
        self._folder = TemporaryFolder()
        self._read = Reading(context, self._folder, FORMATS["npz"], {})
        self.frames: tuple[int, ...] = ()
        self.size = (0, 0)  # of the picture, pixels
        self.tracks: Tracks | None = None

    def work(self, progress: Progress, cancelled: Callable[[], bool]) -> None:
        shot = self._read.shot(progress, cancelled)
        if shot.tracks is None:
            raise BadInput("Nothing is followed; switch the Camera Grid on, or select an object and press +.")
        kept = shot.tracks
        self.tracks = Tracks(np.array(kept.xy), np.array(kept.visible), kept.name, kept.kind)  # the folder will go
        self.frames, self.size = shot.frames, (shot.width, shot.height)

    def finish(self) -> tuple[tuple[Path, ...], tuple[str, ...]]:
        return (), self._read.notes

    def close(self) -> None:
        self._folder.close()
