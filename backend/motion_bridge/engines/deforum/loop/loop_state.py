"""What the loop carries from frame to frame, as one value: each step takes it and returns the next.

Everything in it can be made again from the finished frames on disk, the seeds and the Shot, so that a job which was
interrupted continues byte for byte.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from .feedback_space import Saved
from .images import Picture
from .scene_motion import Motion

NOTHING = torch.empty(0)  # a tensor that is not known yet
NONE_BEFORE = -1


@dataclass(frozen=True)
class KeyFrame:
    """A generated frame, exactly as a resumed job finds it again."""

    feedback: Tensor
    picture: Tensor  # (1, 3, H, W)
    pixels: Picture  # (H, W, 3)
    saved: Saved  # what lies beside the picture on disk
    notes: dict[str, Any]


@dataclass(frozen=True)
class LoopState:
    """`feedback` is what is fed back: of the key frame before, and, while the steps run, of the frame at work."""

    prompts: Mapping[int, str]  # by frame number; they may change while the job runs
    frame: int = 0  # at work: a position in the Shot
    before: int = NONE_BEFORE  # the key frame before it: a position in the Shot
    feedback: Tensor = NOTHING  # (1, C, h, w) in the feedback space
    picture: Tensor = NOTHING  # (1, 3, H, W): the key frame before
    reference: Tensor = NOTHING  # the first frame's feedback, whose colors and detail are kept
    noise_addresses: Tensor = NOTHING  # (1, 3, h, w): where each pixel's noise comes from
    motion: Motion = field(default_factory=lambda: Motion(NOTHING, NOTHING))  # from the key frame before to this one
    is_cut: bool = False  # nothing in this frame was seen before
    background: Tensor = NOTHING  # what the mask keeps: the warped feedback before anything was generated

    @property
    def is_first(self) -> bool:
        """Whether no frame is finished yet."""
        return self.before == NONE_BEFORE

    def at(self, frame: int) -> "LoopState":
        """The same at the next frame to work on."""
        return replace(self, frame=frame)

    def fed(self, feedback: Tensor) -> "LoopState":
        """The same with something else fed back."""
        return replace(self, feedback=feedback)

    def after(self, feedback: Tensor, picture: Tensor = NOTHING) -> "LoopState":
        """The state once the frame at work is finished."""
        reference = feedback if self.is_first else self.reference
        return replace(self, before=self.frame, feedback=feedback, picture=picture, reference=reference)
