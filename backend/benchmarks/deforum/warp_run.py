"""The two sides of `benchmarks warp`: our legacy warp, and the same formulas applied the way the webui applies them.

The webui makes a cloud of all points, projects it through two full camera matrices, warps a whole-picture mask beside
the picture and rounds to whole gray levels on every frame.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from motion_bridge.engines.deforum.loop import warp, webui_motion
from motion_bridge.engines.deforum.loop.webui_motion import Step3D
from motion_bridge.schedules.camera.convention import STEP, turns
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

MOVE = Step3D(translation=(4.0, -2.0, 6.0), rotation=(0.4, -0.7, 0.5))
NEAR, FAR = 200.0, 10000.0  # the webui's clipping planes, which change nothing

Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class Found:
    """What one run measured; times are the least seconds on the wall's clock and on the processor's."""

    threads: int
    here: NDArray[np.float64]  # (2,)
    there: NDArray[np.float64]
    greatest: int  # difference of the two pictures, gray levels
    share: float  # of values that differ at all


def measure(size: int, rounds: int, threads: int) -> Found:
    """Both sides on the same picture, depth and motion, taken in turns."""
    threads = min(threads, torch.get_num_threads())
    torch.set_num_threads(threads)
    cv2.setNumThreads(threads)
    shown, z = scene(size)
    picture = (torch.from_numpy(shown).float() / 255).permute(2, 0, 1)[None]  # channels-last, as the loop keeps it
    here, there = best_of(rounds, lambda: as_here(picture, z), lambda: as_there(shown, z))
    ours = (as_here(picture, z)[0].permute(1, 2, 0).clamp(0, 1) * 255).byte().numpy()
    difference = np.abs(ours.astype(int) - as_there(shown, z)[0])
    return Found(threads, here, there, int(difference.max()), float(np.mean(difference > 0)))


def scene(size: int) -> tuple[Bytes, Tensor]:
    """A picture (S, S, 3) of soft noise and the z (1, S, S) of a hilly depth; always the same."""
    rng = np.random.default_rng(4)
    noise = cv2.GaussianBlur(rng.random((size, size, 3), np.float32), (0, 0), 2)
    shown = cv2.normalize(noise, np.empty(noise.shape, np.uint8), 0, 255, cv2.NORM_MINMAX, cv2.CV_8U)
    hills = cv2.GaussianBlur(rng.random((size, size), np.float32), (0, 0), size / 16)
    return np.asarray(shown, np.uint8), webui_motion.equalize(torch.from_numpy(hills)[None], "midas")


def best_of(rounds: int, *candidates: Callable[[], object]) -> list[NDArray[np.float64]]:
    """The least seconds of each, on the wall's clock and the processor's (2,), taken in turns.

    Turns, so that a busy moment falls on all of them; the processor's time, because other people's work is not in it.
    """
    best = [np.full(2, np.inf) for _ in candidates]
    for _ in range(rounds):
        for at, candidate in enumerate(candidates):
            start = np.array([time.perf_counter(), time.process_time()])
            candidate()
            best[at] = np.minimum(best[at], np.array([time.perf_counter(), time.process_time()]) - start)
    return best


def as_here(picture: Tensor, z: Tensor) -> Tensor:
    """Our warp: (1, 3, S, S) float to the same."""
    return warp.warp(picture, webui_motion.flow_3d(MOVE, z))


def as_there(shown: Bytes, z: Tensor) -> tuple[Bytes, Bytes]:
    """The webui's order of work: bytes to a point cloud, two projections, two warps, and back to bytes."""
    height, width = shown.shape[:2]
    y, x = torch.meshgrid(torch.linspace(-1, 1, height), torch.linspace(-1, 1, width), indexing="ij")
    cloud = torch.stack((x.flatten(), y.flatten(), z.flatten()), dim=1)
    still = _projected(cloud, np.eye(3), np.zeros(3))
    moved = _projected(cloud, turns(np.array(MOVE.rotation)), np.array(MOVE.translation) / STEP)
    offset = (moved - still).reshape(1, height, width, 2)
    identity = torch.tensor([[[1.0, 0, 0], [0, 1, 0]]])
    at = functional.affine_grid(identity, [1, 1, height, width], align_corners=False) - offset
    floats = torch.from_numpy(shown.astype(np.float32)).permute(2, 0, 1)[None]
    taken = functional.grid_sample(floats, at, mode="bicubic", padding_mode="border", align_corners=False)
    whole = functional.grid_sample(255 * torch.ones_like(floats), at, mode="nearest", align_corners=False)
    return _bytes(taken), _bytes(whole)


def _projected(cloud: Tensor, turn: NDArray[np.floating], shift: NDArray[np.floating]) -> Tensor:
    """Points (N, 3) as rows through a view matrix and a projection matrix, divided by w: (N, 2)."""
    tangent = np.tan(np.radians(MOVE.fov) / 2)
    view, projection = torch.eye(4), torch.zeros(4, 4)
    view[:3, :3], view[3, :3] = torch.from_numpy(turn), torch.from_numpy(shift)
    projection[0, 0], projection[1, 1], projection[2, 3] = 1 / (MOVE.aspect * tangent), 1 / tangent, 1
    projection[2, 2], projection[3, 2] = FAR / (FAR - NEAR), -FAR * NEAR / (FAR - NEAR)
    homogeneous = torch.cat([cloud, torch.ones(len(cloud), 1)], dim=1)[None]
    seen = homogeneous.bmm((view @ projection)[None])
    return (seen[..., :3] / seen[..., 3:])[0, :, :2]


def _bytes(picture: Tensor) -> Bytes:
    return picture[0].clamp(0, 255).permute(1, 2, 0).numpy().astype(np.uint8)
