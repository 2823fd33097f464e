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
    pixels = np.flatnonzero(loose)
    nearest = nearest_known(~loose & ~here.fringe, pixels, here)
    empty = unseen.ravel()[pixels]
    near = empty & (nearest >= 0)
    doubtful = loose | here.fringe
    low, high = range_around(colors, nearest[near], doubtful, here.parts)
    flat[pixels[near]] = mean_around(colors, pixels[near], nearest[near], doubtful, here)
    rest = pixels[empty & (nearest < 0)]
    finished = np.zeros(loose.size, bool)
    for each in np.unique(index[rest]).tolist():
        mine = rest[index[rest] == each]
        usual = _usual_color(sources, each)
        if usual is None and each > 0 and viewport is not None:
            flat[mine] = viewport.of(k, here, mine)
            finished[mine] = True
        else:
            flat[mine] = np.float32(127.5) if usual is None else usual
    if not finished[pixels].all():
        relax(colors, loose & ~finished.reshape(loose.shape), here)
        add_detail(colors, pixels[near], nearest[near], doubtful, here.parts, k)
        flat[pixels[near]] = np.clip(flat[pixels[near]], low, high)


def relax(colors: Array, loose: Mask, here: Surfaces) -> None:
    """Smooth the colors of loose pixels (H, W) in place: over-relaxation on a chessboard, black and white in turn."""
    height, width = loose.shape
    flat = colors.reshape(-1, 3)
    row, column = np.nonzero(loose)
    bound = np.stack(
        [
            (row > 0) & ~here.edge_below[row - 1, column],
            (row < height - 1) & ~here.edge_below[row, column],
            (column > 0) & ~here.edge_right[row, column - 1],
            (column < width - 1) & ~here.edge_right[row, column],
        ]
    )
    weight = bound / np.maximum(bound.sum(0), 1).astype(np.float32)
    pixels = row * width + column
    around = np.clip(pixels + np.array([[-width], [width], [-1], [1]]), 0, flat.shape[0] - 1)
    fields = [bound.any(0) & ((row + column) % 2 == odd) for odd in (0, 1)]
    fields = [(pixels[field], around[:, field], weight[:, field, None].astype(np.float32)) for field in fields]
    for _ in range(int(np.clip(WORK / len(pixels), *ROUNDS))):
        for at, beside, part in fields:
            mean = sum(flat.take(each, axis=0) * of_it for each, of_it in zip(beside, part, strict=True))
            flat[at] += np.float32(OVERSHOOT) * (mean - flat[at])


def range_around(colors: Array, nearest: Array, doubtful: Mask, index: NDArray[np.integer]) -> tuple[Array, Array]:
    """The least and the greatest color (n, 3) of what is known around known pixels (n,) of the same object.

    What is filled stays within: it is known to the next frame, so detail laid over detail would grow from frame to
    frame.
    """
    height, width = index.shape
    flat, index, doubtful = colors.reshape(-1, 3), index.ravel(), doubtful.ravel()
    row, column = np.divmod(nearest, width)
    low = flat[nearest].copy()
    high = low.copy()
    for down in range(-GRAIN, GRAIN + 1):
        for right in range(-GRAIN, GRAIN + 1):
            tap = np.clip(row + down, 0, height - 1) * width + np.clip(column + right, 0, width - 1)
            known = (~doubtful[tap] & (index[tap] == index[nearest]))[:, None]
            beside = flat[tap]
            np.minimum(low, beside, out=low, where=known)
            np.maximum(high, beside, out=high, where=known)
    return low, high


def mean_around(colors: Array, pixels: Array, nearest: Array, doubtful: Mask, here: Surfaces) -> Array:
    """The mean color (n, 3) of known pixels of the same surface around known pixels (n,); the farther those are from
    the pixels that ask (n,), the wider.
    """
    height, width = doubtful.shape
    flat, index, doubtful = colors.reshape(-1, 3), here.parts.ravel(), doubtful.ravel()
    inverse_depth, tolerance = here.inverse_depth.ravel(), here.depth_tolerance.ravel()
    (row, column), (at_row, at_column) = np.divmod(pixels, width), np.divmod(nearest, width)
    step = np.maximum(1, WINDOW * np.hypot(row - at_row, column - at_column)).astype(np.int64)
    mine, depth = index[nearest], inverse_depth[nearest]
    near_by = tolerance[nearest] * np.float32(2 * TAPS) * step
    total, count = flat[nearest].copy(), np.ones(len(nearest), np.float32)
    for down in range(-TAPS, TAPS + 1):
        for right in range(-TAPS, TAPS + 1):
            if not (down or right):
                continue
            tap = np.clip(at_row + down * step, 0, height - 1) * width
            tap += np.clip(at_column + right * step, 0, width - 1)
            fine = ~doubtful[tap] & (index[tap] == mine) & (np.abs(inverse_depth[tap] - depth) <= near_by)
            total += flat[tap] * fine[:, None]
            count += fine
    return total / count[:, None]


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
    mean, count = np.zeros((len(source), 3), np.float32), np.zeros(len(source), np.float32)
    for down in range(-GRAIN, GRAIN + 1):
        for right in range(-GRAIN, GRAIN + 1):
            tap = source + (down * width + right)
            fine = ~doubtful[tap] & (index[tap] == index[source])
            mean += flat[tap] * fine[:, None]
            count += fine
    flat[pixels] += flat[source] - mean / count[:, None]


def nearest_known(known: Mask, pixels: Array, here: Surfaces) -> Array:
    """The nearest known pixel of the same object to each of some (n,), -1 where none is near.

    One at another depth counts as farther away. Jump flooding (Rong and Tan 2006), of those pixels alone.
    """
    height, width = known.shape
    index, inverse_depth = here.parts.ravel(), here.inverse_depth.ravel()
    depth = inverse_depth[pixels]
    nearest = np.where(known.ravel(), np.arange(known.size), -1)
    row, column = np.divmod(pixels, width)
    mine = index[pixels]
    best, least = np.full(len(pixels), -1), np.full(len(pixels), np.inf)
    steps = [REACH >> at for at in range(REACH.bit_length())]
    for reach in [*steps, 1]:
        for down in (-reach, 0, reach):
            for right in (-reach, 0, reach):
                beside = np.minimum(np.maximum(row + down, 0), height - 1) * width
                other = nearest.take(beside + np.minimum(np.maximum(column + right, 0), width - 1))
                its_depth = inverse_depth.take(other, mode="clip")
                apart = np.abs(its_depth - depth) / np.maximum(np.maximum(its_depth, depth), 1e-30)
                far = ((other // width - row) ** 2.0 + (other % width - column) ** 2.0) * (1 + DEPTH * apart) ** 2
                nearer = (other >= 0) & (far < least)
                nearer &= index.take(other, mode="clip") == mine
                best[nearer], least[nearer] = other[nearer], far[nearer]
        nearest[pixels] = best
    return best


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
