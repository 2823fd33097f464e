"""Pixels of one frame, bound to the surfaces that they show and carried with them through the shot."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ...backend.motion_bridge.motion.camera import project, transform
from ...backend.motion_bridge.motion.probe import probe
from ...backend.motion_bridge.motion.raster import Array, View, barycentric
from .geometry import Geometry
from .soup import Soup

BACKGROUND = "background"  # the name of points where the first frame shows nothing: they are infinitely far
TOLERANCE = 1e-4  # a point is hidden when something is nearer by more than this share of its depth
FARTHEST = 1e6  # pixels; where a point behind the camera would fall is held within this


class Grid:
    """Points at pixels (N, 2) of one frame: `bind` there once, then `follow` on every frame, that one among them."""

    def __init__(self, pixels: Array, frames: int) -> None:
        self.pixels = pixels
        self.xy = np.zeros((len(pixels), frames, 2), np.float32)
        self.visible = np.zeros((len(pixels), frames), bool)
        self.torn: dict[int, int] = {}  # thing → the first frame (position) whose mesh is connected otherwise

    def bind(self, soup: Soup, pose: Array, view: View) -> None:
        """Tie every point to the triangle that it falls on."""
        pixels = self.pixels
        points = transform(np.linalg.inv(pose), soup.points)
        depth, triangle = probe(pixels, points, soup.triangles, view)
        self.hit = triangle >= 0
        hit = np.flatnonzero(self.hit)
        corners = soup.triangles[triangle[hit]]
        self.thing = np.full(len(pixels), -1)
        self.thing[hit] = soup.thing[triangle[hit]]
        self.corner = np.zeros((len(pixels), 3), np.int64)
        self.corner[hit] = corners - soup.start[self.thing[hit], None]
        self.weight = np.zeros((len(pixels), 3))
        self.weight[hit] = barycentric(pixels[hit], depth[hit], points[corners].astype(np.float64), view)
        self.connection = soup.connection
        self.place = np.zeros((len(pixels), 3))  # in the world; a direction for points of the background
        self.place[~self.hit] = _rays(pixels[~self.hit], view) @ pose[:3, :3].T
        self._last = pixels

    def follow(self, at: int, soup: Soup, pose: Array, view: View) -> None:
        """Write position and visibility at frame `at`. Where a thing is absent its points stay hidden where it was."""
        there = self.hit & self._present(at, soup)
        rows = np.flatnonzero(there)
        corners = soup.start[self.thing[rows], None] + self.corner[rows]
        self.place[rows] = np.einsum("nc,ncx->nx", self.weight[rows], soup.points[corners])
        to_camera = np.linalg.inv(pose)
        seen = np.where(self.hit[:, None], transform(to_camera, self.place), self.place @ to_camera[:3, :3].T)
        pixels = project(seen, view.intrinsics, view.orthographic)
        ahead = seen[:, 2] > 0
        if view.orthographic:  # nothing infinitely far moves in a picture without perspective
            ahead &= self.hit
        pixels = np.where((ahead & np.isfinite(pixels).all(axis=1))[:, None], pixels, self._last)
        self._last = pixels = pixels.clip(-FARTHEST, FARTHEST)
        self.xy[:, at] = pixels
        depth, _ = probe(pixels, transform(to_camera, soup.points), soup.triangles, view)
        inside = ((pixels >= 0) & (pixels < (view.width, view.height))).all(axis=1)
        free = (seen[:, 2] >= view.near) & (seen[:, 2] <= view.far) & (depth >= seen[:, 2] * (1 - TOLERANCE))
        self.visible[:, at] = inside & np.where(self.hit, there & free, ahead & np.isinf(depth))

    def names(self, geometry: Geometry) -> tuple[str, ...]:
        """The object that each point belongs to."""
        return tuple(geometry.things[thing].name if thing >= 0 else BACKGROUND for thing in self.thing)

    def _present(self, at: int, soup: Soup) -> NDArray[np.bool_]:
        """Which points' things stand in this frame with the mesh that the points are tied to."""
        for thing in np.unique(self.thing[self.hit]).tolist():
            if soup.start[thing] >= 0 and soup.connection[thing] != self.connection[thing]:
                self.torn.setdefault(thing, at)
        whole = soup.start >= 0
        whole[[thing for thing, since in self.torn.items() if since <= at]] = False
        return whole[np.maximum(self.thing, 0)] if len(whole) else np.zeros(len(self.thing), bool)


def cell_centres(side: int, width: int, height: int) -> Array:
    """The middle of each of side × side equal cells, moved to the centre of its pixel: (side², 2)."""
    x = np.floor((np.arange(side) + 0.5) * width / side) + 0.5
    y = np.floor((np.arange(side) + 0.5) * height / side) + 0.5
    return np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)


def _rays(pixels: Array, view: View) -> Array:
    ones = np.ones((len(pixels), 1))
    return np.concatenate([pixels, ones], axis=1) @ np.linalg.inv(view.intrinsics).T


def torn_notes(grid: Grid, geometry: Geometry, frames: Sequence[int]) -> list[str]:
    """What to say of meshes whose connections change."""
    return [
        f"The mesh of {geometry.things[thing].name!r} has other faces from frame {frames[at]} on; "
        "its grid points end there."
        for thing, at in sorted(grid.torn.items())
    ]
