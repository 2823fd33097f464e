"""Points followed through the picture: where they fall at each frame, and whether they are seen there."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ....backend.motion_bridge.geometry.camera import project, transform
from ....backend.motion_bridge.geometry.occlusion.clusters import around
from ....backend.motion_bridge.geometry.occlusion.intervals import Window, look_through, nearest
from ....backend.motion_bridge.geometry.point_query import probe
from ....backend.motion_bridge.geometry.rasterizer import Array
from ....backend.motion_bridge.geometry.temporary_arrays import scratch
from ..geometry.frame_geometry import Moment
from ..geometry.static_geometry import Still

TOLERANCE = 1e-4  # a point is hidden when something is nearer by more than this share of its depth
FARTHEST = 1e6  # pixels; where a point beside or behind the camera would fall is held within this


class Points(Protocol):
    """Points that know where they are in the world."""

    infinite: NDArray[np.bool_]  # (n,) those that are directions, not places

    def world(self, moment: Moment, torn: set[int]) -> tuple[Array, NDArray[np.bool_]]:
        """Places (n, 3) at a frame, and which are there; what is absent stays where it was.

        torn: things whose meshes are connected otherwise by now; those that are found are added.
        """
        ...


class Track:
    """One group of points on its way through the frames; call `follow` once for each, in order."""

    def __init__(self, points: Points, pixels: Array, frames: int, transparent: frozenset[int] = frozenset()) -> None:
        """pixels (n, 2): where points stay until they are first before the camera. transparent: things that do not hide
        these points.
        """
        count = len(points.infinite)
        self.points = points
        self.xy = scratch((count, frames, 2), np.float32)
        self.visible = scratch((count, frames), np.bool_)
        self.torn: dict[int, int] = {}  # thing → the first frame (position) whose mesh is connected otherwise
        self._transparent = transparent
        self._last = pixels
        self._before: Array | None = None  # places at the last frame
        self._window: Window | None = None
        self._seen_through: tuple[Still, NDArray[np.bool_]] | None = None

    def follow(self, moment: Moment) -> None:
        """Write position and visibility at a frame. What is absent stays, hidden, where it was last."""
        at, view = moment.at, moment.view
        torn = set(self.torn)
        place, there = self.points.world(moment, torn)
        self.torn.update(dict.fromkeys(torn - set(self.torn), at))
        infinite = self.points.infinite
        turned = place @ moment.to_camera[:3, :3].T
        seen = np.where(infinite[:, None], turned, transform(moment.to_camera, place))
        pixels = project(seen, view.intrinsics, view.orthographic)
        ahead = (seen[:, 2] > 0) & np.isfinite(pixels).all(axis=1)
        if view.orthographic:  # nothing infinitely far moves in a picture without perspective
            ahead &= ~infinite
        self._last = pixels = np.where(ahead[:, None], pixels, self._last).clip(-FARTHEST, FARTHEST)
        self.xy[:, at] = pixels
        inside = ((pixels >= 0) & (pixels < (view.width, view.height))).all(axis=1)
        clipped = ~infinite & ((seen[:, 2] < view.near) | (seen[:, 2] > view.far))
        asked = np.flatnonzero(there & ahead & inside & ~clipped)
        depth = self._nearest(moment, place, pixels, seen[:, 2], asked)
        behind = np.where(infinite[asked], np.inf, seen[asked, 2] * (1 - TOLERANCE))
        self.visible[asked, at] = depth >= behind

    def _nearest(
        self, moment: Moment, place: Array, pixels: Array, along: Array, asked: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """The depth of the nearest surface at some points' pixels; what is behind a point may be left out.

        along (n,): how far points or directions go along the axis.
        """
        view, still = moment.view, moment.span.still
        depth, known = np.full(len(asked), np.inf), np.zeros(len(asked), bool)
        window = self._window_at(moment, place)
        if window:
            known = (window.known & (window.places == place).all(axis=1))[asked]
            depth[known] = nearest(window, along, moment.at, view.near, view.far)[asked[known]]
        if not known.all() and still.things.any():
            rest = pixels[asked[~known]]
            some = around(still.clusters, rest, moment.to_camera, view)
            some = some[self._opaque(still)[some]]
            corners = still.clusters.points[still.clusters.triangles[some]].reshape(-1, 3)
            local = transform(moment.to_camera, corners)
            depth[~known], _ = probe(rest, local, np.arange(len(local)).reshape(-1, 3), view)
        points, triangles, thing = moment.moving
        if self._transparent:
            triangles = triangles[~np.isin(thing, list(self._transparent))]
        if len(triangles):
            moved, _ = probe(pixels[asked], points, triangles, view)
            depth = np.minimum(depth, moved)
        return depth

    def _window_at(self, moment: Moment, place: Array) -> Window | None:
        """What of the still things hides points that do not move; None where nothing is known of that."""
        before, self._before = self._before, place.copy()
        if moment.view.orthographic or not moment.span.still.things.any():
            self._window = None
        elif before is not None and (not self._window or self._window.last < moment.at):
            unmoved = (place == before).all(axis=1)
            still = moment.span.still
            ahead = range(moment.at, moment.span.frames.stop)
            self._window = look_through(
                place,
                self.points.infinite,
                unmoved,
                still.clusters,
                self._opaque(still),
                moment.path,
                ahead,
                moment.view,
            )
        return self._window

    def _opaque(self, still: Still) -> NDArray[np.bool_]:
        """Which triangles of its heaps may hide these points."""
        if self._seen_through is None or self._seen_through[0] is not still:
            self._seen_through = still, ~np.isin(still.thing, list(self._transparent))
        return self._seen_through[1]
