"""Cadence: only every n-th frame is generated; those between are both neighbors, moved to where the camera is.

Every frame of the job is made: the last is always a key, so nothing trails off, and a frame between shows its content
where it belongs at that very frame, not where it was n frames ago.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from .images import to_bytes
from .optical_flow import optical_flow
from .scene_motion import Motion
from .warp import warp


def keys(frames: int, cadence: int, cuts: Sequence[int] = ()) -> list[int]:
    """The frames that are generated: 0, n, 2n, … and the last; and both sides of every cut (positions, from 0)."""
    sides = {at for cut in cuts for at in (cut - 1, cut) if at >= 0}
    return sorted({*range(0, frames, cadence), frames - 1, *sides})


def blend(before: Tensor, after: Tensor, into: Motion, back: Motion, weight: float) -> Tensor:
    """The frame at a weight (0 to 1) of the way from one key frame's picture to the next, both moved here already.

    into, back: the motion into this frame from the earlier and from the later key. What only one of them shows is
    taken from that one alone.
    """
    mixed = torch.full_like(into.revealed, weight, dtype=before.dtype)
    mixed = torch.where(into.revealed & ~back.revealed, 1.0, mixed)
    mixed = torch.where(back.revealed & ~into.revealed, 0.0, mixed)
    return torch.lerp(before, after, mixed[:, None])


def align(before: Tensor, after: Tensor, weight: float, method: str, factor: float) -> tuple[Tensor, Tensor]:
    """Two pictures of one moment, each drawn towards the other along the optical flow by which they still differ."""
    one, two = to_bytes(before), to_bytes(after)
    there, back = (optical_flow(*pair, method).to(before.device) * factor for pair in ((one, two), (two, one)))
    return warp(before, weight * there), warp(after, (1 - weight) * back)
