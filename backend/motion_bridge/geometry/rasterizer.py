"""What a camera sees of triangles, without a GPU: a z-buffer in numpy.

Every triangle becomes rows, every row a span of pixels whose centres lie inside, every pixel keeps the nearest. A span
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

TRIANGLES_AT_ONCE = 1 << 17  # these two bound the memory, about 200 MB
FRAGMENTS_AT_ONCE = 1 << 17
PIXELS_AT_ONCE = 1 << 15  # what a processor's cache holds


@dataclass(frozen=True)
class View:
    """A camera as the rasteriser needs it."""

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
    nearness: Array  # (F, 2) float64: the least and the greatest 1/z in front of the near plane


def rasterise(points: Array, triangles: Index, view: View) -> Seen:
    """The nearest of triangles (F, 3), indices into camera-space points (V, 3), at every pixel's centre.

    Both sides of a triangle are seen. Degenerate ones, and ones seen exactly edge-on, are not.
    """
    best = np.zeros(view.height * view.width, np.uint64)  # 1/z in the upper half, the triangle's number + 1 below
    planes = Planes(np.empty((len(triangles), 3)), np.empty((len(triangles), 2)))
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        pixels = project(points, view.intrinsics, view.orthographic)
        for at in range(0, len(triangles), TRIANGLES_AT_ONCE):
            part = slice(at, at + TRIANGLES_AT_ONCE)
            owner, screen = on_screen(points, pixels, triangles[part], view)
            owner, screen = _covering(owner + at, screen)
            mine = planes_of(points, triangles[owner], view)
            planes.slope[owner], planes.nearness[owner] = mine.slope, mine.nearness
            flat = np.isnan(mine.slope[:, 0])
            _draw(best, screen[~flat], owner[~flat], planes, view)
    triangle = (best & np.uint64(0xFFFFFFFF)).astype(np.int64) - 1
    depth = np.full(best.shape, np.inf, np.float32)
    hit = np.flatnonzero(triangle >= 0)
    for at in range(0, len(hit), PIXELS_AT_ONCE):
        part = hit[at : at + PIXELS_AT_ONCE]
        row, column = np.divmod(part, view.width)
        depth[part] = depth_at(np.stack([column + 0.5, row + 0.5], axis=-1), planes, triangle[part], view)
    shape = (view.height, view.width)
    return Seen(depth.reshape(shape), triangle.astype(np.int32).reshape(shape))


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
        nearness = 1 / np.column_stack([greatest, np.maximum(least, view.near)])
    slope[~np.isfinite(slope).all(axis=1)] = np.nan
    return Planes(slope, nearness)


def depth_at(pixels: Array, planes: Planes, triangle: Index, view: View) -> Array:
    """The depth (n,) of a triangle (n,) each at pixels (n, 2), held within the triangle's own range."""
    slope = planes.slope[triangle]
    value = slope[:, 0] * pixels[:, 0] + slope[:, 1] * pixels[:, 1] + slope[:, 2]
    limits = planes.nearness[triangle]
    with np.errstate(divide="ignore"):
        nearness = 1 / value if view.orthographic else value
        return 1 / np.minimum(np.maximum(nearness, limits[:, 0]), limits[:, 1])


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
    """Where an edge passes the near plane; always computed from the front, so that neighbours agree."""
    share = (front[:, 2:] - near) / (front[:, 2:] - behind[:, 2:])
    point = front + share * (behind - front)
    point[:, 2] = near
    return point


def _covering(owner: Index, screen: Array) -> tuple[Index, Array]:
    """Those triangles that may have a pixel's centre inside."""
    low, high = extent(screen)
    some = (np.ceil(high - 0.5) > np.ceil(low - 0.5)).all(axis=1)
    return owner[some], screen[some]


