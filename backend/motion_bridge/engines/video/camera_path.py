"""A Shot's camera at a model's frames and size, as camera-controlled models take it."""

from dataclasses import replace

import numpy as np

from ...camera_formats.path import CameraPath, from_first, of_shot, scaled
from ...shot import Shot
from .between_frames import between, camera_at
from .clip_plan import Clip, ClipPlan


def of_clip(shot: Shot, plan: ClipPlan, clip: Clip, width: int, height: int) -> CameraPath:
    """The clip's poses, the first of them the identity, and lenses. BadInput where no pinhole says what the camera is.

    A locked camera is exactly still. After the Shot's end its last pose is held.
    """
    of_shot(shot)  # refuses what has no pinhole
    at = np.array([plan.shot_time(clip.first + i) for i in range(clip.count)])
    camera = camera_at(shot.camera, between(shot, at))
    path = CameraPath(camera.pose, np.asarray(camera.intrinsics), shot.width, shot.height, shot.fps)
    return replace(scaled(from_first(path), width, height), fps=plan.rate * shot.fps)
