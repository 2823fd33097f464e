"""The points of every other source than the first frame's surfaces, as tracks.Points wants them."""

import numpy as np
from numpy.typing import NDArray

from ....backend.motion_bridge.errors import BadInput
from ....backend.motion_bridge.geometry.rasterizer import Array
from ..geometry.frame_geometry import Moment
from ..geometry.instances import Geometry
from ..geometry.triangle_soup import Soup
from .control_points import Handles
from .sources import Instances, Vertices
from .surface_points import farthest, things_named, unchanged


class HandlePoints:
    """Origins, bones, control points: what Blender said of them."""

    def __init__(self, handles: Handles) -> None:
        first = next((places for at in range(len(handles.places)) if (places := handles.at(at)) is not None), None)
        self._handles = handles
        self._place = np.zeros((0, 3)) if first is None else first
        self.infinite = np.zeros(len(self._place), bool)

    def world(self, moment: Moment, torn: set[int]) -> tuple[Array, NDArray[np.bool_]]:
        """As tracks.Points says; a curve that has other points than at first is absent."""
        places = self._handles.at(moment.at)
        if places is None or places.shape != self._place.shape:
            return self._place, np.zeros(len(self._place), bool)
        self._place = places
        return places, np.ones(len(places), bool)


class VertexPoints:
    """Vertices of one thing's mesh."""

    def __init__(self, source: Vertices, members: NDArray[np.int64] | None, geometry: Geometry, soup: Soup) -> None:
        """members: the vertices of the source's group. BadInput when there is no such mesh or vertex."""
        own = [at for at, thing in enumerate(geometry.things) if thing.name == thing.owner == source.object]
        own = [at for at in own if soup.start[at] >= 0]
        if not own:
            raise BadInput(f"The object {source.object!r} shows no mesh at the first frame; follow its origin instead.")
        self.thing = own[0]
        part = soup.parts[self.thing]
        numbers = np.arange(len(part)) if members is None else members
        if source.indices:
            numbers = np.array(source.indices)
        if len(numbers) and (numbers.min() < 0 or numbers.max() >= len(part)):
            raise BadInput(f"The mesh of {source.object!r} has {len(part)} vertices when rendered; choose among them.")
        self._numbers = numbers if len(numbers) <= source.count else numbers[farthest(part[numbers], source.count)]
        self._connection = soup.connection
        self._place = part[self._numbers]
        self.infinite = np.zeros(len(self._numbers), bool)

    def world(self, moment: Moment, torn: set[int]) -> tuple[Array, NDArray[np.bool_]]:
        """As tracks.Points says."""
        soup = moment.soup
        there = bool(unchanged([self.thing], soup, self._connection, torn)[self.thing])
        if there:
            self._place = soup.points[soup.start[self.thing] + self._numbers]
        return self._place, np.full(len(self._place), there)


class InstancePoints:
    """The origins of the instances of an object, or of those that it brings in, at the first frame."""

    def __init__(self, source: Instances, geometry: Geometry, soup: Soup) -> None:
        """BadInput when there are none."""
        things = [at for at in things_named([source.object], geometry) if soup.start[at] >= 0]
        things = [at for at in things if geometry.things[at].instanced]
        if not things:
            raise BadInput(f"There are no instances of or from {source.object!r} at the first frame.")
        self.things = np.array(things)
        self._place = soup.origin[self.things]
        self.infinite = np.zeros(len(things), bool)

    def world(self, moment: Moment, torn: set[int]) -> tuple[Array, NDArray[np.bool_]]:
        """As tracks.Points says."""
        soup = moment.soup
        there = soup.start[self.things] >= 0
        self._place = np.where(there[:, None], soup.origin[self.things], self._place)
        return self._place, there
