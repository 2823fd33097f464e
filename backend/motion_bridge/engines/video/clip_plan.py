"""Which frames a model draws for a Shot, in clips that it can hold.

A model has a rate of its own and takes step · k + 1 frames. Its frame i is shown i / fps seconds after the Shot's first
frame, whatever the Shot's own rate. A Shot that is longer than the model's longest clip is made in several; each one
begins with the last frames of the one before it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ...errors import BadInput
from ...model_registry.video_registry import VideoFamily

EXACT = 1e-6  # frames: times that differ by less are the same


@dataclass(frozen=True)
class Clip:
    """One call of the model."""

    number: int
    first: int  # of the model's frames, counted through the whole Shot
    count: int  # frames, step · k + 1
    carried: int  # of these, how many the clip before it has made
    frames: range  # the Shot's frames that come of it, by position

    @property
    def last(self) -> int:
        return self.first + self.count - 1


@dataclass(frozen=True)
class ClipPlan:
    """All clips of a Shot, and what people should know of them."""

    clips: tuple[Clip, ...]
    rate: float  # the model's frames in one of the Shot's frames
    notices: tuple[str, ...]

    def shot_time(self, index: int) -> float:
        """When the model's frame is shown, in the Shot's frames since its first one."""
        return index / self.rate


def plan(offsets: Sequence[int], fps: float, family: VideoFamily, length: int = 0) -> ClipPlan:
    """The clips for a Shot whose frames stand at these offsets from the first one, in frames.

    length: frames of the longest clip; 0 for the model's own. BadInput for one that the model does not take.
    """
    most = length or family.most
    check_length(family, length)
    rate = family.fps / fps
    needed = math.ceil(offsets[-1] * rate - EXACT) + 1
    notices = []
    if abs(family.fps - fps) > EXACT:
        notices.append(
            f"{family.label} draws {family.fps:g} frames a second and this shot has {fps:g}: the scene is asked for at "
            "the model's times, and its pictures are carried to the shot's frames."
        )
    clips: list[Clip] = []
    first, done = 0, 0
    while not clips or done < len(offsets):
        carried = family.carried if clips else 0
        if clips:
            first = clips[-1].last - carried + 1
        count = min(most, _whole(needed - first, family.step))
        end = done
        while end < len(offsets) and offsets[end] * rate <= first + count - 1 + EXACT:
            end += 1
        clips.append(Clip(len(clips), first, count, carried, range(done, end)))
        done = end
    if len(clips) > 1:
        carried = "frame begins" if family.carried == 1 else f"{family.carried} frames begin"
        notices.append(
            f"The shot takes {needed} of the model's frames and a clip has {most}: it is made in {len(clips)} clips; "
            f"the last {carried} the next one."
        )
    if (extra := clips[-1].last + 1 - needed) > 0:
        notices.append(
            f"{family.label} takes {family.step}k + 1 frames: the last clip is {extra} longer than the shot, whose end "
            "is held there; they are not kept."
        )
    return ClipPlan(tuple(clips), rate, tuple(notices))


def check_length(family: VideoFamily, length: int) -> None:
    """BadInput for a length of clips that the model does not take."""
    if not length:
        return
    least = family.step * math.ceil(family.carried / family.step) + 1
    if length % family.step != 1 or length < least:
        below = max(least, (length - 1) // family.step * family.step + 1)
        above = max(least, below + family.step if below < length else below)
        raise BadInput(
            f"length is {length}; {family.label} takes {family.step}k + 1 frames: choose {below} or {above}, or 0 for "
            "its own."
        )


def _whole(count: int, step: int) -> int:
    """The least step · k + 1, from step + 1 on, that is not below a count."""
    return step * max(1, math.ceil((count - 1) / step)) + 1
