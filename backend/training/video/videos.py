"""Clips from real videos: which ones are fit for training, and their tracks as a tracker sees them.

Kept is what is long enough (81 frames at 16 a second), as wide as 16:9 and free of cuts. Every refused file gets a
reason. Real clips have no exact tracks: points are followed to the end and back, and only those that find their way
home count.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from motion_bridge.errors import BadInput
from motion_bridge.media import decoding
from motion_bridge.media.video import frames_at_rate
from motion_bridge.metrics.tracker import Tracker, lucas_kanade
from numpy.typing import NDArray

from .bank import as_model_input
from .clips import Clip

FRAMES, RATE, ASPECT = 81, 16.0, 16 / 9
ASPECT_LEEWAY = 0.03
CUT = 60.0  # mean absolute difference of neighboring pictures, 0 … 255
HOME = 2.0  # pixels from where it started, within which a point has come back
ENDINGS = (".mp4", ".mov", ".mkv", ".webm", ".avi", ".m4v")


@dataclass(frozen=True)
class Refused:
    path: Path
    reason: str


def video_files(folder: Path) -> list[Path]:
    """BadInput when there are none."""
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in ENDINGS)
    if not found:
        raise BadInput(f"{folder} holds no videos ({', '.join(ENDINGS)}).")
    return found


def read_video(path: Path, size: tuple[int, int], frames: int = FRAMES) -> NDArray[np.uint8] | Refused:
    """The first frames at 16 a second and size (height, width): (frames, H, W, 3), or why not."""
    try:
        with decoding.opened(path) as stream:
            rate = decoding.fps(stream)
            _, upright = next(decoding.frames(stream), (0.0, np.zeros((1, 1, 3), np.uint8)))
        height, width, _ = upright.shape
        if abs(width / height / ASPECT - 1) > ASPECT_LEEWAY:
            return Refused(path, f"it is {width}×{height}, not 16:9")
        if rate < RATE - 0.5:
            return Refused(path, f"it has {rate:.3g} frames a second, fewer than {RATE:g}")
        pictures = list(frames_at_rate(path, frames, RATE, size[1], size[0]))
    except BadInput as fault:
        return Refused(path, str(fault))
    video = np.stack(pictures)
    step = np.abs(np.diff(video.astype(np.int16), axis=0)).mean(axis=(1, 2, 3))
    if step.max() > CUT:
        return Refused(path, f"it is cut at frame {int(step.argmax()) + 1}")
    return video


def tracked(
    video: NDArray[np.uint8], grid: int, tracker: Tracker = lucas_kanade
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Points on a grid×grid lattice of the first frame: (N, T, 2) pixels and (N, T) visible.

    A point is visible while it is inside the picture, if it finds its way back from the end; otherwise never.
    """
    _, height, width, _ = video.shape
    x, y = np.meshgrid((np.arange(grid) + 0.5) * width / grid, (np.arange(grid) + 0.5) * height / grid)
    start = np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float32)
    points = tracker(video, start)
    back = tracker(video[::-1], points[:, -1])[:, -1]
    home = np.linalg.norm(back - start, axis=-1) <= HOME
    inside = ((points >= 0) & (points <= [width, height])).all(-1)
    return points, inside & home[:, None]


def video_clips(
    paths: Sequence[Path], size: tuple[int, int], grid: int, refused: list[Refused], tracker: Tracker = lucas_kanade
) -> Iterator[tuple[int, Clip]]:
    """A clip of each fit video; the others are added to `refused`. Words are those of a .txt file beside the video."""
    for number, path in enumerate(paths):
        video = read_video(path, size)
        if isinstance(video, Refused):
            refused.append(video)
            continue
        points, visible = tracked(video, grid, tracker)
        if not visible.any():
            refused.append(Refused(path, "no point can be followed through it"))
            continue
        caption = path.with_suffix(".txt")
        words = caption.read_text(encoding="utf-8").split() if caption.exists() else []
        fraction = torch.from_numpy(points / np.array([size[1], size[0]], np.float32))
        yield number, Clip(as_model_input(video[None])[0], fraction, torch.from_numpy(visible), tuple(words))
