"""Other people's pictures and videos as arrays: files through PyAV, PNGs and folders of them without it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .. import png
from ..errors import BadInput

LONGEST = 512  # pixels: larger videos are made smaller, which is enough to follow points
PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff")
FPS = 24.0  # of a folder of pictures

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
