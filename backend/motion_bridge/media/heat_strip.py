"""The error of a video over time as a picture: a bar a frame, green to red, as high as the error is large."""

import numpy as np
from numpy.typing import NDArray

HEIGHT = 64  # pixels
LEAST = 6  # of a bar, so that its color shows
WORST = 8.0  # pixels of 832 at which a bar is red and as high as the picture
BACKGROUND, UNKNOWN = (24, 24, 24), (90, 90, 90)
COLORS = np.array([(70, 180, 80), (230, 200, 60), (210, 50, 50)], np.float64)  # at 0, a quarter and all of WORST
STEPS = (0.0, 0.25, 1.0)


def draw(error: NDArray[np.floating], width: int, bar: int = 4) -> NDArray[np.uint8]:
    """A picture (HEIGHT, T * bar, 3) of errors (T,) in pixels of a video so many pixels wide; nan: nothing to tell."""
    share = np.clip(np.asarray(error, np.float64) * 832 / width / WORST, 0, 1)
    known = np.isfinite(share)
    share = np.where(known, share, 0)
    colors = np.stack([np.interp(share, STEPS, COLORS[:, channel]) for channel in range(3)], axis=-1)
    colors = np.where(known[:, None], colors, UNKNOWN)
    heights = np.maximum(np.rint(share * HEIGHT), LEAST)
    filled = np.arange(HEIGHT)[::-1, None] < heights
    picture = np.where(filled[..., None], colors, BACKGROUND)
    return np.rint(picture).astype(np.uint8).repeat(bar, axis=1)
