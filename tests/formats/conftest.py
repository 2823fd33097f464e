"""A small Shot whose points, depth and motion are known exactly."""

import numpy as np
import pytest
from motion_bridge import shot as contract

WIDTH, HEIGHT, FPS = 832, 480, 24.0
FOCAL = 800.0


@pytest.fixture
def make_shot():
    """A camera trucking right past a wall 4 away with a card 2 away that moves on its own."""

    def make(frames=121, depth=False, size=(WIDTH, HEIGHT)):
        width, height = size
        pose = np.tile(np.eye(4), (frames, 1, 1))
        pose[:, 0, 3] = np.arange(frames) * 0.01
        focal = FOCAL * width / WIDTH
        intrinsics = np.tile([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1.0]], (frames, 1, 1))
        start = np.array([[416.0, 240], [100, 60], [831.5, 10], [20, 20]])
        speed = np.array([[2.0, 0], [0, 0], [3, 1], [-0.5, 0]])
        xy = start[:, None] + speed[:, None] * np.arange(frames)[:, None]
        visible = (xy[..., 0] >= 0) & (xy[..., 0] < WIDTH) & (xy[..., 1] >= 0) & (xy[..., 1] < HEIGHT)
        visible[1, 30:40] = False
        xy = xy * (width / WIDTH, height / HEIGHT)
        return contract.Shot(
            frames=tuple(range(5, 5 + frames)),
            fps=FPS,
            width=width,
            height=height,
            camera=contract.Camera(pose, intrinsics, np.zeros(frames, bool)),
            first_frame=np.zeros((height, width, 3), np.uint8),
            tracks=contract.Tracks(
                xy.astype(np.float32), visible, ("ball", "wall", "edge", "wall"), ("path", "grid", "path", "grid")
            ),
            **(_solid(frames, width, height) if depth else {}),
        )

    return make


def _solid(frames, width, height):
    depth = np.full((frames, height, width), 4.0, np.float32)
    index = np.ones((frames, height, width), np.uint16)
    card = (slice(None), slice(height // 3, 2 * height // 3), slice(width // 3, 2 * width // 3))
    depth[card], index[card] = 2, 2  # at the first frame; later frames are not looked at
    pose = np.tile(np.eye(4), (2, frames, 1, 1))
    pose[1, :, 0, 3] = np.arange(frames) * 0.03
    return {"depth": depth, "objects": contract.Objects(index, pose, ("static", "card"))}
