"""The points of every other source than the first frame's surfaces, as tracks.Points wants them."""

import numpy as np
from numpy.typing import NDArray

from ....backend.motion_bridge.errors import BadInput
from ....backend.motion_bridge.geometry.rasterizer import Array
from ..geometry.frame_geometry import FrameGeometry
from ..geometry.instances import Geometry
from ..geometry.triangle_soup import Soup
from .control_points import ControlPointPositions
from .sources import Instances, Vertices
from .surface_points import farthest, instances_named, unchanged


class ControlPoints:
    """Origins, bones, control points: what Blender said of them."""

    def __init__(self, control_points: ControlPointPositions) -> None:
        first = next(
            (places for at in range(len(control_points.places)) if (places := control_points.at(at)) is not None), None
        )
        self._control_points = control_points
        self._place = np.zeros((0, 3)) if first is None else first
        self.infinite = np.zeros(len(self._place), bool)

    def world(self, now: FrameGeometry, topology_changed: set[int]) -> tuple[Array, NDArray[np.bool_]]:
        """As tracks.Points says; a curve that has other points than at first is absent."""
        places = self._control_points.at(now.at)
        if places is None or places.shape != self._place.shape:
            return self._place, np.zeros(len(self._place), bool)
        self._place = places
        return places, np.ones(len(places), bool)


class VertexPoints:
    """Vertices of one instance's mesh."""

    def __init__(self, source: Vertices, members: NDArray[np.int64] | None, geometry: Geometry, soup: Soup) -> None:
        """members: the vertices of the source's group. BadInput when there is no such mesh or vertex."""
        own = [at for at, instance in enumerate(geometry.instances) if instance.name == instance.owner == source.object]
        own = [at for at in own if soup.start[at] >= 0]
        if not own:
            raise BadInput(f"The object {source.object!r} shows no mesh at the first frame; follow its origin instead.")
        self.instance = own[0]
        part = soup.parts[self.instance]
        numbers = np.arange(len(part)) if members is None else members
        if source.indices:
            numbers = np.array(source.indices)
        if len(numbers) and (numbers.min() < 0 or numbers.max() >= len(part)):
            raise BadInput(f"The mesh of {source.object!r} has {len(part)} vertices when rendered; choose among them.")
        self._numbers = numbers if len(numbers) <= source.count else numbers[farthest(part[numbers], source.count)]
        self._connection = soup.connection
        self._place = part[self._numbers]
        self.infinite = np.zeros(len(self._numbers), bool)

    def world(self, now: FrameGeometry, topology_changed: set[int]) -> tuple[Array, NDArray[np.bool_]]:
        """As tracks.Points says."""
        soup = now.soup
        there = bool(unchanged([self.instance], soup, self._connection, topology_changed)[self.instance])
        if there:
            self._place = soup.points[soup.start[self.instance] + self._numbers]
        return self._place, np.full(len(self._place), there)


class InstancePoints:
    """The origins of the instances of an object, or of those that it brings in, at the first frame."""

    def __init__(self, source: Instances, geometry: Geometry, soup: Soup) -> None:
        """BadInput when there are none."""
        instances = [at for at in instances_named([source.object], geometry) if soup.start[at] >= 0]
        instances = [at for at in instances if geometry.instances[at].instanced]
        if not instances:
            raise BadInput(f"There are no instances of or from {source.object!r} at the first frame.")
        self.instances = np.array(instances)
        self._place = soup.origin[self.instances]
        self.infinite = np.zeros(len(instances), bool)

    def world(self, now: FrameGeometry, topology_changed: set[int]) -> tuple[Array, NDArray[np.bool_]]:
        """As tracks.Points says."""
        soup = now.soup
        there = soup.start[self.instances] >= 0
        self._place = np.where(there[:, None], soup.origin[self.instances], self._place)
        return self._place, there
