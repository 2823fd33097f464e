"""Other people's pictures and videos as arrays: files through PyAV, PNGs and folders of them without it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import BadInput
from . import png

LONGEST = 512  # pixels: larger videos are made smaller, which is enough to follow points
PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff")
FPS = 24.0  # of a folder of pictures
NEAR = 1e-3  # seconds: some containers round their times to that

Picture = NDArray[np.uint8]


@dataclass(frozen=True)
class Footage:
    """A video to look at."""

    frames: NDArray[np.uint8]  # (T, H, W, 3), LONGEST pixels at most
    fps: float
    width: int  # pixels of the video itself
    height: int


def read_picture(path: Path) -> Picture:
    """A picture file as (H, W, 3) uint8. BadInput when it is not there or cannot be read."""
    if not path.is_file():
        raise BadInput(f"There is no picture {path}; name a picture's file.")
    if path.suffix.lower() == ".png":
        return png.read(path)
    return _decoded(path, 1, 0).frames[0]


def read_footage(path: Path, frames: int = 0) -> Footage:
    """A video file, or a folder of pictures in the order of their names; only its first frames, 0 for all.

    BadInput when it is not there, cannot be read, or is too short.
    """
    if not path.exists():
        raise BadInput(f"There is no video {path}; name a file, or a folder of pictures.")
    found = _of_folder(path, frames) if path.is_dir() else _decoded(path, frames, LONGEST)
    if frames > len(found.frames):
        raise BadInput(f"{path} has {len(found.frames)} frames; {frames} were asked for.")
    if len(found.frames) < 2:
        raise BadInput(f"{path} has one frame; motion takes two at least.")
    return found


def _of_folder(folder: Path, frames: int) -> Footage:
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in PICTURES)
    if not paths:
        raise BadInput(f"{folder} holds no pictures ({', '.join(PICTURES)}).")
    every: list[Picture] = []
    size = (0, 0)
    for path in paths[: frames or None]:
        picture = read_picture(path)
        if every and picture.shape[:2] != size:
            raise BadInput(
                f"{path} is {picture.shape[1]}x{picture.shape[0]}, the pictures before it {size[1]}x{size[0]}; all "
                "frames of a video have one size."
            )
        size = (picture.shape[0], picture.shape[1])
        every.append(_smaller(picture))
    return Footage(np.stack(every), FPS, size[1], size[0])


def _smaller(picture: Picture) -> Picture:
    """At most LONGEST pixels long: fields of pixels become one, a rest at the edges is stretched over."""
    step = -(-max(picture.shape[:2]) // LONGEST)
    if step == 1:
        return picture
    height, width = (max(1, side // step) for side in picture.shape[:2])
    rows = np.linspace(0, picture.shape[0], height + 1).astype(int)[:-1]
    columns = np.linspace(0, picture.shape[1], width + 1).astype(int)[:-1]
    total = np.add.reduceat(np.add.reduceat(picture.astype(np.float64), rows, 0), columns, 1)
    count = np.outer(np.diff([*rows, picture.shape[0]]), np.diff([*columns, picture.shape[1]]))
    return (total / count[..., None]).round().astype(np.uint8)


def _decoded(path: Path, frames: int, longest: int) -> Footage:
    """longest: pixels; 0 keeps the file's own size."""
    try:
        import av
    except ImportError:
        raise BadInput(f"Reading {path} needs PyAV: pip install av. Folders of PNGs are read without it.") from None
    every: list[Picture] = []
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise BadInput(f"{path} has sound but no pictures.")
            stream = container.streams.video[0]
            width, height, rate = stream.width, stream.height, stream.average_rate
            share = min(1.0, longest / max(width, height)) if longest else 1.0
            size = {"width": max(1, round(width * share)), "height": max(1, round(height * share))}
            for frame in container.decode(stream):
                every.append(frame.to_ndarray(format="rgb24", **size))
                if len(every) == frames:
                    break
    except (av.FFmpegError, OSError, ZeroDivisionError) as fault:
        raise BadInput(f"{path} cannot be read as a video or picture: {fault}.") from None
    if not every:
        raise BadInput(f"{path} holds no frames.")
    return Footage(np.stack(every), float(rate or FPS), width, height)


def frames_at_rate(
    path: Path, count: int, fps: float, width: int, height: int, name: str = "guide_video"
) -> Iterator[Picture]:
    """`count` frames of (H, W, 3) uint8; frame k is the one shown at the time k / fps, so a film keeps its speed.

    name: of the setting that asks for it. BadInput for a file that is missing, broken or too short.
    """
    import av
    import cv2

    if not path.is_file():
        raise BadInput(f"{name}: {path} is not there.")
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise BadInput(f"{path} has no video in it.")
            made = 0
            shown: Picture | None = None
            for at, picture in _timed(container):
                while shown is not None and made < count and made / fps < at - NEAR:
                    yield shown
                    made += 1
                if made == count:
                    return
                shown = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
                end = at
            rate = float(container.streams.video[0].average_rate or fps)
            while shown is not None and made < count and made / fps < end + 1 / rate - NEAR:
                yield shown
                made += 1
    except av.error.FFmpegError as fault:
        raise BadInput(f"{path} cannot be decoded: {fault}.") from None
    if made < count:
        raise BadInput(
            f"{path} lasts {made / fps:.2f} s; this job needs {count / fps:.2f} s ({count} frames at {fps:g})."
        )


def frames_by_number(
    path: Path, count: int, begin: int, every: int, width: int, height: int, name: str = "guide_video"
) -> Iterator[Picture]:
    """`count` frames of (H, W, 3) uint8: the video's frames begin, begin + every, …, whatever its rate.

    name: of the setting that asks for it. BadInput for a file that is missing, broken or too short.
    """
    import av
    import cv2

    if not path.is_file():
        raise BadInput(f"{name}: {path} is not there.")
    made = 0
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise BadInput(f"{path} has no video in it.")
            for number, (_, picture) in enumerate(_timed(container)):
                if made == count:
                    return
                if number == begin + made * every:
                    yield cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
                    made += 1
    except av.error.FFmpegError as fault:
        raise BadInput(f"{path} cannot be decoded: {fault}.") from None
    if made < count:
        raise BadInput(f"{path} has {made} of the {count} frames that this job needs (from {begin}, every {every}).")


def _timed(container: Any) -> Iterator[tuple[float, Picture]]:
    """Every frame with its seconds since the first."""
    start: float | None = None
    for number, frame in enumerate(container.decode(video=0)):
        seconds = frame.time if frame.time is not None else number / float(frame.time_base or 24)
        start = seconds if start is None else start
        yield seconds - start, frame.to_ndarray(format="rgb24")
