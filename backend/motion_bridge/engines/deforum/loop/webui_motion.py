"""The motion of other people's Deforum, formula for formula, for settings files that were made for it.

It is not a pinhole: its points are (x, y, z) with x, y in -1..1 and z the rank of a depth, and its turns and aspect are
what they are. The faults are kept, because a settings file means what it means there; only the rounding to whole gray
levels is gone. Backward flows in pixels, for sample.warp. Derivation: docs/deforum-engine.md.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ....schedules.camera.convention import STEP, turns
from .warp import positions

FARTHEST = 1e6  # pixels, of what lies on the horizon
BINS = 1024  # of the histogram that flattens a depth map
LIFT = {"midas": 2.0, "depth-anything": 2.3, "metric": 1.0}  # z = LIFT - d, and LIFT + d for distances

Array = NDArray[np.floating]


@dataclass(frozen=True)
class Step3D:
    """One frame's values of the 3D channels."""

    translation: tuple[float, float, float] = (0.0, 0.0, 0.0)  # 1/200 of a depth unit: right, up, forward
    rotation: tuple[float, float, float] = (0.0, 0.0, 0.0)  # degrees: tilt up, pan right, roll clockwise
    fov: float = 70.0  # degrees
    aspect: float = 1.0


@dataclass(frozen=True)
class Step2D:
    """One frame's values of the 2D channels."""

    translation: tuple[float, float] = (0.0, 0.0)  # pixels: right, down
    angle: float = 0.0  # degrees counter-clockwise
    zoom: float = 1.0
    center: tuple[float, float] = (0.5, 0.5)  # parts of width and height


def flow_3d(step: Step3D, z: Tensor) -> Tensor:
    """The 3D warp's flow for z (B, H, W): (B, H, W, 2). z comes from `equalize`, `classic_z` or is one."""
    if step.translation == (0, 0, 0) and step.rotation == (0, 0, 0):
        return z.new_zeros(*z.shape, 2)
    height, width = z.shape[-2:]
    x = torch.linspace(-1, 1, width, device=z.device, dtype=z.dtype)
    y = torch.linspace(-1, 1, height, device=z.device, dtype=z.dtype)[:, None]
    turn = turns(np.array(step.rotation, np.float64))
    shift = np.array(step.translation) / STEP
    focal = 1 / np.tan(np.radians(step.fov) / 2)
    scale = [focal * width / 2 / step.aspect, focal * height / 2]  # pixels per unit of the projected plane

    def moved(c: int, by: float) -> Tensor:
        plane = float(turn[0, c]) * by * x + (float(turn[1, c]) * y + float(shift[c])) * by
        return torch.add(plane, z, alpha=float(turn[2, c]) * by)

    before, after = z.reciprocal(), moved(2, -1.0).reciprocal_()
    axes = (moved(c, scale[c]).mul_(after).addcmul_(before, axis * scale[c]) for c, axis in enumerate((x, y)))
    flow = torch.view_as_real(torch.complex(*axes))  # much the fastest way to lay two planes side by side
    return flow.nan_to_num_(0.0)


def equalize(depth: Tensor, kind: str) -> Tensor:
    """The webui's z of a depth map (B, H, W): its rank from 0 to 1, lifted as for that kind of estimator.

    kind: midas or depth-anything for inverse depth, metric for distances. A map without relief counts as z = 1.
    """
    flat = depth.flatten(1)
    low, high = flat.amin(1, keepdim=True), flat.amax(1, keepdim=True)
    relief = high > low
    share = (flat - low) / torch.where(relief, high - low, 1.0)
    at = share * BINS
    bin = at.clamp(max=BINS - 1).long()
    count = torch.zeros_like(flat[:, :1].expand(-1, BINS))  # whole numbers, exact in 24 bits: 16 megapixels
    count.scatter_add_(1, bin, torch.ones_like(share))
    total = count.cumsum(1) / flat.shape[1]
    here, following = total.gather(1, bin), total.gather(1, (bin + 1).clamp(max=BINS - 1))
    rank = torch.lerp(here, following, (at - bin).clamp(max=1))
    z = LIFT[kind] + rank if kind == "metric" else LIFT[kind] - rank
    return torch.where(relief, z, 1.0).view_as(depth)


def classic_z(inverse_depth: Tensor) -> Tensor:
    """The z that the classic notebooks make of MiDaS' raw inverse depth: no histogram, a fixed line."""
    return (50.0 - inverse_depth) / 19.0


def matrix_2d(step: Step2D, width: int, height: int) -> Array:
    """Where the 2D step carries a pixel, as a 3×3 matrix; pixels count from the centre of the first one, as there."""
    x, y = step.center[0] * width, step.center[1] * height
    angle = np.radians(step.angle)
    a, b = step.zoom * np.cos(angle), step.zoom * np.sin(angle)
    turn = np.array([[a, b, (1 - a) * x - b * y], [-b, a, b * x + (1 - a) * y], [0, 0, 1]])
    shift = np.array([[1, 0, step.translation[0]], [0, 1, step.translation[1]], [0, 0, 1]])
    return turn @ shift


def matrix_flip(theta: float, phi: float, gamma: float, fv: float, width: int, height: int) -> Array:
    """The perspective flip as a 3×3 matrix of pixels: the picture as a card, turned by degrees, seen under fv degrees.

    Its shift back to the middle comes before the turn, where the webui puts it; so the card turns about a corner that
    lies outside it. In 2D mode the webui loses the translation when the flip is on: use `matrix_2d` without one.
    """
    half = np.radians(fv / 2)
    diagonal = np.hypot(width, height)
    distance, side = diagonal / (2 * np.sin(half)), diagonal / np.cos(half)
    turn = turns(np.array([phi, gamma, theta]))
    card = turn[:, [0, 1]] @ np.array([[1, 0, -width / 2], [0, 1, -height / 2]])
    card[2, 2] -= distance
    seen = np.diag([1 / np.tan(half), 1 / np.tan(half), -1.0]) @ card
    onto = np.array([[side / 2, 0, side / 2], [0, side / 2, side / 2], [0, 0, 1]])
    middle = np.array([[1, 0, (width - side) / 2], [0, 1, (height - side) / 2], [0, 0, 1]])
    matrix = onto @ seen @ middle
    return matrix / matrix[2, 2]


def flow_of(matrix: Array, like: Tensor) -> Tensor:
    """The backward flow of a 3×3 matrix that carries pixels of the old picture into the new: (1, H, W, 2).

    like: any tensor whose last two axes are the picture's height and width.
    """
    height, width = like.shape[-2:]
    at = positions(height, width, like) - 0.5
    back = np.linalg.inv(matrix)
    back = back / back[2, 2]
    inverse = like.new_tensor(
        np.where(np.abs(back - np.eye(3)) < 1e-9, np.eye(3), back)
    )  # a turn by zero is not a turn
    source = at @ inverse[:, :2].T + inverse[:, 2]
    return (source[..., :2] / source[..., 2:] - at)[None].nan_to_num_(0.0, FARTHEST, -FARTHEST)
