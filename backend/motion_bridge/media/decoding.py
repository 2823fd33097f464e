"""Videos and pictures through PyAV, one frame after the other: upright, with their times, within limits.

A file opens no other file and no address, whatever a playlist in it says.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from ..errors import BadInput
from ..files.regular import open_regular
from .orientation import turned

FPS = 24.0  # where a file does not say
FASTEST = 1000.0  # frames a second that are believed
LARGEST_SIDE = 16384  # pixels
MOST_PIXELS = 36 << 20  # of a frame: 8K
LONGEST_GAP = 60.0  # seconds from one frame to the next
BUFFER = 1 << 20  # bytes

Picture = NDArray[np.uint8]


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """A file's first video stream, for `frames`; BadInput for whatever is wrong with the file meanwhile."""
    try:
        import av
        from av.error import FFmpegError
    except ImportError:
        raise BadInput(f"Reading {path} needs PyAV: pip install av. Folders of PNGs are read without it.") from None
    with open_regular(path) as file:
        try:
            options = {"io_open": _refuse, "metadata_errors": "replace", "buffer_size": BUFFER}
            with av.open(file, **options) as container:
                if not container.streams.video:
                    raise BadInput(f"{path} has no pictures in it.")
                stream = container.streams.video[0]
                if stream.codec_context is None:
                    raise ValueError("no decoder knows its codec")
                stream.codec_context.options = {"max_pixels": str(MOST_PIXELS)}
                stream.codec_context.thread_count = 2  # each thread holds frames
                yield stream
        except (FFmpegError, OSError, ArithmeticError, ValueError, TypeError, AssertionError, RuntimeError) as fault:
            what = f"{path} cannot be read as a video or picture"
            raise BadInput(f"{what}: it cannot be decoded ({str(fault)[:200]}).") from None


def frames(stream: Any, longest: int = 0) -> Iterator[tuple[float, Picture]]:
    """Every frame as (seconds since the first, (H, W, 3) uint8), never going back in time; to be used inside `opened`.

    longest: pixels that its longer side is made smaller to; 0 keeps the file's own size.
    """
    rate, start, last = fps(stream), None, 0.0
    for number, frame in enumerate(stream.container.decode(stream)):
        if max(frame.width, frame.height) > LARGEST_SIDE or frame.width * frame.height > MOST_PIXELS:
            raise ValueError(f"frames of {frame.width}x{frame.height} pixels are too large")
        seconds = float(frame.time) if frame.time is not None else number / rate
        start = seconds if start is None else start
        at = max(seconds - start, last)
        if not at - last <= LONGEST_GAP:
            raise ValueError(f"it shows nothing new for {at - last:.0f} seconds; {LONGEST_GAP:.0f} are bridged")
        last = at
        share = min(1.0, longest / max(frame.width, frame.height)) if longest else 1.0
        size = {"width": max(1, round(frame.width * share)), "height": max(1, round(frame.height * share))}
        yield at, turned(frame.to_ndarray(format="rgb24", **size), getattr(frame, "rotation", 0))


def fps(stream: Any) -> float:
    """Frames a second on average; FPS where the file says nothing that makes sense."""
    rate = float(stream.average_rate or stream.guessed_rate or 0)
    return rate if 0 < rate <= FASTEST else FPS


def _refuse(url: str, *_: Any) -> NoReturn:
    raise PermissionError(f"it names another file, {url[:100]!r}, which is not opened")
