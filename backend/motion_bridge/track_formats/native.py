"""This project's own track file: a .npz with everything a Clip says.

tracks (N, T, 2) float32 pixels, visible (N, T) bool, frames (T,), fps, width, height, name and kind (N,) text.
"""

from pathlib import Path

import numpy as np

from ..errors import BadInput
from ..shot import TRACK_KINDS
from . import arrays
from .clip_transform import Clip, Timing

FORMAT = "motion-bridge tracks 1"


def write(clip: Clip, out: Path, timing: Timing) -> tuple[tuple[Path, ...], list[str]]:
    """The clip as it is; nothing is resampled."""
    arrays.write_npz(
        out,
        format=np.array(FORMAT),
        tracks=clip.xy.astype(np.float32, copy=False),
        visible=clip.visible.astype(bool, copy=False),
        frames=np.array(clip.frames, np.int64),
        fps=np.array(clip.fps, np.float64),
        width=np.array(clip.width, np.int64),
        height=np.array(clip.height, np.int64),
        name=np.array(clip.name, np.str_),
        kind=np.array(clip.kind, np.str_),
    )
    return (out,), []


def read(path: Path) -> Clip:
    """The clip in a file; BadInput when it is none."""
    found = arrays.npz(arrays.content(path), str(path))
    if str(found.get("format", "")) != FORMAT:
        raise BadInput(f"{path} is not a track file of this project: it does not say {FORMAT!r}.")
    try:
        clip = Clip(
            _positions(arrays.numbers(found["tracks"], 3, f"{path}: tracks")),
            arrays.numbers(found["visible"], 2, f"{path}: visible").astype(bool),
            tuple(int(frame) for frame in arrays.numbers(found["frames"], 1, f"{path}: frames")),
            arrays.number(found["fps"], f"{path}: fps"),
            int(arrays.number(found["width"], f"{path}: width")),
            int(arrays.number(found["height"], f"{path}: height")),
            tuple(str(name) for name in found["name"]),
            tuple(str(kind) for kind in found["kind"]),
        )
    except (KeyError, TypeError, ValueError, OverflowError) as fault:
        raise BadInput(f"{path} is incomplete: {type(fault).__name__} at {fault}.") from None
    if unknown := set(clip.kind) - set(TRACK_KINDS):
        raise BadInput(f"{path}: the kind {unknown.pop()!r} is none of {', '.join(TRACK_KINDS)}.")
    return clip


def _positions(array: arrays.Array) -> arrays.Array:
    with np.errstate(over="ignore"):  # what is no longer finite then is refused by name
        return array.astype(np.float32)
