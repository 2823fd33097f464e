"""Where every pixel came from: the scene's own motion from one frame to the next, deformation and all."""

import numpy as np
from numpy.typing import NDArray

from ....backend.motion_bridge.geometry.camera import project, transform, unproject
from ....backend.motion_bridge.geometry.rasterizer import Array, Seen, View, barycentric
from ..geometry.frame_geometry import FrameGeometry
from ..geometry.triangle_soup import Soup
from ..tracks.surface_points import rays

PIXELS_AT_ONCE = 1 << 15  # what a processor's cache can hold
FARTHEST = 1e6  # pixels; what was beside or behind the camera is held within this


def flow_back(seen: Seen, now: FrameGeometry, before: FrameGeometry) -> NDArray[np.float32]:
    """For each pixel, where its point was a frame before, minus where it is: (H, W, 2) pixels.

    What was not there before, or whose mesh was connected otherwise, counts as standing still in the world. Where there
    is nothing, the picture is infinitely far: it turns with the camera, and stays in an orthographic one.
    """
    width, height = now.view.width, now.view.height
    moved = _moved(now.soup, before.soup)
    triangle, depth = seen.triangle.ravel(), seen.depth.ravel()
    flow = np.empty((height * width, 2), np.float32)
    for at in range(0, len(flow), PIXELS_AT_ONCE):
        part = slice(at, at + PIXELS_AT_ONCE)
        row, column = np.divmod(np.arange(at, min(at + PIXELS_AT_ONCE, len(flow))), width)
        pixels = np.stack([column + 0.5, row + 0.5], axis=-1)
        flow[part] = _before(pixels, triangle[part], depth[part].astype(np.float64), moved, now, before) - pixels
    return flow.reshape(height, width, 2)


def _before(
    pixels: Array,
    triangle: NDArray[np.integer],
    depth: Array,
    moved: NDArray[np.bool_],
    now: FrameGeometry,
    before: FrameGeometry,
) -> Array:
    """Where the points that these pixels (n, 2) show were a frame before (n, 2)."""
    view = now.view
    hit = triangle >= 0
    place = transform(now.pose, unproject(pixels[hit], depth[hit], view.intrinsics, view.orthographic))
    some = np.flatnonzero(moved[now.soup.instance[triangle[hit]]])
    if len(some):
        place[some] = _carried(pixels[hit][some], triangle[hit][some], depth[hit][some], now, before)
    there = pixels.copy()
    there[hit] = _place(transform(before.to_camera, place), before.view)
    if not (hit.all() or view.orthographic or before.view.orthographic):
        direction = rays(pixels[~hit], view) @ (before.pose[:3, :3].T @ now.pose[:3, :3]).T
        there[~hit] = _place(direction, before.view)
    return there


def _moved(new: Soup, old: Soup) -> NDArray[np.bool_]:
    """Which instances (instances,) stand elsewhere or otherwise than before, with the same mesh."""
    moved = np.zeros(len(new.start), bool)
    for instance, part in new.parts.items():
        known = old.start[instance] >= 0 and old.connection[instance] == new.connection[instance]
        moved[instance] = known and old.parts[instance] is not part
    return moved


def _carried(
    pixels: Array, triangle: NDArray[np.integer], depth: Array, now: FrameGeometry, before: FrameGeometry
) -> Array:
    """The world points that triangles show at pixels, where their corners were before."""
    new, old = now.soup, before.soup
    corners = new.triangles[triangle]
    instance = new.instance[triangle]
    weight = barycentric(pixels, depth, now.points[corners], now.view)
    place = old.points[corners + (old.start[instance] - new.start[instance])[:, None]]
    return weight[:, :1] * place[:, 0] + weight[:, 1:2] * place[:, 1] + weight[:, 2:] * place[:, 2]


def _place(points: Array, view: View) -> Array:
    """Pixels of camera-space points; what is not before the camera is as far out as anything can be."""
    pixels = project(points, view.intrinsics, view.orthographic)
    lost = (points[:, 2] <= 0) | ~np.isfinite(pixels).all(axis=1)
    return np.where(lost[:, None], FARTHEST, pixels).clip(-FARTHEST, FARTHEST)
