"""Cadence: only every n-th frame is generated; those between are both neighbours, moved to where the camera is.

Every frame of the job is made: the last is always a key, so nothing trails off, and a frame between shows its content
where it belongs at that very frame, not where it was n frames ago.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from .metric import Motion
from .sample import warp


def keys(frames: int, cadence: int, cuts: Sequence[int] = ()) -> list[int]:
    """The frames that are generated: 0, n, 2n, … and the last; and both sides of every cut (positions, from 0)."""
    sides = {at for cut in cuts for at in (cut - 1, cut) if at >= 0}
    return sorted({*range(0, frames, cadence), frames - 1, *sides})


def between(
    earlier: Tensor, later: Tensor, into: Motion, back: Motion, share: float, padding: str, kernel: str
) -> Tensor:
    """The frame at a share (0 to 1) of the way from one key's picture to the next.

    into, back: the motion into this frame from the earlier and from the later key. What only one of them shows is
    taken from that one alone.
    """
    before, after = warp(earlier, into.flow, padding, kernel), warp(later, back.flow, padding, kernel)
    weight = torch.full_like(into.revealed, share, dtype=before.dtype)
    weight = torch.where(into.revealed & ~back.revealed, 1.0, weight)
    weight = torch.where(back.revealed & ~into.revealed, 0.0, weight)
    return torch.lerp(before, after, weight[:, None])
