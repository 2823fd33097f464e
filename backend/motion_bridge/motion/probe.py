"""What a camera sees of triangles at a few exact places of the picture, where drawing all of it would be too much.

The places are sorted by the pixel that they lie in; so the places inside a triangle's rows are found without a search,
and a table of sums over the picture tells at once that most triangles hold none.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .camera import project
from .raster import Array, Index, View, depth_at, expand, extent, on_screen, planes_of

PAIRS_AT_ONCE = 1 << 20  # of a triangle and a place: bounds the memory, about 100 MB
EDGE = 1e-7  # a place this far outside, relative to the triangle, is inside: neighbours leave no gap


@dataclass(frozen=True)
class _Lattice:
    """Places by the pixel that they lie in."""

    order: NDArray[np.int64]  # (n,) numbers of the places, sorted by pixel
    before: NDArray[np.int64]  # (H·W + 1,) how many of them lie in earlier pixels
    sums: NDArray[np.int64]  # (H + 1, W + 1) how many lie above and to the left


def probe(places: Array, points: Array, triangles: Index, view: View) -> tuple[Array, NDArray[np.int64]]:
    """What is nearest at places (n, 2) in pixels: depth (n,) float64, inf for nothing, and triangle (n,), -1.

    points (V, 3) and triangles (F, 3) as for raster.rasterise. Places outside the picture see nothing.
    """
    depth = np.full(len(places), np.inf)
    triangle = np.full(len(places), -1)
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        lattice = _lattice(places, view)
        pixels = project(points, view.intrinsics, view.orthographic)
        some = _holding(lattice, points, pixels, triangles, view)
        owner, screen = on_screen(points, pixels, triangles[some], view)
        for which, place, seen in _pairs(lattice, places, some[owner], screen, points, triangles, view):
            order = np.lexsort((which, seen))[::-1]  # the nearest is written last
            which, place, seen = which[order], place[order], seen[order]
            nearer = seen < depth[place]
            depth[place[nearer]] = seen[nearer]
            triangle[place[nearer]] = which[nearer]
    return depth, triangle


def _lattice(places: Array, view: View) -> _Lattice:
    cell = np.floor(places)
    asked = np.flatnonzero((cell >= 0).all(axis=1) & (cell < (view.width, view.height)).all(axis=1))
    cell = cell[asked].astype(np.int64)
    number = cell[:, 1] * view.width + cell[:, 0]
    count = np.bincount(number, minlength=view.height * view.width)
    sums = np.zeros((view.height + 1, view.width + 1), np.int64)
    sums[1:, 1:] = count.reshape(view.height, view.width).cumsum(axis=0).cumsum(axis=1)
    return _Lattice(asked[np.argsort(number, kind="stable")], np.concatenate([[0], np.cumsum(count)]), sums)


def _holding(lattice: _Lattice, points: Array, pixels: Array, triangles: Index, view: View) -> NDArray[np.int64]:
    """The triangles around which there are places; those that the near plane cuts are all kept."""
    front = points[:, 2] >= view.near
    size = np.array([view.width, view.height], np.int32)
    cell = np.fmin(np.fmax(np.floor(pixels), -1), size).astype(np.int32)  # fmax takes nan as nothing
    first, second, third = (cell[triangles[:, at]] for at in range(3))
    low = np.maximum(np.minimum(np.minimum(first, second), third), 0)
    high = np.minimum(np.maximum(np.maximum(first, second), third) + 1, size)
    kept = (high > low).all(axis=1)
    if front.all():
        kept = np.flatnonzero(kept)
        return kept[_held(lattice, low[kept], high[kept]) > 0]
    ahead = front[triangles]
    every, none = ahead.all(axis=1), ~ahead.any(axis=1)
    kept = np.flatnonzero(kept & every)
    return np.concatenate([kept[_held(lattice, low[kept], high[kept]) > 0], np.flatnonzero(~every & ~none)])


def _held(lattice: _Lattice, low: Index, high: Index) -> Index:
    """How many places lie in boxes of pixels, from low to before high (n, 2)."""
    sums, wide = lattice.sums.ravel(), lattice.sums.shape[1]
    top, bottom = low[:, 1] * wide, high[:, 1] * wide
    return sums[bottom + high[:, 0]] - sums[top + high[:, 0]] - sums[bottom + low[:, 0]] + sums[top + low[:, 0]]


def _pairs(
    lattice: _Lattice, places: Array, owner: Index, screen: Array, points: Array, triangles: Index, view: View
) -> Iterator[tuple[Index, Index, Array]]:
    """Pieces of (triangles, places, depths), all (n,), of the places that lie in triangles."""
    low, high = extent(screen)
    low = np.clip(np.floor(low), 0, (view.width - 1, view.height - 1)).astype(np.int64)
    high = np.clip(np.floor(high), 0, (view.width - 1, view.height - 1)).astype(np.int64) + 1
    held = _held(lattice, low, high)
    some = held > 0
    owner, screen, low, high = owner[some], screen[some], low[some], high[some]
    planes = planes_of(points, triangles[owner], view)
    total = np.cumsum(held[some])
    at = 0
    while at < len(owner):
        done = total[at - 1] if at else 0
        until = max(at + 1, int(np.searchsorted(total, done + PAIRS_AT_ONCE, side="right")))
        which, row = expand(low[at:until, 1], high[at:until, 1])
        which += at
        begin, end = row * view.width + low[which, 0], row * view.width + high[which, 0]
        line, rank = expand(lattice.before[begin], lattice.before[end])
        which, place = which[line], lattice.order[rank]
        inside = is_inside(places[place], screen[which])
        which, place = which[inside], place[inside]
        seen = depth_at(places[place], planes, which, view)
        near = seen <= view.far
        yield owner[which[near]], place[near], seen[near]
        at = until


def is_inside(place: Array, screen: Array) -> NDArray[np.bool_]:
    """Whether places (n, 2) lie in triangles (n, 3, 2), edges included."""
    to = screen - place[:, None]
    a, b, c = to[:, 0], to[:, 1], to[:, 2]
    first, second, third = _cross(b, c), _cross(c, a), _cross(a, b)
    slack = EDGE * np.abs(first + second + third)
    return ((first >= -slack) & (second >= -slack) & (third >= -slack)) | (
        (first <= slack) & (second <= slack) & (third <= slack)
    )


def _cross(a: Array, b: Array) -> Array:
    return a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
