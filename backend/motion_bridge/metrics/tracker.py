"""Following points through a video, to see where they really went.

A tracker is any function `(video, points) -> (N, T, 2)`; a learned one fits as well. The built-in ones use OpenCV:
pyramidal Lucas–Kanade looks at each point alone, DIS sees the flow of whole pictures. They fail in different ways, so a
result that both show is not one of the tracker. Both follow from frame to frame and cannot find a
point again that was hidden, so measure them on points that were visible all the way (`seen_so_far`), and report beside
each number what the same tracker makes of the true video.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import BadInput

Video = NDArray[np.uint8]
Tracker = Callable[[Video, NDArray[np.floating]], NDArray[np.float32]]

SIDE = 128  # smaller videos are enlarged to about this: the tracker's windows are in pixels
WINDOW, LEVELS = 31, 2  # wide windows see through the softness and the noise of small models
COLOR_WINDOW = 21  # colors say more, so less has to be seen at once


def lucas_kanade(video: Video, points: NDArray[np.floating]) -> NDArray[np.float32]:
    """Where the points (N, 2) of the first frame are in every frame: (N, T, 2) pixels, outside the picture too.

    BadInput without OpenCV.
    """
    cv2 = _opencv()
    return _followed(cv2, video, points, cv2.COLOR_RGB2GRAY, WINDOW)


def lucas_kanade_in_color(video: Video, points: NDArray[np.floating]) -> NDArray[np.float32]:
    """The same by LAB colors under a smaller window: it tells small things of one brightness apart."""
    cv2 = _opencv()
    return _followed(cv2, video, points, cv2.COLOR_RGB2LAB, COLOR_WINDOW)


def dense_inverse_search(video: Video, points: NDArray[np.floating]) -> NDArray[np.float32]:
    """The same by DIS optical flow (Kroeger et al., arXiv 1603.03590), read bilinearly where each point is."""
    cv2 = _opencv()
    scale = max(1, round(SIDE / min(video.shape[1:3])))
    seen = [_enlarged(cv2, frame, scale, cv2.COLOR_RGB2GRAY) for frame in video]
    flow_of = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    found = np.empty((len(points), len(video), 2), np.float32)
    found[:, 0] = points
    now = (np.asarray(points, np.float32) * scale - 0.5)[:, None]
    for k in range(1, len(video)):
        flow = flow_of.calc(seen[k - 1], seen[k], None)
        now = now + cv2.remap(flow, now, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        found[:, k] = (now[:, 0] + 0.5) / scale
    return found


def _followed(cv2, video: Video, points: NDArray[np.floating], space: int, window: int) -> NDArray[np.float32]:
    scale = max(1, round(SIDE / min(video.shape[1:3])))
    seen = [_enlarged(cv2, frame, scale, space) for frame in video]
    found = np.empty((len(points), len(video), 2), np.float32)
    found[:, 0] = points
    now = (np.asarray(points, np.float32) * scale - 0.5)[:, None]
    for k in range(1, len(video)):
        now, _, _ = cv2.calcOpticalFlowPyrLK(seen[k - 1], seen[k], now, None, winSize=(window, window), maxLevel=LEVELS)
        found[:, k] = (now[:, 0] + 0.5) / scale
    return found


TRACKERS: dict[str, Tracker] = {"Lucas–Kanade": lucas_kanade, "DIS": dense_inverse_search}


def seen_so_far(visible: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(N, T): visible in this frame and in all frames before it."""
    return np.logical_and.accumulate(visible, axis=1)


def _enlarged(cv2, frame: NDArray[np.uint8], scale: int, space: int) -> NDArray[np.uint8]:
    seen = cv2.cvtColor(np.ascontiguousarray(frame), space)
    return cv2.resize(seen, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC) if scale > 1 else seen


def _opencv() -> Any:  # its stubs demand arrays where it takes None
    try:
        import cv2
    except ImportError:
        raise BadInput("The built-in tracker needs OpenCV; install opencv-python-headless into this Python.") from None
    return cv2
