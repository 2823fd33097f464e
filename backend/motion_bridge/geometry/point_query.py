"""What a camera sees of triangles at a few exact places of the picture, where drawing all of it would be too much.

The places are sorted by the cell that they lie in; so the places inside a triangle's rows are found without a search,
and a table of sums over the cells tells at once that most triangles hold none.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .camera import project
from .rasterizer import Array, Index, View, depth_at, expand, extent, on_screen, planes_of

PAIRS_AT_ONCE = 1 << 20  # of a triangle and a place: bounds the memory, about 100 MB
CELLS, MOST_CELLS = 16, 32000  # for each place, and along a side
EDGE = 1e-7  # a place this far outside, relative to the triangle, is inside: neighbors leave no gap


@dataclass(frozen=True)
class Lattice:
    """Places by the cell that they lie in."""

    cell: float  # pixels
    order: NDArray[np.int64]  # (n,) numbers of the places, sorted by cell
    before: NDArray[np.int64]  # (R·C + 1,) how many of them lie in earlier cells
    sums: NDArray[np.int32]  # (R + 1, C + 1) how many lie above and to the left

    @property
    def size(self) -> NDArray[np.int16]:
        """Columns and rows."""
        return np.array([self.sums.shape[1] - 1, self.sums.shape[0] - 1], np.int16)

    def cells(self, pixels: Array) -> NDArray[np.int16]:
        """The cell (n, 2) of pixels (n, 2); what is outside the picture is just outside of the cells."""
        return np.fmin(np.fmax(np.floor(pixels / self.cell), -1), self.size).astype(np.int16)  # fmax takes nan as -1

    def held(self, low: Index, high: Index) -> NDArray[np.int32]:
        """How many places lie in boxes of cells, from low to before high (n, 2)."""
        sums, wide = self.sums.ravel(), self.sums.shape[1]
        top, bottom = low[:, 1].astype(np.int64) * wide, high[:, 1].astype(np.int64) * wide
        return sums[bottom + high[:, 0]] - sums[top + high[:, 0]] - sums[bottom + low[:, 0]] + sums[top + low[:, 0]]


def query_points(places: Array, points: Array, triangles: Index, view: View) -> tuple[Array, NDArray[np.int64]]:
    """What is nearest at places (n, 2) in pixels: depth (n,) float64, inf for nothing, and triangle (n,), -1.

    points (V, 3) and triangles (F, 3) as for raster.rasterize. Places outside the picture see nothing.
    """
    depth = np.full(len(places), np.inf)
    triangle = np.full(len(places), -1)
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        lattice = lattice_of(places, view)
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


def lattice_of(places: Array, view: View) -> Lattice:
    """The lattice of those places (n, 2) that are inside the picture."""
    asked = np.flatnonzero((places >= 0).all(axis=1) & (places < (view.width, view.height)).all(axis=1))
    wanted = CELLS * max(1, len(asked))
    cell = float(max(1, np.sqrt(view.width * view.height / wanted), max(view.width, view.height) / MOST_CELLS))
    columns, rows = int(view.width / cell) + 1, int(view.height / cell) + 1
    at = (places[asked] / cell).astype(np.int64)
    number = at[:, 1] * columns + at[:, 0]
    count = np.bincount(number, minlength=rows * columns)
    sums = np.zeros((rows + 1, columns + 1), np.int32)
    sums[1:, 1:] = count.reshape(rows, columns).cumsum(axis=0).cumsum(axis=1)
    return Lattice(cell, asked[np.argsort(number, kind="stable")], np.concatenate([[0], np.cumsum(count)]), sums)


def _holding(lattice: Lattice, points: Array, pixels: Array, triangles: Index, view: View) -> NDArray[np.int64]:
    """The triangles around which there are places; those that the near plane cuts are all kept."""
    corners, cells = np.ascontiguousarray(triangles.T), lattice.cells(pixels)
    low, high = np.empty((len(triangles), 2), np.int16), np.empty((len(triangles), 2), np.int16)
    for axis in range(2):
        cell = np.ascontiguousarray(cells[:, axis])
        first, second, third = (cell[corner] for corner in corners)
        low[:, axis] = np.maximum(np.minimum(np.minimum(first, second), third), 0)
        high[:, axis] = np.minimum(np.maximum(np.maximum(first, second), third) + np.int16(1), lattice.size[axis])
    kept = (high[:, 0] > low[:, 0]) & (high[:, 1] > low[:, 1])
    front, cut = points[:, 2] >= view.near, np.zeros(0, np.int64)
    if not front.all():
        first, second, third = (front[corner] for corner in corners)
        whole = first & second & third
        cut = np.flatnonzero((first | second | third) & ~whole)
        kept &= whole
    some = np.flatnonzero(kept)
    return np.concatenate([some[lattice.held(low[some], high[some]) > 0], cut])


def _pairs(
    lattice: Lattice, places: Array, owner: Index, screen: Array, points: Array, triangles: Index, view: View
) -> Iterator[tuple[Index, Index, Array]]:
    """Pieces of (triangles, places, depths), all (n,), of the places that lie in triangles."""
    low, high = extent(screen)
    low, high = (np.clip(lattice.cells(side), 0, lattice.size - 1).astype(np.int64) for side in (low, high))
    high += 1
    count = lattice.held(low, high)
    some = count > 0
    owner, screen, low, high = owner[some], screen[some], low[some], high[some]
    planes = planes_of(points, triangles[owner], view)
    total = np.cumsum(count[some])
    at = 0
    while at < len(owner):
        done = total[at - 1] if at else 0
        until = max(at + 1, int(np.searchsorted(total, done + PAIRS_AT_ONCE, side="right")))
        which, row = expand(low[at:until, 1], high[at:until, 1])
        which += at
        columns = int(lattice.size[0])
        begin, end = row * columns + low[which, 0], row * columns + high[which, 0]
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
    tolerance = EDGE * np.abs(first + second + third)
    return ((first >= -tolerance) & (second >= -tolerance) & (third >= -tolerance)) | (
        (first <= tolerance) & (second <= tolerance) & (third <= tolerance)
    )


def _cross(a: Array, b: Array) -> Array:
    return a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
