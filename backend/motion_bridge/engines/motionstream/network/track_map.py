"""Tracks as a picture: each visible point writes its identity into the latent cell it is in.

    map[t, cell(y), cell(x)] += visible[t, n] · φ(id_n)

φ is a sinusoidal embedding of a number drawn once for each track and kept for the track's whole life, so the model can
tell which point went where. Points that are hidden write nothing; points that share a cell add up. The map has the
video's full frame rate and the latent's resolution (arXiv 2511.01266, section 3.1).
"""

import torch
from torch import Tensor

from ....errors import BadInput

ID_SPACE = 100_000
BASE = 10_000.0


def draw_ids(count: int, generator: torch.Generator) -> Tensor:
    """Distinct numbers for tracks: (N,) int64. BadInput when there are more tracks than numbers."""
    if count > ID_SPACE:
        raise BadInput(f"{count} tracks are more than the {ID_SPACE} identities there are; lower the grid's density.")
    return torch.randperm(ID_SPACE, generator=generator)[:count]


def embed_ids(ids: Tensor, width: int = 64) -> Tensor:
    """φ: (N,) → (N, width), all cosines first, then all sines, at the frequencies BASE^(-k / half)."""
    half = width // 2
    frequency = torch.exp(-torch.log(torch.tensor(BASE)) * torch.arange(half) / half)
    angle = ids.to(torch.float32)[:, None] * frequency
    return torch.cat([angle.cos(), angle.sin()], dim=1)


def cells_by_floor(points: Tensor, height: int, width: int) -> Tensor:
    """The paper's cells, ⌊y / s⌋ and ⌊x / s⌋, for points in fractions of the picture: (..., 2) → (..., 2) int64."""
    return torch.stack([(points[..., 0] * width).floor(), (points[..., 1] * height).floor()], dim=-1).long()


def cells_by_rounding(points: Tensor, height: int, width: int) -> Tensor:
    """The open 52-channel checkpoints' cells: corners lie on cell centers, halves round to even."""
    points = points.clamp(0, 1)
    return torch.stack([(points[..., 0] * (width - 1)).round(), (points[..., 1] * (height - 1)).round()], dim=-1).long()


def track_map(
    points: Tensor, visible: Tensor, identity: Tensor, height: int, width: int, cells=cells_by_floor
) -> Tensor:
    """The map of some frames of a clip: (d, T, height, width) float32.

    points: (N, T, 2) in fractions of the picture, 0 at its left and top edge; visible: (N, T); identity: (N, d).
    Points outside the picture write nothing. Any slice of frames gives exactly that slice of the whole clip's map.
    """
    count, frames = visible.shape
    cell = cells(points, height, width)
    inside = ((points >= 0) & (points <= 1)).all(-1) & (cell >= 0).all(-1)
    inside &= (cell[..., 0] < width) & (cell[..., 1] < height)
    weight = (visible.bool() & inside).to(identity.dtype)
    place = (cell[..., 1].clamp(0, height - 1) * width + cell[..., 0].clamp(0, width - 1)).T  # (T, N)
    flat = torch.zeros(frames, height * width, identity.shape[1], dtype=identity.dtype, device=identity.device)
    written = identity[None] * weight.T[..., None]
    # one track after another in every frame: the order of additions, and so the last bit, never varies
    flat.scatter_add_(1, place[..., None].expand(frames, count, identity.shape[1]), written)
    return flat.view(frames, height, width, -1).permute(3, 0, 1, 2)
