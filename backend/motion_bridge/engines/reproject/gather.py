"""Colors for the pixels of a frame from pictures that show their points.

A renderer's filter mixes the colors of two objects along their silhouette. As long as the silhouette is there that is
as it should be; where it has moved on, the mixture would be a ghost, and is taken only where nothing else is known.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...geometry.correspondence import follow, same_surface
from ...geometry.scene import Scene
from ...geometry.visible_surfaces import Mask, Surfaces, widened
from .frame_buffer import Source
from .resample import SHARP, SOFT, sample, sample_averaged, sample_some

Array = NDArray[Any]


@dataclass(frozen=True)
class Found:
    """Where some pixels of a frame stood in one source."""

    source: Source
    pixels: NDArray[np.intp]  # (N,) positions in the flattened picture
    x: Array
    y: Array
    inverse_depth: Array
    mixed: NDArray[np.bool_]  # (N,) in a fringe of the source
    ghost: NDArray[np.bool_]  # (N,) and in none of this frame
    axes: Array | None  # (4, N) float32: how x and y change from a pixel to its right, and below; where worked out

    def only(self, which: NDArray) -> "Found":
        """Some of them: numbers (n,) or a mask (N,)."""
        axes = None if self.axes is None else self.axes[:, which]
        return Found(
            self.source,
            self.pixels[which],
            self.x[which],
            self.y[which],
            self.inverse_depth[which],
            self.mixed[which],
            self.ghost[which],
            axes,
        )


@dataclass
class Gathered:
    """Colors of a frame so far."""

    colors: NDArray[np.float32]  # (3, H·W)
    unknown: NDArray[np.bool_]  # (H·W,) without a color of their own
    unseen: NDArray[np.bool_]  # (H·W,) of these, what not even a ghost shows
    mixed: NDArray[np.bool_]  # (H·W,) whose colors are those of a fringe

    @staticmethod
    def nothing(here: Surfaces) -> "Gathered":
        size = here.index.size
        return Gathered(np.zeros((3, size), np.float32), np.ones(size, bool), np.ones(size, bool), np.zeros(size, bool))

    def take(self, found: Found, here: Surfaces) -> None:
        """Give pixels that are unknown the colors of a source; ghosts where nothing else is known."""
        wanted = ~found.ghost
        wanted |= self.unseen[found.pixels]
        found = found if wanted.all() else found.only(wanted)
        for plane, values in zip(self.colors, colors_of(found, here), strict=True):
            plane[found.pixels] = values
        clean = ~found.ghost
        self.mixed[found.pixels[clean]] = found.mixed[clean]
        self.unknown[found.pixels[clean]] = False
        self.unseen[found.pixels] = False

    def picture(self, shape: tuple[int, int]) -> NDArray[np.float32]:
        """The colors as a picture (H, W, 3)."""
        return np.ascontiguousarray(self.colors.T).reshape(*shape, 3)

    def loose(self, shape: tuple[int, int]) -> Mask:
        """What has to be filled (H, W): the unknown, and mixed colors that touch it: something has moved away there."""
        unknown = self.unknown.reshape(shape)
        return unknown | (self.mixed.reshape(shape) & widened(unknown, 1))


def look_up(
    scene: Scene, k: int, here: Surfaces, source: Source, pixels: NDArray[np.intp] | None = None, *, axes: bool = False
) -> Found:
    """Where the pixels of frame k, or some of them, stood in a source that shows their points."""
    height, width = here.index.shape
    asked, wanted = pixels, None
    if pixels is not None and axes:  # with their neighbors, whose places say how far a step goes
        mask = np.zeros(here.index.size, bool)
        mask[pixels] = True
        asked = np.flatnonzero(widened(mask.reshape(height, width), 1))
        wanted = mask[asked]
    old = follow(scene, k, source.index, here, source.surfaces, asked, np.float32)
    seen = np.flatnonzero(old.seen if wanted is None else old.seen & wanted)
    x, y = old.x.take(seen), old.y.take(seen)
    column = np.minimum(x.astype(np.int32), np.int32(width - 1))
    row = np.minimum(y.astype(np.int32), np.int32(height - 1))
    mixed = source.surfaces.fringe.ravel().take(row * np.int32(width) + column)
    every = seen if asked is None else asked[seen]
    ghost = mixed & ~here.fringe.ravel().take(every)
    steps = None
    if axes:
        steps = _axes(_everywhere(old.x, asked, here), _everywhere(old.y, asked, here), here).take(every, axis=1)
    return Found(source, every, x, y, old.inverse_depth.take(seen), mixed, ghost, steps)


def _everywhere(values: Array, pixels: NDArray[np.intp] | None, here: Surfaces) -> Array:
    if pixels is None:
        return values
    whole = np.full(here.index.size, np.nan, np.float32)
    whole[pixels] = values
    return whole


def _axes(x: Array, y: Array, here: Surfaces) -> NDArray[np.float32]:
    """How positions change from each pixel to its neighbors, (4, N): dx/right, dy/right, dx/below, dy/below.

    Across a silhouette they say nothing; there a pixel counts as one pixel.
    """
    height, width = here.index.shape
    out = np.zeros((4, height, width), np.float32)
    out[0] = out[3] = 1
    with np.errstate(invalid="ignore"):  # far beside the picture
        for at, side in ((0, x), (1, y)):
            side = side.reshape(height, width)
            if width > 1:
                np.subtract(side[:, 1:], side[:, :-1], out=out[at, :, :-1])
                out[at, :, -1] = out[at, :, -2]
            if height > 1:
                np.subtract(side[1:], side[:-1], out=out[at + 2, :-1])
                out[at + 2, -1] = out[at + 2, -2]
    for some, values in ((here.edge_right, (1, 0)), (here.edge_below, (0, 1))):
        first = 0 if values == (1, 0) else 2
        for at, value in enumerate(values):
            out[first + at][some] = value
    return out.reshape(4, -1)


def resolution(axes: Array) -> NDArray[np.float32]:
    """How many of a source's pixels fall into each pixel, at most 1: (N,)."""
    area = np.abs(axes[0] * axes[3] - axes[1] * axes[2])
    return np.minimum(np.nan_to_num(area), np.float32(1))


