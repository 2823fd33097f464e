"""Which of a tracker's points are really seen: those that find their way back."""

import numpy as np
from numpy.typing import NDArray

from .tracker import Tracker, Video, lucas_kanade

SPAN = 8  # frames that are followed back at a time
HOME = 0.01  # of the picture's shorter side: how near to where it was a point has to come back


def followed(
    video: Video, start: NDArray[np.floating], tracker: Tracker = lucas_kanade
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Points (N, 2) of the first frame through a video: (N, T, 2) pixels and (N, T) visible.

    A point is visible until it leaves the picture, or until the first few frames through which it does not come back to
    where it was; what was lost is not found again. What slides slowly onto another thing is not noticed.
    """
    frames, height, width, _ = video.shape
    points = tracker(video, start)
    inside = (points >= 0) & (points < (width, height))
    visible = inside[..., 0] & inside[..., 1]
    for begin in range(0, frames - 1, SPAN):
        end = min(begin + SPAN, frames - 1)
        back = tracker(video[begin : end + 1][::-1], points[:, end])[:, -1]
        home = np.linalg.norm(back - points[:, begin], axis=-1) <= max(1.0, HOME * min(width, height))
        visible[:, begin + 1 : end + 1] &= home[:, None]
    return points, np.logical_and.accumulate(visible, axis=1)
