"""Which earlier frames are kept, so that nothing shown once is ever invented twice.

The first frame is always there, and the frame before. What neither the first frame nor a kept one shows is *fresh*: it
was invented since, and only the frame before carries it. When fresh pixels are about to be lost, covered by something
or, many of them, leaving the picture, the last frame that shows them is kept; also when so much is fresh that carrying
it on from frame to frame would blur it. At most KEPT frames are kept, 17 bytes a pixel each, and the one that was kept
for the fewest pixels goes first.

All of this follows from geometry and from the list of kept frames, which every finished frame notes. So a resumed job
continues from the last finished frame exactly as if it had never stopped.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ...geometry.correspondence import follow
from ...geometry.visible_surfaces import Mask, Surfaces
from ...shot import Shot

KEPT = 16
COVERED = 0.0002  # of the picture's pixels: so many that something covers are worth a frame
LEAVING = 0.002  # ... so many that leave the picture
MUCH = 0.08  # ... so much that is fresh at all


@dataclass(frozen=True, eq=False)
class Source:
    """A frame that later ones take colours from."""

    index: int  # position in the Shot
    pixels: NDArray[np.uint8]  # (H, W, 3)
    surfaces: Surfaces

    @cached_property
    def usual_colours(self) -> NDArray[np.float32]:
        """The mean colour of every thing that is seen, by its index: (M + 1, 3), nan for what is not."""
        clean = ~self.surfaces.fringe.ravel()
        index = self.surfaces.index.ravel()[clean]
        with np.errstate(invalid="ignore"):
            sums = [np.bincount(index, self.pixels[..., channel].ravel()[clean]) for channel in range(3)]
            return (np.stack(sums, -1) / np.bincount(index)[:, None]).astype(np.float32)


@dataclass(frozen=True)
class Memory:
    """What is known when a frame begins."""

    first: Source
    kept: tuple[tuple[int, Source], ...]  # how many pixels each was kept for, oldest first
    last: Source
    fresh: Mask  # (H, W): what only `last` shows

    def durable(self) -> list[Source]:
        """Where to look for a colour first, in this order; `last` comes after."""
        return [self.first, *(source for _, source in self.kept)]

    def before(self, shot: Shot, k: int, here: Surfaces) -> "Memory":
        """The memory with which frame k is made: `last` joins the kept ones when it is about to be needed."""
        pixels = np.flatnonzero(self.fresh & ~self.last.surfaces.fringe)
        went = follow(shot, self.last.index, k, self.last.surfaces, here, pixels)
        inside = (went.x >= 0) & (went.x <= shot.width) & (went.y >= 0) & (went.y <= shot.height)
        covered, left = np.count_nonzero(inside & ~went.seen), np.count_nonzero(~inside)
        shares = np.array([covered, left, len(pixels)]) / self.fresh.size
        if (shares <= (COVERED, LEAVING, MUCH)).all():
            return self
        kept = [*self.kept, (len(pixels), self.last)]
        if len(kept) > KEPT:
            kept.pop(int(np.argmin([worth for worth, _ in kept[:-1]])))
        return Memory(self.first, tuple(kept), self.last, np.zeros_like(self.fresh))

    def after(self, made: Source, fresh: Mask) -> "Memory":
        """The memory with which the next frame begins."""
        return Memory(self.first, self.kept, made, fresh)

    def notes(self) -> list[list[int]]:
        """What a finished frame says of the memory it was made with."""
        return [[source.index, worth] for worth, source in self.kept]
