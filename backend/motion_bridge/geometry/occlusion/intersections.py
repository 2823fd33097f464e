"""Where the way from a point to an eye on its path meets a triangle: exact, for pairs of a triangle and a point.

Let a, b, c be the triangle's corners, n = (b - a) × (c - a), p the point and e the eye. The way p + t·(e - p) meets the
triangle's plane at t = k / s with s = (e - p) · n and k = (a - p) · n, and there lie the weights of b and c,
(e - a) · ((p - a) × (c - a)) / s and (e - a) · ((b - a) × (p - a)) / s. For a point infinitely far in direction p the
way is e + t·p: the same with p for p - a, s = -p · n and k = (e - a) · n. All of it is linear in e. So a pair is four
numbers for each of four values, and a path is a product of matrices. What stays negative over a box of eyes is dropped.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..point_query import EDGE
from ..rasterizer import Array, Index, expand

TOUCHING = 1e-6  # what is nearer to a point than this fraction of its way to the eye is the point's own surface
PAIRS_AT_ONCE = 1 << 13  # what a processor's cache holds


@dataclass(frozen=True)
class Crossings:
    """Meetings on the way to some eyes, by eye."""

    start: Index  # (T + 1,) where those of an eye begin
    point: Index  # (n,)
    t: Array  # (n,) of the way from the point to the eye; for a point infinitely far t from the eye in its direction


def crossings(
    corners: Array,
    triangles: Index,
    places: Array,
    infinite: NDArray[np.bool_],
    pairs: tuple[Index, Index],
    eyes: Array,
) -> Crossings:
    """All meetings of pairs.

    corners (V, 3), triangles (F, 3); places (n, 3), directions where infinite (n,); pairs: numbers of triangles and of
    points, both (P,); eyes (T, 3).
    """
    columns, places = np.ascontiguousarray(corners.T), np.ascontiguousarray(places.T)
    found: list[tuple[Index, Index, Array]] = []
    path = _path(eyes)
    triangle, point = pairs
    for at in range(0, len(point), PAIRS_AT_ONCE):
        part = slice(at, at + PAIRS_AT_ONCE)
        form = _forms(columns, triangles[triangle[part]], places[:, point[part]], infinite[point[part]])
        eye, pair, t = _met(form, path, eyes)
        found.append((eye, point[part][pair], t))
    if not found:
        return Crossings(np.zeros(len(eyes) + 1, np.int64), np.zeros(0, np.int64), np.zeros(0))
    eye, number, t = (np.concatenate(column) for column in zip(*found, strict=True))
    order = np.argsort(eye, kind="stable")
    start = np.searchsorted(eye[order], np.arange(len(eyes) + 1))
    return Crossings(start, number[order], t[order])


@dataclass(frozen=True)
class _Path:
    """Eyes beside a straight line."""

    middle: Array  # (3,) where the line begins
    along: Array  # (3,) its direction
    aside: Array  # (3,) how far at most an eye is beside it
    order: Index  # (T,) the eyes, along the line
    place: Array  # (T,) where they are on it, rising


def _path(eyes: Array) -> _Path:
    middle = eyes.mean(axis=0)
    along = np.linalg.svd(eyes - middle)[2][0]
    place = (eyes - middle) @ along
    aside = eyes - middle - place[:, None] * along
    low, high = aside.min(axis=0), aside.max(axis=0)
    order = np.argsort(place)
    return _Path(middle + (low + high) / 2, along, (high - low) / 2, order, place[order])


def _forms(corners: Array, triangles: Index, place: Array, infinite: NDArray[np.bool_]) -> Array:
    """(4, 4, P): for x, y, z of the eye and 1, the factors of the three weights and of k, all times a positive s."""
    first, second, third = (corners[:, triangles[:, at]] for at in range(3))
    one, two = second - first, third - first
    normal = _cross(one, two)
    to = np.where(infinite, place, place - first)
    offset = _dot(to, normal)
    turned = -np.sign(offset)
    form = np.empty((4, 4, len(offset)))
    u, v, n = turned * _cross(to, two), turned * _cross(one, to), turned * normal
    s = np.where(infinite, 0, n)
    form[:3, 0], form[:3, 1], form[:3, 2] = u, v, s - u - v
    form[:3, 3] = np.where(infinite, n, 0)
    u, v, n = -_dot(first, u), -_dot(first, v), -_dot(first, n)
    s = np.where(infinite, 0, n) + np.abs(offset)
    form[3, 0], form[3, 1], form[3, 2] = u, v, s - u - v
    form[3, 3] = np.where(infinite, n, np.abs(offset))
    return form


def _met(form: Array, path: _Path, eyes: Array) -> tuple[Index, Index, Array]:
    """The meetings: eye, pair and t, all (n,)."""
    most, rise = form[3].copy(), form[0] * path.along[0]
    for axis in range(3):
        most += form[axis] * path.middle[axis]
        most += np.abs(form[axis]) * path.aside[axis]
        if axis:
            rise += form[axis] * path.along[axis]
    reach = np.abs(path.place).max()
    most[:3] += 2 * EDGE * (np.abs(most[:3]) + np.abs(rise[:3]) * reach).sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        turn = -most / rise  # where each value changes its sign
        begin = np.where(rise > 0, turn, -np.inf).max(axis=0)
        end = np.where(rise < 0, turn, np.inf).min(axis=0)
        some = np.flatnonzero(
            (begin <= end) & (begin <= reach) & (end >= -reach) & ((rise != 0) | (most >= 0)).all(axis=0)
        )
    spare = 1e-9 * reach
    first = np.searchsorted(path.place, begin[some] - spare)
    last = np.searchsorted(path.place, end[some] + spare, side="right")
    which, eye = expand(first, np.maximum(first, last))
    eye = path.order[eye]
    some = some[which]
    value = form[3][:, some]
    for axis in range(3):
        value += form[axis][:, some] * eyes[eye, axis]
    s = value[0] + value[1] + value[2]
    inside = np.minimum(np.minimum(value[0], value[1]), value[2]) >= -EDGE * s
    met = np.flatnonzero(inside & (s > 0) & (value[3] > TOUCHING * s))
    return eye[met], some[met], value[3, met] / s[met]


def _cross(a: Array, b: Array) -> Array:
    return np.stack([a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]])


def _dot(a: Array, b: Array) -> Array:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
