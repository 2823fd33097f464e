"""Points moving through pictures: what all track formats have in common, and their resampling in time."""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import BadInput
from ..geometry.temporary_arrays import pieces, scratch
from ..shot import Shot

Array = NDArray[Any]
Timing = Literal["real", "stretch"]  # keep the speed, or spread the whole clip over the format's frames
TIMINGS: tuple[Timing, ...] = ("real", "stretch")


@dataclass(frozen=True)
class Clip:
    """Points over the frames of a clip. Pixels as everywhere: (0, 0) is the corner of the top-left pixel."""

    xy: Array  # (N, T, 2) float32, pixels of a picture of width × height
    visible: Array  # (N, T) bool
    frames: tuple[int, ...]  # (T,) rising
    fps: float
    width: int
    height: int
    name: tuple[str, ...] = ()  # (N,) the object of each point
    kind: tuple[str, ...] = ()  # (N,) as in shot.TRACK_KINDS

    def __post_init__(self) -> None:
        count, frames = self.visible.shape if self.visible.ndim == 2 else (0, 0)
        if self.xy.shape != (count, frames, 2) or frames != len(self.frames):
            raise BadInput(f"Tracks of shape {self.xy.shape} do not fit visibility of shape {self.visible.shape}.")
        if count == 0 or frames == 0:
            raise BadInput("There are no tracks to write.")
        if not (math.isfinite(self.fps) and self.fps > 0 and self.width > 0 and self.height > 0):
            raise BadInput(f"Tracks cannot be in pictures of {self.width}x{self.height} at {self.fps:g} a second.")
        if any(after <= before for before, after in pairwise(self.frames)):
            raise BadInput("The frames of tracks must rise.")
        for what, words in (("names", self.name), ("kinds", self.kind)):
            if words and len(words) != count:
                raise BadInput(f"There are {len(words)} {what} for {count} tracks.")
        for rows in pieces(self.xy):
            known = np.isfinite(self.xy[rows]).all(axis=-1)
            if not known.all():
                point, frame = np.argwhere(~known)[0]
                raise BadInput(f"Track {rows.start + point} has no position at frame {self.frames[frame]}.")

    def only(self, chosen: Array) -> "Clip":
        """The tracks at these places or where the mask is true."""
        chosen = np.arange(len(self.xy))[chosen]
        xy = scratch((len(chosen), *self.xy.shape[1:]), np.float32)
        visible = scratch((len(chosen), *self.visible.shape[1:]), np.bool_)
        for rows in pieces(xy):
            xy[rows], visible[rows] = self.xy[chosen[rows]], self.visible[chosen[rows]]
        return replace(
            self,
            xy=xy,
            visible=visible,
            name=tuple(self.name[i] for i in chosen) if self.name else (),
            kind=tuple(self.kind[i] for i in chosen) if self.kind else (),
        )

    def scaled(self, width: int, height: int) -> "Clip":
        """The same tracks in a picture of another size; the whole picture is stretched to it."""
        if width < 1 or height < 1:
            raise BadInput(f"A picture of {width}x{height} pixels is empty.")
        factor = np.array([width / self.width, height / self.height])
        xy = scratch(self.xy.shape, np.float32)
        for rows in pieces(xy):
            xy[rows] = self.xy[rows] * factor
        return replace(self, xy=xy, width=width, height=height)


@dataclass(frozen=True)
class Sampled:
    """A clip at the times of a format."""

    xy: Array  # (N, S, 2) float64, pixels; after the clip's end every point stays where it was
    visible: Array  # (N, S) bool
    covered: int  # samples within the clip; the rest comes after its end


