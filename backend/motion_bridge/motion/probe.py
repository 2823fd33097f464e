"""What a camera sees of triangles at a few exact places of the picture, where drawing all of it would be too much.

The places are sorted by the pixel that they lie in; so the places inside a triangle's rows are found without a search,
and a table of sums over the picture tells at once that most triangles hold none.
"""

import numpy as np
from numpy.typing import NDArray

from .camera import project
from .raster import Array, Index, View, depth_at, expand, extent, on_screen, planes_of

PAIRS_AT_ONCE = 1 << 20  # of a triangle and a place: bounds the memory, about 100 MB
EDGE = 1e-7  # a place this far outside, relative to the triangle, is inside: neighbours leave no gap


def probe(places: Array, points: Array, triangles: Index, view: View) -> tuple[Array, NDArray[np.int64]]:
    """What is nearest at places (n, 2) in pixels: depth (n,) float64, inf for nothing, and triangle (n,), -1.

    points (V, 3) and triangles (F, 3) as for raster.rasterise. Places outside the picture see nothing.
    """
    depth = np.full(len(places), np.inf)
    triangle = np.full(len(places), -1)
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        cell = np.floor(places)
        inside = (cell >= 0).all(axis=1) & (cell < (view.width, view.height)).all(axis=1)
        asked = np.flatnonzero(inside)
        cell = cell[asked].astype(np.int64)
        number = cell[:, 1] * view.width + cell[:, 0]
        asked = asked[np.argsort(number, kind="stable")]
        count = np.bincount(number, minlength=view.height * view.width)
        _probe(places, asked, count, points, triangles, view, depth, triangle)
    return depth, triangle


def _probe(
    places: Array,
    asked: Index,
    count: Index,
    points: Array,
    triangles: Index,
    view: View,
    depth: Array,
    triangle: Index,
) -> None:
    """Fill depth and triangle for the places that are asked, sorted by pixel; count (H·W,) of them lie in each."""
    before = np.concatenate([[0], np.cumsum(count)])
    sums = np.zeros((view.height + 1, view.width + 1), np.int64)
    sums[1:, 1:] = count.reshape(view.height, view.width).cumsum(axis=0).cumsum(axis=1)
    owner, screen = on_screen(points, project(points, view.intrinsics, view.orthographic), triangles, view)
    low, high = extent(screen)
    low = np.clip(np.floor(low), 0, (view.width - 1, view.height - 1)).astype(np.int64)
    high = np.clip(np.floor(high), 0, (view.width - 1, view.height - 1)).astype(np.int64) + 1
    held = sums[high[:, 1], high[:, 0]] - sums[low[:, 1], high[:, 0]]
    held += sums[low[:, 1], low[:, 0]] - sums[high[:, 1], low[:, 0]]
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
        line, rank = expand(before[row * view.width + low[which, 0]], before[row * view.width + high[which, 0]])
        which, place = which[line], asked[rank]
        kept = _inside(places[place], screen[which])
        which, place = which[kept], place[kept]
        seen = depth_at(places[place], planes, which, view)
        kept = seen <= view.far
        which, place, seen = which[kept], place[kept], seen[kept]
        order = np.lexsort((owner[which], seen))[::-1]  # the nearest is written last
        which, place, seen = which[order], place[order], seen[order]
        kept = seen < depth[place]
        depth[place[kept]] = seen[kept]
        triangle[place[kept]] = owner[which[kept]]
        at = until


def _inside(place: Array, screen: Array) -> NDArray[np.bool_]:
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
