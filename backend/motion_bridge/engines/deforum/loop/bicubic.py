"""Sampling where torch's own lacks a kernel or a padding, which is on Apple's GPUs; the same values as there is.

Places are pixels from the center of the first one, (B, H, W, 2) as x and y.
"""

import torch
from torch import Tensor

A = -0.75  # of torch's bicubic kernel


def inside(place: Tensor, size: torch.Size, padding: str) -> Tensor:
    """Places beyond the edge brought to where padding would fetch from. size: height and width."""
    if padding == "zeros":
        return place
    wide = place.new_tensor([size[1], size[0]])
    if padding == "reflection":
        folded = (place + 0.5).remainder(2 * wide)
        place = torch.minimum(folded, 2 * wide - folded) - 0.5
    return torch.minimum(place.clamp(min=0), wide - 1)


def sample(picture: Tensor, place: Tensor, padding: str) -> Tensor:
    """The picture (B, C, H, W) at places, by sixteen taps of Keys' kernel."""
    whole = place.floor()
    columns, rows = (_weights(part) for part in (place - whole).unbind(-1))
    flat = picture.flatten(2)
    height, width = picture.shape[-2:]
    found = torch.zeros(1, device=picture.device, dtype=picture.dtype)
    for dy, down in enumerate(rows, start=-1):
        for dx, across in enumerate(columns, start=-1):
            at = whole + whole.new_tensor([dx, dy])
            x, y = inside(at, picture.shape[-2:], "border" if padding == "zeros" else padding).long().unbind(-1)
            index = (y * width + x).flatten(1)[:, None].expand(-1, flat.shape[1], -1)
            weight = across * down
            if padding == "zeros":
                there = (at >= 0).all(-1) & (at[..., 0] < width) & (at[..., 1] < height)
                weight = weight * there
            found = found + flat.gather(2, index).view(*flat.shape[:2], *place.shape[1:3]) * weight[:, None]
    return found


def _weights(t: Tensor) -> list[Tensor]:
    """Of the four pixels around a place, t behind the second of them (Keys 1981)."""

    def near(x: Tensor) -> Tensor:
        return ((A + 2) * x - (A + 3)) * x * x + 1

    def far(x: Tensor) -> Tensor:
        return ((A * x - 5 * A) * x + 8 * A) * x - 4 * A

    return [far(t + 1), near(t), near(1 - t), far(2 - t)]