def colors_of(found: Found, here: Surfaces) -> NDArray[np.float32]:
    """The colors (3, N) that a source gives.

    Near the source's silhouettes only pixels of the same surface count, so that nothing bleeds across.
    """
    width, source = here.index.shape[1], found.source
    colors = sample(source.picture, found.x, found.y)
    if found.axes is not None:
        longest = np.maximum(found.axes[0] ** 2 + found.axes[1] ** 2, found.axes[2] ** 2 + found.axes[3] ** 2)
        some = np.flatnonzero(longest > SHARP**2)
        if len(some):
            share = np.clip((np.sqrt(longest[some]) - SHARP) / (SOFT - SHARP), 0, 1)
            averaged = sample_averaged(source.picture, found.x[some], found.y[some], found.axes[:, some])
            colors[:, some] += share * (averaged - colors[:, some])
    left = np.maximum(found.x - np.float32(0.5), 0).astype(np.int32)  # never beyond the last pixel
    top = np.maximum(found.y - np.float32(0.5), 0).astype(np.int32)
    top *= np.int32(width)
    top += left
    some = np.flatnonzero(source.surfaces.near_edge.ravel().take(top))
    x, y, pixels = found.x[some], found.y[some], found.pixels[some]
    belongs = _belonging(source.surfaces, x, y, here, pixels, found.inverse_depth[some])
    torn = np.flatnonzero(~belongs.reshape(16, -1).all(axis=0))  # where all belong, nothing changes
    careful = sample_some(source.picture, x[torn], y[torn], belongs[:, :, torn])
    fine = np.isfinite(careful[0])
    some = some[torn[fine]]
    for plane, values in zip(colors, careful, strict=True):
        plane[some] = values[fine]
    return colors


def _belonging(
    there: Surfaces, x: Array, y: Array, here: Surfaces, pixels: NDArray[np.intp], inverse_depth: Array
) -> NDArray[np.bool_]:
    """Which of the 4×4 taps around each (x, y) show the same as a pixel of this frame does: (4, 4, N).

    Mixed colors are for pixels that are mixed themselves.
    """
    height, width = there.index.shape
    left, top = np.floor(x - 0.5).astype(np.intp), np.floor(y - 0.5).astype(np.intp)
    rows = [np.clip(top + down, 0, height - 1) * width for down in (-1, 0, 1, 2)]
    columns = [np.clip(left + right, 0, width - 1) for right in (-1, 0, 1, 2)]
    index, mixed = here.index.ravel().take(pixels), here.fringe.ravel().take(pixels)
    fringe = there.fringe.ravel()
    belongs = np.empty((4, 4, len(x)), bool)
    for row, place in zip(belongs, rows, strict=True):
        for out, column in zip(row, columns, strict=True):
            at = place + column
            np.logical_not(fringe.take(at), out=out)
            out |= mixed
            out &= same_surface(there, at, index, inverse_depth, reach=2)
    return belongs
