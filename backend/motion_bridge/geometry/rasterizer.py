"""What a camera sees of triangles, without a GPU: a z-buffer in numpy.

Every triangle becomes rows, every row a span of pixels whose centers lie inside, every pixel keeps the nearest. A span
is half open and an edge meets a row at a place that is computed from the edge alone, in one order; so two triangles
that share an edge share its pixels out without a gap and without overlap. 1/z is a linear function of the pixel (in an
orthographic view z itself is): that function comes from the triangle's plane, in float64, and gives the final depth.

Pixels, camera axes and intrinsics: camera.py.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .camera import project, unproject

Array = NDArray[np.floating]
Index = NDArray[np.integer]

ROWS_AT_ONCE = 1 << 15  # these three bound the memory, and what is in work stays in the processor's cache
FRAGMENTS_AT_ONCE = 1 << 16
PIXELS_AT_ONCE = 1 << 15
LENGTHS = np.unique([1, 2, 3, *(int(4 * 2 ** (step / 2)) for step in range(27))])  # spans are padded to one of these
LENGTH_OF = np.searchsorted(LENGTHS, np.arange(LENGTHS[-1] + 1)).astype(np.int16)


@dataclass(frozen=True)
class View:
    """A camera as the rasterizer needs it."""

    intrinsics: Array  # (3, 3), pixels; K[0, 0] < 0 mirrors the picture
    width: int
    height: int
    near: float  # what is nearer than this along the axis is cut away; positive
    far: float = np.inf
    orthographic: bool = False


@dataclass(frozen=True)
class Seen:
    """What each pixel shows."""

    depth: NDArray[np.float32]  # (H, W) along the optical axis, inf where there is nothing
    triangle: NDArray[np.int32]  # (H, W), -1 where there is nothing


@dataclass(frozen=True)
class Planes:
    """For each triangle the function of the pixel that gives its depth."""

    slope: Array  # (F, 3) float64: slope · (x, y, 1) is 1/z, or z in an orthographic view
    inverse_depth: Array  # (F, 2) float64: the least and the greatest 1/z in front of the near plane


def rasterize(points: Array, triangles: Index, view: View) -> Seen:
    """The nearest of triangles (F, 3), indices into camera-space points (V, 3), at every pixel's center.

    Both sides of a triangle are seen. Degenerate ones, and ones seen exactly edge-on, are not.
    """
    best = np.zeros(view.height * view.width, np.uint64)  # 1/z in the upper half, a number from 1 in the lower
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        pixels = project(points, view.intrinsics, view.orthographic)
        owner, screen = _covering(*on_screen(points, pixels, triangles, view))
        planes = planes_of(points, triangles[owner], view)
        drawn = np.flatnonzero(~np.isnan(planes.slope[:, 0]))
        order = drawn[np.argsort(-planes.inverse_depth[drawn, 1], kind="stable")]  # near ones first: they hide the rest
        owner, screen, planes = owner[order], screen[order], Planes(planes.slope[order], planes.inverse_depth[order])
        _draw(best, screen, planes, view)
    return _resolve(best, owner, planes, view)


def _resolve(best: NDArray[np.uint64], owner: Index, planes: Planes, view: View) -> Seen:
    """The picture that the buffer holds, with depths from the planes; number i in the buffer is owner[i - 1]."""
    number = (best & np.uint64(0xFFFFFFFF)).astype(np.int64)
    slope = [np.concatenate([[0.0], part]) for part in planes.slope.T]
    least, greatest = (np.concatenate([[0.0], part]) for part in planes.inverse_depth.T)
    owner = np.concatenate([[-1], owner]).astype(np.int32)
    depth, triangle = np.empty(best.shape, np.float32), owner.take(number)
    rows, x = max(1, PIXELS_AT_ONCE // view.width), np.arange(view.width) + 0.5
    for top in range(0, view.height, rows):
        y = np.arange(top, min(view.height, top + rows))[:, None] + 0.5
        part = slice(top * view.width, (top + len(y)) * view.width)
        which = number[part].reshape(len(y), view.width)
        value = slope[0].take(which)
        value *= x
        value += slope[1].take(which) * y
        value += slope[2].take(which)
        with np.errstate(divide="ignore"):
            if view.orthographic:
                np.divide(1, value, out=value)
            np.maximum(value, least.take(which), out=value)
            np.minimum(value, greatest.take(which), out=value)
            depth[part] = (1 / value).ravel()
    return Seen(depth.reshape(view.height, view.width), triangle.reshape(view.height, view.width))


def planes_of(points: Array, triangles: Index, view: View) -> Planes:
    """The depth of every triangle as a function of the pixel; slope is nan where a triangle cannot be seen."""
    first, second, third = (points[triangles[:, at]].astype(np.float64) for at in range(3))
    normal = _cross(second - first, third - first)
    offset = _dot(normal, first)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        if view.orthographic:  # z = (offset - nx X - ny Y) / nz
            slope = np.column_stack([-normal[:, 0], -normal[:, 1], offset]) / normal[:, 2:]
        else:  # 1/z = n · ray / offset
            slope = normal / offset[:, None]
        slope = slope @ np.linalg.inv(view.intrinsics)
        least = np.minimum(np.minimum(first[:, 2], second[:, 2]), third[:, 2])
        greatest = np.maximum(np.maximum(first[:, 2], second[:, 2]), third[:, 2])
        inverse_depth = 1 / np.column_stack([greatest, np.maximum(least, view.near)])
    slope[~np.isfinite(slope).all(axis=1)] = np.nan
    return Planes(slope, inverse_depth)


def depth_at(pixels: Array, planes: Planes, triangle: Index, view: View) -> Array:
    """The depth (n,) of a triangle (n,) each at pixels (n, 2), held within the triangle's own range."""
    slope = planes.slope[triangle]
    value = slope[:, 0] * pixels[:, 0] + slope[:, 1] * pixels[:, 1] + slope[:, 2]
    limits = planes.inverse_depth[triangle]
    with np.errstate(divide="ignore"):
        inverse_depth = 1 / value if view.orthographic else value
        return 1 / np.minimum(np.maximum(inverse_depth, limits[:, 0]), limits[:, 1])


