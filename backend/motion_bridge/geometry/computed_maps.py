"""Depth, object index and flow of a Shot with geometry, drawn when a frame of them is asked for.

They stand in the Shot's fields like arrays that were read, so whoever reads maps needs to know nothing of geometry.
"""

import threading
from collections.abc import Collection
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from ..shot import Objects, Shot
from .correspondence import all_moved
from .mesh_scene import MeshScene, MeshSurfaces
from .motion import GONE
from .rigid_objects import rigid_objects

Array = NDArray[Any]

FARTHEST = 1e6  # pixels; what was beside or behind the camera is held within this
KEPT = 3  # frames that are drawn and may be asked for again


def with_maps(shot: Shot, names: Collection[str] = ("depth", "objects", "flow")) -> Shot:
    """The Shot with those of depth, objects and flow that it lacks and its geometry can give.

    BadInput when more objects move than an index map can name.
    """
    if shot.geometry is None:
        return shot
    drawn = DrawnFrames(MeshScene(shot))
    fields: dict[str, Any] = {}
    if "depth" in names and shot.depth is None:
        fields["depth"] = ComputedMap(drawn, _depth, np.float32)
    if "objects" in names and shot.objects is None:
        names_of, pose = rigid_objects(shot.geometry, len(shot.frames))
        index = ComputedMap(drawn, lambda drawn, k: drawn.surfaces(k).index, np.uint16)
        fields["objects"] = Objects(cast(Array, index), pose, names_of)
    if "flow" in names and shot.flow is None:
        fields["flow"] = ComputedMap(drawn, _flow, np.float32, 2)
    return replace(shot, **fields)


class DrawnFrames:
    """Frames of a scene: the last ones are kept, and the next one of a series is drawn ahead in another thread."""

    def __init__(self, scene: MeshScene) -> None:
        self.scene = scene
        self._lock = threading.Lock()
        self._pool: ThreadPoolExecutor | None = None
        self._frames: dict[int, Future[MeshSurfaces]] = {}
        self._last = -1

    def surfaces(self, k: int) -> MeshSurfaces:
        """What frame k shows, a position in the Shot."""
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(1, "rasterizer")
            asked = self._ask(k, self._pool)
            if k == self._last + 1 and k + 1 < len(self.scene.shot.frames):
                self._ask(k + 1, self._pool)
            self._last = k
        return asked.result()

    def _ask(self, k: int, pool: ThreadPoolExecutor) -> "Future[MeshSurfaces]":
        asked = self._frames.pop(k, None) or pool.submit(self.scene.surfaces, k)
        self._frames[k] = asked  # last in the order
        while len(self._frames) > KEPT:
            del self._frames[next(iter(self._frames))]
        return asked


class ComputedMap:
    """(T, H, W, …) of which frames are computed when they are asked for."""

    def __init__(self, drawn: DrawnFrames, compute: Any, dtype: Any, channels: int = 0) -> None:
        """compute: (drawn, k) → (H, W) or (H, W, channels)."""
        shot = drawn.scene.shot
        self.shape = (len(shot.frames), shot.height, shot.width, *((channels,) if channels else ()))
        self.dtype, self.ndim = np.dtype(dtype), len(self.shape)
        self._drawn, self._compute = drawn, compute

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, at: Any) -> Array:
        first, rest = (at[0], at[1:]) if isinstance(at, tuple) else (at, ())
        if isinstance(first, (int, np.integer)):
            k = range(len(self))[first]  # a negative one counts from the end
            return np.asarray(self._compute(self._drawn, k), self.dtype)[rest]
        frames = np.arange(len(self))[first]
        if any(isinstance(each, np.ndarray) for each in (first, *rest)):
            raise TypeError("Of a computed map single frames and slices can be taken.")
        empty = np.empty((0, *np.empty(self.shape[1:], np.uint8)[rest].shape), self.dtype)
        return np.stack([self[(int(k), *rest)] for k in frames]) if len(frames) else empty

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.asarray(self[:], dtype)


def _depth(drawn: DrawnFrames, k: int) -> Array:
    with np.errstate(divide="ignore"):
        return 1 / drawn.surfaces(k).inverse_depth


def _flow(drawn: DrawnFrames, k: int) -> Array:
    """For each pixel, where its point was a frame before, minus where it is: (H, W, 2) pixels.

    What was not there before, or whose topology changes, counts as standing still in the world. Where there is nothing,
    the picture is infinitely far: it turns with the camera, and stays in an orthographic one.
    """
    here, shot = drawn.surfaces(k), drawn.scene.shot
    if k == 0:
        return np.zeros((shot.height, shot.width, 2), np.float32)
    motion = drawn.scene.motion(k, k - 1, here)
    motion = replace(motion, row=np.where(motion.row == GONE, 0, motion.row))
    x, y, _ = all_moved(motion, here)
    flow = np.stack([x, y], axis=-1).reshape(shot.height, shot.width, 2)
    flow[~np.isfinite(flow).all(axis=-1)] = FARTHEST
    flow = flow.clip(-FARTHEST, FARTHEST)
    flow[..., 0] -= np.arange(shot.width) + 0.5
    flow[..., 1] -= (np.arange(shot.height) + 0.5)[:, None]
    return flow
