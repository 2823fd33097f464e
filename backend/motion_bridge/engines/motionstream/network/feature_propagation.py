"""A second kind of conditioning: the first frame's latent features, carried along the tracks.

Where the first-frame channels would hold gray, a point that is visible in latent frame k writes the feature it had in
frame 0. Feature and place are both bilinear, so a track between cells says so. This gives part of the answer away; it
is what Wan-Move's and ATI's weights expect, and what lets a very small model follow tracks. The paper's own kind is
the track map alone.
"""

import torch
from torch import Tensor
from torch.nn import functional


def propagate(latent: Tensor, origin: Tensor, points: Tensor, visible: Tensor) -> tuple[Tensor, Tensor]:
    """The first frame's features where the points are in some later latent frames.

    latent: (C, h, w) of the first frame; origin: (N, 2) and points: (N, K, 2) in fractions of the picture; visible:
    (N, K). → (C, K, h, w), the mean of what was written, and (1, K, h, w), how much was, from 0 to 1.
    """
    channels, height, width = latent.shape
    half = origin.new_tensor([0.5 / width, 0.5 / height])  # of a cell: beyond its middle, the outermost one counts
    at = (torch.minimum(torch.maximum(origin, half), 1 - half) * 2 - 1)[None, None]
    feature = functional.grid_sample(latent[None], at, align_corners=False)[0, :, 0].T  # (N, C)
    weight = visible.to(latent.dtype)
    sums = torch.zeros(points.shape[1], height * width, channels + 1, dtype=latent.dtype, device=latent.device)
    for cell, share in _four_cells(points, height, width):
        amount = (share * weight).T[..., None]  # (K, N, 1)
        written = torch.cat([amount * feature, amount], dim=-1)
        sums.scatter_add_(1, cell.T[..., None].expand_as(written), written)
    total = sums[..., channels:]
    mean = sums[..., :channels] / total.clamp(min=1e-4)
    shape = (points.shape[1], height, width, -1)
    return mean.view(shape).permute(3, 0, 1, 2), total.clamp(max=1).view(shape).permute(3, 0, 1, 2)


def _four_cells(points: Tensor, height: int, width: int):
    """The cells around points (N, K, 2) and the bilinear share of each: four times ((N, K) int64, (N, K))."""
    x = (points[..., 0] * width - 0.5).clamp(0, width - 1)
    y = (points[..., 1] * height - 0.5).clamp(0, height - 1)
    left, top = x.floor(), y.floor()
    for column, across in ((left, 1 - (x - left)), ((left + 1).clamp(max=width - 1), x - left)):
        for row, down in ((top, 1 - (y - top)), ((top + 1).clamp(max=height - 1), y - top)):
            yield (row * width + column).long(), across * down
