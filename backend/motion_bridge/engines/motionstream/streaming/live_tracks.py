"""Tracks that somebody moves while the video runs.

Every track keeps its identity for ever. Between chunks a hand may grab a point, drag it, let it go or pin it down, and
its path may be planned anew; what nobody holds follows its plan, or is left to the model. Tracks may also be added and
removed: a number is never given twice, and neither is an identity.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from ....errors import BadInput
from ..network.conditioning import Tracks
from ..network.track_map import embed_ids


@dataclass
class _Hand:
    """What holds a point: where it was when it was last told, and where it should be at the end of the next chunk."""

    now: Tensor  # (2,)
    goal: Tensor  # (2,)


class LiveTracks:
    """Planned paths with hands on some of them."""

    def __init__(self, points: Tensor, visible: Tensor, identity: Tensor, spare: Tensor | None = None):
        """points: (N, T, 2) in fractions of the picture from picture frame 0; past T nothing is planned any more.

        spare: numbers for the identities of tracks that are added later (track_map.draw_ids), none of them in use.
        BadInput when lengths differ or a position is not a number.
        """
        if points.dim() != 3 or points.shape[:2] != visible.shape or len(identity) != len(points):
            raise BadInput(
                f"Tracks do not fit together: positions {tuple(points.shape)}, visibility {tuple(visible.shape)}, "
                f"{len(identity)} identities; they must be (N, T, 2), (N, T) and N."
            )
        bad = (~torch.isfinite(points)).any(-1)
        if bad.any():
            track, frame = (int(each) for each in bad.nonzero()[0])
            raise BadInput(f"Track {track} has a position at frame {frame} that is not a number.")
        self._points, self._visible, self._identity = points, visible.bool(), identity
        self._begin = 0  # the picture frame that they begin with
        self._origin, self._known = points[:, 0].clone(), self._visible[:, 0].clone()
        self._hands: dict[int, _Hand] = {}
        self._free: set[int] = set()  # let go, and so no longer on their plan
        self._removed: set[int] = set()
        self._spare = torch.empty(0, dtype=torch.long) if spare is None else spare

    def __len__(self) -> int:
        return len(self._points)

    def grab(self, track: int, at: Tensor) -> None:
        """Take hold of a point where it is now; grabbing it again later continues the same track."""
        self._check(track, at)
        self._hands[track] = _Hand(at.clone(), at.clone())
        self._free.discard(track)

    def drag(self, track: int, to: Tensor) -> None:
        """Be there when the next chunk ends."""
        self._check(track, to)
        if track not in self._hands:
            raise BadInput(f"Track {track} is not held; grab it first.")
        self._hands[track].goal = to.clone()

    def pin(self, track: int, at: Tensor) -> None:
        """Hold a point still."""
        self.grab(track, at)

    def release(self, track: int) -> None:
        """Let go: from the next chunk on the point says nothing, until it is grabbed again or has a new plan."""
        self._check(track)
        if self._hands.pop(track, None) is not None:
            self._free.add(track)

    def add(self, at: Tensor, origin: Tensor | None = None) -> int:
        """A new track, held at a place from the next chunk on; its number.

        origin: where the same point was in picture frame 0, if anybody knows: features can be propagated from there.
        BadInput when there is no identity left.
        """
        for place in (at, origin):
            if place is not None and not torch.isfinite(place).all():
                raise BadInput("A track cannot be added at a place that is not a number.")
        if not len(self._spare):
            raise BadInput("No track can be added: there is no identity left for one.")
        number, self._spare = self._spare[:1], self._spare[1:]
        identity = embed_ids(number, self._identity.shape[1]).to(self._identity)
        begun = at if origin is None else origin
        frames = self._points.shape[1]
        self._points = torch.cat([self._points, begun.expand(1, frames, 2)])
        self._visible = torch.cat([self._visible, self._visible.new_zeros(1, frames)])
        self._identity = torch.cat([self._identity, identity])
        self._origin = torch.cat([self._origin, begun[None]])
        self._known = torch.cat([self._known, self._known.new_tensor([origin is not None])])
        track = len(self) - 1
        self._hands[track] = _Hand(at.clone(), at.clone())
        return track

    def remove(self, track: int) -> None:
        """From the next chunk on there is no such track; its number stays taken."""
        self._check(track)
        self._hands.pop(track, None)
        self._removed.add(track)

    def plan(self, track: int, start: int, points: Tensor, visible: Tensor) -> None:
        """A new path for a point from picture frame `start` on: (n, 2) and (n,). Whoever held it lets go."""
        self._check(track)
        if points.shape != (len(visible), 2) or start < 0:
            raise BadInput(
                f"The new path of track {track} has {len(points)} positions and {len(visible)} visibilities from frame "
                f"{start} on; it needs one of each for every frame."
            )
        if not torch.isfinite(points).all():
            raise BadInput(f"The new path of track {track} has a position that is not a number.")
        if start < self._begin:
            raise BadInput(f"The new path of track {track} begins at a frame that is over.")
        start -= self._begin
        stop = start + len(points)
        if stop > self._points.shape[1]:
            more = stop - self._points.shape[1]
            self._points = torch.cat([self._points, self._points[:, -1:].expand(-1, more, -1)], dim=1)
            self._visible = torch.cat([self._visible, self._visible.new_zeros(len(self), more)], dim=1)
        self._points, self._visible = self._points.clone(), self._visible.clone()  # the caller's own stay as they are
        self._points[track, start:stop], self._visible[track, start:stop] = points, visible.bool()
        self._hands.pop(track, None)
        self._free.discard(track)

    def follow(self, start: int, points: Tensor, visible: Tensor) -> None:
        """Where the first n tracks go from picture frame `start` on: (n, T, 2) and (n, T). What was planned is over.

        Those that were added meanwhile have no path of their own; hands keep what they hold.
        """
        count, frames = visible.shape
        rest = self._origin[count:, None].expand(-1, frames, 2)
        self._points = torch.cat([points, rest])
        self._visible = torch.cat([visible.bool(), self._visible.new_zeros(len(rest), frames)])
        self._begin = start

    def advance(self, frames: slice) -> Tracks:
        """The tracks of the next picture frames; hands arrive at their goals with the last of them."""
        count = frames.stop - frames.start
        at = torch.arange(frames.start, frames.stop) - self._begin
        planned = at < self._points.shape[1]
        points = self._points[:, at.clamp(max=self._points.shape[1] - 1)].clone()
        visible = self._visible[:, at.clamp(max=self._points.shape[1] - 1)] & planned
        visible[sorted(self._free | self._removed)] = False
        steps = torch.arange(1, count + 1)[:, None] / count
        for track, hand in self._hands.items():
            points[track] = hand.now + (hand.goal - hand.now) * steps
            visible[track] = True
            hand.now = hand.goal.clone()
        return Tracks(points, visible, self._identity, self._origin, self._known, frames.start)

    def _check(self, track: int, place: Tensor | None = None) -> None:
        if not 0 <= track < len(self._points):
            raise BadInput(f"There is no track {track}; this shot has {len(self._points)}.")
        if track in self._removed:
            raise BadInput(f"Track {track} was removed; add a new one instead.")
        if place is not None and not torch.isfinite(place).all():
            raise BadInput(f"Track {track} cannot be moved to a place that is not a number.")
