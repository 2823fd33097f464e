"""A clip's scene as Motion Bridge asks for scenes: at the model's size, at the model's times and the Shot's own.

From geometry it is exact at any time. From maps, which exist at the Shot's frames alone, each of the model's frames
shows the nearest one of these.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...geometry.scene import Scene, scene_of
from ...shot import Objects, Shot
from ..reproject.engine import key_pictures
from ..reproject.frame_buffer import Source
from .between_frames import Between, between, camera_at, geometry_at
from .clip_plan import Clip, ClipPlan
from .resize import nearest, resized

Array = NDArray[Any]


@dataclass(frozen=True)
class ClipScene:
    """What a clip shows. Positions are those of `scene`."""

    scene: Scene
    times: NDArray[np.float64]  # (P,) rising, in the Shot's frames since its first one
    model: tuple[int, ...]  # the position of each of the clip's frames
    frames: Mapping[int, int]  # position of a Shot's frame there → here
    keys: tuple[Source, ...]  # pictures that are known, in the order of time


def of_clip(shot: Shot, plan: ClipPlan, clip: Clip, width: int, height: int) -> ClipScene:
    """The scene of a clip of a Shot that has geometry or depth."""
    offsets = np.array(shot.frames, np.float64) - shot.frames[0]
    asked = np.array([plan.shot_time(clip.first + i) for i in range(clip.count)]).clip(0, offsets[-1])
    pictures = key_pictures(shot)
    if shot.geometry is None:
        asked = offsets[between(shot, asked).nearest]
    own = offsets[[*clip.frames, *pictures]]
    times = np.unique(np.round(np.concatenate([asked, own]), 9))
    small = at_times(shot, times, width, height)
    scene = scene_of(small)

    def positions(values: Array) -> list[int]:
        return np.searchsorted(times, np.round(values, 9)).tolist()

    keys = [
        Source(here, resized(pictures[k], width, height), scene.surfaces(here))
        for here, k in zip(positions(offsets[list(pictures)]), pictures, strict=True)
    ]
    frames = dict(zip(clip.frames, positions(offsets[list(clip.frames)]), strict=True)) if clip.frames else {}
    return ClipScene(scene, times, tuple(positions(asked)), frames, tuple(keys))


def at_times(shot: Shot, times: Array, width: int, height: int) -> Shot:
    """The Shot at other times (P,), in frames since its first one, and at another size; without tracks and pictures."""
    where = between(shot, times)
    camera = camera_at(shot.camera, where)
    stretch = np.array([width / shot.width, height / shot.height, 1.0])
    camera = replace(camera, intrinsics=camera.intrinsics * stretch[:, None])
    depth, objects, geometry = None, None, None
    if shot.geometry is not None:
        geometry = geometry_at(shot.geometry, where)
    else:
        assert shot.depth is not None
        depth = _of_frames(shot.depth, where, width, height)
        if shot.objects is not None:
            index = _of_frames(shot.objects.index, where, width, height)
            objects = Objects(index, shot.objects.pose[:, where.nearest], shot.objects.name)  # type: ignore[arg-type]
        camera = replace(camera, pose=np.asarray(shot.camera.pose)[where.nearest])
    return Shot(
        frames=tuple(range(len(times))),
        fps=shot.fps,
        width=width,
        height=height,
        camera=camera,
        first_frame=np.zeros((height, width, 3), np.uint8),
        depth=depth,  # type: ignore[arg-type]
        objects=objects,
        geometry=geometry,
        times=times,
    )


class ResizedMaps:
    """(P, H, W) of which single frames are taken: those of other maps, each value one of theirs."""

    def __init__(self, maps: Any, positions: Iterable[int], width: int, height: int) -> None:
        self._maps, self._positions = maps, list(positions)
        self._width, self._height = width, height
        self.shape, self.dtype, self.ndim = (len(self._positions), height, width), np.dtype(maps.dtype), 3

    def __getitem__(self, k: int) -> Array:
        return nearest(np.array(self._maps[self._positions[k]]), self._width, self._height)


def _of_frames(maps: Any, where: Between, width: int, height: int) -> ResizedMaps:
    return ResizedMaps(maps, where.nearest.tolist(), width, height)