def _draw(best: NDArray[np.uint64], screen: Array, owner: Index, planes: Planes, view: View) -> None:
    """Put triangles into the buffer."""
    far_first = np.argsort(planes.nearness[owner, 1])  # then the last one written is mostly the nearest
    owner, screen = owner[far_first], screen[far_first]
    top, middle, bottom = _by_height(screen)
    first = np.clip(np.ceil(top[:, 1] - 0.5), 0, view.height).astype(np.int64)
    last = np.clip(np.ceil(bottom[:, 1] - 0.5), 0, view.height).astype(np.int64)
    total = np.cumsum(last - first)
    at = 0
    while at < len(owner):
        done = total[at - 1] if at else 0
        until = max(at + 1, int(np.searchsorted(total, done + FRAGMENTS_AT_ONCE, side="right")))
        part = slice(at, until)
        which, row = expand(first[part], last[part])
        which += at
        left, right = _span(top[which], middle[which], bottom[which], row + 0.5)
        begin = np.clip(np.ceil(left - 0.5), 0, view.width).astype(np.int64)
        end = np.clip(np.ceil(right - 0.5), 0, view.width).astype(np.int64)
        some = end > begin
        _fill(best, owner[which[some]], row[some], begin[some], end[some], planes, view)
        at = until


def _fill(
    best: NDArray[np.uint64], owner: Index, row: Index, begin: Index, end: Index, planes: Planes, view: View
) -> None:
    """Put spans of pixels into the buffer: the columns from begin to before end of a row, for a triangle."""
    slope = planes.slope[owner]
    value = slope[:, 0] * (begin + 0.5) + slope[:, 1] * (row + 0.5) + slope[:, 2]
    limits = planes.nearness[owner].astype(np.float32)
    start, step = value.astype(np.float32), slope[:, 0].astype(np.float32)
    place = row * view.width
    total = np.cumsum(end - begin)
    at = 0
    while at < len(owner):
        done = total[at - 1] if at else 0
        until = max(at + 1, int(np.searchsorted(total, done + FRAGMENTS_AT_ONCE, side="right")))
        which, column = expand(begin[at:until], end[at:until])
        which += at
        near = start[which] + step[which] * (column - begin[which]).astype(np.float32)
        if view.orthographic:
            near = 1 / near
        near = np.minimum(np.maximum(near, limits[which, 0]), limits[which, 1])
        key = near.view(np.uint32).astype(np.uint64) << np.uint64(32)
        key |= (owner[which] + 1).astype(np.uint64)
        pixel = place[which] + column
        if view.far < np.inf:
            kept = near >= np.float32(1 / view.far)
            key, pixel = key[kept], pixel[kept]
        _keep_greatest(best, pixel, key)
        at = until


def _keep_greatest(best: NDArray[np.uint64], pixel: Index, key: NDArray[np.uint64]) -> None:
    """best[pixel] = max(best[pixel], key) where pixels may repeat: write, and write again what was overwritten."""
    while True:
        better = key > best[pixel]
        pixel, key = pixel[better], key[better]
        if not len(pixel):
            return
        best[pixel] = key


def _by_height(screen: Array) -> tuple[Array, Array, Array]:
    """The corners of every triangle from the top of the picture to its bottom."""
    order = np.argsort(screen[..., 1], axis=1)
    rows = np.arange(len(screen))
    return screen[rows, order[:, 0]], screen[rows, order[:, 1]], screen[rows, order[:, 2]]


def _span(top: Array, middle: Array, bottom: Array, y: Array) -> tuple[Array, Array]:
    """Where the row at height y enters and leaves a triangle."""
    upper = (y < middle[:, 1])[:, None]
    long = _crossing(top, bottom, y)
    short = _crossing(np.where(upper, top, middle), np.where(upper, middle, bottom), y)
    return np.minimum(long, short), np.maximum(long, short)


def _crossing(above: Array, below: Array, y: Array) -> Array:
    return above[:, 0] + (y - above[:, 1]) * ((below[:, 0] - above[:, 0]) / (below[:, 1] - above[:, 1]))


def expand(begin: Index, end: Index) -> tuple[Index, Index]:
    """Every whole number of every range: which range (n,), and the number (n,)."""
    count = end - begin
    which = np.repeat(np.arange(len(begin)), count)
    start = np.cumsum(count) - count
    return which, np.arange(len(which)) - (start - begin)[which]