def barycentric(pixels: Array, depth: Array, corners: Array, view: View) -> Array:
    """The weights (n, 3) of the corners (n, 3, 3) whose sum is the point seen at pixels (n, 2) at a depth (n,)."""
    point = unproject(pixels, depth.astype(np.float64), view.intrinsics, view.orthographic)
    first, second, to = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0], point - corners[:, 0]
    one, both, two = _dot(first, first), _dot(first, second), _dot(second, second)
    along_one, along_two = _dot(to, first), _dot(to, second)
    area = one * two - both * both
    second_weight = (two * along_one - both * along_two) / area
    third_weight = (one * along_two - both * along_one) / area
    return np.stack([1 - second_weight - third_weight, second_weight, third_weight], axis=-1)


def _cross(a: Array, b: Array) -> Array:
    """numpy's own is several times slower."""
    (ax, ay, az), (bx, by, bz) = a.T, b.T
    return np.stack([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx], axis=-1)


def _dot(a: Array, b: Array) -> Array:
    return a[:, 0] * b[:, 0] + a[:, 1] * b[:, 1] + a[:, 2] * b[:, 2]


def on_screen(points: Array, pixels: Array, triangles: Index, view: View) -> tuple[Index, Array]:
    """The triangles that may be seen, cut at the near plane: their numbers (n,), their corners' pixels (n, 3, 2).

    pixels (V, 2) are where the points fall. A triangle that the near plane cuts gives one or two.
    """
    front = (points[:, 2] >= view.near)[triangles]
    whole = front[:, 0] & front[:, 1] & front[:, 2]
    owner = np.flatnonzero(whole)
    screen = pixels[triangles[owner]]
    cut = np.flatnonzero((front[:, 0] | front[:, 1] | front[:, 2]) & ~whole)
    if len(cut):
        pieces = _cut(cut, points[triangles[cut]].astype(np.float64), front[cut], view.near)
        owner = np.concatenate([owner, *(number for number, _ in pieces)])
        corners = np.concatenate([corners for _, corners in pieces])
        screen = np.concatenate([screen, project(corners, view.intrinsics, view.orthographic)])
    low, high = extent(screen)
    inside = (high[:, 0] > 0) & (high[:, 1] > 0) & (low[:, 0] < view.width) & (low[:, 1] < view.height)
    return owner[inside], screen[inside]


