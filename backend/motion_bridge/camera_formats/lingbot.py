"""LingBot-World: a folder with poses.npy, intrinsics.npy and prompt.txt.

poses.npy is (F, 4, 4) float32 camera to world, 4k + 1 frames at 16 a second; intrinsics.npy is (F, 4): fx, fy, cx, cy,
read of the first frame only and always as those of an 832×480 picture. The reader takes every fourth pose and divides
all steps by the longest one: the scale is lost, and so is a zoom.
"""

from pathlib import Path

import numpy as np

from ..files.writing import write_named
from ..shot import Shot
from ..track_formats import arrays
from .path import Counts, from_first, of_shot, sample, scaled

COUNTS = Counts(16.0, 4)
SIZE = (832, 480)


def write(shot: Shot, out: Path) -> tuple[tuple[Path, ...], list[str]]:
    path, notices = sample(from_first(of_shot(shot)), COUNTS)
    lens = scaled(path, *SIZE).intrinsics
    out.mkdir(parents=True, exist_ok=True)
    files = out / "poses.npy", out / "intrinsics.npy", out / "prompt.txt"
    write_named(files[0], arrays.npy_bytes(path.pose.astype(np.float32)))
    write_named(files[1], arrays.npy_bytes(lens[:, [0, 1, 0, 1], [0, 1, 2, 2]].astype(np.float32)))
    write_named(files[2], shot.prompt(shot.frames[0]) + "\n")
    return files, [*notices, f"put the first frame beside them as image.jpg, {SIZE[0]}x{SIZE[1]}"]
