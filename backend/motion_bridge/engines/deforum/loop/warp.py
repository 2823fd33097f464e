"""Pictures taken along a flow.

A picture is (B, C, H, W) float, in any range. A flow is (B, H, W, 2) pixels, x and y, backward: pixel p of the result
is what stands at p + flow in the source. What does not move is copied rather than resampled, so standing still costs
no sharpness and a flow of zero is the identity, bit for bit.
"""

from functools import lru_cache
from typing import Any, cast

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from . import bicubic, bspline

PADDINGS = ("border", "reflection", "zeros", "wrap")
KERNELS = ("spline", "bicubic", "bilinear", "nearest")
FARTHEST = 16384.0  # pixels: a flow of more leaves every picture
MARGIN = 2  # pixels that a bicubic kernel reaches beyond a wrapped edge

# OpenCV 5 samples at exact places and five times as fast as torch's CPU kernel; OpenCV 4 rounds to 1/32 pixel.
EXACT_REMAP = int(cv2.__version__.split(".")[0]) >= 5
CV_KERNEL = {"bicubic": cv2.INTER_CUBIC, "bilinear": cv2.INTER_LINEAR}
ONE_MAP = cast("Any", None)  # in place of a second map; OpenCV's stubs do not know that x and y may share one
CV_PADDING = {
    "border": cv2.BORDER_REPLICATE,
    "reflection": cv2.BORDER_REFLECT,
    "zeros": cv2.BORDER_CONSTANT,
    "wrap": cv2.BORDER_WRAP,
}


def warp(picture: Tensor, flow: Tensor, padding: str = "border", kernel: str = "bicubic") -> Tensor:
    """The picture moved along the flow: (B, C, H, W). A flow of batch 1 serves the whole batch.

    Splines (spline.py) are for loops; bicubic is torch's (a = -0.75), which the webui has. Both may overshoot the
    picture's range; clamp when a picture is shown, not here.
    """
    still = (flow == 0).all(-1) if bool(flow.abs().amin() == 0) else None
    if still is not None and bool(still.all()):
        return picture
    indices = _indices(*picture.shape[-2:], flow.device, picture.dtype)
    place = flow.clamp(-FARTHEST, FARTHEST).to(picture.dtype).add_(indices)
    place = place.expand(len(picture), -1, -1, -1)
    few = picture.device.type == "cpu" and picture.dtype == torch.float32 and picture.shape[1] in (1, 3, 4)
    if kernel == "spline":
        taken = (bspline.on_cpu if EXACT_REMAP and few else bspline.on_device)(picture, place, padding)
    else:
        take = remap if EXACT_REMAP and few and kernel in CV_KERNEL else grid_sample
        taken = take(picture, place, padding, kernel)
    return taken if still is None else torch.where(still[:, None], picture, taken)


def remap(picture: Tensor, place: Tensor, padding: str, kernel: str) -> Tensor:
    """The picture at places (B, H, W, 2), in pixels from the center of the first one; by OpenCV, on the CPU.

    The result is channels-last in memory, which spares the next warp a copy.
    """
    pixels = picture.permute(0, 2, 3, 1).contiguous().numpy()
    out = np.empty((*place.shape[:3], pixels.shape[3]), np.float32)
    for source, where, target in zip(pixels, place.numpy(), out, strict=True):
        cv2.remap(source, where, ONE_MAP, CV_KERNEL[kernel], dst=target, borderMode=CV_PADDING[padding])
    return torch.from_numpy(out).permute(0, 3, 1, 2)


def grid_sample(picture: Tensor, place: Tensor, padding: str, kernel: str) -> Tensor:
    """The same by torch, on any device, in any precision and with any number of channels."""
    if padding == "wrap":
        place = place.remainder(place.new_tensor([picture.shape[-1], picture.shape[-2]])) + MARGIN
        picture, padding = functional.pad(picture, (MARGIN,) * 4, mode="circular"), "border"
    if not knows_all_grids(picture.device):
        if kernel == "bicubic":
            return bicubic.sample(picture, place, padding)
        place, padding = bicubic.inside(place, picture.shape[-2:], padding), "zeros"
    size = place.new_tensor([picture.shape[-1], picture.shape[-2]])
    at = (place + 0.5) * (2 / size) - 1
    return functional.grid_sample(picture, at, mode=kernel, padding_mode=padding, align_corners=False)


def knows_all_grids(device: torch.device) -> bool:
    """Whether torch's own sampling has all kernels and paddings there; on Apple's GPUs it lacks bicubic and border."""
    return device.type != "mps"


def positions(height: int, width: int, like: Tensor) -> Tensor:
    """The center of every pixel, (H, W, 2), on the device and in the precision of `like`."""
    y = torch.arange(height, device=like.device, dtype=like.dtype) + 0.5
    x = torch.arange(width, device=like.device, dtype=like.dtype) + 0.5
    return torch.stack([x.expand(height, width), y[:, None].expand(height, width)], -1)


@lru_cache(4)
def _indices(height: int, width: int, device: torch.device, dtype: torch.dtype) -> Tensor:
    """Every pixel's column and row, (H, W, 2): what a flow is added to at every frame."""
    return positions(height, width, torch.empty(0, device=device, dtype=dtype)) - 0.5


def outside(flow: Tensor) -> Tensor:
    """Where a flow fetches from beyond the picture: (B, H, W) bool."""
    height, width = flow.shape[1:3]
    at = positions(height, width, flow) + flow
    return ((at < 0) | (at > flow.new_tensor([width, height]))).any(-1)


def chain(later: Tensor, earlier: Tensor) -> Tensor:
    """Two steps as one: the flow from frame k to k-2, from that to k-1 (`later`) and from k-1 to k-2 (`earlier`)."""
    carried = warp(earlier.permute(0, 3, 1, 2), later, kernel="bilinear")
    return later + carried.permute(0, 2, 3, 1)


def inverse(flow: Tensor, rounds: int = 8) -> Tensor:
    """The flow the other way, (1, H, W, 2) on the source's grid; by fixed-point iteration, for smooth flow."""
    forward = flow.permute(0, 3, 1, 2)
    back = -flow
    for _ in range(rounds):
        back = -warp(forward, back, kernel="bilinear").permute(0, 2, 3, 1)
    return back
