"""Wan-Move: two .npy files, X_tracks (1, 81, N, 2) in pixels of the input picture and X_visibility (1, 81, N).

81 frames at 16 a second, of which the model reads every fourth. It copies the picture's content at a track's first
position, so a track that is hidden there copies the bottom-right corner instead: such tracks are left out.
"""

from pathlib import Path

import numpy as np

from ..errors import BadInput
from ..files import npy, writing
from . import arrays
from .clip_transform import Clip, Timing, drop, inside, read_clip, sample, timing_notices

FPS = 16.0
FRAMES = 81
SUFFIXES = ("_tracks", "_visibility")


def paths(out: Path) -> tuple[Path, Path]:
    """The two files that belong to one name, whichever of the three was given."""
    stem = out.name.removesuffix(".npy")
    for suffix in SUFFIXES:
        stem = stem.removesuffix(suffix)
    return out.with_name(f"{stem}_tracks.npy"), out.with_name(f"{stem}_visibility.npy")


def write(clip: Clip, out: Path, timing: Timing) -> tuple[tuple[Path, ...], list[str]]:
    """Both files; tracks that are hidden or outside at the first frame are left out."""
    sampled = sample(clip, FRAMES, FPS, timing)
    visible = sampled.visible & inside(sampled.xy, clip)
    visible[:, sampled.covered :] = False
    sampled, notices = drop(sampled, visible[:, 0], "Wan-Move needs every track visible at its first frame")
    notices += timing_notices(clip, FRAMES, FPS, timing, "after it all tracks are hidden")
    visible = visible[visible[:, 0]]
    tracks_path, visibility_path = paths(out)
    writing.write_named(tracks_path, arrays.npy_bytes(sampled.xy.transpose(1, 0, 2)[None].astype(np.float32)))
    writing.write_named(visibility_path, arrays.npy_bytes(visible.T[None]))
    return (tracks_path, visibility_path), notices


def read(path: Path, width: int, height: int) -> Clip:
    """The tracks of either file's pair, in pixels of a picture of this size."""
    found = []
    for one, dimensions in zip(paths(path), (3, 2), strict=True):
        array = npy.of_bytes(arrays.content(one), str(one))
        if array.ndim == dimensions + 1 and array.shape[0] == 1:
            array = array[0]
        found.append(arrays.numbers(array, dimensions, str(one)))
    tracks, visible = found
    if tracks.shape[:2] != visible.shape:
        raise BadInput(f"{path}: tracks of shape {tracks.shape} do not fit visibility of shape {visible.shape}.")
    return read_clip(tracks.transpose(1, 0, 2), visible.T, FPS, (width, height))


def cells(xy: arrays.Array) -> arrays.Array:
    """The model's cells (..., 2) as (row, column) of positions (..., 2)."""
    return np.floor(xy[..., ::-1] / 8).astype(np.int64)
