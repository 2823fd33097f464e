"""What each pixel of each frame shows: depth, object and motion, drawn frame by frame into the Shot's folder."""

from pathlib import Path

import numpy as np

from ....backend.motion_bridge import shot
from ....backend.motion_bridge.geometry.rasterizer import rasterize
from ..geometry.frame_geometry import FrameGeometry
from ..geometry.instances import Geometry
from .motion_vectors import flow_back
from .rigid_objects import find_rigid_objects


class Maps:
    """The dense arrays that a request needs, as maps of the folder's own files; call `draw` for each frame in order."""

    def __init__(self, geometry: Geometry, needs: frozenset[str], size: tuple[int, int, int], folder: Path) -> None:
        """size: frames, height, width."""
        self._rigid_objects = find_rigid_objects(geometry, folder) if "objects" in needs else None
        self._index = shot.map_array(folder, "objects.index", size, np.uint16) if self._rigid_objects else None
        self.depth = shot.map_array(folder, "depth", size, np.float32) if "depth" in needs else None
        self.flow = shot.map_array(folder, "flow", (*size, 2), np.float32) if "flow" in needs else None
        self._before: FrameGeometry | None = None

    @property
    def objects(self) -> shot.Objects | None:
        """The Shot's objects, when they were asked for."""
        if self._rigid_objects is None or self._index is None:
            return None
        return shot.Objects(self._index, self._rigid_objects.pose, self._rigid_objects.name)

    def draw(self, now: FrameGeometry) -> None:
        """Fill one frame of every array."""
        at, soup = now.at, now.soup
        seen = rasterize(now.points, soup.triangles, now.view)
        if self.depth is not None:
            self.depth[at] = seen.depth
        if self._rigid_objects is not None and self._index is not None:
            of_triangle = np.append(self._rigid_objects.entry[soup.instance], np.uint16(0))  # the last for -1: nothing
            self._index[at] = of_triangle[seen.triangle]
        if self.flow is not None:
            self.flow[at] = flow_back(seen, now, self._before) if self._before else 0
            self._before = now
