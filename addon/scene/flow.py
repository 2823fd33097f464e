"""Where every pixel came from: the scene's own motion from one frame to the next, deformation and all."""

import numpy as np
from numpy.typing import NDArray

from ...backend.motion_bridge.motion.camera import pixel_centres, project, transform, unproject
from ...backend.motion_bridge.motion.raster import Array, Seen, View, barycentric
from .bound import rays
from .soup import Soup

PIXELS_AT_ONCE = 1 << 15  # what a processor's cache can hold
FARTHEST = 1e6  # pixels; what was beside or behind the camera is held within this


def flow_back(
    seen: Seen, soup: Soup, pose: Array, view: View, soup_before: Soup, pose_before: Array, view_before: View
) -> NDArray[np.float32]:
    """For each pixel, where its point was a frame before, minus where it is: (H, W, 2) pixels.

    What was not there before, or whose mesh was connected otherwise, counts as standing still in the world. Where there
    is nothing, the picture is infinitely far: it turns with the camera, and stays in an orthographic one.
    """
    pixels = pixel_centres(view.width, view.height).reshape(-1, 2)
    triangle, depth = seen.triangle.ravel(), seen.depth.ravel().astype(np.float64)
    hit = triangle >= 0
    flow = np.zeros((len(pixels), 2))
    there = transform(pose, unproject(pixels[hit], depth[hit], view.intrinsics, view.orthographic))
    _carry(there, triangle[hit], pixels[hit], depth[hit], soup, pose, view, soup_before)
    flow[hit] = _place(transform(np.linalg.inv(pose_before), there), view_before) - pixels[hit]
    if not (view.orthographic or view_before.orthographic):
        direction = rays(pixels[~hit], view) @ (pose_before[:3, :3].T @ pose[:3, :3]).T
        flow[~hit] = _place(direction, view_before) - pixels[~hit]
    return flow.reshape(view.height, view.width, 2).astype(np.float32)


def _carry(
    there: Array,
    triangle: NDArray[np.integer],
    pixels: Array,
    depth: Array,
    soup: Soup,
    pose: Array,
    view: View,
    before: Soup,
) -> None:
    """Replace world points of things that moved by where those things had them before."""
    moved = np.zeros(len(soup.start), bool)
    for thing, part in soup.parts.items():
        known = before.start[thing] >= 0 and before.connection[thing] == soup.connection[thing]
        moved[thing] = known and before.parts[thing] is not part
    rows = np.flatnonzero(moved[soup.thing[triangle]])
    to_camera = np.linalg.inv(pose)
    for at in range(0, len(rows), PIXELS_AT_ONCE):
        row = rows[at : at + PIXELS_AT_ONCE]
        corners = soup.triangles[triangle[row]]
        thing = soup.thing[triangle[row]]
        points = transform(to_camera, soup.points[corners])
        weight = barycentric(pixels[row], depth[row], points, view)
        place = before.points[corners + (before.start[thing] - soup.start[thing])[:, None]]
        there[row] = weight[:, :1] * place[:, 0] + weight[:, 1:2] * place[:, 1] + weight[:, 2:] * place[:, 2]


def _place(points: Array, view: View) -> Array:
    """Pixels of camera-space points; what is not before the camera is as far out as anything can be."""
    pixels = project(points, view.intrinsics, view.orthographic)
    lost = (points[:, 2] <= 0) | ~np.isfinite(pixels).all(axis=1)
    return np.where(lost[:, None], FARTHEST, pixels).clip(-FARTHEST, FARTHEST)
