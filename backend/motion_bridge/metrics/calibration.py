"""What a tracker can see at all: it is tried on the true video first, and believed only as far as it was right there.

Some points nobody can follow: on the rim of a thing, on a plain wall, on a face that turns away.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .tracker import Tracker, Video, seen_so_far

TRUSTED = 1.5  # pixels: how far off a point may be on average in the true video to count in others


@dataclass(frozen=True)
class Calibration:
    """A tracker on a scene."""

    tracker: Tracker
    paths: NDArray[np.float32]  # (N, T, 2) where it saw the points of the true video
    errors: NDArray[np.float64]  # (N, T) pixels: the floor of all measurements
    trusted: NDArray[np.bool_]  # (N,) points that it follows


def calibrate(truth: Video, points: NDArray[np.floating], visible: NDArray[np.bool_], tracker: Tracker) -> Calibration:
    """Try a tracker on the true video.

    points: (N, T, 2) pixels; visible: (N, T). Points that are hidden from the second frame on are not trusted.
    """
    compared = seen_so_far(visible)
    compared[:, 0] = False
    paths = tracker(truth, points[:, 0])
    errors = np.linalg.norm(paths - points, axis=-1).astype(np.float64)
    count = compared.sum(1)
    return Calibration(tracker, paths, errors, (count > 0) & ((errors * compared).sum(1) <= TRUSTED * count))
