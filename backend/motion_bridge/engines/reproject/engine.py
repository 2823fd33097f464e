"""The engine `reproject`: key pictures, moved along the true motion of camera and objects.

Each pixel of a frame takes its color from the key pictures that show its point, then from the frames in the buffer and
the frame before. What nobody shows is filled, or marked. Positions and colors are floating point throughout and rounded
once, when the frame is finished.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from ...geometry.one_ahead import one_ahead
from ...geometry.scene import scene_of
from ...shot import Shot
from ..base import Changes, Engine, Finished, Frame, Notice
from ..base import settings as engine_settings
from . import resample
from .frame_buffer import Source
from .frame_maker import Maker, key_pictures


class Reproject(Engine):
    """In a session camera and objects may change. A Shot's own frames are what its cameras say, whatever changes."""

    label = "Reproject"
    description = "Move rendered frames along the scene's true motion. Needs nothing installed"
    accepts = frozenset({"camera", "objects"})
    ignores = frozenset({"prompts", "seed"})
    defaults = {"mark_unseen": False}  # hatch what no key picture shows, or fill it

    def needs(self, settings: Mapping[str, Any]) -> frozenset[str]:
        """What its motion is read from; a Shot with depth does instead."""
        return frozenset({"geometry"})

    def uses_tracks(self, settings: Mapping[str, Any]) -> bool:
        """Motion is read from the geometry."""
        return False

    def uses_key_pictures(self, settings: Mapping[str, Any]) -> bool:
        """It is made of nothing else."""
        return True

    def frames(self, shot: Shot, finished: Finished, changes: Changes) -> Iterator[Frame]:
        """The missing frames in order; each notes how many pixels it revealed and which frames were remembered."""
        made = one_ahead(self._made(shot, finished))
        try:
            while True:
                changes()  # nothing comes of them, but a cancelled job ends here
                frame = next(made, None)
                if frame is None:
                    return
                yield frame
        finally:
            made.close()
            resample.forget()

    def live(self, shot: Shot, frames: int, finished: Finished, changes: Changes) -> Iterator[Frame | Notice]:
        """A chunk is one frame: what was changed before it is begun is in it."""
        from .session import session  # with it come the parts that a Shot's own frames do without

        try:
            yield from session(shot, frames, finished, changes)
        finally:
            resample.forget()

    def _made(self, shot: Shot, finished: Finished) -> Iterator[Frame]:
        marking = bool(engine_settings(self, shot)["mark_unseen"])
        scene, pictures = scene_of(shot), key_pictures(shot)
        missing = [k for k in range(len(shot.frames)) if k not in finished]
        if not missing:
            return
        keys = {k: Source(k, picture, scene.surfaces(k)) for k, picture in sorted(pictures.items())}
        maker = Maker(scene, keys)
        buffer = None
        drawn = one_ahead((k, keys[k].surfaces if k in keys else scene.surfaces(k)) for k in missing)
        for k, here, known in one_ahead((k, here, None if k in keys else maker.known(k, here)) for k, here in drawn):
            if k == 0:
                yield maker.key_frame(0, {"revealed": 0, "remembers": []})
            elif marking and known is not None:
                yield maker.marked(k, here, known)
            else:
                if buffer is None or buffer.last.index != k - 1:
                    buffer = maker.recalled(k - 1, finished)
                frame, buffer = maker.made(k, here, buffer, known)
                yield frame


engine = Reproject()
