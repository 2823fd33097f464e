"""A Shot whose truth is known without a renderer: a camera that slides along a cloth on a wall."""

import numpy as np
from motion_bridge.shot import Camera, Shot, Tracks

SIDE, FOCAL, DEPTH = 64, 64.0, 8.0


def cloth(right: float, down: float = 0.0) -> np.ndarray:
    """A smooth picture in which every place differs, moved by some pixels."""
    y, x = np.mgrid[:SIDE, :SIDE] / 6.0
    x, y = x - right / 6.0, y - down / 6.0
    wave = np.stack([np.sin(x + np.sin(y)), np.cos(1.3 * y - x), np.sin(0.7 * x + np.cos(y))], -1)
    return (127 + 100 * wave).astype(np.uint8)


def sliding(steps: np.ndarray, side: int = 8, **more) -> tuple[Shot, np.ndarray]:
    """The Shot and its true video, when the picture moves by `steps` (T, 2) pixels in all; steps[0] is zero.

    side: points a side of the grid of tracks.
    """
    count = len(steps)
    pose = np.tile(np.eye(4), (count, 1, 1))
    pose[:, :2, 3] = -steps * DEPTH / FOCAL
    lens = np.tile([[FOCAL, 0, SIDE / 2], [0, FOCAL, SIDE / 2], [0, 0, 1]], (count, 1, 1)).astype(float)
    grid = (np.arange(side) + 0.5) * SIDE / side
    start = np.stack(np.meshgrid(grid, grid), -1).reshape(-1, 2)
    xy = (start[:, None] + steps[None]).astype(np.float32)
    visible = np.asarray(np.logical_and(xy >= 0, xy < SIDE).all(axis=-1))
    names = tuple(more.pop("names", ("cloth",) * len(xy)))
    shot = Shot(
        tuple(range(1, count + 1)),
        16.0,
        SIDE,
        SIDE,
        Camera(pose, lens, np.zeros(count, bool)),
        cloth(0),
        depth=np.full((count, SIDE, SIDE), DEPTH, np.float32),
        tracks=Tracks(xy, visible, names, ("grid",) * len(xy)),
        **more,
    )
    return shot, np.stack([cloth(*step) for step in steps])
