"""The engine `reproject`: key pictures, moved along the true motion of camera and objects.

Each pixel of a frame takes its color from the key pictures that show its point, then from the frames in the buffer and
the frame before. What nobody shows is filled, or marked. Positions and colors are floating point throughout and rounded
once, when the frame is finished.
"""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...geometry.mesh_scene import MeshScene
from ...geometry.one_ahead import one_ahead
from ...geometry.scene import Scene, scene_of
from ...geometry.visible_surfaces import Surfaces
from ...shot import Shot
from ..base import Changes, Engine, Finished, Frame
from ..base import settings as engine_settings
from .blend import blend
from .frame_buffer import FrameBuffer, Source
from .gather import Gathered, look_up
from .inpaint import fill, mark
from .viewport_colors import ViewportColors


class Reproject(Engine):
    """Nothing may change while it runs: every frame builds on those before it, so a change would mix two jobs."""

    label = "Reproject"
    description = "Move rendered frames along the scene's true motion. Needs nothing installed"
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
                changes()  # nothing comes of it, but a cancelled job ends here
                frame = next(made, None)
                if frame is None:
                    return
                yield frame
        finally:
            made.close()

    def _made(self, shot: Shot, finished: Finished) -> Iterator[Frame]:
        marking = bool(engine_settings(self, shot)["mark_unseen"])
        scene, pictures = scene_of(shot), key_pictures(shot)
        missing = [k for k in range(len(shot.frames)) if k not in finished]
        if not missing:
            return
        keys = {k: Source(k, picture, scene.surfaces(k)) for k, picture in sorted(pictures.items())}
        maker = Maker(scene, keys)
        buffer = None
        for k, here in one_ahead((k, keys[k].surfaces if k in keys else scene.surfaces(k)) for k in missing):
            if marking and k not in keys:
                yield maker.marked(k, here)
            elif k == 0:
                yield Frame(0, eight_bits(pictures[0]), {"revealed": 0, "remembers": []})
            else:
                if buffer is None or buffer.last.index != k - 1:
                    buffer = maker.recalled(k - 1, finished)
                frame, buffer = maker.made(k, here, buffer)
                yield frame


class Maker:
    """Makes single frames."""

    def __init__(self, scene: Scene, keys: Mapping[int, Source]) -> None:
        """keys: by position in the Shot; the first frame is among them."""
        self.scene, self.keys = scene, keys
        shot = scene.shot
        self.times = np.array(shot.frames, np.float64) if shot.times is None else np.asarray(shot.times)

    def made(self, k: int, here: Surfaces, buffer: FrameBuffer) -> tuple[Frame, FrameBuffer]:
        """Frame k, and the buffer after it."""
        buffer = buffer.before(self.scene, k, here)
        if k in self.keys:
            key = self.keys[k]
            notes = {"revealed": 0, "remembers": buffer.notes()}
            return Frame(k, eight_bits(key.pixels), notes), buffer.after(key, np.zeros(here.index.shape, bool))
        gathered = self._durable(k, here, buffer)
        fresh = gathered.unseen.reshape(here.index.shape).copy()
        sources = [*self.keys.values(), *buffer.frames()]
        if not any(buffer.last is source for source in sources):
            self._take(gathered, k, here, buffer.last)
            sources.append(buffer.last)
        revealed = int(gathered.unseen.sum())
        pixels = rounded(self._filled(gathered, k, here, sources))
        notes = {"revealed": revealed, "remembers": buffer.notes()}
        return Frame(k, pixels, notes), buffer.after(Source(k, pixels, here), fresh)

    def marked(self, k: int, here: Surfaces) -> Frame:
        """Frame k with a hatch where no key picture shows what is there."""
        gathered = blend(self.scene, k, here, list(self.keys.values()), self.times)
        colors = gathered.picture(here.index.shape)
        mark(colors, gathered.unseen.reshape(here.index.shape))
        return Frame(k, rounded(colors), {"revealed": int(gathered.unseen.sum()), "remembers": []})

    def recalled(self, k: int, finished: Finished) -> FrameBuffer:
        """The buffer after a finished frame, from what the finished frames say."""
        here = self.keys[k].surfaces if k in self.keys else self.scene.surfaces(k)
        last = self.keys[k] if k in self.keys else Source(k, finished.pixels(k), here)
        kept = tuple(
            (worth, Source(index, finished.pixels(index), self.scene.surfaces(index)))
            for index, worth in (finished.notes(k)["remembers"] if k in finished else ())
        )
        buffer = FrameBuffer(kept, last, np.zeros(here.index.shape, bool))
        if k in self.keys:
            return buffer
        return buffer.after(last, self._durable(k, here, buffer).unseen.reshape(here.index.shape))

    def _durable(self, k: int, here: Surfaces, buffer: FrameBuffer) -> Gathered:
        """What key pictures and kept frames show of frame k."""
        gathered = blend(self.scene, k, here, list(self.keys.values()), self.times)
        for source in buffer.frames():
            self._take(gathered, k, here, source)
        return gathered

    def _take(self, gathered: Gathered, k: int, here: Surfaces, source: Source) -> None:
        unknown = np.flatnonzero(gathered.unknown)
        if len(unknown):
            gathered.take(look_up(self.scene, k, here, source, unknown), here)

    def _filled(self, gathered: Gathered, k: int, here: Surfaces, sources: list[Source]) -> NDArray[np.float32]:
        colors = gathered.picture(here.index.shape)
        if gathered.unknown.any():
            unseen, loose = gathered.unseen.reshape(here.index.shape), gathered.loose(here.index.shape)
            fill(colors, unseen, loose, k, here, sources, self._viewport)
        return colors

    @cached_property
    def _viewport(self) -> ViewportColors | None:
        first = self.keys[min(self.keys)]
        return ViewportColors(self.scene, first) if isinstance(self.scene, MeshScene) else None


def key_pictures(shot: Shot) -> dict[int, NDArray[np.generic]]:
    """The pictures that the scene's own renderer made (or somebody gave), by position; the first frame is one."""
    given = {shot.frames.index(frame): picture for frame, picture in shot.key_pictures.items()}
    return {0: shot.first_frame, **given}


def eight_bits(pixels: NDArray[np.generic]) -> NDArray[np.uint8]:
    """A picture of 8 or 16 bits in 8."""
    return pixels if pixels.dtype == np.uint8 else np.rint(pixels / 257).astype(np.uint8)  # type: ignore[return-value]


def rounded(colors: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Floating-point colors as bytes."""
    return np.clip(np.rint(colors), 0, 255).astype(np.uint8)


engine = Reproject()
