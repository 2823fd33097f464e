"""Whether a long video wears out: what slowly changes in it, as a slope for every 12 frames (one chunk)."""

import numpy as np
from numpy.typing import NDArray

from .tracker import Video

CHUNK = 12  # frames


def slope(values: NDArray[np.floating]) -> float:
    """Least-squares slope of one value a frame, for each CHUNK frames; nans are left out, nan when under two remain."""
    values = np.asarray(values, np.float64)
    frame = np.arange(len(values))[np.isfinite(values)]
    if len(frame) < 2:
        return float("nan")
    return float(CHUNK * np.polyfit(frame, values[frame], 1)[0])


def appearance(video: Video) -> dict[str, NDArray[np.float64]]:
    """One value a frame: mean and standard deviation of color (0 … 255), and sharpness, the Laplacian's variance."""
    grey = video.astype(np.float64).mean(-1)
    inner = grey[:, 1:-1, 1:-1]
    laplacian = grey[:, :-2, 1:-1] + grey[:, 2:, 1:-1] + grey[:, 1:-1, :-2] + grey[:, 1:-1, 2:] - 4 * inner
    return {
        "mean": video.mean(axis=(1, 2, 3)),
        "contrast": video.std(axis=(1, 2, 3)),
        "sharpness": laplacian.var(axis=(1, 2)),
    }


def drifts(video: Video) -> dict[str, float]:
    """The slopes of `appearance`."""
    return {name: slope(values) for name, values in appearance(video).items()}
