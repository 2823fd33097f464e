"""What hides points from a camera on its way, while points and surfaces stand still: looked through once, for many
frames.

A window of frames has one picture, from the middle of the eyes' places, turned so that the eyes go along its rows:
then little is to be looked for above and below. There everything is widened by what the eye's motion can do
(screen_bounds.py), and what then covers no point cannot hide one in any of the frames: first leaves of triangles are
asked, then those of the leaves that are left. The pairs that may be are asked exactly (intersections.py).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..camera import project, transform
from ..rasterizer import Array, Index, View
from .clusters import SIZE, Boxes, Clusters, boxes_of, members, seen
from .intersections import Crossings, crossings
from .screen_bounds import candidates, reached, screen_bounds_of

SHORTEST, LONGEST = 3, 64  # frames of a window
PARALLAX = 100.0  # pixels that the middlemost point may move by the eye's motion within a window
TURN = 0.97  # the least cosine between the directions of view within a window
BESIDE = 0.5  # pictures on every side of the window's own in which points are known
LEAVES_AT_ONCE = 1 << 10  # what a processor's cache holds
MOST = 1 << 21  # pairs of a triangle and a point: bounds the memory, about 200 MB


@dataclass(frozen=True)
class Window:
    """What hides which points from frame to frame; points and triangles as they stood when it was made."""

    first: int  # the frames that this holds for
    last: int
    places: Array  # (n, 3) the points in the world; directions where they are infinitely far
    infinite: NDArray[np.bool_]  # (n,)
    known: NDArray[np.bool_]  # (n,) the points of which this says anything
    met: Crossings


def nearest(window: Window, depth: Array, at: int, near: float, far: float) -> Array:
    """The depth (n,) of the nearest surface between the clipping planes that hides a point, inf where nothing does; for
    known points alone.

    depth (n,): of the points at frame `at`; of infinitely far ones, of their direction.
    """
    begin, end = window.met.start[at - window.first : at - window.first + 2]
    point, t = window.met.point[begin:end], window.met.t[begin:end]
    hit = depth[point] * np.where(window.infinite[point], t, 1 - t)
    kept = (hit >= near) & (hit <= far)
    found = np.full(len(depth), np.inf)
    np.minimum.at(found, point[kept], hit[kept])
    return found


def find_occlusion(
    places: Array,
    infinite: NDArray[np.bool_],
    asked: NDArray[np.bool_],
    clusters: Clusters,
    opaque: NDArray[np.bool_],
    path: Array,
    frames: range,
    view: View,
) -> Window | None:
    """A window from the first of some frames on, as long as it is worth it; None where it is not.

    places (n, 3), infinite (n,): points in the world, or directions, of which some are asked for (n,). clusters: what
    may hide them, of its triangles the opaque (F,). path (T, 4, 4): the camera's poses. frames: those in which all this
    stands still. view: at the first of them, perspective.
    """
    if not asked.any():
        return None
    depth = transform(np.linalg.inv(path[frames[0]]), places[asked & ~infinite])[:, 2]
    before = depth[depth > 0]
    reach = PARALLAX / _focal(view) * (np.median(before) if len(before) else np.inf)
    length = min(len(frames), LONGEST)
    while length >= SHORTEST:
        part = path[frames[0] : frames[0] + length]
        eyes, middle = part[:, :3, 3], part[len(part) // 2].copy()
        middle[:3, 3] = (eyes.min(axis=0) + eyes.max(axis=0)) / 2
        moved = np.linalg.norm(eyes - middle[:3, 3], axis=1).max()
        if moved > reach or (part[:, :3, 2] @ middle[:3, 2]).min() < TURN:
            length -= max(1, length // 8)
            continue
        to_camera = _along_rows(eyes, middle)
        found = _met(places, infinite, asked, clusters, opaque, to_camera, eyes, view)
        if found:
            known, met = found
            return Window(frames[0], frames[0] + length - 1, places.copy(), infinite, known, met)
        length //= 2
    return None


def _along_rows(eyes: Array, middle: Array) -> Array:
    """World to the camera at a pose (4, 4), turned so that the eyes (T, 3) go along its rows: (4, 4)."""
    to_camera = np.linalg.inv(middle)
    local = transform(to_camera, eyes)[:, :2]
    x, y = np.linalg.svd(local - local.mean(axis=0))[2][0]
    turn = np.eye(4)
    turn[:2, :2] = (x, y), (-y, x)
    return turn @ to_camera


def _met(
    places: Array,
    infinite: NDArray[np.bool_],
    asked: NDArray[np.bool_],
    clusters: Clusters,
    opaque: NDArray[np.bool_],
    to_camera: Array,
    eyes: Array,
    view: View,
) -> tuple[NDArray[np.bool_], Crossings] | None:
    """The known points (n,), and what comes between them and the eyes (T, 3); None when that is too much."""
    eyes = transform(to_camera, eyes)
    drift = np.abs(eyes).max(axis=0)
    moved = float(np.linalg.norm(drift))
    side, focal = float(np.hypot(view.width, view.height)), _focal(view)
    view = View(np.array([[focal, 0, side / 2], [0, focal, side / 2], [0, 0, 1]]), 0, 0, view.near, view.far)
    local = np.where(infinite[:, None], places @ to_camera[:3, :3].T, transform(to_camera, places))
    pixels = project(local, view.intrinsics)
    with np.errstate(invalid="ignore"):
        known = asked & (local[:, 2] > np.where(infinite, 0, 2 * moved))
        known &= (pixels >= -BESIDE * side).all(axis=1) & (pixels < (1 + BESIDE) * side).all(axis=1)
    if not known.any():
        return None
    number = np.flatnonzero(known)
    corners = transform(to_camera, clusters.points)
    found = _pairs(local[number], infinite[number], pixels[number], clusters, opaque, corners, to_camera, drift, view)
    if found is None:
        return None
    pairs = found[0], number[found[1]]
    return known, crossings(corners, clusters.triangles, local, infinite, pairs, eyes)


def _pairs(
    local: Array,
    infinite: NDArray[np.bool_],
    pixels: Array,
    clusters: Clusters,
    opaque: NDArray[np.bool_],
    corners: Array,
    to_camera: Array,
    drift: Array,
    view: View,
) -> tuple[Index, Index] | None:
    """Every triangle and every point that it may hide: their numbers (P,) and (P,); None when they are too many.

    local (n, 3), pixels (n, 2): the points, corners (V, 3): the triangles', in the window's camera, from which eyes
    stray by drift (3,).
    """
    depth = np.where(infinite, np.inf, local[:, 2])
    bounds = screen_bounds_of(pixels, depth, np.abs(local[:, :2] / local[:, 2:]).max(axis=0), drift, _focal(view))
    strayed = np.where(infinite[:, None], 0, drift)
    tangent = ((np.abs(local[:, :2]) + strayed[:, :2]) / (local[:, 2:] - strayed[:, 2:])).max(axis=0)
    secant, moved = float(np.sqrt(1 + (tangent**2).sum())), float(np.linalg.norm(drift))
    before = max(moved / 2, view.near / 2)

    def ahead_and_close(boxes: Boxes) -> tuple[Index, Index]:
        """Those wholly before all eyes and nearer than some point; those that are not and yet may be before an eye."""
        ahead = boxes.nearest >= before
        close = ~ahead & (boxes.distance <= (boxes.farthest + moved) * secant + moved)
        return np.flatnonzero(ahead & (boxes.nearest < depth.max())), np.flatnonzero(close)

    leaves = seen(clusters, to_camera, view)
    ahead, close = ahead_and_close(leaves)
    limit = np.full(len(leaves.nearest), depth.max())
    some, limit[ahead] = reached(bounds, leaves.low[ahead], leaves.high[ahead], leaves.nearest[ahead], limit[ahead])
    leaf, number, count = np.concatenate([ahead[some], close]), np.arange(len(local)), 0
    found: list[tuple[Index, Index]] = [(np.zeros(0, np.int64), np.zeros(0, np.int64))]
    flat = project(corners, view.intrinsics)
    for at in range(0, len(leaf), LEAVES_AT_ONCE):
        triangle = members(clusters, leaf[at : at + LEAVES_AT_ONCE])
        triangle = triangle[opaque[triangle]]
        boxes = boxes_of(corners, flat, clusters.triangles[triangle], before)
        ahead, close = ahead_and_close(boxes)
        low, high, near = boxes.low[ahead], boxes.high[ahead], boxes.nearest[ahead]
        some, farthest = reached(bounds, low, high, near, limit[triangle[ahead] // SIZE])
        held = candidates(bounds, low[some], high[some], near[some], farthest[some], MOST - count)
        count += len(close) * len(number)
        if held is None or count > MOST:
            return None
        count += len(held[0])
        found.append((triangle[ahead[some[held[0]]]], held[1]))
        found.append((np.repeat(triangle[close], len(number)), np.tile(number, len(close))))
    triangles, points = (np.concatenate(side) for side in zip(*found, strict=True))
    return triangles, points


def _focal(view: View) -> float:
    return float(np.linalg.norm(view.intrinsics[:2, :2], 2))
