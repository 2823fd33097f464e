"""What a camera file cannot say of a Shot, in pixels, before anything is generated.

The reader's own reduction (the first lens only, every fourth pose) is applied to the Shot's camera; the tracks' points
are projected through what is left of it and compared with the true tracks. A lost scale costs nothing here: at the best
scale the picture is the same, and nothing in the file can say which that is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from ..shot import Shot
from .path import Array, CameraPath, Counts, between, of_shot, sample
from .points import pixels, static_points


@dataclass(frozen=True)
class Reading:
    """What a reader makes of the file."""

    counts: Counts | None = None  # frames and rate; None: every frame of the Shot
    pose_every: int = 1  # frames of the model between two poses that are read
    lens: str = "each"  # each frame's, the "first" one's, or "none"
    shift: bool = True  # whether the principal point is read
    scale: bool = True  # whether the unit of length is


@dataclass(frozen=True)
class Loss:
    """Pixels of the Shot's own picture between the true tracks and what the file says, over visible static points."""

    mean: float
    worst: float
    by_object: Mapping[str, float]  # mean of each object's points
    moving: tuple[str, ...]  # objects that move by themselves: no camera file holds that
    sentences: tuple[str, ...]


def predict(shot: Shot, reading: Reading) -> Loss:
    """What is lost where this reader takes the Shot's camera."""
    path, found = of_shot(shot), static_points(shot)
    assert shot.tracks is not None
    kept = reduced(path, reading)
    at = np.array(shot.frames) - shot.frames[0]
    kept = replace(kept, pose=kept.pose[at], intrinsics=kept.intrinsics[at])
    xy, visible = np.asarray(shot.tracks.xy)[found.track], np.asarray(shot.tracks.visible)[found.track]
    error = np.linalg.norm(pixels(kept, found.xyz) - xy, axis=-1)
    names = np.array(shot.tracks.name)[found.track]
    by_object = {str(name): float(error[names == name][visible[names == name]].mean()) for name in sorted(set(names))}
    mean, worst = (float(error[visible].mean()), float(error[visible].max())) if visible.any() else (0.0, 0.0)
    moving = tuple(sorted({shot.tracks.name[at] for at in found.moving}))
    return Loss(mean, worst, by_object, moving, tuple(_sentences(path, reading, mean, worst, moving)))


def reduced(path: CameraPath, reading: Reading) -> CameraPath:
    """The camera that the reader knows, at the times of the path's own frames."""
    lens = path.intrinsics.copy()
    if reading.lens != "each":
        lens[:] = lens[0]
    if not reading.shift:
        lens[:, 0, 2], lens[:, 1, 2] = path.width / 2, path.height / 2
    kept = replace(path, intrinsics=lens)
    if reading.pose_every == 1:
        return kept
    taken = sample(kept, reading.counts)[0] if reading.counts else kept
    known = np.arange(0, len(taken.pose), reading.pose_every)
    few = replace(taken, pose=taken.pose[known], intrinsics=taken.intrinsics[known])
    seen = np.arange(len(path.pose)) * taken.fps / path.fps
    return replace(between(few, np.minimum(seen, known[-1]), known.astype(np.float64)), fps=path.fps)


def _sentences(path: CameraPath, reading: Reading, mean: float, worst: float, moving: tuple[str, ...]) -> list[str]:
    focal, center = path.intrinsics[:, [0, 1], [0, 1]], path.intrinsics[:, :2, 2]
    middle = np.array([path.width / 2, path.height / 2])
    lost = []
    if reading.lens != "each" and np.ptp(focal, axis=0).max() > 1e-6 * focal.max():
        lost.append("the zoom")
    if not reading.shift and np.abs(center - middle).max() > 1e-6:
        lost.append("the lens shift")
    if reading.pose_every > 1 and mean > 0.01:
        lost.append(f"what happens between every {reading.pose_every} frames")
    found = []
    if lost:
        what = " and ".join(lost)
        better = "; sana-wm, videox-fun and gen3c keep the zoom" if "the zoom" in lost else ""
        found.append(f"lost in this format: {what} ({mean:.2f} pixels in the mean, {worst:.2f} at worst){better}")
    if reading.lens == "none":
        found.append("the format has no lens; the model guesses it from the picture")
    if not reading.scale and _travels(path):
        found.append("the unit of length is free in this format: try a few scales, and keep what follows best")
    if moving:
        names = ", ".join(moving[:3]) + (" and others" if len(moving) > 3 else "")
        found.append(f"a camera file does not hold what moves by itself: {names}")
    return found


def _travels(path: CameraPath) -> bool:
    place: Array = path.pose[:, :3, 3]
    return bool(np.ptp(place, axis=0).max() > 1e-6)
