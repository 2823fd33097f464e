"""The motion of any video for another first frame: tracks of the one and the picture of the other, as a Shot.

Tracks come from a tracker of measure/tracker.py's kind, or from a file that another program wrote. Nothing is known of
the camera or of depth, so the Shot has none to speak of; MotionStream needs neither.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....errors import BadInput
from ....media.video import Footage, read_footage, read_picture
from ....metrics.forward_backward import followed
from ....metrics.tracker import Tracker, lucas_kanade
from ....shot import Camera, Shot, Tracks
from ....track_formats import arrays, ati, comfyui, native, wan_move, wantrack
from ....track_formats.clip_transform import Clip

SHAPE = 0.02  # by which the shapes of two pictures may differ without a word


def transfer(
    video: Path,
    first_frame: Path,
    *,
    tracks: Path | None = None,
    grid: int = 16,
    frames: int = 0,
    prompt: str = "",
    seed: int = 0,
    settings: Mapping[str, Any] | None = None,
    tracker: Tracker = lucas_kanade,
) -> tuple[Shot, list[str]]:
    """The Shot, at the first frame's size, and what must be said about it.

    tracks: a file that holds the video's tracks already; grid: points a side that are followed otherwise; frames: only
    the first so many, 0 for all. BadInput names what is missing, too short or does not fit.
    """
    if grid < 1:
        raise BadInput(f"The grid is {grid} points a side; it takes one at least.")
    if frames < 0 or frames == 1:
        raise BadInput(f"{frames} frames have no motion; ask for two or more, or leave it away for all.")
    picture = read_picture(first_frame)
    film = read_footage(video, frames)
    count, (height, width, _) = len(film.frames), picture.shape
    notices = []
    if abs(film.width / film.height / (width / height) - 1) > SHAPE:
        notices.append(
            f"The video is {film.width}x{film.height}, the first frame {width}x{height}: the motion is stretched to it."
        )
    xy, visible = _from_file(tracks, film, video) if tracks else _followed(film, grid, tracker, video)
    points = (xy * (width, height)).astype(np.float32)
    inside = ((points >= 0) & (points < (width, height))).all(-1)
    lens = np.array([[width, 0, width / 2], [0, width, height / 2], [0, 0, 1]], np.float64)
    still = Camera(np.tile(np.eye(4), (count, 1, 1)), np.tile(lens, (count, 1, 1)), np.zeros(count, bool))
    moved = Tracks(points, visible & inside, (video.name,) * len(points), ("grid",) * len(points))
    shot = Shot(
        tuple(range(1, count + 1)),
        film.fps,
        width,
        height,
        still,
        picture,
        tracks=moved,
        prompts={1: prompt} if prompt else {},
        seed=seed,
        settings=dict(settings or {}),
    )
    return shot, notices


def _followed(film: Footage, grid: int, tracker: Tracker, video: Path) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Points on a grid over the first frame, in fractions of the picture."""
    _, height, width, _ = film.frames.shape
    x, y = np.meshgrid((np.arange(grid) + 0.5) * width / grid, (np.arange(grid) + 0.5) * height / grid)
    points, visible = followed(film.frames, np.stack([x.ravel(), y.ravel()], 1).astype(np.float32), tracker)
    if not visible[:, 1:].any():
        raise BadInput(f"No point of {video} can be followed beyond its first frame; it is cut there, or plain.")
    return points / np.array([width, height]), visible


def _from_file(path: Path, film: Footage, video: Path) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """A file's tracks in fractions of the picture."""
    clip = _clip(path, film.width, film.height)
    if clip.xy.shape[1] != len(film.frames):
        raise BadInput(
            f"{path} follows its points through {clip.xy.shape[1]} frames, {video} has {len(film.frames)}; the tracks "
            "must be those of the video's frames."
        )
    return clip.xy / np.array([clip.width, clip.height], np.float64), clip.visible


def _clip(path: Path, width: int, height: int) -> Clip:
    """Tracks by the reader that knows such files; those without a size of their own are in the video's pixels."""
    ending = path.suffix.lower()
    if ending == ".npz":
        mine = "format" in arrays.npz(arrays.content(path), str(path))
        return native.read(path) if mine else wantrack.read(path, width, height)
    readers = {".pth": ati.read, ".json": comfyui.read, ".txt": comfyui.read, ".npy": wan_move.read}
    if ending not in readers:
        raise BadInput(f"{path} is not a track file that is known here; it must end in .npz, {', '.join(readers)}.")
    return readers[ending](path, width, height)
