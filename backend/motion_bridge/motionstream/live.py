"""Tracks that somebody moves while the video runs.

Every track keeps its identity for ever. Between chunks a hand may grab a point, drag it, let it go or pin it down; what
nobody holds follows its planned path, or is left to the model.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from ..errors import BadInput
from .condition import Tracks


@dataclass
class _Hand:
    """What holds a point: where it was when it was last told, and where it should be at the end of the next chunk."""

    now: Tensor  # (2,)
    goal: Tensor  # (2,)


class LiveTracks:
    """Planned paths with hands on some of them."""

    def __init__(self, points: Tensor, visible: Tensor, identity: Tensor):
        """points: (N, T, 2) in fractions of the picture from picture frame 0; past T nothing is planned any more."""
        self._points, self._visible, self._identity = points, visible, identity
        self._hands: dict[int, _Hand] = {}
        self._free: set[int] = set()  # let go, and so no longer on their plan

    def grab(self, track: int, at: Tensor) -> None:
        """Take hold of a point where it is now; grabbing it again later continues the same track."""
        self._check(track)
        self._hands[track] = _Hand(at.clone(), at.clone())
        self._free.discard(track)

    def drag(self, track: int, to: Tensor) -> None:
        """Be there when the next chunk ends."""
        if track not in self._hands:
            raise BadInput(f"Track {track} is not held; grab it first.")
        self._hands[track].goal = to.clone()

    def pin(self, track: int, at: Tensor) -> None:
        """Hold a point still."""
        self.grab(track, at)

    def release(self, track: int) -> None:
        """Let go: from the next chunk on the point says nothing, until it is grabbed again."""
        if self._hands.pop(track, None) is not None:
            self._free.add(track)

    def advance(self, frames: slice) -> Tracks:
        """The tracks of the next picture frames; hands arrive at their goals with the last of them."""
        count = frames.stop - frames.start
        at = torch.arange(frames.start, frames.stop)
        planned = at < self._points.shape[1]
        points = self._points[:, at.clamp(max=self._points.shape[1] - 1)].clone()
        visible = self._visible[:, at.clamp(max=self._points.shape[1] - 1)] & planned
        visible[sorted(self._free)] = False
        steps = torch.arange(1, count + 1)[:, None] / count
        for track, hand in self._hands.items():
            points[track] = hand.now + (hand.goal - hand.now) * steps
            visible[track] = True
            hand.now = hand.goal.clone()
        return Tracks(points, visible, self._identity, self._points[:, 0], self._visible[:, 0], frames.start)

    def _check(self, track: int) -> None:
        if not 0 <= track < len(self._points):
            raise BadInput(f"There is no track {track}; this shot has {len(self._points)}.")
