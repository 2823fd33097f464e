"""Colours for what nobody has seen: the smoothest continuation of the same surface.

First a guess for each thing, from a pyramid: its known colours are averaged downwards, and what is unknown takes them
from the finest level that has any, or farther away the thing's usual colour. Then the colours relax, each towards the
mean of those neighbours that no silhouette separates from it, so that an uncovered wall continues the wall and not
what stood before it.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...geometry.visible_surfaces import Mask, Surfaces
from .frame_buffer import Source

Array = NDArray[Any]

WORK = 600_000  # pixels relaxed in all: many rounds where little is missing, few where everything is
ROUNDS = 8, 60  # at least, at most
OVERSHOOT = 1.8  # of a relaxation step
FAR = 64  # pixels around what is unknown in which known ones matter
HINT = 0.001  # the weight of a thing's usual colour beside that of a known pixel
HATCH = 6  # pixels: width of a stripe
MARK = (255, 0, 255), (60, 0, 60)


def guess(colours: Array, unknown: Mask, known: Mask, here: Surfaces, sources: Sequence[Source]) -> None:
    """Write first colours (H, W, 3) float32 of unknown pixels (H, W) in place, thing by thing."""
    for thing in np.flatnonzero(np.bincount(here.index[unknown])):
        mine = here.index == thing
        box = _box(mine & unknown)
        wanted = (mine & unknown)[box]
        weight = (mine & known)[box] + wanted * np.float32(HINT)
        spread = np.where(wanted[..., None], _usual_colour(sources, int(thing)), colours[box])
        colours[box][wanted] = _pyramid(spread, weight)[wanted]


def relax(colours: Array, loose: Mask, here: Surfaces) -> None:
    """Smooth the colours of loose pixels (H, W) in place: over-relaxation on a chessboard, black and white in turn."""
    height, width = loose.shape
    flat = colours.reshape(-1, 3)
    row, column = np.nonzero(loose)
    bound = np.stack(
        [
            (row > 0) & ~here.torn_below[row - 1, column],
            (row < height - 1) & ~here.torn_below[row, column],
            (column > 0) & ~here.torn_right[row, column - 1],
            (column < width - 1) & ~here.torn_right[row, column],
        ]
    )
    share = bound / np.maximum(bound.sum(0), 1).astype(np.float32)
    pixels = row * width + column
    around = np.clip(pixels + np.array([[-width], [width], [-1], [1]]), 0, flat.shape[0] - 1)
    fields = [bound.any(0) & ((row + column) % 2 == odd) for odd in (0, 1)]
    fields = [(pixels[field], around[:, field], share[:, field, None].astype(np.float32)) for field in fields]
    for _ in range(int(np.clip(WORK / len(pixels), *ROUNDS))):
        for at, beside, part in fields:
            mean = sum(flat.take(each, axis=0) * of_it for each, of_it in zip(beside, part, strict=True))
            flat[at] += np.float32(OVERSHOOT) * (mean - flat[at])


def mark(colours: Array, unknown: Mask) -> None:
    """Hatch unknown pixels in a colour that no scene has, in place."""
    row, column = np.nonzero(unknown)
    colours[row, column] = np.array(MARK, np.float32)[(row + column) // HATCH % 2]


def _pyramid(colours: Array, weight: Array) -> Array:
    """Colours (H, W, 3) of weight (H, W), continued over those of little weight."""
    height, width = weight.shape
    if height == 1 and width == 1:
        return colours
    total = _halved(np.dstack([colours * weight[..., None], weight]))
    coarse_weight = total[..., 3]
    coarse = total[..., :3] / np.maximum(coarse_weight, 1e-9)[..., None]
    coarse = _doubled(_pyramid(coarse, np.minimum(coarse_weight, 1)), height, width)
    return coarse + weight[..., None] * (colours - coarse)


def _halved(array: Array) -> Array:
    height, width = array.shape[:2]
    even = np.pad(array, ((0, height % 2), (0, width % 2), (0, 0)))
    return even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2]


def _doubled(array: Array, height: int, width: int) -> Array:
    """Bilinear, to twice the size or one less."""
    for axis, size in ((0, height), (1, width)):
        array = array.swapaxes(0, axis)
        before, after = np.concatenate([array[:1], array[:-1]]), np.concatenate([array[1:], array[-1:]])
        doubled = np.empty((2 * len(array), *array.shape[1:]), array.dtype)
        doubled[::2], doubled[1::2] = 0.75 * array + 0.25 * before, 0.75 * array + 0.25 * after
        array = doubled[:size].swapaxes(0, axis)
    return array


def _usual_colour(sources: Sequence[Source], thing: int) -> Array:
    """The colour that the first source to show a thing gives it; grey where none does."""
    for source in sources:
        if thing < len(source.usual_colours) and np.isfinite(source.usual_colours[thing, 0]):
            return source.usual_colours[thing]
    return np.full(3, 127.5, np.float32)


def _box(mask: Mask) -> tuple[slice, slice]:
    """The rectangle around what is set, and as far beyond as a guess looks."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return slice(max(0, rows[0] - FAR), rows[-1] + 1 + FAR), slice(max(0, columns[0] - FAR), columns[-1] + 1 + FAR)
