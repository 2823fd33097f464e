"""Single frames: from key pictures, from what was painted, from what was filled before; and what is left, filled."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from ...geometry.mesh_scene import MeshScene
from ...geometry.scene import Scene
from ...geometry.visible_surfaces import Surfaces
from ...media.png import eight_bits
from ...shot import Shot
from ...takes.frame import Finished, Frame
from .antialias import antialias, mixture
from .blend import blend
from .frame_buffer import FrameBuffer, Source
from .gather import Gathered, look_up
from .inpaint import fill, mark
from .painted import PaintedPictures
from .viewport_colors import ViewportColors


class Maker:
    """Makes single frames."""

    def __init__(self, scene: Scene, keys: Mapping[int, Source], painted: PaintedPictures | None = None) -> None:
        """keys: by position in the Shot. painted: where none of them shows anything; it may grow."""
        self.scene, self.keys = scene, keys
        self.painted = PaintedPictures(scene) if painted is None else painted
        shot = scene.shot
        self.times = np.array(shot.frames, np.float64) if shot.times is None else np.asarray(shot.times)

    def made(
        self, k: int, here: Surfaces, buffer: FrameBuffer, known: Gathered | None = None
    ) -> tuple[Frame, FrameBuffer]:
        """Frame k, and the buffer after it; known: of this frame, where it was worked out ahead."""
        buffer = buffer.before(self.scene, k, here)
        if k in self.keys:
            key = self.keys[k]
            made = self.key_frame(k, {"revealed": 0, "remembers": buffer.notes()})
            return made, buffer.after(key, np.zeros(here.index.shape, bool))
        gathered = self._durable(k, here, buffer, known)
        fresh = gathered.unseen.reshape(here.index.shape).copy()
        sources = [*self.keys.values(), *buffer.frames()]
        if not any(buffer.last is source for source in sources):
            self._take(gathered, k, here, buffer.last)
            sources.append(buffer.last)
        revealed = int(gathered.unseen.sum())
        colors = self.filled(gathered, k, here, sources)
        frame = self._frame(k, colors, {"revealed": revealed, "remembers": buffer.notes()})
        return frame, buffer.after(Source(k, frame.pixels, here), fresh)

    def key_frame(self, k: int, notes: Mapping[str, Any]) -> Frame:
        """A frame that is a key picture."""
        pixels = self.keys[k].pixels
        deep = cast(NDArray[np.uint16], pixels) if self._deep else None
        return Frame(k, eight_bits(pixels), notes, deep=deep)

    @cached_property
    def _deep(self) -> bool:
        """Whether frames are written with 16 bits: when every key picture has them."""
        return all(key.pixels.dtype == np.uint16 for key in self.keys.values())

    def _frame(self, k: int, colors: NDArray[np.float32], notes: Mapping[str, Any]) -> Frame:
        if not self._deep:
            return Frame(k, rounded(colors), notes)
        deep = np.clip(np.rint(colors * np.float32(257)), 0, 65535).astype(np.uint16)
        return Frame(k, eight_bits(deep), notes, deep=deep)

    def marked(self, k: int, here: Surfaces, gathered: Gathered) -> Frame:
        """Frame k, of which so much is known, with a hatch where no key picture shows what is there."""
        colors = gathered.picture(here.index.shape)
        mark(colors, gathered.unseen.reshape(here.index.shape))
        return self._frame(k, colors, {"revealed": int(gathered.unseen.sum()), "remembers": []})

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

    def known(self, k: int, here: Surfaces) -> Gathered:
        """What key pictures show of frame k, and where they show nothing, what was painted."""
        gathered = blend(self.scene, k, here, list(self.keys.values()), self.times)
        self.painted.complete(gathered, k, here)
        return gathered

    def _durable(self, k: int, here: Surfaces, buffer: FrameBuffer, known: Gathered | None = None) -> Gathered:
        """What key pictures, painted pictures and kept frames show of frame k."""
        gathered = self.known(k, here) if known is None else known
        for source in buffer.frames():
            self._take(gathered, k, here, source)
        return gathered

    def _take(self, gathered: Gathered, k: int, here: Surfaces, source: Source) -> None:
        unknown = np.flatnonzero(gathered.unknown)
        if len(unknown):
            gathered.take(look_up(self.scene, k, here, source, unknown), here)

    def filled(self, gathered: Gathered, k: int, here: Surfaces, sources: Sequence[Source]) -> NDArray[np.float32]:
        """The picture (H, W, 3) with what is unknown filled from what is known."""
        colors = gathered.picture(here.index.shape)
        plain = ~gathered.mixed.reshape(here.index.shape)
        if gathered.unknown.any():
            unseen, loose = gathered.unseen.reshape(here.index.shape), gathered.loose(here.index.shape)
            fill(colors, unseen, loose, k, here, sources, self._viewport)
        antialias(colors, here.fringe & plain, self._mixture)
        return colors

    @cached_property
    def _mixture(self) -> float:
        first = self.keys[min(self.keys)]
        return mixture(first.pixels, first.surfaces)

    @cached_property
    def _viewport(self) -> ViewportColors | None:
        first = self.keys[min(self.keys)]
        return ViewportColors(self.scene, first) if isinstance(self.scene, MeshScene) else None


def key_pictures(shot: Shot) -> dict[int, NDArray[np.generic]]:
    """The pictures that the scene's own renderer made (or somebody gave), by position; the first frame is one."""
    given = {shot.frames.index(frame): picture for frame, picture in shot.key_pictures.items()}
    return {0: shot.first_frame, **given}


def rounded(colors: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Floating-point colors as bytes."""
    return np.clip(np.rint(colors), 0, 255).astype(np.uint8)