def extent(screen: Array) -> tuple[Array, Array]:
    """The least and the greatest of three corners: (n, 3, c) → two of (n, c). numpy's own axis is ten times slower."""
    a, b, c = screen[:, 0], screen[:, 1], screen[:, 2]
    return np.minimum(np.minimum(a, b), c), np.maximum(np.maximum(a, b), c)


def _cut(owner: Index, corners: Array, front: NDArray[np.bool_], near: float) -> list[tuple[Index, Array]]:
    """What the near plane leaves of triangles that have corners on both its sides."""
    single = front.sum(axis=1) == 1
    odd = np.where(single, np.argmax(front, axis=1), np.argmin(front, axis=1))  # the corner alone on its side
    alone, left, right = (corners[np.arange(len(owner)), (odd + turn) % 3] for turn in range(3))
    one, two = single, ~single
    tip = np.stack([alone[one], _meet(alone[one], left[one], near), _meet(alone[one], right[one], near)], axis=1)
    to_left, to_right = _meet(left[two], alone[two], near), _meet(right[two], alone[two], near)
    return [
        (owner[one], tip),
        (owner[two], np.stack([left[two], right[two], to_left], axis=1)),
        (owner[two], np.stack([right[two], to_right, to_left], axis=1)),
    ]


def _meet(front: Array, behind: Array, near: float) -> Array:
    """Where an edge passes the near plane; always computed from the front, so that neighbors agree."""
    t = (front[:, 2:] - near) / (front[:, 2:] - behind[:, 2:])
    point = front + t * (behind - front)
    point[:, 2] = near
    return point


def _covering(owner: Index, screen: Array) -> tuple[Index, Array]:
    """Those triangles that may have a pixel's center inside."""
    low, high = extent(screen)
    some = (np.ceil(high - 0.5) > np.ceil(low - 0.5)).all(axis=1)
    return owner[some], screen[some]


def _draw(best: NDArray[np.uint64], screen: Array, planes: Planes, view: View) -> None:
    """Put triangles into the buffer; they come near ones first."""
    top, middle, bottom = _by_height(screen)
    first, turn, last = (
        np.clip(np.ceil(corner[:, 1] - 0.5), 0, view.height).astype(np.int64) for corner in (top, middle, bottom)
    )
    long, upper, lower = _edge(top, bottom), _edge(top, middle), _edge(middle, bottom)
    depths = _Depths(
        *(np.ascontiguousarray(part) for part in planes.slope.T),
        *(part.astype(np.float32) for part in planes.inverse_depth.T),
    )
    total = np.cumsum(last - first)
    at = 0
    while at < len(screen):
        done = total[at - 1] if at else 0
        until = max(at + 1, int(np.searchsorted(total, done + ROWS_AT_ONCE, side="right")))
        which, row = expand(first[at:until], last[at:until])
        which += at
        y = row + 0.5
        one = _crossing(long, which, y)
        other = np.where(row < turn.take(which), _crossing(upper, which, y), _crossing(lower, which, y))
        begin = np.clip(np.ceil(np.minimum(one, other) - 0.5), 0, view.width).astype(np.int32)
        count = np.clip(np.ceil(np.maximum(one, other) - 0.5), 0, view.width).astype(np.int32) - begin
        held = np.flatnonzero(count > 0)
        _fill(best, which[held], row[held], begin[held], count[held], depths, view)
        at = until


