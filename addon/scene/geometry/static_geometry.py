"""What stands still for a while: sorted once, where what moves is looked at frame by frame."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ....backend.motion_bridge.geometry.occlusion.clusters import Clusters, clustered
from .instances import Geometry
from .triangle_soup import Soup

SPAN = 64  # frames; what moves anywhere among them counts as moving


@dataclass(frozen=True)
class Still:
    """Things that stand still."""

    soup: Soup  # in which they stand as they do
    things: NDArray[np.bool_]  # (things,)

    @cached_property
    def clusters(self) -> Clusters:
        """Their triangles in the world, in heaps."""
        return clustered(self.soup.points, self.soup.triangles[self._triangles])

    @cached_property
    def thing(self) -> NDArray[np.int32]:
        """(F,) whose each triangle of the heaps is."""
        return self.soup.thing[self._triangles[self.clusters.number]]

    @cached_property
    def _triangles(self) -> NDArray[np.intp]:
        return np.flatnonzero(self.things[self.soup.thing])


@dataclass(frozen=True)
class Span:
    """Some frames, by position, and the things that neither move nor come or go in them."""

    frames: range
    still: Still


def spans(geometry: Geometry, soups: Iterator[Soup]) -> Iterator[tuple[Soup, Span]]:
    """The frames of a snapshot, each with the span that it is in."""
    span: Span | None = None
    for at, soup in enumerate(soups):
        if span is None or at not in span.frames:
            frames = range(at, min(at + SPAN, len(geometry.frames)))
            still = Still(soup, unmoved(geometry, frames))
            if span and _alike(still, span.still):
                still = span.still  # it may be sorted already
            span = Span(frames, still)
        yield soup, span


def unmoved(geometry: Geometry, frames: range) -> NDArray[np.bool_]:
    """The things (things,) that are there at all of some frames, always in the same place and shape."""
    store, first = geometry.store, geometry.frames[frames[0]]
    things, shapes, matrices = store.get(first.thing), store.get(first.shape), store.get(first.matrix)
    still, row = np.zeros(len(geometry.things), bool), np.zeros(len(geometry.things), np.int64)
    still[things], row[things] = True, np.arange(len(things))
    last = first
    for at in frames[1:]:
        frame = geometry.frames[at]
        if frame != last and still.any():
            things = store.get(frame.thing)
            same = store.get(frame.shape) == shapes[row[things]]
            same &= (store.get(frame.matrix) == matrices[row[things]]).all(axis=(1, 2))
            there = np.zeros(len(still), bool)
            there[things[same]] = True
            still &= there
        last = frame
    return still


def _alike(new: Still, old: Still) -> bool:
    if not np.array_equal(new.things, old.things):
        return False
    return all(new.soup.parts[thing] is old.soup.parts[thing] for thing in np.flatnonzero(new.things).tolist())
