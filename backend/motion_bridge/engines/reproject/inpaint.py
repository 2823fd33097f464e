"""Colors for what no picture shows: its own surface, continued.

What is unknown starts from the mean color around the nearest known pixel of the same object, over a window that grows
with the distance, so that noise is not drawn out into streaks; farther away from the object's usual color. Then the
colors relax, each towards the mean of those neighbors that no silhouette separates from it, so that an uncovered wall
continues the wall and not what stood before it. Last comes texture: the fine detail of patches from the known side, of
other places for every patch and frame, because most holes are a strip that grows by a pixel a frame, and the same
detail frame after frame would be a streak again. An object that was never seen has its material's color.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...geometry.visible_surfaces import Mask, Surfaces
from .frame_buffer import Source
from .viewport_colors import ViewportColors

Array = NDArray[Any]

WORK = 300_000  # pixels relaxed in all: many rounds where little is missing, few where everything is
ROUNDS = 8, 24  # at least, at most
OVERSHOOT = 1.8  # of a relaxation step
REACH = 64  # pixels: how far a known pixel is looked for, about
DEPTH = 30  # a pixel at another depth counts as farther: by 1 and so many times the relative difference
GRAIN = 2  # pixels around one whose mean is not its detail
WINDOW = 0.5  # of the distance to a known pixel: so far apart are the taps of the mean around it, TAPS to each side
TAPS = 2
PATCH = 8  # pixels: what has its detail from one place
APART = 12  # pixels: how far off that place is at most
TRIES = 3  # places that are tried
HATCH = 6  # pixels: width of a stripe
MARK = (255, 0, 255), (60, 0, 60)


def fill(
    colors: Array,
    unseen: Mask,
    loose: Mask,
    k: int,
    here: Surfaces,
    sources: Sequence[Source],
    viewport: ViewportColors | None,
) -> None:
    """Complete the colors (H, W, 3) float32 of frame k in place; unseen (H, W): without a color as yet; loose: with a
    doubtful one, or none.
    """
    flat, index = colors.reshape(-1, 3), here.parts.ravel()
    doubtful = loose | here.fringe
    empty = np.flatnonzero(unseen)
    nearest = nearest_known(~doubtful, empty, here)
    near = nearest >= 0
    pixels, rest, nearest = empty[near], empty[~near], nearest[near]
    known, which = np.unique(nearest, return_inverse=True)  # many share one
    low, high = range_around(colors, known, doubtful, here.parts)
    flat[pixels] = mean_around(colors, pixels, nearest, doubtful, here)
    finished = np.zeros(loose.size, bool)
    for each in np.unique(index[rest]).tolist():
        mine = rest[index[rest] == each]
        usual = _usual_color(sources, each)
        if usual is None and each > 0 and viewport is not None:
            flat[mine] = viewport.of(k, here, mine)
            finished[mine] = True
        else:
            flat[mine] = np.float32(127.5) if usual is None else usual
    if (loose.ravel() > finished).any():
        relax(colors, loose & ~finished.reshape(loose.shape), here)
        add_detail(colors, pixels, nearest, doubtful, here.parts, k)
        flat[pixels] = np.clip(flat[pixels], low[which], high[which])


def relax(colors: Array, loose: Mask, here: Surfaces) -> None:
    """Smooth the colors of loose pixels (H, W) in place: over-relaxation on a chessboard, black and white in turn."""
    height, width = loose.shape
    row, column = np.nonzero(loose)
    bound = np.stack(
        [
            (row > 0) & ~here.edge_below[row - 1, column],
            (row < height - 1) & ~here.edge_below[row, column],
            (column > 0) & ~here.edge_right[row, column - 1],
            (column < width - 1) & ~here.edge_right[row, column],
        ]
    )
    count = bound.sum(axis=0)
    pixels = row * width + column
    around = np.clip(pixels + np.array([[-width], [width], [-1], [1]]), 0, loose.size - 1)
    place = np.full(loose.size, -1, np.intp)  # of a pixel among those that take part; what is not bound is the last
    place[pixels] = np.arange(len(pixels))
    rim = np.unique(around[bound & (place[around] < 0)])
    place[rim] = np.arange(len(pixels), len(pixels) + len(rim))
    values = np.zeros((3, len(pixels) + len(rim) + 1), np.float32)
    values[:, : len(pixels)], values[:, len(pixels) : -1] = colors[row, column].T, colors.reshape(-1, 3)[rim].T
    beside = np.where(bound, place[around], values.shape[1] - 1)
    fields = [np.flatnonzero((count > 0) & ((row + column) % 2 == odd)) for odd in (0, 1)]
    share = [np.float32(OVERSHOOT) / count[field].astype(np.float32) for field in fields]
    steps = [(field, beside[:, field], part) for field, part in zip(fields, share, strict=True)]
    for _ in range(int(np.clip(WORK / len(pixels), *ROUNDS))):
        for plane in values:
            for at, (above, below, left, right), part in steps:
                mean = plane.take(above)
                mean += plane.take(below)
                mean += plane.take(left)
                mean += plane.take(right)
                mean *= part
                mean += np.float32(1 - OVERSHOOT) * plane.take(at)
                plane[at] = mean
    colors[row, column] = values[:, : len(pixels)].T


def range_around(colors: Array, nearest: Array, doubtful: Mask, index: NDArray[np.integer]) -> tuple[Array, Array]:
    """The least and the greatest color (n, 3) of what is known around known pixels (n,) of the same object.

    What is filled stays within: it is known to the next frame, so detail laid over detail would grow from frame to
    frame.
    """
    height, width = index.shape
    flat, index, doubtful = colors.reshape(-1, 3), index.ravel(), doubtful.ravel()
    row, column = np.divmod(nearest, width)
    mine = index[nearest]
    low = flat.take(nearest, axis=0)
    high = low.copy()
    for down in range(-GRAIN, GRAIN + 1):
        line = np.clip(row + down, 0, height - 1) * width
        for right in range(-GRAIN, GRAIN + 1):
            tap = line + np.clip(column + right, 0, width - 1)
            tap = np.where(doubtful.take(tap) | (index.take(tap) != mine), nearest, tap)
            beside = flat.take(tap, axis=0)
            np.minimum(low, beside, out=low)
            np.maximum(high, beside, out=high)
    return low, high


def mean_around(colors: Array, pixels: Array, nearest: Array, doubtful: Mask, here: Surfaces) -> Array:
    """The mean color (n, 3) of known pixels of the same surface around known pixels (n,); the farther those are from
    the pixels that ask (n,), the wider.
    """
    height, width = doubtful.shape
    (row, column), (at_row, at_column) = np.divmod(pixels, width), np.divmod(nearest, width)
    step = np.maximum(1, WINDOW * np.hypot(row - at_row, column - at_column)).astype(np.int64)
    farthest = int(step.max(initial=1)) + 1
    pair, which = np.unique(nearest.astype(np.int64) * farthest + step, return_inverse=True)  # many ask for the same
    nearest, step = np.divmod(pair, farthest)
    at_row, at_column = np.divmod(nearest, width)
    flat, index, doubtful = colors.reshape(-1, 3), here.parts.ravel(), doubtful.ravel()
    inverse_depth, tolerance = here.inverse_depth.ravel(), here.depth_tolerance.ravel()
    mine, depth = index[nearest], inverse_depth[nearest]
    near_by = tolerance[nearest] * (2 * TAPS * step).astype(np.float32)
    total, count = flat.take(nearest, axis=0), np.ones(len(nearest), np.float32)
    lines = [np.clip(at_row + down * step, 0, height - 1) * width for down in range(-TAPS, TAPS + 1)]
    columns = [np.clip(at_column + right * step, 0, width - 1) for right in range(-TAPS, TAPS + 1)]
    for down, line in enumerate(lines):
        for right, beside in enumerate(columns):
            if down == right == TAPS:
                continue
            tap = line + beside
            fine = index.take(tap) == mine
            fine &= ~doubtful.take(tap)
            fine &= np.abs(inverse_depth.take(tap) - depth) <= near_by
            total += flat.take(tap, axis=0) * fine[:, None]
            count += fine
    return (total / count[:, None])[which]


def add_detail(
    colors: Array, pixels: Array, nearest: Array, doubtful: Mask, index: NDArray[np.integer], k: int
) -> None:
    """Lay the texture of known pixels over others (n,), in place: patches from beyond the nearest known ones.

    doubtful (H, W): what has no detail of its own to give. Detail is what a pixel differs by from those around it.
    """
    height, width = index.shape
    flat, index, doubtful = colors.reshape(-1, 3), index.ravel(), doubtful.ravel()
    (row, column), (at_row, at_column) = np.divmod(pixels, width), np.divmod(nearest, width)
    patch = row // PATCH * (width // PATCH + 1) + column // PATCH
    random = np.random.default_rng(k)
    source = np.full(len(pixels), -1)
    for _ in range(TRIES):
        aside = random.integers(-APART, APART + 1, (2, height // PATCH + 1, width // PATCH + 1)).reshape(2, -1)
        to_row, to_column = 2 * at_row - row + aside[0][patch], 2 * at_column - column + aside[1][patch]
        inside = (to_row >= GRAIN) & (to_row < height - GRAIN) & (to_column >= GRAIN) & (to_column < width - GRAIN)
        place = np.where(inside, to_row * width + to_column, 0)
        source = np.where((source < 0) & inside & ~doubtful[place] & (index[place] == index[pixels]), place, source)
    pixels, source = pixels[source >= 0], source[source >= 0]
    mean, count, mine = np.zeros((len(source), 3), np.float32), np.zeros(len(source), np.float32), index[source]
    for down in range(-GRAIN, GRAIN + 1):
        for right in range(-GRAIN, GRAIN + 1):
            tap = source + (down * width + right)
            fine = index.take(tap) == mine
            fine &= ~doubtful.take(tap)
            mean += flat.take(tap, axis=0) * fine[:, None]
            count += fine
    flat[pixels] += flat[source] - mean / count[:, None]


def nearest_known(known: Mask, pixels: Array, here: Surfaces) -> Array:
    """The nearest known pixel of the same object to each of some (n,), -1 where none is near.

    One at another depth counts as farther away. Jump flooding (Rong and Tan 2006), of those pixels alone.
    """
    height, width = known.shape
    index, inverse_depth = here.parts.ravel(), here.inverse_depth.ravel()
    nearest = np.where(known.ravel(), np.arange(known.size, dtype=np.int32), np.int32(-1))
    least = np.full(known.size, np.inf, np.float32)
    row, column = np.divmod(pixels.astype(np.int32), np.int32(width))
    lattice = np.flatnonzero((row | column) & 1 == 0)  # a quarter of them is enough until the last rounds
    steps = [REACH >> at for at in range(REACH.bit_length())]
    for reach in [*steps, 1]:
        asking = lattice if reach > 1 else slice(None)
        mine, down, right = pixels[asking], row[asking], column[asking]
        best, far = nearest.take(mine), least.take(mine)
        lines = [np.clip(down + np.int32(by), 0, height - 1) * np.int32(width) for by in (-reach, 0, reach)]
        columns = [np.clip(right + np.int32(by), 0, width - 1) for by in (-reach, 0, reach)]
        for line in lines:
            for beside in columns:
                if line is lines[1] and beside is columns[1]:
                    continue  # what it has itself is its best already
                other = nearest.take(line + beside)
                some = np.flatnonzero((other >= 0) & (other != best))
                other, asks = other.take(some), mine.take(some)
                fits = np.flatnonzero(index.take(other) == index.take(asks))
                some, other, asks = some.take(fits), other.take(fits), asks.take(fits)
                distance = _distance(other, asks, inverse_depth, width)
                nearer = distance < far.take(some)
                some = some[nearer]
                best[some], far[some] = other[nearer], distance[nearer]
        nearest[mine], least[mine] = best, far
    return nearest.take(pixels)


def _distance(one: Array, other: Array, inverse_depth: Array, width: int) -> Array:
    """Pixels between pixels (n,) of the flattened picture, more where their depths differ."""
    (row, column), (at_row, at_column) = np.divmod(one, np.int32(width)), np.divmod(other, width)
    near, far = inverse_depth.take(one), inverse_depth.take(other)
    apart = np.abs(near - far) / np.maximum(np.maximum(near, far), np.float32(1e-30))
    across, down = (column - at_column).astype(np.float32), (row - at_row).astype(np.float32)
    return np.sqrt(across * across + down * down) * (1 + np.float32(DEPTH) * apart)


def mark(colors: Array, unknown: Mask) -> None:
    """Hatch unknown pixels in a color that no scene has, in place."""
    row, column = np.nonzero(unknown)
    colors[row, column] = np.array(MARK, np.float32)[(row + column) // HATCH % 2]


def _usual_color(sources: Sequence[Source], index: int) -> Array | None:
    """The color that the first source to show an object gives it; None where none does."""
    for source in sources:
        if index < len(source.usual_colors) and np.isfinite(source.usual_colors[index, 0]):
            return source.usual_colors[index]
    return None
