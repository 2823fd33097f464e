"""How far a picture's colors are from another's: what decides that a stream's sink shows a scene that is gone.

Looked at are the means of a latent frame's channels over the whole picture. They stay what they are while camera and
objects move, which a coarse grid of fields does not: measured on drawn clips, fields of 4x4 confuse a wandering camera
with another scene four times as often (docs/motionstream.md).
"""

import torch
from torch import Tensor

FAR = 0.35  # beyond this the sink is refreshed, where that was asked for


def distance(now: Tensor, then: Tensor) -> float:
    """0 for latent frames (C, h, w) of the same colors, about 1 for two that have nothing in common.

    The root of the mean squared difference of the channels' means, in parts of what it would be between strangers.
    """
    one, other = (frame.float().mean((1, 2)) for frame in (now, then))
    strangers = one.square().mean() + other.square().mean()
    return float(torch.sqrt((one - other).square().mean() / strangers.clamp(min=1e-12)))
