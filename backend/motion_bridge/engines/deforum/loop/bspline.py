"""Pictures sampled by interpolating cubic splines: the kernel of the feedback loop.

A loop samples its picture hundreds of times, so what a kernel does a little of, it does a lot of. The usual bicubic
(a = -0.75) moves a ramp by half as much again as it is told where it is told to move it little, and strengthens some
frequencies: in 100 frames that is a pixel of drift and a third more contrast. A cubic spline through the pixels moves
polynomials up to the third degree exactly and strengthens nothing.

    coefficients c = picture * (… z² z 1 z z² …)·√3,   z = √3 - 2            along both axes
    value(i + t) = Σ w_k(t)·c[i + k],  k = -1 … 2                             all w > 0

Because the weights are positive, two neighbors are one bilinear fetch between them; four fetches make a value.
"""

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

ROOT = 3**0.5 - 2  # the filter's pole
REACH = 10  # pixels: ROOT to that power is below a gray level's hundredth of a thousandth
MARGIN = REACH + 2  # pixels that a picture is drawn out by on each side
BORDERS = {
    "border": cv2.BORDER_REPLICATE,
    "reflection": cv2.BORDER_REFLECT,
    "zeros": cv2.BORDER_CONSTANT,
    "wrap": cv2.BORDER_WRAP,
}
FILTER = 3**0.5 * ROOT ** np.abs(np.arange(-REACH, REACH + 1))
FILTER /= FILTER.sum()  # 1 but for what was cut off

Array = NDArray[np.floating]


def on_cpu(picture: Tensor, place: Tensor, padding: str) -> Tensor:
    """The picture (B, C, H, W) of 1, 3 or 4 channels at places (B, H, W, 2), in pixels from the first one's center."""
    out = np.empty((*place.shape[:3], picture.shape[1]), np.float32)
    pixels = picture.permute(0, 2, 3, 1).contiguous().numpy()
    for at, (source, where) in enumerate(zip(pixels, place, strict=True)):
        wide = cv2.copyMakeBorder(source, MARGIN, MARGIN, MARGIN, MARGIN, BORDERS[padding])
        known = cv2.sepFilter2D(wide, -1, FILTER, FILTER, borderType=cv2.BORDER_REPLICATE)
        _fetch(np.asarray(known, np.float32), inside(where, picture.shape[-2:], padding).numpy(), out[at])
    return torch.from_numpy(out).permute(0, 3, 1, 2)


def _fetch(known: Array, where: Array, target: Array) -> None:
    """Four bilinear fetches of the coefficients at every place."""
    (x0, x1, share_x), (y0, y1, share_y) = (_taps(where[..., axis]) for axis in (0, 1))
    rows = []
    for y in (y0, y1):
        near, far = (
            cv2.remap(known, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE).reshape(target.shape)
            for x in (x0, x1)
        )
        far -= near
        far *= share_x[..., None]
        far += near
        rows.append(far)
    rows[1] -= rows[0]
    rows[1] *= share_y[..., None]
    np.add(rows[0], rows[1], out=target)


def _taps(at: Array) -> tuple[Array, Array, Array]:
    """Where the two fetches along an axis fall, and the share of the second."""
    whole = np.floor(at)
    t = at - whole
    cube = t**3 / 6
    w3 = cube
    w0 = (1 - t) ** 3 / 6
    w1 = 2 / 3 - t**2 + 3 * cube
    first = w0 + w1
    return whole - 1 + w1 / first, whole + 1 + w3 / (1 - first), 1 - first


def on_device(picture: Tensor, place: Tensor, padding: str) -> Tensor:
    """The same by torch, on any device and with any number of channels."""
    channels = picture.shape[1]
    wide = _drawn_out(picture, padding)
    weight = torch.tensor(FILTER, device=picture.device, dtype=picture.dtype)
    held = functional.pad(wide, (REACH,) * 4, mode="replicate")
    rows = functional.conv2d(held, weight.expand(channels, 1, 1, -1), groups=channels)
    known = functional.conv2d(rows, weight[:, None].expand(channels, 1, -1, 1), groups=channels)
    where = inside(place, picture.shape[-2:], padding)
    whole = where.floor()
    t = where - whole
    w0, w1, w3 = (1 - t) ** 3 / 6, 2 / 3 - t**2 + t**3 / 2, t**3 / 6
    share = 1 - w0 - w1
    taps = whole - 1 + w1 / (1 - share), whole + 1 + w3 / share.clamp(min=1e-12)
    size = where.new_tensor([known.shape[-1], known.shape[-2]])

    def fetch(x: int, y: int) -> Tensor:
        at = torch.stack([taps[x][..., 0], taps[y][..., 1]], -1)
        grid = (at + 0.5) * (2 / size) - 1
        # all taps are inside: Apple's GPUs know no padding by the border
        return functional.grid_sample(known, grid, mode="bilinear", padding_mode="zeros", align_corners=False)

    across, down = share[..., 0][:, None], share[..., 1][:, None]
    upper, lower = (torch.lerp(fetch(0, y), fetch(1, y), across) for y in (0, 1))
    return torch.lerp(upper, lower, down)


def inside(place: Tensor, size: torch.Size, padding: str) -> Tensor:
    """Places in a picture of that size, (height, width), as places in the one that is drawn out by MARGIN."""
    wide = place.new_tensor([size[1], size[0]])
    if padding == "wrap":
        place = place.remainder(wide)
    elif padding == "reflection":
        folded = (place + 0.5).remainder(2 * wide)
        place = torch.minimum(folded, 2 * wide - folded) - 0.5
    farthest = wide + (2 * MARGIN - 3)
    return torch.minimum((place + MARGIN).clamp(min=2), farthest)


def _drawn_out(picture: Tensor, padding: str) -> Tensor:
    if padding == "zeros":
        return functional.pad(picture, (MARGIN,) * 4)
    at = [_source(torch.arange(-MARGIN, side + MARGIN), side, padding) for side in picture.shape[-2:]]
    return picture[..., at[0].to(picture.device)[:, None], at[1].to(picture.device)]


def _source(at: Tensor, side: int, padding: str) -> Tensor:
    """Which pixel stands at a place beyond the edge."""
    if padding == "wrap":
        return at.remainder(side)
    if padding == "reflection":
        folded = at.remainder(2 * side)
        return torch.minimum(folded, 2 * side - 1 - folded)
    return at.clamp(0, side - 1)
