"""Points in a picture whose eye strays, by cells: which of them may be hidden by what covers a rectangle.

The eye stays within a distance r of the picture's own. A point p that is seen past a place q, a fraction s of the way
from p to the eye, has q at most s·r beside its ray. So q falls at most f·s·(r_x + r_z·tan θ) / z(q) pixels from p,
and the same in y, where s ≤ (z(p) - z(q)) / (z(p) - r_z): nothing where q is beside p, more where it is nearer. By
that much a rectangle is widened.
"""

from dataclasses import dataclass

import numpy as np

from ..rasterizer import Array, Index, expand

CELLS, MOST_CELLS = 16, 1 << 16  # for each point, and in all
ROUNDS = 3  # in which a rectangle's margin is made smaller
LEVEL = np.array([max(0, size.bit_length() - 1) for size in range(1 << 17)], np.int8)  # of a power of two below


@dataclass(frozen=True)
class ScreenBounds:
    """The points, and how far the eye strays."""

    pixels: Array  # (n, 2)
    depth: Array  # (n,) inf where infinitely far
    order: Index  # (n,) the points, sorted by cell
    before: Index  # (R·C + 1,) how many of them lie in earlier cells
    origin: Array  # (2,) pixels where the first cell begins
    cell: float  # pixels
    farthest: (
        Array  # (I, J, R, C) the greatest depth in the 2**i rows and 2**j columns from a cell on; 0 without points
    )
    along: float  # r_z
    wide: Array  # (2,) f·(r_x + r_z·tan θ)


def screen_bounds_of(pixels: Array, depth: Array, tangent: Array, drift: Array, focal: float) -> ScreenBounds:
    """The bounds of at least one point.

    pixels (n, 2), depth (n,), tangent (2,): tan θ at most; drift (3,): r; focal: f, pixels.
    """
    origin = pixels.min(axis=0)
    size = pixels.max(axis=0) - origin
    cell = float(max(np.sqrt(size.prod() / min(CELLS * len(pixels), MOST_CELLS)), size.max() / MOST_CELLS, 1.0))
    columns, rows = (size / cell).astype(np.int64) + 1
    at = ((pixels - origin) / cell).astype(np.int64)
    at = at[:, 1] * columns + at[:, 0]
    return ScreenBounds(
        pixels,
        depth,
        np.argsort(at, kind="stable"),
        np.concatenate([[0], np.cumsum(np.bincount(at, minlength=rows * columns))]),
        origin,
        cell,
        _farthest(at, depth, int(rows), int(columns)),
        float(drift[2]),
        focal * (drift[:2] + drift[2] * tangent),
    )


def reached(bounds: ScreenBounds, low: Array, high: Array, near: Array, limit: Array) -> tuple[Index, Array]:
    """Which rectangles (n, 2) of something as near as that (n,) may hide points: their numbers (m,), and how far (n,)
    the farthest of these points are at most.

    limit (n,): such a bound that is known before. The farther a point, the wider the margin; so the farthest in the
    margin so far gives the next.
    """
    limit, some = limit.copy(), np.arange(len(near))
    for _ in range(ROUNDS):
        first, last = _cells(bounds, low[some], high[some], near[some], limit[some])
        limit[some] = _farthest_in(bounds, first, last)
        some = some[limit[some] > near[some]]
    return some, limit


def candidates(
    bounds: ScreenBounds, low: Array, high: Array, near: Array, limit: Array, most: int
) -> tuple[Index, Index] | None:
    """The points that rectangles (n, 2) may hide: numbers of rectangles (P,) and points (P,); None when they are more
    than `most` to look at. near, limit (n,): as for `reached`.
    """
    first, last = _cells(bounds, low, high, near, limit)
    columns = bounds.farthest.shape[3]
    which, row = expand(first[:, 1], last[:, 1])
    begin, end = bounds.before[row * columns + first[which, 0]], bounds.before[row * columns + last[which, 0]]
    if (end - begin).sum() > most:
        return None
    line, rank = expand(begin, end)
    which, point = which[line], bounds.order[rank]
    kept = bounds.depth[point] > near[which]
    which, point = which[kept], point[kept]
    t = _fraction(bounds, bounds.depth[point], near[which])
    kept = np.ones(len(which), bool)
    for axis in range(2):
        place, margin = bounds.pixels[point, axis], t * bounds.wide[axis]
        kept &= (place >= low[which, axis] - margin) & (place <= high[which, axis] + margin)
    return which[kept], point[kept]


def _farthest(cell: Index, depth: Array, rows: int, columns: int) -> Array:
    """As ScreenBounds says, rounded up."""
    table = np.zeros((rows.bit_length(), columns.bit_length(), rows, columns), np.float32)
    np.maximum.at(table[0, 0].reshape(-1), cell, np.nextafter(depth.astype(np.float32), np.float32(np.inf)))
    for row in range(len(table)):
        if row:
            step = 1 << row - 1
            table[row, 0] = table[row - 1, 0]
            np.maximum(table[row, 0, :-step], table[row - 1, 0, step:], out=table[row, 0, :-step])
        for column in range(1, len(table[0])):
            step = 1 << column - 1
            to, before = table[row, column], table[row, column - 1]
            to[:] = before
            np.maximum(to[:, :-step], before[:, step:], out=to[:, :-step])
    return table


def _cells(bounds: ScreenBounds, low: Array, high: Array, near: Array, limit: Array) -> tuple[Index, Index]:
    """The first and the last cell (n, 2) that widened rectangles touch; the last is excluded."""
    t = _fraction(bounds, limit, near)
    first, last = np.empty(low.shape, np.int64), np.empty(low.shape, np.int64)
    for axis, most in enumerate(bounds.farthest.shape[:1:-1]):
        margin, origin = t * bounds.wide[axis], bounds.origin[axis]
        first[:, axis] = np.minimum(np.maximum((low[:, axis] - margin - origin) / bounds.cell, 0), most)
        last[:, axis] = np.minimum(np.maximum((high[:, axis] + margin - origin) / bounds.cell + 1, 0), most)
    return first, last


def _farthest_in(bounds: ScreenBounds, first: Index, last: Index) -> Array:
    """The greatest depth of points in blocks of cells, 0 where there is none: of the four that cover a block."""
    table, (_, levels, rows, columns) = bounds.farthest.reshape(-1), bounds.farthest.shape
    size = last - first
    empty = (size[:, 0] <= 0) | (size[:, 1] <= 0)
    level = LEVEL[np.maximum(size, 1)].astype(np.int64)
    end = np.maximum(last - (1 << level), 0)  # an empty block before the first cell would end before it
    base = (level[:, 1] * levels + level[:, 0]) * (rows * columns)
    top, bottom = base + np.minimum(first[:, 1], rows - 1) * columns, base + end[:, 1] * columns
    left, right = np.minimum(first[:, 0], columns - 1), end[:, 0]
    upper = np.maximum(table[top + left], table[top + right])
    return np.where(empty, 0, np.maximum(upper, np.maximum(table[bottom + left], table[bottom + right])))


def _fraction(bounds: ScreenBounds, depth: Array, near: Array) -> Array:
    """s / z(q) for points as far as that and places as near as that (n,)."""
    with np.errstate(invalid="ignore", divide="ignore"):
        t = ((depth - near) / (depth - bounds.along)).clip(0, 1)
    return np.where(np.isinf(depth), 1.0, t) / near
