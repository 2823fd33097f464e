"""Where the motion of a job comes from: the scene itself, schedules, or a guide video.

Whatever the source, it answers one question: how a key's picture becomes this frame's.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from ..models.depth import DepthModel
from ..shot import Shot
from . import hybrid, legacy, metric
from .guide import Picture
from .metric import Motion
from .plan import Plan
from .sample import chain, inverse, outside

SOURCES = ("scene", "2D", "3D", "flow", "perspective", "affine")
OF_GUIDE = {"flow": "Optical Flow", "perspective": "Perspective", "affine": "Affine"}

Depth = Callable[[int, Tensor], Tensor]  # frame k and its picture (1, 3, H, W) to the legacy warp's z (1, H, W)


class Motions(Protocol):
    """`picture` is the earlier key's, (1, 3, H, W): some motion depends on what is seen."""

    def into(self, k: int, key: int, picture: Tensor) -> Motion: ...
    def back(self, k: int, key: int, earlier: int, picture: Tensor) -> Motion: ...


class OfScene:
    """The Shot's own motion, exact from any frame to any other."""

    def __init__(self, shot: Shot, device: torch.device | str):
        self.shot = shot
        self.device = device

    def into(self, k: int, key: int, picture: Tensor) -> Motion:
        """From an earlier key."""
        return metric.motion(self.shot, k, key, self.device)

    def back(self, k: int, key: int, earlier: int, picture: Tensor) -> Motion:
        """From a later key."""
        return metric.motion(self.shot, k, key, self.device)


class BySteps:
    """Motion that is known from each frame to the next only: `step(k, picture)` is the flow into frame k."""

    def __init__(self, step: Callable[[int, Tensor], Tensor]):
        self.step = step

    def into(self, k: int, key: int, picture: Tensor) -> Motion:
        """From an earlier key: its steps, one after the other."""
        flow = self._along(k, key, picture)
        return Motion(flow, outside(flow))

    def back(self, k: int, key: int, earlier: int, picture: Tensor) -> Motion:
        """From a later key: the steps up to it, turned round."""
        flow = inverse(self._along(key, k, picture))
        return Motion(flow, outside(flow))

    def _along(self, k: int, key: int, picture: Tensor) -> Tensor:
        flow = self.step(key + 1, picture)
        for at in range(key + 2, k + 1):
            flow = chain(self.step(at, picture), flow)
        return flow


def steps_2d(plan: Plan, flipped: bool) -> BySteps:
    """The 2D mode of schedules. With the flip, the translation is lost, as it is in the webui."""

    def step(k: int, picture: Tensor) -> Tensor:
        height, width = picture.shape[-2:]
        move = plan.step_2d(k)
        if not flipped:
            return legacy.flow_of(legacy.matrix_2d(move, width, height), picture)
        turn = legacy.Step2D((0.0, 0.0), move.angle, move.zoom, move.centre)
        card = legacy.matrix_flip(*plan.flip(k), width, height)
        return legacy.flow_of(card @ legacy.matrix_2d(turn, width, height), picture)

    return BySteps(step)


def steps_3d(plan: Plan, depth: Depth, flipped: bool) -> BySteps:
    """The 3D mode of schedules, on the depth that somebody sees in a picture."""

    def step(k: int, picture: Tensor) -> Tensor:
        flow = legacy.flow_3d(plan.step_3d(k), depth(k - 1, picture))
        if not flipped:
            return flow
        card = legacy.flow_of(legacy.matrix_flip(*plan.flip(k), *picture.shape[:1:-1]), picture)
        return chain(flow, card)  # the card is turned first

    return BySteps(step)


def steps_of_guide(guide: Sequence[Picture], kind: str, plan: Plan, device: torch.device | str) -> BySteps:
    """The motion of a guide video; perspective and affine are this project's RANSAC mode."""

    def step(k: int, picture: Tensor) -> Tensor:
        flow = hybrid.motion(guide[k - 1], guide[k], OF_GUIDE[kind])
        return flow.to(device) * plan("hybrid_flow_factor_schedule", k)

    return BySteps(step)


def flat(k: int, picture: Tensor) -> Tensor:
    """The depth of a picture that nobody looks into: z is one everywhere."""
    return torch.ones_like(picture[:, 0])


def depth_of_scene(shot: Shot) -> Depth:
    """The Shot's own depth, ranked as a perfect MiDaS would rank it."""

    def depth(k: int, picture: Tensor) -> Tensor:
        assert shot.depth is not None
        near = 1 / torch.tensor(np.asarray(shot.depth[k], np.float32), device=picture.device)
        return legacy.equalised(near[None], "midas")

    return depth


def depth_of_model(model: DepthModel, classic: bool) -> Depth:
    """What an estimator sees in the picture; `classic` has no histogram and wants MiDaS."""

    def depth(k: int, picture: Tensor) -> Tensor:
        near = model(picture)
        return legacy.classic_z(near) if classic else legacy.equalised(near, model.kind)

    return depth
