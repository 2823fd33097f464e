"""FastVideo WanTrack: positions from 0 to 1 across the picture, 4n+1 frames at 24 a second.

The package for inference is a .npz of track_points (T, N, 2), track_visibility (T, N) and track_ids (N); points are
x / width, y / height. The sidecar for training has tracks (T, N, 2) in source pixels and visibility; both are read.
"""

import math
from pathlib import Path

import numpy as np

from ..errors import BadInput
from . import arrays
from .clip_transform import Clip, Timing, inside, read_clip, sample, timing_notices

FPS = 24.0
LONGEST = 121  # frames that one window of the model sees


def write(clip: Clip, out: Path, timing: Timing) -> tuple[tuple[Path, ...], list[str]]:
    """A .npz for inference, with as many frames as the clip lasts, rounded up to 4n+1, at most 121."""
    seconds = (clip.frames[-1] - clip.frames[0]) / clip.fps
    count = min(4 * math.ceil(max(seconds * FPS - 1e-6, 0) / 4) + 1, LONGEST)
    sampled = sample(clip, count, FPS, timing)
    size = np.array([clip.width, clip.height])
    arrays.write_npz(
        out,
        track_points=(sampled.xy / size).transpose(1, 0, 2).astype(np.float32),
        track_visibility=(sampled.visible & inside(sampled.xy, clip)).T.astype(np.float32),
        track_ids=np.arange(len(sampled.xy), dtype=np.int64),
    )
    held = count - sampled.covered
    notices = timing_notices(clip, count, FPS, timing, "") if count == LONGEST and sampled.covered == count else []
    if held:
        notices.append(f"the last position is held for {held} more frames, to make {count} of them")
    return (out,), notices


def read(path: Path, width: int, height: int) -> Clip:
    """A package for inference or a training sidecar, as pixels of a picture of this size."""
    found = arrays.npz(arrays.content(path), str(path))
    if "track_points" in found and "track_visibility" in found:
        points = _positions(found["track_points"], f"{path}: track_points") * np.array([width, height])
        visible = _unbatched(found["track_visibility"], 2, f"{path}: track_visibility")
    elif "tracks" in found and "visibility" in found:
        own = [
            arrays.number(found.get(side, np.array(size)), f"{path}: {side}")
            for side, size in (("width", width), ("height", height))
        ]
        if min(own) < 1:
            raise BadInput(f"{path} is for pictures of {own[0]:g}x{own[1]:g} pixels; there are none such.")
        points = _positions(found["tracks"], f"{path}: tracks") * np.array([width / own[0], height / own[1]])
        visible = _unbatched(found["visibility"], 2, f"{path}: visibility")
    else:
        raise BadInput(f"{path} has neither track_points and track_visibility nor tracks and visibility.")
    return read_clip(points.transpose(1, 0, 2), visible.T > 0.5, FPS, (width, height))


def _positions(array: arrays.Array, where: str) -> arrays.Array:
    """(T, N, 2), whatever lies around it."""
    found = _unbatched(array, 3, where)
    if found.shape[-1] != 2:
        raise BadInput(f"{where} has shape {found.shape}; its last side must be 2: x and y.")
    return found


def _unbatched(array: arrays.Array, dimensions: int, where: str) -> arrays.Array:
    if array.ndim == dimensions + 1 and array.shape[0] == 1:
        array = array[0]
    return arrays.numbers(array, dimensions, where)
