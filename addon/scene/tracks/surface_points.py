"""Points of the first frame's picture, bound to the surfaces that they show and carried with them."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from ....backend.motion_bridge.geometry.point_query import query_points
from ....backend.motion_bridge.geometry.rasterizer import Array, View, barycentric
from ..geometry.array_store import Handle
from ..geometry.frame_geometry import FrameGeometry
from ..geometry.instances import Geometry
from ..geometry.triangle_soup import Soup
from .sources import WHOLE, Region

BACKGROUND = "background"  # the name of points where the first frame shows nothing: they are infinitely far


class Bound:
    """Points on surfaces: an instance, three corners of its mesh and their weights."""

    def __init__(self, pixels: Array, now: FrameGeometry) -> None:
        """Bind points at pixels (N, 2) to what a frame shows there."""
        soup, view = now.soup, now.view
        depth, triangle = query_points(pixels, now.points, soup.triangles, view)
        self.hit = triangle >= 0
        self.infinite = ~self.hit
        hit = np.flatnonzero(self.hit)
        corners = soup.triangles[triangle[hit]]
        self.instance = np.full(len(pixels), -1)
        self.instance[hit] = soup.instance[triangle[hit]]
        self._corner = np.zeros((len(pixels), 3), np.int64)
        self._corner[hit] = corners - soup.start[self.instance[hit], None]
        self._weight = np.zeros((len(pixels), 3))
        self._weight[hit] = barycentric(pixels[hit], depth[hit], now.points[corners], view)
        self._connection = soup.connection
        self._place = np.zeros((len(pixels), 3))
        self._place[~self.hit] = rays(pixels[~self.hit], view) @ now.pose[:3, :3].T
        self._there = np.ones(len(pixels), bool)
        self._soup: Soup | None = None  # of the last frame

    def world(self, now: FrameGeometry, topology_changed: set[int]) -> tuple[Array, NDArray[np.bool_]]:
        """As tracks.Points says."""
        soup = now.soup
        if soup is not self._soup:
            present = self._present(soup, topology_changed)
            rows = np.flatnonzero(present)
            corners = soup.start[self.instance[rows], None] + self._corner[rows]
            self._place[rows] = np.einsum("nc,ncx->nx", self._weight[rows], soup.points[corners])
            self._there, self._soup = present | ~self.hit, soup
        return self._place, self._there

    def names(self, geometry: Geometry) -> tuple[str, ...]:
        """The object that each point belongs to."""
        return tuple(geometry.instances[instance].name if instance >= 0 else BACKGROUND for instance in self.instance)

    def _present(self, soup: Soup, topology_changed: set[int]) -> NDArray[np.bool_]:
        whole = unchanged(np.unique(self.instance[self.hit]).tolist(), soup, self._connection, topology_changed)
        return self.hit & whole[self.instance] if len(whole) else self.hit


def unchanged(
    instances: Iterable[int], soup: Soup, connection: Sequence[Handle | None], topology_changed: set[int]
) -> NDArray[np.bool_]:
    """Which instances (instances,) are in a frame with the mesh that they had; the others go to topology_changed."""
    for instance in instances:
        if soup.start[instance] >= 0 and soup.connection[instance] != connection[instance]:
            topology_changed.add(instance)
    whole = soup.start >= 0
    whole[list(topology_changed)] = False
    return whole


def cell_centers(side: int, width: int, height: int, region: Region = WHOLE) -> Array:
    """The middle of each of side × side equal cells of a region, moved to the center of its pixel: (side², 2)."""
    cell = np.arange(side) + 0.5
    x = np.floor(region.left * width + cell * ((region.right - region.left) * width) / side) + 0.5
    y = np.floor(region.top * height + cell * ((region.bottom - region.top) * height) / side) + 0.5
    return np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)


def within(region: Region, width: int, height: int) -> NDArray[np.bool_]:
    """The pixels (H, W) whose centers lie in a region."""
    x, y = (np.arange(width) + 0.5) / width, (np.arange(height) + 0.5) / height
    return ((region.top <= y) & (y < region.bottom))[:, None] & ((region.left <= x) & (x < region.right))


def lattice(mask: NDArray[np.bool_], spacing: float) -> Array:
    """Pixel centers (n, 2) of a mask (H, W), spacing pixels apart across and down; one at least where it has any."""
    row, column = (np.unique((np.arange(spacing / 2, size, spacing)).astype(int)) for size in mask.shape)
    picked = np.zeros_like(mask)
    picked[np.ix_(row, column)] = True
    y, x = np.nonzero(mask & picked)
    return np.column_stack([x, y]) + 0.5 if len(x) else spread_over(mask, 1)


def spread_over(mask: NDArray[np.bool_], count: int) -> Array:
    """At most count pixel centers (n, 2) of a mask (H, W), as far from each other as they can be."""
    row, column = np.nonzero(mask)
    enough = max(20 * count, 4000)
    stride = max(1, int(np.sqrt(len(row) / enough)))  # neighbors are alike: a lattice of them is choice enough
    if stride > 1:
        kept = (row % stride == 0) & (column % stride == 0)
        row, column = row[kept], column[kept]
    places = np.column_stack([column, row]) + 0.5
    return places[farthest(places, count)]


def farthest(places: Array, count: int) -> NDArray[np.int64]:
    """The numbers of at most count places (n, d): the middlemost, then always the farthest from those before."""
    if not len(places):
        return np.zeros(0, np.int64)
    chosen = [int(np.argmin(((places - places.mean(axis=0)) ** 2).sum(axis=1)))]
    distance = ((places - places[chosen[0]]) ** 2).sum(axis=1)
    while len(chosen) < min(count, len(places)) and distance.max() > 0:
        chosen.append(int(np.argmax(distance)))
        distance = np.minimum(distance, ((places - places[chosen[-1]]) ** 2).sum(axis=1))
    return np.array(chosen[:count])


def rays(pixels: Array, view: View) -> Array:
    """The directions (N, 3) of pixels (N, 2) in camera space."""
    ones = np.ones((len(pixels), 1))
    return np.concatenate([pixels, ones], axis=1) @ np.linalg.inv(view.intrinsics).T


def instances_named(names: Iterable[str], geometry: Geometry) -> list[int]:
    """The instances that objects of these names show or bring in."""
    wanted = set(names)
    return [at for at, instance in enumerate(geometry.instances) if {instance.name, instance.owner} & wanted]
