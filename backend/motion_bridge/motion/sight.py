"""What may hide points from a camera on its way, while points and surfaces stand still: looked through once, for many
frames.

Over a window of frames the eye stays within a distance r of the eye of one of them, the reference. A point p that is
seen past a place q, a share s of the way from p to the eye, has q at most s·r beside its ray from the reference. So q
falls at most f·s·(r_x + r_z·tan θ) / z(q) pixels from p in the reference's picture, and the same in y, where
s ≤ (z(p) - z(q)) / (z(p) - r): nothing where q is beside p, more where it is nearer. The reference's picture is turned
so that the eye goes along its rows; then little is to be looked for above and below. Triangles whose outline, widened
by that much, does not hold p cannot hide it in any of the frames. Those few that may are then asked exactly, frame by
frame, as probe.py asks all of them.
"""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from .camera import project, transform
from .probe import is_inside
from .raster import Array, Index, View, depth_at, expand, extent, on_screen, planes_of

LONGEST = 48  # frames of a window
PARALLAX = 50.0  # pixels that the middlemost point may move by the eye's motion within a window
TURN = 0.97  # the least cosine between the directions of view within a window
CELL = 8  # pixels
NEIGHBOURHOODS = (16, 5)  # cells
BESIDE = 0.5  # pictures on every side of the reference's own in which points are known
MOST = 1 << 22  # pairs of a triangle and a point: bounds the memory, about 300 MB
SLACK = 1e-3  # pixels, for rounding


@dataclass(frozen=True)
class Window:
    """What may hide which points from frame to frame; points and triangles as they stood when it was made."""

    last: int  # the last frame that this holds for
    places: Array  # (n, 3) the points in the world; directions where they are infinitely far
    known: NDArray[np.bool_]  # (n,) the points of which this says anything
    points: Array  # (V, 3) corners in the world
    triangles: Index  # (F, 3)
    start: Index  # (F + 1,) where the points that a triangle may hide begin
    point: Index  # their numbers


def nearest(window: Window, pixels: Array, asked: NDArray[np.bool_], to_camera: Array, view: View) -> Array:
    """The depth (n,) of the nearest that may hide each point, inf where nothing does; for known points alone.

    pixels (n, 2): where the points fall; asked (n,): those that matter; to_camera: world to camera (4, 4).
    """
    points = transform(to_camera, window.points)
    depth = np.full(len(pixels), np.inf)
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        on_picture = project(points, view.intrinsics, view.orthographic)
        owner, screen = on_screen(points, on_picture, window.triangles, view)
        piece, pair = expand(window.start[owner], window.start[owner + 1])
        point = window.point[pair]
        kept = asked[point]
        piece, point = piece[kept], point[kept]
        kept = is_inside(pixels[point], screen[piece])
        owner, point = owner[piece[kept]], point[kept]
        planes = planes_of(points, window.triangles[owner], view)
        seen = depth_at(pixels[point], planes, np.arange(len(owner)), view)
        kept = seen <= view.far
        np.minimum.at(depth, point[kept], seen[kept])
    return depth


