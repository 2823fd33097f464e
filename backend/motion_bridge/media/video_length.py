"""How long and how large a video is: found by decoding it, because headers lie."""

import math
from dataclasses import dataclass
from pathlib import Path

from ..errors import BadInput
from . import decoding

NEAR = 1e-3  # seconds: some containers round their times to that
SMALL = 16  # pixels, as only the times are wanted


@dataclass(frozen=True)
class VideoLength:
    """What a video lasts. `fps` is its average rate."""

    seconds: float
    fps: float
    width: int  # pixels, upright
    height: int

    def frames(self, fps: float) -> int:
        """How many frames it has at a rate."""
        return max(math.ceil((self.seconds - NEAR) * fps), 1)


def measure(path: Path, name: str = "guide_video") -> VideoLength:
    """A video file's length and size. BadInput when it is missing or broken; name: of the setting that names it."""
    if not path.is_file():
        raise BadInput(f"{name}: {path} is not there.")
    with decoding.opened(path) as stream:
        rate = decoding.fps(stream)
        first = next((picture for _, picture in decoding.frames(stream)), None)
    if first is None:
        raise BadInput(f"{path} has no pictures in it.")
    last = 0.0
    with decoding.opened(path) as stream:
        for last, _ in decoding.frames(stream, SMALL):  # noqa: B007  the last one's time is what is wanted
            pass
    return VideoLength(last + 1 / rate, rate, first.shape[1], first.shape[0])
