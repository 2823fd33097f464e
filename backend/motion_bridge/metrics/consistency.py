"""Whether things stay what they are: colors along the true tracks, and how steadily points go their ways."""

import numpy as np
from numpy.typing import NDArray

from .tracker import Video


def along_tracks(video: Video, points: NDArray[np.floating], visible: NDArray[np.bool_]) -> NDArray[np.float64]:
    """How much the color under a track changes from each frame to the next: (T-1,) means in 0 … 255.

    points: (N, T, 2) pixels; counted where a point is visible in both frames; nan where none is.
    """
    seen = np.stack([_under(picture, points[:, k]) for k, picture in enumerate(video)], 1)  # (N, T, 3)
    step, both = np.abs(np.diff(seen, axis=1)).mean(-1), visible[:, 1:] & visible[:, :-1]
    count = both.sum(0)
    return np.where(count, (step * both).sum(0) / np.maximum(count, 1), np.nan)


def jitter(paths: NDArray[np.floating], counted: NDArray[np.bool_]) -> float:
    """How much points change their pace from frame to frame: the mean length of second differences, in pixels.

    paths: (N, T, 2) as a tracker found them; counted: (N, T). nan where no point counts three frames in a row.
    """
    change = np.linalg.norm(np.diff(np.asarray(paths, np.float64), 2, axis=1), axis=-1)
    all_three = counted[:, 2:] & counted[:, 1:-1] & counted[:, :-2]
    return float(change[all_three].mean()) if all_three.any() else float("nan")


def _under(picture: NDArray[np.uint8], places: NDArray[np.floating]) -> NDArray[np.float64]:
    """Bilinear colors (N, 3) at places (N, 2); beyond the border its nearest pixel."""
    height, width, _ = picture.shape
    x, y = (np.asarray(places, np.float64) - 0.5).T
    left, top = np.floor(x), np.floor(y)
    total = np.zeros((len(places), 3))
    for down in (0, 1):
        for right in (0, 1):
            share = (1 - abs(left + right - x)) * (1 - abs(top + down - y))
            row = np.clip(top + down, 0, height - 1).astype(np.intp)
            column = np.clip(left + right, 0, width - 1).astype(np.intp)
            total += share[:, None] * picture[row, column]
    return total
