"""ReCamMaster: camera_extrinsics.json, in Unreal's axes and centimeters.

`{"frame0": {"cam01": "[r r r 0] [r r r 0] [r r r 0] [x y z 1] "}}`: the rows are the columns of a camera-to-world
matrix with x forward, y right, z up. 81 frames of the source video, one pose each; every fourth is read. There is no
lens in the file.
"""

import json
from pathlib import Path

import numpy as np

from ..files.writing import write_named
from ..shot import Shot
from .path import Counts, from_first, of_shot, sample

FRAMES, EVERY = 81, 4  # poses in the file; of which every fourth is read
CAMERA = "cam01"


def write(shot: Shot, out: Path) -> tuple[tuple[Path, ...], list[str]]:
    path = of_shot(shot)
    path, notices = sample(from_first(path), Counts(path.fps, FRAMES - 1, FRAMES))
    unreal = path.pose[:, :, [2, 0, 1, 3]] * np.array([1, 1, -1, 100])
    unreal[:, 3, 3] = 1
    found = {f"frame{number}": {CAMERA: _text(matrix.T)} for number, matrix in enumerate(unreal)}
    write_named(out, json.dumps(found, indent=1) + "\n")
    return (out,), notices


def _text(rows: np.ndarray) -> str:
    return "".join("[" + " ".join(f"{value + 0:.12g}" for value in row) + "] " for row in rows)
