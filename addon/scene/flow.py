"""Where every pixel came from: the scene's own motion from one frame to the next, deformation and all."""

import numpy as np
from numpy.typing import NDArray

from ...backend.motion_bridge.motion.camera import pixel_centres, project, transform, unproject
from ...backend.motion_bridge.motion.raster import Array, Seen, View, barycentric
from .bound import rays
from .moment import Moment

PIXELS_AT_ONCE = 1 << 15  # what a processor's cache can hold
FARTHEST = 1e6  # pixels; what was beside or behind the camera is held within this


def flow_back(seen: Seen, now: Moment, before: Moment) -> NDArray[np.float32]:
    """For each pixel, where its point was a frame before, minus where it is: (H, W, 2) pixels.

    What was not there before, or whose mesh was connected otherwise, counts as standing still in the world. Where there
    is nothing, the picture is infinitely far: it turns with the camera, and stays in an orthographic one.
    """
    view = now.view
    pixels = pixel_centres(view.width, view.height).reshape(-1, 2)
    triangle, depth = seen.triangle.ravel(), seen.depth.ravel().astype(np.float64)
    hit = triangle >= 0
    flow = np.zeros((len(pixels), 2))
    there = transform(now.pose, unproject(pixels[hit], depth[hit], view.intrinsics, view.orthographic))
    _carry(there, triangle[hit], pixels[hit], depth[hit], now, before)
    flow[hit] = _place(transform(before.to_camera, there), before.view) - pixels[hit]
    if not (view.orthographic or before.view.orthographic):
        direction = rays(pixels[~hit], view) @ (before.pose[:3, :3].T @ now.pose[:3, :3]).T
        flow[~hit] = _place(direction, before.view) - pixels[~hit]
    return flow.reshape(view.height, view.width, 2).astype(np.float32)


def _carry(
    there: Array, triangle: NDArray[np.integer], pixels: Array, depth: Array, now: Moment, before: Moment
) -> None:
    """Replace world points of things that moved by where those things had them before."""
    new, old = now.soup, before.soup
    moved = np.zeros(len(new.start), bool)
    for thing, part in new.parts.items():
        known = old.start[thing] >= 0 and old.connection[thing] == new.connection[thing]
        moved[thing] = known and old.parts[thing] is not part
    rows = np.flatnonzero(moved[new.thing[triangle]])
    for at in range(0, len(rows), PIXELS_AT_ONCE):
        row = rows[at : at + PIXELS_AT_ONCE]
        corners = new.triangles[triangle[row]]
        thing = new.thing[triangle[row]]
        weight = barycentric(pixels[row], depth[row], now.points[corners], now.view)
        place = old.points[corners + (old.start[thing] - new.start[thing])[:, None]]
        there[row] = weight[:, :1] * place[:, 0] + weight[:, 1:2] * place[:, 1] + weight[:, 2:] * place[:, 2]


def _place(points: Array, view: View) -> Array:
    """Pixels of camera-space points; what is not before the camera is as far out as anything can be."""
    pixels = project(points, view.intrinsics, view.orthographic)
    lost = (points[:, 2] <= 0) | ~np.isfinite(pixels).all(axis=1)
    return np.where(lost[:, None], FARTHEST, pixels).clip(-FARTHEST, FARTHEST)
