"""SANA-WM: poses and a lens for every frame, as two .npy files, or as the benchmark's .npz.

c2w (F, 4, 4) and intrinsics (F, 3, 3) in pixels of the picture that is passed; 8k + 1 frames at 16 a second. Zoom,
shift and the scale in meters are kept. The pipeline makes poses relative to the first one itself, so writing them so
changes nothing but the precision.
"""

from pathlib import Path

import numpy as np

from ..errors import BadInput
from ..files import npy
from ..files.writing import write_named
from ..shot import Shot
from ..track_formats import arrays
from .path import CameraPath, Counts, from_first, of_shot, sample

COUNTS = Counts(16.0, 8)


def write(shot: Shot, out: Path) -> tuple[tuple[Path, ...], list[str]]:
    """`out` holds the poses; the intrinsics lie beside it in NAME_intrinsics.npy."""
    path, notices = sample(from_first(of_shot(shot)), COUNTS)
    beside = out.with_name(f"{out.stem}_intrinsics.npy")
    write_named(out, arrays.npy_bytes(path.pose.astype(np.float32)))
    write_named(beside, arrays.npy_bytes(path.intrinsics.astype(np.float32)))
    return (out, beside), notices


def write_bench(shot: Shot, out: Path) -> tuple[tuple[Path, ...], list[str]]:
    """A scene of SANA-WM-Bench: c2w, intrinsics, fps and num_frames in one .npz."""
    path, notices = sample(from_first(of_shot(shot)), COUNTS)
    arrays.write_npz(
        out,
        c2w=path.pose.astype(np.float32),
        intrinsics=path.intrinsics.astype(np.float32),
        fps=np.array(int(COUNTS.fps)),
        num_frames=np.array(len(path.pose)),
    )
    return (out,), notices


def read(file: Path, width: int, height: int) -> CameraPath:
    """A pair of .npy files, named by the poses' file, or a benchmark's .npz, for a picture of this size."""
    data = arrays.content(file)
    if file.suffix.lower() == ".npz":
        found = arrays.npz(data, str(file))
        missing = {"c2w", "intrinsics"} - set(found)
        if missing:
            raise BadInput(f"{file} lacks {' and '.join(sorted(missing))}; a SANA-WM scene has both.")
        pose, lens = found["c2w"], found["intrinsics"]
        fps = arrays.number(found.get("fps", np.array(COUNTS.fps)), f"{file}: fps")
    else:
        beside = file.with_name(f"{file.stem}_intrinsics.npy")
        pose, lens = npy.of_bytes(data, str(file)), npy.of_bytes(arrays.content(beside), str(beside))
        fps = COUNTS.fps
    arrays.numbers(pose, 3, f"{file}: poses")
    arrays.numbers(lens, 3, f"{file}: intrinsics")
    if pose.shape[1:] != (4, 4) or lens.shape != (len(pose), 3, 3) or not len(pose):
        raise BadInput(f"{file}: poses of shape {pose.shape} and intrinsics of {lens.shape}; (F, 4, 4) and (F, 3, 3).")
    return CameraPath(pose.astype(np.float64), lens.astype(np.float64), width, height, fps)