def look_through(
    places: Array, infinite: NDArray[np.bool_], points: Array, triangles: Index, path: Array, at: int, view: View
) -> Window | None:
    """A window from a frame on, as long as it is worth it; None where it is not.

    places (n, 3), infinite (n,): points in the world, or directions. points (V, 3), triangles (F, 3): what may hide
    them. path (T, 4, 4): the camera's poses. view: at this frame, perspective.
    """
    depth = transform(np.linalg.inv(path[at]), places[~infinite])[:, 2]
    before = depth[depth > 0]
    reach = PARALLAX / _focal(view) * (np.median(before) if len(before) else np.inf)
    length = LONGEST
    while length > 1:
        part = path[at : at + length]
        reference = part[len(part) // 2]
        moved = float(np.linalg.norm(part[:, :3, 3] - reference[:3, 3], axis=1).max())
        if len(part) > 1 and moved <= reach and (part[:, :3, 2] @ reference[:3, 2]).min() >= TURN:
            found = _window(places, infinite, points, triangles, reference, part[:, :3, 3], at + len(part) - 1, view)
            if found:
                return found
        length //= 2
    return None


def _window(
    places: Array,
    infinite: NDArray[np.bool_],
    points: Array,
    triangles: Index,
    reference: Array,
    eyes: Array,
    last: int,
    view: View,
) -> Window | None:
    to_camera, view, drift = _along_rows(eyes, reference, view)
    moved = float(np.linalg.norm(drift))
    local = np.where(infinite[:, None], places @ to_camera[:3, :3].T, transform(to_camera, places))
    pixels = project(local, view.intrinsics)
    with np.errstate(invalid="ignore"):
        known = (local[:, 2] > np.where(infinite, 0, 4 * moved)) & (pixels >= -BESIDE * view.width).all(axis=1)
        known &= (pixels < (1 + BESIDE) * view.width).all(axis=1)
    number = np.flatnonzero(known)
    depth = np.where(infinite, np.inf, local[:, 2])[number]
    corners = transform(to_camera, points)
    pairs = _pairs(pixels[number], depth, local[number], corners, triangles, drift, view)
    if pairs is None:
        return None
    triangle, point = pairs
    order = np.argsort(triangle, kind="stable")
    used, counts = np.unique(triangle, return_counts=True)
    needed, renumbered = np.unique(triangles[used], return_inverse=True)
    start = np.concatenate([[0], np.cumsum(counts)])
    return Window(last, places.copy(), known, points[needed], renumbered.reshape(-1, 3), start, number[point[order]])


def _along_rows(eyes: Array, reference: Array, view: View) -> tuple[Array, View, Array]:
    """World to a camera at the reference (4, 4) whose rows the eyes (T, 3) follow, its square view, and how far the
    eyes stray along each of its axes (3,).
    """
    to_camera = np.linalg.inv(reference)
    local = transform(to_camera, eyes)
    far = local[np.argmax((local[:, :2] ** 2).sum(axis=1)), :2]
    length = np.linalg.norm(far)
    x, y = far / length if length > 0 else (1.0, 0.0)
    turn = np.eye(4)
    turn[:2, :2] = (x, y), (-y, x)
    side = int(np.ceil(np.hypot(view.width, view.height)))
    focal = _focal(view)
    square = View(np.array([[focal, 0, side / 2], [0, focal, side / 2], [0, 0, 1]]), side, side, view.near, view.far)
    return turn @ to_camera, square, np.abs(transform(turn, local)).max(axis=0)


def _pairs(
    pixels: Array, depth: Array, local: Array, corners: Array, triangles: Index, drift: Array, view: View
) -> tuple[Index, Index] | None:
    """Every triangle and every point that it may hide: their numbers (P,) and (P,); None when they are too many."""
    if not len(depth):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    tangent = np.abs(local[:, :2] / local[:, 2:]).max(axis=0)
    secant, moved = float(np.sqrt(1 + (tangent**2).sum())), float(np.linalg.norm(drift))
    wide = _focal(view) * (drift[:2] + drift[2] * tangent)
    nearest, farthest = extent(corners[triangles, 2][..., None])
    nearest, farthest = nearest[:, 0], farthest[:, 0]
    ahead = nearest >= max(2 * moved, view.near / 2)
    close = np.flatnonzero(~ahead & (farthest > -moved))
    close = close[_distance(corners, triangles[close]) <= (farthest[close] + moved) * secant + moved]
    if len(close) * len(depth) > MOST:
        return None
    before = np.flatnonzero(ahead & (nearest <= depth.max()))
    low, high = extent(project(corners, view.intrinsics)[triangles[before]])
    spare = SLACK + 1e-6 * (high - low)
    low, high = low - spare, high + spare
    widest = (_share(depth.max(), nearest[before], moved) / nearest[before])[:, None] * wide
    some = ((high + widest >= pixels.min(axis=0)) & (low - widest <= pixels.max(axis=0))).all(axis=1)
    before, low, high = before[some], low[some], high[some]
    margin = _margins(low, high, nearest[before], pixels, depth, wide, moved, view)
    held = _held(pixels, low - margin, high + margin, view)
    if held is None:
        return None
    which, point = held
    near = nearest[before][which]
    margin = (_share(depth[point], near, moved) / near)[:, None] * wide
    kept = depth[point] >= near
    for axis in range(2):
        place = pixels[point, axis]
        kept &= (place >= low[which, axis] - margin[:, axis]) & (place <= high[which, axis] + margin[:, axis])
    everything = np.repeat(close, len(depth)), np.tile(np.arange(len(depth)), len(close))
    return np.concatenate([before[which[kept]], everything[0]]), np.concatenate([point[kept], everything[1]])


def _margins(
    low: Array, high: Array, near: Array, pixels: Array, depth: Array, wide: Array, moved: float, view: View
) -> Array:
    """How far the outline of a triangle is to be widened for any of the points (n, 2) that it may hide: (F, 2) pixels.

    The farther a point, the more; so the farthest in the neighbourhood that the margin so far reaches gives the next.
    """
    margin = _share(depth.max(), near, moved) / near
    columns, rows, number = _cells(pixels, view)
    farthest = np.zeros(rows * columns)
    np.maximum.at(farthest, number, depth)
    farthest = farthest.reshape(rows, columns)
    middle = (low + high) / 2
    _, _, at = _cells(np.minimum(np.maximum(middle, 0), view.width - 1), view)
    half = (high - low).max(axis=1) / 2
    inside = (middle[:, 0] >= 0) & (middle[:, 0] < view.width) & (middle[:, 1] >= 0) & (middle[:, 1] < view.width)
    for reach in NEIGHBOURHOODS:
        around = _greatest_within(farthest, reach).ravel()[at]
        reached = inside & (half + margin * wide.max() + 2 * CELL <= reach * CELL)
        margin = np.where(reached, np.minimum(margin, _share(around, near, moved) / near), margin)
    return margin[:, None] * wide


def _greatest_within(cells: Array, reach: int) -> Array:
    """The greatest of the cells (R, C) at most so many rows and columns away."""
    for axis in range(2):
        wide = np.pad(cells, [(reach, reach) if axis == along else (0, 0) for along in range(2)])
        cells = sliding_window_view(wide, 2 * reach + 1, axis).max(axis=-1)
    return cells


def _cells(pixels: Array, view: View) -> tuple[int, int, Index]:
    """Columns and rows of the cells in which points are known, and the number (n,) of the one that each is in."""
    size = np.array([view.width, view.height])
    columns, rows = np.ceil((1 + 2 * BESIDE) * size / CELL).astype(np.int64).tolist()
    cell = ((pixels + BESIDE * size) // CELL).astype(np.int64)
    return columns, rows, cell[:, 1] * columns + cell[:, 0]


def _held(pixels: Array, low: Array, high: Array, view: View) -> tuple[Index, Index] | None:
    """The points (n, 2) in the cells that rectangles touch: rectangle (P,) and point (P,); None when too many."""
    origin = -BESIDE * np.array([view.width, view.height])
    columns, rows, number = _cells(pixels, view)
    sorted_points = np.argsort(number, kind="stable")
    count = np.bincount(number, minlength=rows * columns)
    before = np.concatenate([[0], np.cumsum(count)])
    sums = np.zeros((rows + 1, columns + 1), np.int64)
    sums[1:, 1:] = count.reshape(rows, columns).cumsum(axis=0).cumsum(axis=1)
    first = np.minimum(np.maximum((low - origin) / CELL, 0), (columns, rows)).astype(np.int64)
    last = np.minimum(np.maximum((high - origin) / CELL + 1, 0), (columns, rows)).astype(np.int64)
    held = sums[last[:, 1], last[:, 0]] - sums[first[:, 1], last[:, 0]]
    held += sums[first[:, 1], first[:, 0]] - sums[last[:, 1], first[:, 0]]
    some = np.flatnonzero(held > 0)
    if held[some].sum() > MOST:
        return None
    which, row = expand(first[some, 1], last[some, 1])
    which = some[which]
    line, rank = expand(before[row * columns + first[which, 0]], before[row * columns + last[which, 0]])
    return which[line], sorted_points[rank]


def _share(depth: Array, near: Array, moved: float) -> Array:
    """How far from a point towards the eye something as near as that can be: (n,), at most 1."""
    with np.errstate(invalid="ignore"):
        return np.where(np.isinf(depth), 1.0, ((depth - near) / (depth - moved)).clip(0, 1))


def _distance(corners: Array, triangles: Index) -> Array:
    """How near the boxes around triangles (n, 3) come to the eye: (n,)."""
    low, high = extent(corners[triangles])
    return np.linalg.norm(np.maximum(np.maximum(low, -high), 0), axis=1)


def _focal(view: View) -> float:
    return float(np.linalg.norm(view.intrinsics[:2, :2], 2))
