"""Points followed through the picture: where they fall at each frame, and whether they are seen there."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ....backend.motion_bridge.geometry.camera import project, transform
from ....backend.motion_bridge.geometry.occlusion.clusters import around
from ....backend.motion_bridge.geometry.occlusion.intervals import Window, find_occlusion, nearest
from ....backend.motion_bridge.geometry.point_query import query_points
from ....backend.motion_bridge.geometry.rasterizer import Array
from ....backend.motion_bridge.geometry.temporary_arrays import scratch
from ..geometry.frame_geometry import FrameGeometry
from ..geometry.static_geometry import StaticGeometry

TOLERANCE = 1e-4  # a point is hidden when something is nearer by more than this share of its depth
FARTHEST = 1e6  # pixels; where a point beside or behind the camera would fall is held within this


class Points(Protocol):
    """Points that know where they are in the world."""

    infinite: NDArray[np.bool_]  # (n,) those that are directions, not places

    def world(self, now: FrameGeometry, topology_changed: set[int]) -> tuple[Array, NDArray[np.bool_]]:
        """Places (n, 3) at a frame, and which are there; what is absent stays where it was.

        topology_changed: instances whose meshes are connected otherwise by now; those that are found are added.
        """
        ...


class Track:
    """One group of points on its way through the frames; call `follow` once for each, in order."""

    def __init__(self, points: Points, pixels: Array, frames: int, transparent: frozenset[int] = frozenset()) -> None:
        """pixels (n, 2): where points stay until they are first before the camera. transparent: instances that do not
        hide these points.
        """
        count = len(points.infinite)
        self.points = points
        self.xy = scratch((count, frames, 2), np.float32)
        self.visible = scratch((count, frames), np.bool_)
        self.topology_changed: dict[
            int, int
        ] = {}  # instance → the first frame (position) whose mesh is connected otherwise
        self._transparent = transparent
        self._last = pixels
        self._before: Array | None = None  # places at the last frame
        self._window: Window | None = None
        self._seen_through: tuple[StaticGeometry, NDArray[np.bool_]] | None = None

    def follow(self, now: FrameGeometry) -> None:
        """Write position and visibility at a frame. What is absent stays, hidden, where it was last."""
        at, view = now.at, now.view
        topology_changed = set(self.topology_changed)
        place, there = self.points.world(now, topology_changed)
        self.topology_changed.update(dict.fromkeys(topology_changed - set(self.topology_changed), at))
        infinite = self.points.infinite
        turned = place @ now.to_camera[:3, :3].T
        seen = np.where(infinite[:, None], turned, transform(now.to_camera, place))
        pixels = project(seen, view.intrinsics, view.orthographic)
        ahead = (seen[:, 2] > 0) & np.isfinite(pixels).all(axis=1)
        if view.orthographic:  # nothing infinitely far moves in a picture without perspective
            ahead &= ~infinite
        self._last = pixels = np.where(ahead[:, None], pixels, self._last).clip(-FARTHEST, FARTHEST)
        self.xy[:, at] = pixels
        inside = ((pixels >= 0) & (pixels < (view.width, view.height))).all(axis=1)
        clipped = ~infinite & ((seen[:, 2] < view.near) | (seen[:, 2] > view.far))
        asked = np.flatnonzero(there & ahead & inside & ~clipped)
        depth = self._nearest(now, place, pixels, seen[:, 2], asked)
        behind = np.where(infinite[asked], np.inf, seen[asked, 2] * (1 - TOLERANCE))
        self.visible[asked, at] = depth >= behind

    def _nearest(
        self, now: FrameGeometry, place: Array, pixels: Array, along: Array, asked: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """The depth of the nearest surface at some points' pixels; what is behind a point may be left out.

        along (n,): how far points or directions go along the axis.
        """
        view, static = now.view, now.static_range.static
        depth, known = np.full(len(asked), np.inf), np.zeros(len(asked), bool)
        window = self._window_at(now, place)
        if window:
            known = (window.known & (window.places == place).all(axis=1))[asked]
            depth[known] = nearest(window, along, now.at, view.near, view.far)[asked[known]]
        if not known.all() and static.instances.any():
            rest = pixels[asked[~known]]
            some = around(static.clusters, rest, now.to_camera, view)
            some = some[self._opaque(static)[some]]
            corners = static.clusters.points[static.clusters.triangles[some]].reshape(-1, 3)
            local = transform(now.to_camera, corners)
            depth[~known], _ = query_points(rest, local, np.arange(len(local)).reshape(-1, 3), view)
        points, triangles, instance = now.moving
        if self._transparent:
            triangles = triangles[~np.isin(instance, list(self._transparent))]
        if len(triangles):
            moved, _ = query_points(pixels[asked], points, triangles, view)
            depth = np.minimum(depth, moved)
        return depth

    def _window_at(self, now: FrameGeometry, place: Array) -> Window | None:
        """What of the still instances hides points that do not move; None where nothing is known of that."""
        before, self._before = self._before, place.copy()
        if now.view.orthographic or not now.static_range.static.instances.any():
            self._window = None
        elif before is not None and (not self._window or self._window.last < now.at):
            unmoved = (place == before).all(axis=1)
            static = now.static_range.static
            ahead = range(now.at, now.static_range.frames.stop)
            self._window = find_occlusion(
                place,
                self.points.infinite,
                unmoved,
                static.clusters,
                self._opaque(static),
                now.path,
                ahead,
                now.view,
            )
        return self._window

    def _opaque(self, static: StaticGeometry) -> NDArray[np.bool_]:
        """Which triangles of its leaves may hide these points."""
        if self._seen_through is None or self._seen_through[0] is not static:
            self._seen_through = static, ~np.isin(static.instance, list(self._transparent))
        return self._seen_through[1]
