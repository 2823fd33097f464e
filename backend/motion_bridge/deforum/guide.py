"""A guide video: frames that lend their motion or their picture. Any file that PyAV reads, at any rate.

Guide frame k is the one shown at the time of frame k of the job, so a guide of another rate keeps its speed.
"""

from collections.abc import Iterator
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import BadInput

NEAR = 1e-3  # seconds: some containers round their times to that

Picture = NDArray[np.uint8]


def frames(path: Path, count: int, fps: float, width: int, height: int, name: str = "guide_video") -> Iterator[Picture]:
    """`count` frames of (H, W, 3) uint8 at a rate. BadInput for a file that is missing, broken or too short.

    name: of the setting that asks for it.
    """
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


def _timed(container: "av.container.InputContainer") -> Iterator[tuple[float, Picture]]:
    """Every frame with its seconds since the first."""
    start: float | None = None
    for number, frame in enumerate(container.decode(video=0)):
        seconds = frame.time if frame.time is not None else number / float(frame.time_base or 24)
        start = seconds if start is None else start
        yield seconds - start, frame.to_ndarray(format="rgb24")
