"""What is known of a frame before anybody draws it: the key pictures moved along the scene's motion, and the holes.

A hole is a pixel whose point no key picture shows, and a pixel beside it that shows two surfaces at once. Models call
the same mask by opposite colors; the arrays here say hole, and each adapter says what its model wants.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...geometry.mesh_scene import MeshScene
from ...geometry.visible_surfaces import Surfaces
from ..reproject.blend import blend
from ..reproject.frame_buffer import Source
from ..reproject.gather import Gathered, look_up
from ..reproject.inpaint import fill
from ..reproject.viewport_colors import ViewportColors
from .clip_scene import ClipScene

Array = NDArray[Any]

GRAY = 127  # what VACE and its like expect in holes: nothing between −1 and 1


@dataclass(frozen=True)
class KnownPixels:
    """A clip's frames as far as they are known."""

    pixels: NDArray[np.uint8]  # (F, H, W, 3) sRGB
    hole: NDArray[np.bool_]  # (F, H, W)


def of_frames(
    clip: ClipScene, carried: NDArray[np.uint8], *, filled: bool, each: Iterable[int] | None = None
) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.bool_]]]:
    """Pixels (H, W, 3) and holes (H, W) of a clip's frames, one at a time.

    carried: (C, H, W, 3), the first frames of the clip, which are known whole; the last of them shows later frames
    what no key picture does. filled: holes continue the surface that they lie on; else they are gray. each: only these
    frames of the clip.
    """
    sources, last = list(clip.keys), None
    if len(carried):
        here = clip.model[len(carried) - 1]
        last = Source(here, carried[-1], clip.scene.surfaces(here))
        sources.append(last)
    viewport = ViewportColors(clip.scene, clip.keys[0]) if filled and isinstance(clip.scene, MeshScene) else None
    for at in range(len(clip.model)) if each is None else each:
        if at < len(carried):
            yield carried[at], np.zeros(carried[at].shape[:2], bool)
            continue
        p = clip.model[at]
        exact = next((key for key in clip.keys if key.index == p), None)
        if exact is not None:
            yield exact.pixels, np.zeros(exact.pixels.shape[:2], bool)  # type: ignore[misc]
            continue
        here = clip.scene.surfaces(p)
        gathered = blend(clip.scene, p, here, list(clip.keys), clip.times)
        if last is not None:
            take(gathered, clip, p, here, last)
        colors, hole = gathered.picture(here.index.shape), gathered.loose(here.index.shape)
        if not filled:
            colors[hole] = GRAY
        elif hole.any():
            fill(colors, gathered.unseen.reshape(hole.shape), hole, p, here, sources, viewport)
        yield np.clip(np.rint(colors), 0, 255).astype(np.uint8), hole


def take(gathered: Gathered, clip: ClipScene, p: int, here: Surfaces, source: Source) -> None:
    """Let a picture show what is still unknown of position p."""
    unknown = np.flatnonzero(gathered.unknown)
    if len(unknown):
        gathered.take(look_up(clip.scene, p, here, source, unknown), here)


def stacked(frames: Iterable[tuple[NDArray[np.uint8], NDArray[np.bool_]]]) -> KnownPixels:
    """All of them in arrays."""
    pixels, hole = zip(*frames, strict=True)
    return KnownPixels(np.stack(pixels), np.stack(hole))
