"""Pictures taken along a flow.

A picture is (B, C, H, W) float, in any range. A flow is (B, H, W, 2) pixels, x and y, backward: pixel p of the result
is what stands at p + flow in the source. What does not move is copied rather than resampled, so standing still costs
no sharpness and a flow of zero is the identity, bit for bit.
"""

import torch
from torch import Tensor
from torch.nn import functional

PADDINGS = ("border", "reflection", "zeros", "wrap")
KERNELS = ("bicubic", "bilinear", "nearest")
MARGIN = 2  # pixels that a bicubic kernel reaches beyond a wrapped edge
LATENT = 8  # pixels a latent cell is wide, in every model family here


def warp(picture: Tensor, flow: Tensor, padding: str = "border", kernel: str = "bicubic") -> Tensor:
    """The picture moved along the flow: (B, C, H, W). A flow of batch 1 serves the whole batch.

    Bicubic is torch's (a = -0.75) and may overshoot the picture's range; clamp when a picture is shown, not here.
    """
    moving = (flow != 0).any(-1)
    if not bool(moving.any()):
        return picture
    height, width = picture.shape[-2:]
    flow = flow.to(picture.dtype).expand(len(picture), -1, -1, -1)
    source = picture
    if padding == "wrap":
        source, padding = functional.pad(picture, (MARGIN,) * 4, mode="circular"), "border"
        at = (positions(height, width, flow) + flow).remainder(flow.new_tensor([width, height])) + MARGIN
    else:
        at = positions(height, width, flow) + flow
    size = at.new_tensor([source.shape[-1], source.shape[-2]])
    taken = functional.grid_sample(source, at * (2 / size) - 1, mode=kernel, padding_mode=padding, align_corners=False)
    if bool(moving.all()):
        return taken
    return torch.where(moving[:, None], taken, picture)


def positions(height: int, width: int, like: Tensor) -> Tensor:
    """The centre of every pixel, (H, W, 2), on the device and in the precision of `like`."""
    y = torch.arange(height, device=like.device, dtype=like.dtype) + 0.5
    x = torch.arange(width, device=like.device, dtype=like.dtype) + 0.5
    return torch.stack([x.expand(height, width), y[:, None].expand(height, width)], -1)


def outside(flow: Tensor) -> Tensor:
    """Where a flow fetches from beyond the picture: (B, H, W) bool."""
    height, width = flow.shape[1:3]
    at = positions(height, width, flow) + flow
    return ((at < 0) | (at > flow.new_tensor([width, height]))).any(-1)


def for_latents(flow: Tensor) -> Tensor:
    """The same motion for latents, in their own cells: (B, H, W, 2) → (B, H/8, W/8, 2)."""
    coarse = functional.avg_pool2d(flow.permute(0, 3, 1, 2), LATENT)
    return coarse.permute(0, 2, 3, 1) / LATENT


def chain(later: Tensor, earlier: Tensor) -> Tensor:
    """Two steps as one: the flow from frame k to k-2, from that to k-1 (`later`) and from k-1 to k-2 (`earlier`)."""
    brought = warp(earlier.permute(0, 3, 1, 2), later, kernel="bilinear")
    return later + brought.permute(0, 2, 3, 1)
