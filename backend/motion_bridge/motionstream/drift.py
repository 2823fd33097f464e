"""How far a picture is from another, coarsely: what decides that a stream's sink no longer shows the scene it is in."""

import torch
from torch import Tensor
from torch.nn import functional

FAR = 0.7  # beyond this the sink is refreshed, where that was asked for
CELLS = 4  # a side


def distance(now: Tensor, then: Tensor) -> float:
    """0 for the same latent frame (C, h, w), about 1 for two that have nothing in common.

    The root of the mean squared difference over a coarse grid, in parts of what it would be between strangers.
    """
    one, other = (functional.adaptive_avg_pool2d(frame.float(), CELLS) for frame in (now, then))
    strangers = one.square().mean() + other.square().mean()
    return float(torch.sqrt((one - other).square().mean() / strangers.clamp(min=1e-12)))
