"""Which earlier frames are kept, so that nothing shown once is ever invented twice.

The key pictures are always there, and the frame before. What neither a key picture nor a kept frame shows is *fresh*:
it was invented since, and only the frame before carries it. When fresh pixels are about to be lost, covered by
something or, many of them, leaving the picture, the last frame that shows them is kept; also when so much is fresh that
carrying it on from frame to frame would blur it. At most KEPT frames are kept, about 20 bytes a pixel each, and the one
that was kept for the fewest pixels goes first.

All of this follows from geometry and from the list of kept frames, which every finished frame notes. So a resumed job
continues from the last finished frame exactly as if it had never stopped.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ...geometry.correspondence import follow
from ...geometry.scene import Scene
from ...geometry.visible_surfaces import Mask, Surfaces
from .resample import Picture, prepare

KEPT = 16
COVERED = 0.0002  # of the picture's pixels: so many that something covers are worth a frame
LEAVING = 0.002  # ... so many that leave the picture
MUCH = 0.08  # ... so much that is fresh at all


@dataclass(frozen=True, eq=False)
class Source:
    """A picture that frames take colors from: a key picture, or a frame that was made."""

    index: int  # position in the Shot
    pixels: NDArray[np.generic]  # (H, W, 3) uint8, or uint16 for a key picture of 16 bits
    surfaces: Surfaces

    @cached_property
    def picture(self) -> Picture:
        """The pixels, ready to be sampled."""
        return prepare(self.pixels)

    @cached_property
    def usual_colors(self) -> NDArray[np.float32]:
        """The mean color of every object that is seen, by `Surfaces.parts`: (M + 1, 3), nan for what is not."""
        clean = ~self.surfaces.fringe.ravel()
        index = self.surfaces.parts.ravel()[clean]
        scale = 1 if self.pixels.dtype == np.uint8 else 1 / 257
        with np.errstate(invalid="ignore"):
            sums = [np.bincount(index, self.pixels[..., channel].ravel()[clean]) for channel in range(3)]
            return (np.stack(sums, -1) * scale / np.bincount(index)[:, None]).astype(np.float32)


@dataclass(frozen=True)
class FrameBuffer:
    """What was invented until a frame begins."""

    kept: tuple[tuple[int, Source], ...]  # how many pixels each was kept for, oldest first
    last: Source
    fresh: Mask  # (H, W): what only `last` shows

    def frames(self) -> list[Source]:
        """The kept frames; where a color is looked for, in this order, after the key pictures and before `last`."""
        return [source for _, source in self.kept]

    def before(self, scene: Scene, k: int, here: Surfaces) -> "FrameBuffer":
        """The buffer with which frame k is made: `last` joins the kept ones when it is about to be needed."""
        pixels = np.flatnonzero(self.fresh & ~self.last.surfaces.fringe)
        if not len(pixels):
            return self
        shot = scene.shot
        went = follow(scene, self.last.index, k, self.last.surfaces, here, pixels, np.float32)
        inside = (went.x >= 0) & (went.x <= shot.width) & (went.y >= 0) & (went.y <= shot.height)
        covered, left = np.count_nonzero(inside & ~went.seen), np.count_nonzero(~inside)
        shares = np.array([covered, left, len(pixels)]) / self.fresh.size
        if (shares <= (COVERED, LEAVING, MUCH)).all():
            return self
        kept = [*self.kept, (len(pixels), self.last)]
        if len(kept) > KEPT:
            kept.pop(int(np.argmin([worth for worth, _ in kept[:-1]])))
        return FrameBuffer(tuple(kept), self.last, np.zeros_like(self.fresh))

    def after(self, made: Source, fresh: Mask) -> "FrameBuffer":
        """The buffer with which the next frame begins."""
        return FrameBuffer(self.kept, made, fresh)

    def notes(self) -> list[list[int]]:
        """What a finished frame says of the buffer it was made with."""
        return [[source.index, worth] for worth, source in self.kept]
