"""The true motion between two frames of a Shot, as a backward flow, and what it reveals.

A pixel (u, v) of frame k at depth Z shows the camera-space point Z·K⁻¹(u, v, 1). As a homogeneous vector that is
K⁻¹(u, v, 1) with 1/Z in the fourth place, so the pixel that showed it in frame j is one 3×4 matrix away from
(u, v, 1, 1/Z): no ray, no point cloud, and an infinite depth is simply 1/Z = 0. An orthographic camera has Z itself in
the fourth place. Axes, poses and intrinsics as in motion/camera.py.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from ....errors import BadInput
from ....shot import Shot
from .warp import outside, positions, warp

AGREE = 0.03  # relative difference of depth under which two frames see the same surface
ENDLESS = 1e6  # scene units that stand for an infinite depth where a camera has no 1/Z

Array = NDArray[np.floating]


@dataclass(frozen=True)
class Motion:
    """How a picture of another frame becomes one of this frame."""

    flow: Tensor  # (1, H, W, 2) pixels, backward
    revealed: Tensor  # (1, H, W) bool: the other frame did not show what is here


def motion(shot: Shot, k: int, j: int, device: torch.device | str = "cpu") -> Motion:
    """The motion into frame k from frame j, earlier or later (positions in the Shot), exact from geometry.

    Depth gives it; without depth the Shot's dense flow does, from a frame to the next, and then only the picture's
    edges reveal anything. BadInput where neither is there. Across a cut nothing moves and everything is revealed.
    """
    size = (1, shot.height, shot.width)
    if any(min(j, k) < shot.frames.index(cut) <= max(j, k) for cut in shot.cuts):
        still = torch.zeros(*size, 2, device=device)
        return Motion(still, torch.ones(size, dtype=torch.bool, device=device))
    if shot.depth is None:
        return _from_flow(shot, k, j, device)
    fourth, before = _fourth(shot, k, device), _fourth(shot, j, device)
    at = positions(shot.height, shot.width, fourth)
    there = _project(shot, k, j, fourth, at)
    behind = there[..., 2] <= 0
    share = torch.where(behind, 1.0, there[..., 2])
    flow = torch.where(behind[..., None], 0.0, there[..., :2] / share[..., None] - at)[None]
    revealed = behind[None] | outside(flow) | _hidden(before, there[..., 3] / share, flow)
    if shot.objects is not None:
        revealed |= _another_object(shot, k, j, flow)
    return Motion(flow, revealed)


def _from_flow(shot: Shot, k: int, j: int, device: torch.device | str) -> Motion:
    if shot.flow is None or j != k - 1:
        raise BadInput("This Shot has no depth, so its motion between these frames is unknown; read it with depth.")
    flow = torch.tensor(np.asarray(shot.flow[k]), device=device)[None]
    return Motion(flow, outside(flow))


def _fourth(shot: Shot, k: int, device: torch.device | str) -> Tensor:
    """1/Z of every pixel, or Z where the camera is orthographic: (H, W) float32."""
    assert shot.depth is not None
    depth = torch.tensor(np.asarray(shot.depth[k], np.float32), device=device)
    return depth.clamp(max=ENDLESS) if shot.camera.orthographic[k] else 1 / depth


def _project(shot: Shot, k: int, j: int, fourth: Tensor, at: Tensor) -> Tensor:
    """Each pixel's place in frame j, times its homogeneous share: (H, W, 4) as x, y, share and fourth coordinate."""
    maps = [_map(shot, k, j, shot.camera.pose[k])]
    if shot.objects is not None:
        for then, now in zip(shot.objects.pose[:, j], shot.objects.pose[:, k], strict=True):
            same = np.array_equal(then, now)
            maps.append(maps[0] if same else _map(shot, k, j, then @ np.linalg.inv(now) @ shot.camera.pose[k]))
    if all(each is maps[0] for each in maps):
        return _apply(fourth.new_tensor(maps[0]), fourth, at)
    assert shot.objects is not None
    index = torch.tensor(np.asarray(shot.objects.index[k], np.int64), device=fourth.device)
    result = _apply(fourth.new_tensor(maps[0]), fourth, at)
    for number, matrix in enumerate(maps):
        if matrix is not maps[0]:
            here = index == number
            result[here] = _apply(fourth.new_tensor(matrix), fourth[here], at[here])
    return result


def _map(shot: Shot, k: int, j: int, world: Array) -> Array:
    """The 4×4 matrix from (u, v, 1, fourth) of frame k to x·w, y·w, w and the fourth of frame j, times w.

    world: 4×4, from camera k's axes to the world as it was at frame j.
    """
    camera = shot.camera
    lens = (camera.intrinsics, camera.orthographic)
    if np.array_equal(world, camera.pose[j]) and all(np.array_equal(each[k], each[j]) for each in lens):
        return np.eye(4)  # exactly: standing still must not resample
    lift = np.zeros((4, 4))  # (u, v, 1, fourth) → homogeneous point of camera k
    lift[:3, :3] = np.linalg.inv(camera.intrinsics[k])
    lift[3, 3] = 1
    if camera.orthographic[k]:
        lift[[2, 3]] = lift[[3, 2]]  # the plane's 1 is the point's scale and the depth is its z
    drop = np.zeros((4, 4))  # homogeneous point of camera j → (x·w, y·w, w, fourth·w)
    drop[:3, :3] = camera.intrinsics[j]
    drop[3, 3] = 1
    if camera.orthographic[j]:
        drop[:, [2, 3]] = drop[:, [3, 2]]
    return drop @ np.linalg.inv(camera.pose[j]) @ world @ lift


def _apply(matrix: Tensor, fourth: Tensor, at: Tensor) -> Tensor:
    return at @ matrix[:, :2].T + (fourth[..., None] * matrix[:, 3] + matrix[:, 2])


def _hidden(before: Tensor, expected: Tensor, flow: Tensor) -> Tensor:
    """Where something else stood at the source: its fourth is not among the nine around it, within AGREE."""
    most = functional.max_pool2d(before[None, None], 3, 1, 1)
    least = -functional.max_pool2d(-before[None, None], 3, 1, 1)
    most, least = (warp(each, flow, kernel="nearest")[:, 0] for each in (most, least))
    return (expected < least * (1 - AGREE)) | (expected > most * (1 + AGREE))


def _another_object(shot: Shot, k: int, j: int, flow: Tensor) -> Tensor:
    """Where the source belongs to another object; one pixel of an edge is let through, for edges are not exact."""
    assert shot.objects is not None
    now, then = (
        torch.tensor(np.asarray(shot.objects.index[at], np.float32), device=flow.device)[None, None] for at in (k, j)
    )
    most = functional.max_pool2d(then, 3, 1, 1)
    least = -functional.max_pool2d(-then, 3, 1, 1)
    inside = (warp(most, flow, kernel="nearest") >= now) & (warp(least, flow, kernel="nearest") <= now)
    return ~inside[:, 0]
