"""The tracks of a session: points of the first frame that go with the surfaces they lie on.

A point is what the first frame shows at its pixel. Objects move as rigid things in a session, so a point keeps its
place on its object; what lies on nothing is infinitely far and turns with the camera.
"""

import numpy as np
from numpy.typing import NDArray

from ..shot import Shot
from .camera import project, transform, unproject
from .live_motion import Moment, first_poses
from .mesh_scene import MeshScene
from .point_query import query_points
from .rasterizer import View

Array = NDArray[np.float64]

TOLERANCE = 1e-4  # a point is hidden when something is nearer by more than this share of its depth
ORIGIN = 1.0  # pixels: a point this near to where its object's origin falls is that origin
FARTHEST = 1e6  # pixels


class LivePoints:
    """A Shot's tracks (N,), and where they are at any moment."""

    def __init__(self, shot: Shot):
        """shot: with geometry and tracks; all but the first frame is left unread."""
        assert shot.geometry is not None and shot.tracks is not None
        self._scene = MeshScene(shot)
        self._world = self._scene.world(0)
        self._first = first_poses(shot)
        self._from_first = {name: np.linalg.inv(found) for name, found in self._first.items()}
        layout, view = self._world.layout, self._scene.view(0)
        self._view = view
        self._spans = self._spans_of(shot)
        self.start = np.array(shot.tracks.xy[:, 0], np.float64)
        self._visible = np.array(shot.tracks.visible[:, 0])
        self._pinned = np.array([kind == "pinned" for kind in shot.tracks.kind], bool)
        pose = shot.camera.pose[0]
        points = transform(np.linalg.inv(pose), self._world.points)
        depth, triangle = query_points(self.start, points, layout.triangles, view)
        hit = triangle >= 0
        self._infinite = ~hit
        self.names = frozenset(self._first)  # of the objects that may move
        self.nearest = float(depth[hit].min()) if hit.any() else 1.0  # scene units, of what a point lies on
        owner = np.full(len(hit), -1)
        owner[hit] = layout.owner[triangle[hit]]
        names = np.array([*shot.geometry.objects, ""], dtype=object)
        self._name = names[owner]
        seen = unproject(self.start, np.where(hit, depth, 1.0), view.intrinsics, view.orthographic)
        if view.orthographic:
            seen[~hit] = (0, 0, 1)
        self._place = transform(pose, seen)
        self._place[~hit] = seen[~hit] @ pose[:3, :3].T  # a direction
        self._take_origins(shot, pose)

    def _take_origins(self, shot: Shot, pose: Array) -> None:
        """Points that belong to an object other than what they lie on, where its origin falls: they are its origin."""
        assert shot.tracks is not None
        for at, name in enumerate(shot.tracks.name):
            if name == self._name[at] or name not in self._first:
                continue
            origin = self._first[name][:3, 3]
            seen = transform(np.linalg.inv(pose), origin[None])
            pixel = project(seen, self._view.intrinsics, self._view.orthographic)[0]
            if seen[0, 2] > 0 and np.abs(pixel - self.start[at]).max() <= ORIGIN:
                self._place[at], self._name[at], self._infinite[at] = origin, name, False

    def _spans_of(self, shot: Shot) -> dict[str, list[slice]]:
        """Where the points of the objects of each name are among the world's."""
        assert shot.geometry is not None
        layout, found = self._world.layout, {}
        ends = np.append(layout.first_point[layout.objects][1:], len(self._world.points))
        for thing, end in zip(layout.objects.tolist(), ends.tolist(), strict=True):
            span = slice(int(layout.first_point[thing]), end)
            found.setdefault(shot.geometry.objects[thing], []).append(span)
        return found

    def __len__(self) -> int:
        return len(self.start)

    def at(self, moment: Moment) -> Array:
        """Where the points are: (N, 2) pixels; those beside or behind the camera stay at their first pixel."""
        return self._seen(moment)[0]

    def with_visibility(self, moment: Moment) -> tuple[Array, NDArray[np.bool_]]:
        """The same, and whether each is inside the picture, before the camera and not hidden."""
        pixels, depth, ahead = self._seen(moment)
        view = self._moved_view(moment)
        inside = ((pixels >= 0) & (pixels < (view.width, view.height))).all(axis=1) & ahead
        clipped = ~self._infinite & ((depth < view.near) | (depth > view.far))
        asked = np.flatnonzero(inside & ~clipped & ~self._pinned)
        points = self._world.points
        if moment.objects:
            points = points.copy()
            for name, motion in self._motions(moment).items():
                for span in self._spans.get(name, ()):
                    points[span] = transform(motion, points[span])
        local = transform(turned_back(moment.pose), points)
        nearest, _ = query_points(pixels[asked], local, self._world.layout.triangles, view)
        behind = np.where(self._infinite[asked], np.inf, depth[asked] * (1 - TOLERANCE))
        visible = self._pinned & self._visible
        visible[asked] = nearest >= behind
        return pixels, visible

    def _moved_view(self, moment: Moment) -> View:
        view = self._view
        return View(moment.intrinsics, view.width, view.height, view.near, view.far, moment.orthographic)

    def _motions(self, moment: Moment) -> dict[str, Array]:
        """How the world was carried from the first frame, by the object's name."""
        return {name: pose @ self._from_first[name] for name, pose in moment.objects.items()}

    def _seen(self, moment: Moment) -> tuple[Array, Array, NDArray[np.bool_]]:
        """Pixels (N, 2), depths (N,), and what is before the camera (N,)."""
        place = self._place
        if moment.objects:
            place = place.copy()
            for name, motion in self._motions(moment).items():
                mine = (self._name == name) & ~self._infinite
                place[mine] = transform(motion, place[mine])
        to_camera = turned_back(moment.pose)
        turned = place @ to_camera[:3, :3].T
        seen = np.where(self._infinite[:, None], turned, turned + to_camera[:3, 3])
        pixels = project(seen, moment.intrinsics, moment.orthographic)
        ahead = (seen[:, 2] > 0) & np.isfinite(pixels).all(axis=1)
        if moment.orthographic:
            ahead &= ~self._infinite
        pixels = np.where((ahead & ~self._pinned)[:, None], pixels, self.start).clip(-FARTHEST, FARTHEST)
        return pixels, seen[:, 2], ahead


def turned_back(pose: Array) -> Array:
    """The inverse of a camera's pose (4, 4), which only turns and moves: LAPACK would wake its threads for it."""
    back = np.eye(4)
    back[:3, :3] = pose[:3, :3].T
    back[:3, 3] = -(pose[:3, 3] @ pose[:3, :3])
    return back
