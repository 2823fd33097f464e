"""End-point error: how far a video's points are from where their tracks say they should be, in pixels."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .tracker import Tracker, Video, lucas_kanade, seen_so_far


@dataclass(frozen=True)
class EndPointError:
    mean: float  # pixels
    median: float
    still: float  # mean for a video that stands still
    count: int  # points times frames that were compared

    @property
    def share(self) -> float:
        """The mean as a part of what a still picture has."""
        return self.mean / max(self.still, 1e-9)


def end_point_error(
    video: Video, points: NDArray[np.floating], visible: NDArray[np.bool_], tracker: Tracker = lucas_kanade
) -> EndPointError:
    """Re-track a video from its tracks' first points and compare.

    points: (N, T, 2) pixels; visible: (N, T). Compared are frames from the second on in which a point has been visible
    all the way; nan where there are none.
    """
    compared = seen_so_far(visible)[:, : len(video)]
    compared[:, 0] = False
    chosen = compared.any(1)
    truth, compared = np.asarray(points, np.float32)[chosen, : len(video)], compared[chosen]
    if not len(truth):
        return EndPointError(float("nan"), float("nan"), float("nan"), 0)
    off = np.linalg.norm(tracker(video, truth[:, 0]) - truth, axis=-1)[compared]
    moved = np.linalg.norm(truth - truth[:, :1], axis=-1)[compared]
    return EndPointError(float(off.mean()), float(np.median(off)), float(moved.mean()), int(compared.sum()))


def error_by_frame(
    video: Video, points: NDArray[np.floating], visible: NDArray[np.bool_], tracker: Tracker = lucas_kanade
) -> NDArray[np.float64]:
    """The mean error in each frame, (T,); nan where no point has been visible all the way. See drift.slope."""
    compared = seen_so_far(visible)[:, : len(video)]
    truth = np.asarray(points, np.float64)[:, : len(video)]
    off = np.linalg.norm(tracker(video, truth[:, 0]) - truth, axis=-1)
    count = compared.sum(0)
    return np.where(count, (off * compared).sum(0) / np.maximum(count, 1), np.nan)
