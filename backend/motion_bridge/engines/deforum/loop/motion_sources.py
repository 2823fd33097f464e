"""Where the motion of a job comes from: the scene itself, schedules, or a guide video.

Whatever the source, it answers one question: how a key's picture becomes this frame's.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ....errors import BadInput
from ....media.video import Picture
from ....shot import Shot
from . import optical_flow, scene_motion, webui_motion
from .depth import DepthSource
from .frame_schedule import FrameSchedules
from .images import to_bytes
from .scene_motion import Motion
from .warp import chain, inverse, outside, warp

MOST_SLANTED = 1e12  # condition of a matrix beyond which nothing of the picture is seen
OF_GUIDE = {"flow": "Optical Flow", "perspective": "Perspective", "affine": "Affine"}


class MotionSource(Protocol):
    """`picture` is the earlier key's, (1, 3, H, W): some motion depends on what is seen."""

    def into(self, k: int, key: int, picture: Tensor) -> Motion: ...
    def back(self, k: int, key: int, earlier: int, picture: Tensor) -> Motion: ...


class Static:
    """Nothing moves and nothing is revealed."""

    def into(self, k: int, key: int, picture: Tensor) -> Motion:
        flow = picture.new_zeros(1, *picture.shape[-2:], 2)
        return Motion(flow, flow[..., 0] > 0)

    def back(self, k: int, key: int, earlier: int, picture: Tensor) -> Motion:
        return self.into(k, key, picture)


class SceneMotion:
    """The Shot's own motion, exact from any frame to any other."""

    def __init__(self, shot: Shot, device: torch.device | str):
        self.shot = shot
        self.device = device

    def into(self, k: int, key: int, picture: Tensor) -> Motion:
        """From an earlier key."""
        return scene_motion.motion(self.shot, k, key, self.device)

    def back(self, k: int, key: int, earlier: int, picture: Tensor) -> Motion:
        """From a later key."""
        return scene_motion.motion(self.shot, k, key, self.device)


class ChainedMotion:
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


class CombinedMotion:
    """One motion, then another: what the field calls hybrid motion."""

    def __init__(self, first: MotionSource, then: MotionSource):
        self.first = first
        self.then = then

    def into(self, k: int, key: int, picture: Tensor) -> Motion:
        return _chained(self.then.into(k, key, picture), self.first.into(k, key, picture))

    def back(self, k: int, key: int, earlier: int, picture: Tensor) -> Motion:
        return _chained(self.first.back(k, key, earlier, picture), self.then.back(k, key, earlier, picture))


def _chained(later: Motion, earlier: Motion) -> Motion:
    flow = chain(later.flow, earlier.flow)
    hidden = warp(earlier.revealed[:, None].float(), later.flow, kernel="nearest")[:, 0] > 0.5
    return Motion(flow, later.revealed | hidden | outside(flow))


def steps_2d(schedules: FrameSchedules, flipped: bool) -> ChainedMotion:
    """The 2D mode of schedules. With the flip, the translation is lost, as it is in the webui."""

    def step(k: int, picture: Tensor) -> Tensor:
        height, width = picture.shape[-2:]
        move = schedules.step_2d(k)
        if not flipped:
            return webui_motion.flow_of(webui_motion.matrix_2d(move, width, height), picture)
        turn = webui_motion.Step2D((0.0, 0.0), move.angle, move.zoom, move.center)
        card = _card(schedules, k, width, height)
        return webui_motion.flow_of(card @ webui_motion.matrix_2d(turn, width, height), picture)

    return ChainedMotion(step)


def steps_3d(schedules: FrameSchedules, depths: DepthSource, flipped: bool) -> ChainedMotion:
    """The 3D mode of schedules, on the depth that somebody sees in a picture."""

    def step(k: int, picture: Tensor) -> Tensor:
        flow = webui_motion.flow_3d(schedules.step_3d(k), depths.z(k - 1, picture))
        if not flipped:
            return flow
        card = webui_motion.flow_of(_card(schedules, k, *picture.shape[:1:-1]), picture)
        return chain(flow, card)  # the card is turned first

    return ChainedMotion(step)


def _card(schedules: FrameSchedules, k: int, width: int, height: int) -> NDArray[np.floating]:
    """The perspective flip of frame k. BadInput where it shows the picture from its edge."""
    with np.errstate(all="ignore"):
        matrix = webui_motion.matrix_flip(*schedules.flip(k), width, height)
        whole = np.isfinite(matrix).all() and np.linalg.cond(matrix) < MOST_SLANTED
    if not whole:
        raise BadInput(
            f"The perspective flip shows the picture from its edge at frame {k}, counted from 0; turn it by another "
            "angle."
        )
    return matrix


def steps_of_guide(
    guide: Sequence[Picture],
    kind: str,
    schedules: FrameSchedules,
    settings: Mapping[str, Any],
    device: torch.device | str,
) -> ChainedMotion:
    """The motion of a guide video; perspective and affine are this project's RANSAC mode."""
    method, from_picture = settings["hybrid_flow_method"], settings["hybrid_motion_use_prev_img"]

    def step(k: int, picture: Tensor) -> Tensor:
        before = to_bytes(picture) if from_picture else guide[k - 1]
        flow = optical_flow.motion(before, guide[k], kind, method)
        if settings["hybrid_flow_consistency"]:
            back = optical_flow.motion(guide[k], before, kind, method)
            share = optical_flow.consistent(flow, back, settings["hybrid_consistency_blur"])
            flow = flow * share.permute(0, 2, 3, 1)
        return flow.to(device) * schedules("hybrid_flow_factor_schedule", k)

    return ChainedMotion(step)