def of_shot(shot: Shot, kinds: Collection[str] = (), size: tuple[int, int] | None = None) -> Clip:
    """The Shot's tracks, all or only of some kinds, in its own picture or in one of another (width, height)."""
    tracks = shot.tracks
    if tracks is None or not len(tracks.name):
        raise BadInput("The Shot has no tracks; add objects or the grid to Tracks and write it again.")
    clip = Clip(
        np.asarray(tracks.xy),
        np.asarray(tracks.visible),
        shot.frames,
        shot.fps,
        shot.width,
        shot.height,
        tracks.name,
        tracks.kind,
    )
    if kinds:
        chosen = np.array([kind in kinds for kind in tracks.kind])
        if not chosen.any():
            raise BadInput(f"The Shot has no tracks of kind {', '.join(kinds)}; it has {', '.join(set(tracks.kind))}.")
        clip = clip.only(chosen)
    return clip.scaled(*size) if size else clip


def inside(xy: Array, clip: Clip) -> Array:
    """Which positions (..., 2) lie in the clip's picture: (...) bool."""
    x, y = xy[..., 0], xy[..., 1]
    return (x >= 0) & (x < clip.width) & (y >= 0) & (y < clip.height)


def sample(clip: Clip, count: int, fps: float, timing: Timing) -> Sampled:
    """The clip at `count` moments, `fps` a second from its first frame.

    Positions between two frames are interpolated; a point is visible there if it is at both.
    """
    elapsed = np.array(clip.frames, np.float64) - clip.frames[0]  # frames
    if timing == "stretch":
        at = np.linspace(0, elapsed[-1], count)
    else:
        at = np.arange(count) * clip.fps / fps
    covered = int((at <= elapsed[-1] + 1e-6).sum())
    at = np.minimum(at, elapsed[-1])
    before = np.clip(np.searchsorted(elapsed, at + 1e-9, side="right") - 1, 0, len(elapsed) - 1)
    after = np.minimum(before + 1, len(elapsed) - 1)
    gap = np.maximum(elapsed[after] - elapsed[before], 1e-12)
    share = np.where(after > before, np.clip((at - elapsed[before]) / gap, 0, 1), 0)
    share[share < 1e-9] = 0
    xy = clip.xy[:, before] * (1 - share[:, None]) + clip.xy[:, after].astype(np.float64) * share[:, None]
    visible = clip.visible[:, before] & (clip.visible[:, after] | (share == 0))
    return Sampled(xy, visible, covered)


def timing_notices(clip: Clip, count: int, fps: float, timing: Timing, ending: str) -> list[str]:
    """What happens where the clip and the format differ in length. ending: what follows after the clip's end."""
    seconds, wanted = (clip.frames[-1] - clip.frames[0]) / clip.fps, (count - 1) / fps
    if timing == "stretch" or abs(seconds - wanted) < 0.5 / fps:
        return []
    if seconds > wanted:
        return [f"only the first {wanted:.2f} of {seconds:.2f} seconds fit; timing 'stretch' takes all of them"]
    return [f"the clip lasts {seconds:.2f} of {wanted:.2f} seconds; {ending}"]


def drop(sampled: Sampled, keep: Array, reason: str) -> tuple[Sampled, list[str]]:
    """Only the tracks worth keeping, and a notice about the others; BadInput if none is."""
    gone = int((~keep).sum())
    if not gone:
        return sampled, []
    if gone == len(keep):
        raise BadInput(f"None of the {gone} tracks can be written: {reason}.")
    kept = Sampled(sampled.xy[keep], sampled.visible[keep], sampled.covered)
    return kept, [f"{gone} of {len(keep)} tracks were left out: {reason}"]


def read_clip(
    xy: Array, visible: Array, fps: float, size: tuple[int, int], names: Sequence[str] = (), kinds: Sequence[str] = ()
) -> Clip:
    """A Clip from what a file held, its frames counted from 0."""
    with np.errstate(over="ignore", invalid="ignore"):  # what is no longer finite then is refused by name
        xy = np.ascontiguousarray(xy, np.float32)
    return Clip(
        xy,
        np.ascontiguousarray(visible, bool),
        tuple(range(visible.shape[-1])),
        fps,
        *size,
        tuple(names),
        tuple(kinds),
    )
