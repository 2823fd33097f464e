"""Colours for the pixels of a frame, each from the first source that shows its point."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...geometry.correspondence import follow, same_surface
from ...geometry.visible_surfaces import Mask, Surfaces, widened
from ...shot import Shot
from .frame_buffer import Source
from .resample import footprint, prepare, sample, sample_some

Array = NDArray[Any]


@dataclass(frozen=True)
class Found:
    """Where some pixels of a frame stood in one source."""

    source: Source
    pixels: NDArray[np.intp]  # (N,) positions in the flattened picture
    x: Array
    y: Array
    nearness: Array
    mixed: NDArray[np.bool_]  # (N,) in a fringe of the source

    def only(self, which: NDArray) -> "Found":
        return Found(
            self.source, self.pixels[which], self.x[which], self.y[which], self.nearness[which], self.mixed[which]
        )


@dataclass(frozen=True)
class Gathered:
    """What the sources give to a frame."""

    found: list[Found]
    ghosts: list[Found]  # seen only where a source mixes two things' colours and this frame does not
    unknown: Mask  # (H, W) what is in `found` nowhere
    unseen: Mask  # (H, W) what is in `ghosts` neither

    def and_then(self, more: "Gathered") -> "Gathered":
        """Together with what further sources give to the unknown pixels."""
        return Gathered(
            [*self.found, *more.found], [*self.ghosts, *more.ghosts], more.unknown, more.unseen & self.unseen
        )


def gather(shot: Shot, k: int, here: Surfaces, sources: Sequence[Source], wanted: Mask | None = None) -> Gathered:
    """What each source gives to frame k, or to its wanted pixels (H, W); the first that shows a point gives it.

    A renderer's filter mixes the colours of two things along their silhouette. As long as the silhouette is there
    that is as it should be; where it has moved on, the mixture would stand there as a ghost, and is not given.
    """
    todo = np.arange(here.index.size) if wanted is None else np.flatnonzero(wanted)
    unseen = np.zeros(here.index.size, bool)
    unseen[todo] = True
    found, ghosts = [], []
    for source in sources:
        old = follow(shot, k, source.index, here, source.surfaces, todo)
        (seen,) = np.nonzero(old.seen)
        x, y = old.x[seen], old.y[seen]
        column, row = np.minimum(x.astype(np.intp), shot.width - 1), np.minimum(y.astype(np.intp), shot.height - 1)
        mixed = source.surfaces.fringe[row, column]
        every = Found(source, todo[seen], x, y, old.nearness[seen], mixed)
        ghost = mixed & ~here.fringe.ravel()[every.pixels]
        found.append(every.only(~ghost))
        ghosts.append(every.only(ghost & unseen[every.pixels]))
        unseen[every.pixels] = False
        todo = np.delete(todo, seen[~ghost])
    unknown = np.zeros(here.index.size, bool)
    unknown[todo] = True
    return Gathered(found, ghosts, unknown.reshape(here.index.shape), unseen.reshape(here.index.shape))


def doubtful(gathered: Gathered) -> Mask:
    """Given pixels (H, W) whose colours are mixed and that touch unknown ones: something has moved away from them."""
    mixed = np.zeros(gathered.unknown.size, bool)
    for each in gathered.found:
        mixed[each.pixels] = each.mixed
    return mixed.reshape(gathered.unknown.shape) & widened(gathered.unknown, 1)


def paint(colours: Array, found: Found, here: Surfaces) -> None:
    """Write the colours (H, W, 3) float32 that a source gives, in place.

    Near the source's silhouettes only pixels of the same surface count, so that nothing bleeds across.
    """
    height, width = here.index.shape
    source = found.source
    flat = colours.reshape(-1, 3)
    picture = prepare(source.pixels)
    left = np.clip(np.floor(found.x - 0.5), 0, width - 1).astype(np.intp)
    top = np.clip(np.floor(found.y - 0.5), 0, height - 1).astype(np.intp)
    edge = source.surfaces.near_edge.ravel()[top * width + left]
    flat[found.pixels] = sample(picture, found.x, found.y)
    (some,) = np.nonzero(edge)
    x, y, pixels = found.x[some], found.y[some], found.pixels[some]
    belongs = _belonging(source.surfaces, x, y, here, pixels, found.nearness[some])
    careful = sample_some(picture, x, y, belongs)
    fine = np.isfinite(careful[:, 0])
    flat[pixels[fine]] = careful[fine]


def _belonging(
    there: Surfaces, x: Array, y: Array, here: Surfaces, pixels: NDArray[np.intp], nearness: Array
) -> NDArray[np.bool_]:
    """Which of the 4×4 taps around each (x, y) show the same as a pixel of this frame does: (4, 4, N).

    Mixed colours are for pixels that are mixed themselves.
    """
    height, width = there.index.shape
    left, top, _, _ = footprint(x, y)
    index, mixed = here.index.ravel()[pixels], here.fringe.ravel()[pixels]
    belongs = np.zeros((4, 4, len(x)), bool)
    for row in range(4):
        for column in range(4):
            at = np.clip(top + row - 1, 0, height - 1) * width + np.clip(left + column - 1, 0, width - 1)
            belongs[row, column] = same_surface(there, at, index, nearness, reach=2)
            belongs[row, column] &= mixed | ~there.fringe.ravel()[at]
    return belongs
