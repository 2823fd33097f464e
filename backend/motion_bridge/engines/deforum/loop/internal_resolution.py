"""The size that is painted, where that is not the Shot's: a small model paints large frames small.

The Shot is then seen as if its sensor were coarser, each of its pixels lying where it is in the large picture; finished
frames are scaled up. What is scaled up and rounded is not the same when it is scaled down again, so a generated frame
keeps its small picture beside it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from ....errors import BadInput
from ....geometry.computed_maps import with_maps
from ....model_registry.parameter_count import SMALLEST
from ....model_registry.registry import MODELS
from ....shot import Objects, Shot

Array = NDArray[Any]
Size = tuple[int, int]  # width and height in pixels


def of(size: Size, settings: Mapping[str, Any]) -> Size:
    """The size to paint frames of `size` at: as `working_size` says, or as suits a registered model."""
    asked, model = settings["working_size"], MODELS.get(settings["model"])
    if not isinstance(asked, int) or (asked and asked < SMALLEST):
        raise BadInput(f"working_size is {asked!r}; it must be a whole number of at least {SMALLEST} pixels, or 0.")
    longest = asked or (model.longest if model else 0)
    if not longest or longest >= max(size):
        return size
    share = min(max(longest / max(size), SMALLEST / min(size)), 1.0)
    return round(size[0] * share), round(size[1] * share)


def sentence(size: Size, painted: Size, settings: Mapping[str, Any]) -> list[str]:
    """What to say of frames that are painted at another size."""
    if size == painted:
        return []
    why = "as working_size says" if settings["working_size"] else f"which suits {settings['model']}"
    return [
        f"Frames are painted at {painted[0]}x{painted[1]}, {why}, and scaled up to {size[0]}x{size[1]}"
        + ("." if settings["working_size"] else "; set working_size to paint larger ones.")
    ]


def seen(shot: Shot, size: Size) -> Shot:
    """The Shot at another size; large arrays stay where they are."""
    if size == (shot.width, shot.height):
        return shot
    across, down = size[0] / shot.width, size[1] / shot.height
    camera, objects = shot.camera, shot.objects
    lens = np.diag([across, down, 1.0]) @ camera.intrinsics
    resized = replace(
        shot,
        width=size[0],
        height=size[1],
        camera=replace(camera, intrinsics=lens),
        first_frame=scaled(shot.first_frame, size),
    )
    if shot.geometry is not None:  # drawn at this size, not sampled
        names = [name for name in ("depth", "flow", "objects") if getattr(shot, name) is not None]
        return with_maps(replace(resized, depth=None, flow=None, objects=None), names)
    small = Sampling(size, (shot.width, shot.height))
    return replace(
        resized,
        depth=small(shot.depth),
        flow=small(shot.flow, np.array([across, down], np.float32)),
        objects=objects and Objects(cast(Array, small(objects.index)), objects.pose, objects.name),
    )


def scaled(pixels: NDArray[np.uint8], size: Size) -> NDArray[np.uint8]:
    """A picture (H, W, 3) at another size; itself where that is its own."""
    width, height = size
    if pixels.shape[:2] == (height, width):
        return pixels
    kernel = cv2.INTER_AREA if width < pixels.shape[1] else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(pixels, (width, height), interpolation=kernel), np.uint8)


@dataclass(frozen=True)
class Sampling:
    """Arrays of a Shot at another size: the nearest pixel of each, when a frame is asked for."""

    size: Size
    whole: Size

    def __call__(self, array: Array | None, times: Array | None = None) -> Array | None:
        return None if array is None else cast(Array, Sampled(array, *self._places(), times))

    def _places(self) -> tuple[Array, Array]:
        columns, rows = (
            ((np.arange(few) + 0.5) * many / few).astype(np.int64)
            for few, many in zip(self.size, self.whole, strict=True)
        )
        return rows, columns


@dataclass(frozen=True)
class Sampled:
    """(T, H, W, …) of which single frames are asked for."""

    array: Array
    rows: Array
    columns: Array
    times: Array | None

    def __len__(self) -> int:
        return len(self.array)

    def __getitem__(self, k: int) -> Array:
        found = np.asarray(self.array[k])[self.rows[:, None], self.columns]
        return found if self.times is None else found * self.times
