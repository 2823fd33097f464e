"""Pictures that were painted where no key picture shows anything; each gives the surfaces that it was painted for.

A painted picture owns the pixels that nobody knew when it was painted. A point takes its color from the picture that
owns it, so it was resampled once however long ago that was, and looks the same whenever it is seen again. Next to what
a picture owns, the rest of it helps: there it shows what was known.

Their surfaces are drawn again when they are asked for, but for the last few; the pictures themselves take 3 bytes a
pixel. So memory is bounded by the number that may be painted.
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...geometry.scene import Scene
from ...geometry.visible_surfaces import Mask, Surfaces
from .frame_buffer import Source
from .gather import Gathered, look_up

MOST = 64  # painted pictures of one job
KEPT = 12  # of which the surfaces stay in memory, about 20 bytes a pixel each


@dataclass(frozen=True, eq=False)
class Painted:
    """One of them."""

    index: int  # position in the Shot
    pixels: NDArray[np.uint8]  # (H, W, 3)
    owned: NDArray[np.uint8]  # (H·W,) packed bits
    parts: NDArray[Any]  # whose surfaces it owns


class PaintedPictures:
    """All painted pictures of a job, in the order in which they were painted."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._pictures: dict[int, Painted] = {}
        self._sources: OrderedDict[int, Source] = OrderedDict()

    def __contains__(self, index: int) -> bool:
        return index in self._pictures

    def __len__(self) -> int:
        return len(self._pictures)

    def add(self, here: Surfaces, index: int, pixels: NDArray[np.uint8], owned: Mask) -> None:
        """One more, of frame `index`, whose surfaces are `here`; owned (H, W)."""
        parts = np.unique(here.parts[owned])
        self._pictures[index] = Painted(index, pixels, np.packbits(owned), parts)
        self._keep(Source(index, pixels, here))

    def stored(self, index: int) -> tuple[NDArray[np.uint8], Mask]:
        """A picture (H, W, 3) and what it owns (H, W)."""
        picture = self._pictures[index]
        return picture.pixels, self._owned(picture).reshape(picture.pixels.shape[:2])

    def complete(self, gathered: Gathered, k: int, here: Surfaces) -> None:
        """Give the unknown pixels of frame k what was painted for them, always from the same picture: the first."""
        for owner in (True, False):
            for picture in self._pictures.values():
                unknown = np.flatnonzero(gathered.unknown)
                unknown = unknown[np.isin(here.parts.ravel()[unknown], picture.parts)]
                if not len(unknown):
                    continue
                source = self._source(picture.index)
                found = look_up(self._scene, k, here, source, unknown, axes=True)
                if owner:
                    height, width = here.index.shape
                    column = np.minimum(found.x.astype(np.intp), width - 1)
                    row = np.minimum(found.y.astype(np.intp), height - 1)
                    found = found.only(self._owned(picture)[row * width + column])
                gathered.take(found, here)

    @staticmethod
    def _owned(picture: Painted) -> NDArray[np.bool_]:
        size = picture.pixels.shape[0] * picture.pixels.shape[1]
        return np.unpackbits(picture.owned, count=size).astype(bool)

    def _source(self, index: int) -> Source:
        if index not in self._sources:
            self._keep(Source(index, self._pictures[index].pixels, self._scene.surfaces(index)))
        self._sources.move_to_end(index)
        return self._sources[index]

    def _keep(self, source: Source) -> None:
        self._sources[source.index] = source
        while len(self._sources) > KEPT:
            self._sources.popitem(last=False)
