"""Pictures of structure, drawn from the scene's exact depth: what ControlNets and FLUX.1-Depth-dev follow.

They were taught with estimators' inverse depth from 0 (far) to 1 (near), so that is what they get. The range is one
for the whole shot: a wall keeps its gray while the camera passes by, which no estimator can promise.

Edges are exact too. Over a plane the inverse depth 1/Z is linear in the pixel's place, whatever the plane and the
camera; so its second difference is zero everywhere but at creases and silhouettes.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

Array = NDArray[Any]

SAMPLED = 16  # frames that the range is measured on
OUTLIERS = 0.5  # percent at the near end, which one leaf before the lens would otherwise own
JUMP = 0.02  # second difference that is a silhouette, as a share of the inverse depth; half-precise depth has 0.001
CREASE = 0.35  # change of slope that is a crease, in the picture's own geometry: a right angle seen evenly has 2
REACH = 256  # a slope is measured over a pixel for each so many of the picture's width, above the depth's own noise


def near_range(depth: Array) -> tuple[float, float]:
    """The least and the greatest inverse depth of a shot, (T, H, W) along the optical axis; nothing is infinitely far.

    For a shot that shows nothing at all: 0 and 1.
    """
    frames = np.unique(np.linspace(0, len(depth) - 1, min(SAMPLED, len(depth))).round().astype(int))
    ends = list(_ends(depth, frames))
    low, high = min((end[0] for end in ends), default=0.0), max((end[1] for end in ends), default=1.0)
    return (low, high) if high > low else (0.0, high or 1.0)


def _ends(depth: Array, frames: Array) -> Iterator[tuple[float, float]]:
    for at in frames:
        near = 1 / np.asarray(depth[at], np.float32)
        yield float(near.min()), float(np.percentile(near, 100 - OUTLIERS))


def of_depth(depth: Array, ends: tuple[float, float]) -> Tensor:
    """Inverse depth (H, W) as a gray picture, (1, 3, H, W) from 0, far, to 1, near."""
    near = (_inverse(depth) - ends[0]) / (ends[1] - ends[0])
    return near.clamp(0, 1).expand(1, 3, -1, -1).contiguous()


def of_edges(depth: Array, index: Array | None, focal: float) -> Tensor:
    """White lines on black where surfaces end or bend, (1, 3, H, W).

    depth (H, W); index (H, W): which object is seen, so that things that touch are told apart too; focal: pixels.
    """
    near = _inverse(depth)
    lines = torch.zeros_like(near, dtype=torch.bool)
    for transposed in (False, True):  # along rows, then along columns
        along = near.mT if transposed else near
        ends = _silhouettes(along)
        found = ends | _creases(along, ends, focal)
        if index is not None:
            seen = torch.from_numpy(np.asarray(index, np.int32))[None, None]
            found |= _changes(seen.mT if transposed else seen)
        lines |= found.mT if transposed else found
    return lines.float().expand(1, 3, -1, -1).contiguous()


def _bend(near: Tensor, reach: int) -> Tensor:
    """How far 1/Z is from a line along a row, `reach` pixels to both sides; positive where it is hollow."""
    padded = functional.pad(near, (reach, reach, 0, 0), mode="replicate")
    return padded[..., : -2 * reach] + padded[..., 2 * reach :] - 2 * near


def _silhouettes(near: Tensor) -> Tensor:
    """The last pixel of whatever is in front."""
    bend = _bend(near, 1)
    bend[..., [0, -1]] = 0  # beyond the picture nothing is known
    return bend < -JUMP * near


def _creases(near: Tensor, ends: Tensor, focal: float) -> Tensor:
    """Where the slope of 1/Z changes most, away from silhouettes: one pixel wide."""
    reach = max(near.shape[-1] // REACH, 1)
    slope = _bend(near, reach).abs() * focal / (near.clamp(min=1e-12) * reach)
    window = (1, 2 * reach + 1)
    most = functional.max_pool2d(slope, window, 1, (0, reach))
    close = functional.max_pool2d(ends.float(), (1, 2 * reach + 3), 1, (0, reach + 1)) > 0
    found = (slope > CREASE) & (slope == most) & ~close & (near > 0)
    found[..., :reach] = found[..., -reach:] = False
    return found


def _changes(index: Tensor) -> Tensor:
    """Where the next pixel of a row shows another object."""
    changes = index != index.roll(-1, -1)
    changes[..., -1] = False
    return changes


def _inverse(depth: Array) -> Tensor:
    """1/Z, (1, 1, H, W) float32; 0 where there is nothing."""
    return 1 / torch.from_numpy(np.array(depth, np.float32))[None, None]
