"""Other people's pictures and videos as arrays: files through PyAV, PNGs and folders of them without it.

Frames go to a temporary file as they come, so that memory does not grow with the film.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import BadInput
from ..files import regular, temporary
from . import decoding, orientation, png

LONGEST = 512  # pixels: larger videos are made smaller, which is enough to follow points
PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff")
FPS = decoding.FPS  # of a folder of pictures
NEAR = 1e-3  # seconds: some containers round their times to that
MOST_FRAMES = 30_000  # of a video that is taken as a whole

Picture = NDArray[np.uint8]


@dataclass(frozen=True)
class Footage:
    """A video to look at."""

    frames: NDArray[np.uint8]  # (T, H, W, 3), LONGEST pixels at most; mapped from a temporary file
    fps: float
    width: int  # pixels of the video itself, upright
    height: int


def read_picture(path: Path) -> Picture:
    """A picture file as (H, W, 3) uint8, upright. BadInput when it is not there or cannot be read."""
    if not path.is_file():
        raise BadInput(f"There is no picture {path}; name a picture's file.")
    if path.suffix.lower() == ".png":
        return png.read(path)
    held = orientation.of_picture(regular.read_bytes(path, png.LARGEST_FILE))
    with decoding.opened(path) as stream:
        stored = next((frame.to_ndarray(format="rgb24") for frame in stream.container.decode(stream)), None)
    if stored is None:
        raise BadInput(f"{path} holds no picture.")
    return np.ascontiguousarray(orientation.upright(stored, held))


def read_footage(path: Path, frames: int = 0) -> Footage:
    """A video file, or a folder of pictures in the order of their names; only its first frames, 0 for all.

    One of a rate that varies is shown at its average rate. BadInput when it is not there, cannot be read, or is too
    short.
    """
    if not path.exists():
        raise BadInput(f"There is no video {path}; name a file, or a folder of pictures.")
    found = _of_folder(path, frames) if path.is_dir() else _of_file(path, frames)
    if frames > len(found.frames):
        raise BadInput(f"{path} has {len(found.frames)} frames; {frames} were asked for.")
    if len(found.frames) < 2:
        raise BadInput(f"{path} has one frame; motion takes two at least.")
    return found


@contextmanager
def streamed(path: Path) -> Iterator[tuple[Iterator[Picture], float | None]]:
    """The frames of a video file, or of a folder of pictures, one at a time at their own size; and its rate.

    A folder has no rate. BadInput when it is not there or cannot be read.
    """
    if not path.exists():
        raise BadInput(f"There is no video {path}; name a file, or a folder of pictures.")
    if path.is_dir():
        found = sorted(each for each in path.iterdir() if each.suffix.lower() in PICTURES)
        if not found:
            raise BadInput(f"{path} holds no pictures ({', '.join(PICTURES)}).")
        yield map(read_picture, found), None
        return
    with decoding.opened(path) as stream:
        rate = decoding.fps(stream)
        yield evenly(decoding.frames(stream), rate), rate


def spooled(pictures: Iterable[Picture]) -> NDArray[np.uint8]:
    """Pictures of one size as one array, (T, H, W, 3), that lives in a temporary file; there is one at least."""
    count, shape = 0, (0, 0, 3)
    with temporary.temporary_file() as file:
        for picture in pictures:
            if count and picture.shape != shape:
                raise BadInput(f"A frame has {picture.shape[1]}x{picture.shape[0]} pixels, the ones before it others.")
            count, shape = count + 1, picture.shape
            temporary.write_all(file, np.ascontiguousarray(picture).data, count * picture.nbytes)
        return np.memmap(file, np.uint8, "r", shape=(count, *shape)) if count else np.zeros((0, *shape), np.uint8)


def _of_file(path: Path, frames: int) -> Footage:
    with decoding.opened(path) as stream:
        rate = decoding.fps(stream)
        coming = evenly(decoding.frames(stream, LONGEST), rate)
        found = spooled(islice(coming, frames or MOST_FRAMES + 1))
        width, height = stream.width, stream.height
    if not len(found):
        raise BadInput(f"{path} holds no frames.")
    if len(found) > MOST_FRAMES:
        raise BadInput(f"{path} has more than {MOST_FRAMES:,} frames; ask for fewer of them.")
    if (found.shape[1] > found.shape[2]) != (height > width):  # it is shown turned
        width, height = height, width
    return Footage(found, rate, width, height)


def evenly(timed: Iterable[tuple[float, Picture]], rate: float) -> Iterator[Picture]:
    """Frames with their seconds as frames at a rate: each moment shows the last frame that has come by then."""
    made = slot = 0
    shown: Picture | None = None
    for at, picture in timed:
        slot = round(at * rate)
        while shown is not None and made < slot:
            yield shown
            made += 1
        shown = picture
    if shown is not None and made <= slot:
        yield shown


def _of_folder(folder: Path, frames: int) -> Footage:
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in PICTURES)
    if not paths:
        raise BadInput(f"{folder} holds no pictures ({', '.join(PICTURES)}).")
    height, width, _ = read_picture(paths[0]).shape

    def pictures() -> Iterator[Picture]:
        for path in paths[: frames or None]:
            picture = read_picture(path)
            if picture.shape[:2] != (height, width):
                raise BadInput(
                    f"{path} is {picture.shape[1]}x{picture.shape[0]}, the pictures before it {width}x{height}; all "
                    "frames of a video have one size."
                )
            yield _smaller(picture)

    return Footage(spooled(pictures()), FPS, width, height)


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


def frames_at_rate(
    path: Path, count: int, fps: float, width: int, height: int, name: str = "guide_video"
) -> Iterator[Picture]:
    """`count` frames of (H, W, 3) uint8; frame k is the one shown at the time k / fps, so a film keeps its speed.

    name: of the setting that asks for it. BadInput for a file that is missing, broken or too short.
    """
    import cv2

    _check_there(path, name)
    with decoding.opened(path) as stream:
        made, end = 0, 0.0
        shown: Picture | None = None
        for at, picture in decoding.frames(stream):
            while shown is not None and made < count and made / fps < at - NEAR:
                yield shown
                made += 1
            if made == count:
                return
            shown = np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
            end = at
        rate = decoding.fps(stream)
        while shown is not None and made < count and made / fps < end + 1 / rate - NEAR:
            yield shown
            made += 1
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
    import cv2

    _check_there(path, name)
    made = 0
    with decoding.opened(path) as stream:
        for number, (_, picture) in enumerate(decoding.frames(stream)):
            if made == count:
                return
            if number == begin + made * every:
                yield np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
                made += 1
    if made < count:
        raise BadInput(f"{path} has {made} of the {count} frames that this job needs (from {begin}, every {every}).")


def _check_there(path: Path, name: str) -> None:
    if not path.is_file():
        raise BadInput(f"{name}: {path} is not there.")
