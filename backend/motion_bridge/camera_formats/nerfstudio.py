"""nerfstudio: transforms.json, with a camera-to-world matrix in OpenGL axes for every picture.

`fl_x fl_y cx cy w h` for all frames, or for each where the lens changes. Its loader recenters, turns and scales scenes
unless it is told not to: orientation and center "none", automatic scale off.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import BadInput
from ..files import json_text
from ..files.writing import write_named
from ..shot import Shot
from .path import Array, CameraPath, of_shot

OPENGL = np.diag([1.0, -1, -1, 1])  # columns y and z are turned round
LENS = (("fl_x", 0, 0), ("fl_y", 1, 1), ("cx", 0, 2), ("cy", 1, 2))


def write(shot: Shot, out: Path) -> tuple[tuple[Path, ...], list[str]]:
    path = of_shot(shot)
    pose = path.pose @ OPENGL
    zooms = bool(np.ptp(path.intrinsics, axis=0).max() > 0)
    frames: list[dict[str, Any]] = []
    for at, matrix in enumerate(pose):
        lens = _lens(path.intrinsics[at]) if zooms else {}
        name = f"frame_{shot.frames[0] + at:04d}.png"
        frames.append({"file_path": name, **lens, "transform_matrix": matrix.tolist()})
    own = {} if zooms else _lens(path.intrinsics[0])
    found = {"camera_model": "OPENCV", "w": path.width, "h": path.height, **own, "frames": frames}
    write_named(out, json.dumps(found, indent=1) + "\n")
    return (out,), ["load it with orientation and centre 'none' and without automatic scale"]


def _lens(intrinsics: Array) -> dict[str, float]:
    return {name: float(intrinsics[row, column]) for name, row, column in LENS}


def read(file: Path, fps: float = 24.0) -> CameraPath:
    """The frames in the order of their names. BadInput names what is missing or not a number."""
    found = json_text.read_object(file)
    frames = found.get("frames")
    if not isinstance(frames, list) or not frames or not all(isinstance(each, dict) for each in frames):
        raise BadInput(f"{file} has no frames; nerfstudio's transforms.json lists them.")
    frames = sorted(frames, key=lambda each: str(each.get("file_path", "")))
    pose = np.array([_matrix(each.get("transform_matrix"), file, at) for at, each in enumerate(frames)])
    lens = np.tile(np.eye(3), (len(frames), 1, 1))
    for at, each in enumerate(frames):
        for name, row, column in LENS:
            lens[at, row, column] = _number({**found, **each}, name, file)
    width, height = (int(_number(found, name, file)) for name in ("w", "h"))
    return CameraPath(pose @ OPENGL, lens, width, height, fps)


def _matrix(value: Any, file: Path, at: int) -> Array:
    try:
        matrix = np.array(value, np.float64)
    except (TypeError, ValueError):
        matrix = np.zeros(0)
    if matrix.shape not in ((4, 4), (3, 4)) or not np.isfinite(matrix).all():
        raise BadInput(f"{file}: transform_matrix of frame {at} is not a 4x4 matrix.")
    whole = np.eye(4)
    whole[: len(matrix)] = matrix
    turn = whole[:3, :3]
    if np.abs(turn @ turn.T - np.eye(3)).max() > 1e-3 or np.linalg.det(turn) < 0:
        raise BadInput(f"{file}: transform_matrix of frame {at} is not a rotation and a position.")
    return whole


def _number(values: dict[str, Any], name: str, file: Path) -> float:
    value = values.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadInput(f"{file} has no number {name}.")
    return float(value)
