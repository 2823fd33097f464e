"""What stands still for a while: sorted once, where what moves is looked at frame by frame."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ....backend.motion_bridge.geometry.occlusion.clusters import Clusters, clustered
from .instances import Geometry
from .triangle_soup import Soup

LONGEST = 64  # frames; what moves anywhere among them counts as moving


@dataclass(frozen=True)
class StaticGeometry:
    """Instances that stand still."""

    soup: Soup  # in which they stand as they do
    instances: NDArray[np.bool_]  # (instances,)

    @cached_property
    def clusters(self) -> Clusters:
        """Their triangles in the world, in BVH leaves."""
        return clustered(self.soup.points, self.soup.triangles[self._triangles])

    @cached_property
    def instance(self) -> NDArray[np.int32]:
        """(F,) whose each triangle of the heaps is."""
        return self.soup.instance[self._triangles[self.clusters.number]]

    @cached_property
    def _triangles(self) -> NDArray[np.intp]:
        return np.flatnonzero(self.instances[self.soup.instance])


@dataclass(frozen=True)
class StaticRange:
    """Some frames, by position, and the instances that neither move nor come or go in them."""

    frames: range
    static: StaticGeometry


def static_ranges(geometry: Geometry, soups: Iterator[Soup]) -> Iterator[tuple[Soup, StaticRange]]:
    """The frames of a snapshot, each with the span that it is in."""
    static_range: StaticRange | None = None
    for at, soup in enumerate(soups):
        if static_range is None or at not in static_range.frames:
            frames = range(at, min(at + LONGEST, len(geometry.frames)))
            static = StaticGeometry(soup, unmoved(geometry, frames))
            if static_range and _alike(static, static_range.static):
                static = static_range.static  # it may be sorted already
            static_range = StaticRange(frames, static)
        yield soup, static_range


def unmoved(geometry: Geometry, frames: range) -> NDArray[np.bool_]:
    """The instances (instances,) that are there at all of some frames, always in the same place and shape."""
    store, first = geometry.store, geometry.frames[frames[0]]
    instances, shapes, matrices = store.get(first.instance), store.get(first.shape), store.get(first.matrix)
    static, row = np.zeros(len(geometry.instances), bool), np.zeros(len(geometry.instances), np.int64)
    static[instances], row[instances] = True, np.arange(len(instances))
    last = first
    for at in frames[1:]:
        frame = geometry.frames[at]
        if frame != last and static.any():
            instances = store.get(frame.instance)
            same = store.get(frame.shape) == shapes[row[instances]]
            same &= (store.get(frame.matrix) == matrices[row[instances]]).all(axis=(1, 2))
            there = np.zeros(len(static), bool)
            there[instances[same]] = True
            static &= there
        last = frame
    return static


def _alike(new: StaticGeometry, old: StaticGeometry) -> bool:
    if not np.array_equal(new.instances, old.instances):
        return False
    return all(
        new.soup.parts[instance] is old.soup.parts[instance] for instance in np.flatnonzero(new.instances).tolist()
    )
