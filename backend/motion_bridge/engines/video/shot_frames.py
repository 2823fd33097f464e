"""A model's frames at the Shot's own: where a model draws 16 pictures a second and the Shot has 24.

A frame that the model drew for the very time is taken as it is. Any other is the nearest of the model's frames in time,
moved along the scene's motion; what that one does not show comes from the one on the other side, and what neither shows
is filled. Two pictures are never mixed.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..reproject.frame_buffer import Source
from ..reproject.gather import Gathered
from ..reproject.inpaint import fill
from .clip_plan import EXACT, Clip, ClipPlan
from .clip_scene import ClipScene
from .known_pixels import take

Array = NDArray[Any]


def at_shot_frames(clip: ClipScene, pictures: NDArray[np.uint8]) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Each of the clip's Shot frames, by position in the Shot, with its picture at the model's size.

    pictures: (F, H, W, 3), the clip's own frames.
    """
    shown = {p: at for at, p in reversed(list(enumerate(clip.model)))}  # the first where several show one time
    order = sorted(shown)
    sources: dict[int, Source] = {}

    def source(p: int) -> Source:
        if p not in sources:
            while len(sources) > 1:
                del sources[next(iter(sources))]
            sources[p] = Source(p, pictures[shown[p]], clip.scene.surfaces(p))
        return sources[p]

    for k, p in clip.frames.items():
        if p in shown:
            yield k, pictures[shown[p]]
            continue
        around = [other for other in (_before(order, p), _after(order, p)) if other is not None]
        around.sort(key=lambda other: abs(clip.times[other] - clip.times[p]))
        here = clip.scene.surfaces(p)
        gathered = Gathered.nothing(here)
        used = [source(other) for other in around]
        for each in used:
            take(gathered, clip, p, here, each)
        colors = gathered.picture(here.index.shape)
        hole = gathered.loose(here.index.shape)
        if hole.any():
            fill(colors, gathered.unseen.reshape(hole.shape), hole, p, here, used, None)
        yield k, np.clip(np.rint(colors), 0, 255).astype(np.uint8)


def nearest_frames(
    plan: ClipPlan, clip: Clip, offsets: Array, pictures: NDArray[np.uint8]
) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """The same by the nearest of the model's frames as it stands, for a Shot without surfaces."""
    for k in clip.frames:
        at = int(np.floor(offsets[k] * plan.rate - clip.first + 0.5 - EXACT))
        yield k, pictures[min(max(at, 0), clip.count - 1)]


def _before(order: list[int], p: int) -> int | None:
    return max((each for each in order if each < p), default=None)


def _after(order: list[int], p: int) -> int | None:
    return min((each for each in order if each > p), default=None)
