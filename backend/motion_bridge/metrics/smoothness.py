"""How steadily a video changes: flicker, and the jump where one chunk ends and the next begins."""

import numpy as np
from numpy.typing import NDArray

from .drift import CHUNK
from .tracker import Video


def change(video: Video) -> NDArray[np.float64]:
    """Mean absolute difference from each frame to the next, (T-1,), in 0 … 255."""
    return np.abs(np.diff(video.astype(np.float64), axis=0)).mean(axis=(1, 2, 3))


def seam(video: Video, chunk: int = CHUNK, first: int = 9) -> float:
    """How much larger the step into a new chunk is than other steps; 1 when nobody could see where chunks meet.

    first: frames of the first chunk (three latent frames are 9, all later three 12).
    """
    step = change(video)
    into = np.zeros(len(step), bool)
    into[first - 1 :: chunk] = True
    if not into.any() or into.all():
        return float("nan")
    return float(step[into].mean() / max(step[~into].mean(), 1e-9))
