"""A live session's tracks: they go with the surfaces that they lie on, as camera and objects are moved."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from ....geometry.live_motion import LiveMotion, Moment
from ....geometry.live_points import LivePoints
from ....shot import Shot
from .live_tracks import LiveTracks


class Following:
    """Camera and objects of a session, and what of it the tracks are told."""

    def __init__(self, shot: Shot):
        """shot: of one frame. Without geometry its tracks stay where they are until a hand takes them."""
        self._motion = LiveMotion(shot)
        follows = shot.geometry is not None and shot.tracks is not None and len(shot.tracks.name) > 0
        self._points = LivePoints(shot) if follows else None
        self._size = torch.tensor([shot.width, shot.height], dtype=torch.float32)

    def take(self, fields: Mapping[str, Any]) -> list[str]:
        """Carry out one change before the next chunk; what must be said about it."""
        return self._motion.take(fields)

    def advance(self, frames: slice, tracks: LiveTracks) -> list[Moment]:
        """The moments of the next picture frames; the tracks are told where they lead."""
        count = frames.stop - frames.start
        begins = [self._motion.now] if frames.start == 0 else []  # frame 0 is the picture that everything starts from
        moments = [*begins, *(self._motion.advance(count - len(begins)) if count > len(begins) else ())]
        if self._points is not None:
            seen = [self._points.with_visibility(moment) for moment in moments]
            pixels = np.stack([each for each, _ in seen], axis=1)
            visible = np.stack([each for _, each in seen], axis=1)
            points = torch.tensor(pixels, dtype=torch.float32) / self._size
            tracks.follow(frames.start, points, torch.tensor(visible))
        return moments
