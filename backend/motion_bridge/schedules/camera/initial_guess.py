"""The camera's own numbers in the target's channels: where a fit starts, and what it must never be worse than."""

import numpy as np
from numpy.typing import NDArray

from ...shot import Shot
from .convention import horizontal_fov, motion
from .fit import distances
from .reference_flow import Truth, still_frames
from .simplify import Keys, Tolerance, evaluate, thin
from .webui_warp import Warp2D, Warp3D

Array = NDArray[np.floating]

FOV_DECIMALS = 3
FOV_TOLERANCE = 0.005  # degrees; the fit makes up for what it changes
LENGTHS = np.geomspace(1e-3, 1e3, 61)  # Deforum depth units per median distance, tried for the closed form
FINE = np.linspace(0.8, 1.25, 19)


def fov_keys(shot: Shot) -> Keys:
    """The camera's horizontal field of view, in degrees; every cut starts anew."""
    fov = horizontal_fov(shot.camera.intrinsics, shot.width)
    return thin(fov, Tolerance(FOV_TOLERANCE), still_frames(shot), FOV_DECIMALS)


def written_fov(shot: Shot) -> Array:
    """The field of view as the target will read it: (T,) degrees."""
    return evaluate(fov_keys(shot), len(shot.frames))


def typical_depth(shot: Shot) -> float:
    """The median distance of what a few frames see, in scene units; 1 where there is nothing."""
    if shot.depth is None:
        return 1.0
    count = len(shot.frames)
    some = np.concatenate([shot.depth[k, ::8, ::8].ravel() for k in range(0, count, max(1, count // 8))])
    some = some[np.isfinite(some)]
    return float(np.median(some)) if some.size else 1.0


def travel_and_turn(shot: Shot) -> Array:
    """The six motion channels with the typical distance as one depth unit, the lens's zoom as a travel: (T, 6)."""
    value = motion(shot.camera.pose, 1 / typical_depth(shot), still_frames(shot))
    focal = np.abs(shot.camera.intrinsics[:, 0, 0])
    value[1:, 2] += 200 * (1 - focal[:-1] / focal[1:])
    value[list(still_frames(shot))] = 0
    return value


def best_units(shot: Shot, truth: Truth, warp: Warp3D) -> Array:
    """The unfitted conversion with the constant scale of depth that suits the shot best: (T, 6)."""
    move = motion(shot.camera.pose, 1 / typical_depth(shot), truth.still)

    def scaled(length: float) -> Array:
        return move * ([length] * 3 + [1] * 3)

    def cost(length: float) -> float:
        return truth.error_of(distances(warp, truth, scaled(length), 1.0)).mean

    rough = min(LENGTHS, key=cost)
    return scaled(min(rough * FINE, key=cost))


def similarities(shot: Shot, warp: Warp2D) -> Array:
    """The four 2D channels of each frame's turn and zoom; for an orthographic camera also of its travel: (T, 4)."""
    camera = shot.camera
    value = np.tile(warp.neutral, (len(shot.frames), 1))
    move = np.linalg.inv(camera.pose[1:]) @ camera.pose[:-1]
    before = np.linalg.inv(camera.intrinsics[:-1])
    turned = camera.intrinsics[1:] @ move[:, :3, :3] @ before  # of pixels, by a camera that only turns
    turned /= turned[:, 2:, 2:]
    slid = camera.intrinsics[1:].copy()  # of pixels, by an orthographic camera
    slid[:, :2, :2] = camera.intrinsics[1:, :2, :2] @ move[:, :2, :2]
    slid[:, :2, 2] += (camera.intrinsics[1:, :2, :2] @ move[:, :2, 3, None])[..., 0]
    slid = slid @ before
    linear = np.where(camera.orthographic[1:, None, None], slid, turned)
    value[1:] = warp.values(linear[:, :2, :2], linear[:, :2, 2])
    value[list(still_frames(shot))] = warp.neutral
    return value
