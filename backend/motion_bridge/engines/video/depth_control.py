"""The scene's exact depth as pictures: gray, near is white, what is infinitely far is black.

Models were taught with the answers of depth estimators: inverse depth (MiDaS, Depth Anything, Video Depth Anything), or
linear depth (ZoeDepth). A range for each frame makes the picture pump when something near comes in; here one range
holds for the whole Shot, and the sky is not in it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...geometry.scene import Scene, scene_of
from ...shot import Shot
from .clip_scene import at_times

Array = NDArray[Any]

LOOKS = 24  # frames of the Shot that the range is taken from
SMALL = 96  # pixels of the shorter side of those
NEAREST = 99.5  # percentile of inverse depth that becomes white: one near thing does not flatten all else
LINEAR = 2.0, 85.0  # percentiles of depth between white and black, as VideoX-Fun takes them


@dataclass(frozen=True)
class DepthRange:
    """What becomes black and what white, one for the whole Shot."""

    inverse: tuple[float, float]  # of 1/z, low and high
    linear: tuple[float, float]  # of z


def range_of(shot: Shot) -> DepthRange | None:
    """The range of a Shot's depth, from a few of its frames at a small size; None where nothing is ever seen."""
    share = min(1.0, SMALL / min(shot.width, shot.height))
    width, height = (max(1, round(side * share)) for side in (shot.width, shot.height))
    offsets = np.array(shot.frames, np.float64) - shot.frames[0]
    times = offsets[np.unique(np.linspace(0, len(offsets) - 1, LOOKS).round().astype(int))]
    scene = scene_of(at_times(shot, times, width, height))
    seen = [near[near > 0] for near in (scene.surfaces(k).inverse_depth for k in range(len(times)))]
    values = np.concatenate(seen).astype(np.float64)
    if not len(values):
        return None
    inverse = float(values.min()), float(np.percentile(values, NEAREST))
    linear = np.percentile(1 / values, LINEAR)
    return DepthRange(inverse, (float(linear[0]), float(linear[1])))


def inverse_gray(inverse_depth: Array, found: DepthRange) -> NDArray[np.uint8]:
    """(1/z − low) / (high − low) as gray (H, W, 3); a scene of one depth is white."""
    low, high = found.inverse
    return _gray((inverse_depth.astype(np.float64) - low) / (high - low) if high > low else 1.0, inverse_depth)


def linear_gray(inverse_depth: Array, found: DepthRange) -> NDArray[np.uint8]:
    """1 − (z − near) / (far − near) as gray (H, W, 3), as ZoeDepth's answers are shown."""
    low, high = found.linear
    with np.errstate(divide="ignore"):
        depth = 1 / inverse_depth.astype(np.float64)
    return _gray(1 - (depth - low) / (high - low) if high > low else 1.0, inverse_depth)


def _gray(value: Any, inverse_depth: Array) -> NDArray[np.uint8]:
    shown = np.where(inverse_depth > 0, np.clip(np.nan_to_num(value, neginf=0.0), 0, 1), 0)
    return np.repeat(np.rint(255 * shown).astype(np.uint8)[..., None], 3, axis=-1)


def frames(scene: Scene, positions: tuple[int, ...], found: DepthRange | None) -> Iterator[NDArray[np.uint8]]:
    """The pictures (H, W, 3) of some positions of a scene; black where nothing is ever seen."""
    for p in positions:
        near = scene.surfaces(p).inverse_depth
        yield np.zeros((*near.shape, 3), np.uint8) if found is None else inverse_gray(near, found)
