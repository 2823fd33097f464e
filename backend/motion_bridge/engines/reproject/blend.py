"""Several key pictures into one frame: each pixel takes those that saw it best, cross-faded.

The weight of a key picture at a pixel is its resolution there (its own pixels in one of the frame's, which also falls
with the angle), over the square of its distance in time, and falls to nothing towards its border. So at a key picture's
own time it is alone, and between two the one fades into the other; light that changed is blended.

The two key pictures around a frame in time are asked for every pixel, the others for what one of these does not show.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...geometry.scene import Scene
from ...geometry.visible_surfaces import Surfaces
from .frame_buffer import Source
from .gather import Found, Gathered, colors_of, look_up, resolution

Array = NDArray[Any]

FEATHER = 0.04  # of the picture's shorter side: so far from its border a key picture fades
LEAST = 1e-4  # the weight of what is at the very border, for want of better
GHOST = 1e-6  # ... and of a ghost
NEGLIGIBLE = 0.02  # of all weights: what weighs less is not worth its time


def blend(scene: Scene, k: int, here: Surfaces, keys: Sequence[Source], times: Array) -> Gathered:
    """What the key pictures give to frame k, a position in the Shot; times (T,) of all frames, in frames."""
    gathered = Gathered.nothing(here)
    if len(keys) == 1:
        gathered.take(look_up(scene, k, here, keys[0], axes=True), here)
        return gathered
    order = sorted(keys, key=lambda key: (abs(times[key.index] - times[k]), key.index))
    before = [key for key in order if key.index <= k][:1]
    after = [key for key in order if key.index > k][:1]
    around = before + after
    layers = [_layer(scene, k, here, key, times, None) for key in around]
    shown = sum(_mask(found, here.index.size).astype(np.int8) for found, _ in layers)
    if others := [key for key in order if key not in around]:
        rest = np.flatnonzero(shown < len(around) if len(around) > 1 else shown < 1)
        if len(around) == 1:
            rest = np.arange(here.index.size)
        layers += [_layer(scene, k, here, key, times, rest) for key in others if len(rest)]
    total = np.zeros(here.index.size, np.float32)
    for found, weight in layers:
        total[found.pixels] += weight
    reached, best = np.zeros(here.index.size, np.float32), np.zeros(here.index.size, np.float32)
    for found, weight in layers:
        some = np.flatnonzero(weight > np.float32(NEGLIGIBLE) * total.take(found.pixels))
        if len(some) < len(weight):
            found, weight = found.only(some), weight.take(some)
        for plane, values in zip(gathered.colors, colors_of(found, here), strict=True):
            plane[found.pixels] += values * weight
        reached[found.pixels] += weight
        better = np.flatnonzero(weight > best.take(found.pixels))
        gathered.mixed[found.pixels[better]] = found.mixed[better]
        best[found.pixels[better]] = weight[better]
        gathered.unseen[found.pixels] = False
        gathered.unknown[found.pixels[~found.ghost]] = False
    gathered.colors /= np.where(reached > 0, reached, 1)
    return gathered


def _layer(
    scene: Scene, k: int, here: Surfaces, key: Source, times: Array, pixels: NDArray[np.intp] | None
) -> tuple[Found, NDArray[np.float32]]:
    """Where a key picture shows the pixels of frame k, and its weight at each."""
    found = look_up(scene, k, here, key, pixels, axes=True)
    height, width = here.index.shape
    border = np.minimum(np.minimum(found.x, width - found.x), np.minimum(found.y, height - found.y))
    weight = np.clip(border / (FEATHER * min(width, height)), LEAST, 1).astype(np.float32)
    if found.axes is not None:
        weight *= np.maximum(resolution(found.axes), np.float32(LEAST))
    weight[found.ghost] *= np.float32(GHOST)
    weight /= np.float32(max(abs(times[key.index] - times[k]), 1e-3) ** 2)
    return found, weight


def _mask(found: Found, size: int) -> NDArray[np.bool_]:
    mask = np.zeros(size, bool)
    mask[found.pixels[~found.ghost]] = True
    return mask
