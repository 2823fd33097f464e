"""A video as the input of an animation: how long it is, its frames, and how it moves."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...media import video, video_length
from .pixels import Picture


class VideoInputProcessor:
    """A video file. target_fps: the rate at which its frames are taken; None: its own."""

    def __init__(self, video_path: str | Path, target_fps: float | None = None):
        self.path = Path(video_path)
        self.length = video_length.measure(self.path, "video_path")
        self.fps = float(target_fps or self.length.fps)

    def __len__(self) -> int:
        """How many frames it has at that rate."""
        return self.length.frames(self.fps)

    def extract_frames(self) -> list[Picture]:
        """Its frames at that rate, (H, W, 3) uint8 each, from a temporary file."""
        size = self.length.width, self.length.height
        return list(video.spooled(video.frames_at_rate(self.path, len(self), self.fps, *size, "video_path")))

    def get_optical_flow(self) -> list[NDArray[np.float32]]:
        """How each frame moved into the next: backward flow in pixels, (H, W, 2), one fewer than frames."""
        return list(self._flow())

    def _flow(self) -> Iterator[NDArray[Any]]:
        from .loop import optical_flow

        frames = self.extract_frames()
        for before, after in zip(frames, frames[1:], strict=False):
            yield optical_flow.optical_flow(before, after)[0].numpy()