@dataclass(frozen=True)
class _Depths:
    """Planes, a column each."""

    across: Array  # (F,) float64
    down: Array
    offset: Array
    least: NDArray[np.float32]  # (F,) 1/z
    greatest: NDArray[np.float32]


def _fill(
    best: NDArray[np.uint64], number: Index, row: Index, begin: Index, count: Index, depths: _Depths, view: View
) -> None:
    """Put spans of pixels into the buffer: so many columns of a row from `begin` on, for a triangle each."""
    slope = depths.across.take(number)
    value = slope * (begin + 0.5)
    value += depths.down.take(number) * (row + 0.5)
    value += depths.offset.take(number)
    start, step = value.astype(np.float32), slope.astype(np.float32)
    least, greatest = depths.least.take(number), depths.greatest.take(number)
    place, key_below = row * view.width + begin, (number + 1).astype(np.uint64)
    length = LENGTH_OF.take(count)
    order = np.argsort(length, kind="stable")[::-1]  # far ones first in each batch: the last one written is the nearest
    edges = len(order) - np.searchsorted(length[order[::-1]], np.arange(len(LENGTHS) + 1))
    for at, wide in enumerate(LENGTHS.tolist()):
        for begins in range(edges[at + 1], edges[at], max(1, FRAGMENTS_AT_ONCE // wide)):
            some = order[begins : min(edges[at], begins + max(1, FRAGMENTS_AT_ONCE // wide)), None]
            column = np.minimum(np.arange(wide, dtype=np.int32), count[some] - np.int32(1))  # the last one repeats
            near = step[some] * column.astype(np.float32)
            near += start[some]
            if view.orthographic:
                np.divide(1, near, out=near)
            np.maximum(near, least[some], out=near)
            np.minimum(near, greatest[some], out=near)
            key = near.view(np.uint32).astype(np.uint64)
            key <<= np.uint64(32)
            key |= key_below[some]
            pixel = (place[some] + column).ravel()
            key = key.ravel()
            if view.far < np.inf:
                kept = np.flatnonzero(near.ravel() >= np.float32(1 / view.far))
                pixel, key = (pixel, key) if len(kept) == len(key) else (pixel[kept], key[kept])
            _keep_greatest(best, pixel, key)


def _keep_greatest(best: NDArray[np.uint64], pixel: Index, key: NDArray[np.uint64]) -> None:
    """best[pixel] = max(best[pixel], key) where pixels may repeat: write, and write again what was overwritten."""
    better = np.flatnonzero(key > best.take(pixel))
    while len(better):
        pixel, key = pixel.take(better), key.take(better)
        best[pixel] = key
        better = np.flatnonzero(key > best.take(pixel))


def _by_height(screen: Array) -> tuple[Array, Array, Array]:
    """The corners of every triangle from the top of the picture to its bottom."""
    order = np.argsort(screen[..., 1], axis=1)
    rows = np.arange(len(screen))
    return screen[rows, order[:, 0]], screen[rows, order[:, 1]], screen[rows, order[:, 2]]


def _edge(above: Array, below: Array) -> tuple[Array, Array, Array]:
    """Edges as x and y of their upper end, and x per y."""
    return above[:, 0].copy(), above[:, 1].copy(), (below[:, 0] - above[:, 0]) / (below[:, 1] - above[:, 1])


def _crossing(edge: tuple[Array, Array, Array], which: Index, y: Array) -> Array:
    """Where edges meet the rows at height y."""
    x, above, slope = edge
    return x.take(which) + (y - above.take(which)) * slope.take(which)


def expand(begin: Index, end: Index) -> tuple[Index, Index]:
    """Every whole number of every range: which range (n,), and the number (n,)."""
    count = end - begin
    which = np.repeat(np.arange(len(begin)), count)
    start = np.cumsum(count) - count
    return which, np.arange(len(which)) - (start - begin)[which]
