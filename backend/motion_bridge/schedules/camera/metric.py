"""A Shot's camera as schedules for this project's own engine: with the Shot's lens and depth they are its true motion.

One depth unit is one scene unit. Dense text has a key at every frame; with a tolerance the keys are few, and a point of
the scene that both motions see strays by no more than that in any window of WINDOW frames.
"""

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from ...errors import BadInput
from ...geometry.camera import project, unproject
from ...geometry.cancellation import breathe
from ...shot import Shot
from .. import writer
from .convention import CHANNELS_2D, CHANNELS_3D, matrices, motion, poses
from .initial_guess import FOV_DECIMALS, fov_keys, similarities
from .reference_flow import depth_at, grid, still_frames
from .simplify import Keys, Tolerance, evaluate, thin, without_repeats
from .webui_warp import Warp2D

Array = NDArray[np.floating]

WINDOW = 24  # frames over which the tolerance of simplified schedules holds
DECIMALS = 6
GRID = (16, 9)  # points on which simplified schedules are checked
EACH = 0.5  # of the tolerance, for a single frame; the sum has what is left
TRIES = 12


def metric_schedules(shot: Shot, tolerance: float | None = None, keep: Collection[int] = ()) -> dict[str, str]:
    """Deforum strings by the webui's names. tolerance: pixels, for few keys instead of one a frame. keep: positions of
    frames that have a key among those few in any case.

    An orthographic Shot gets 2D schedules: exact as long as the camera keeps its direction. BadInput for a Shot that
    changes between the two kinds of camera, and for a tolerance without depth.
    """
    if tolerance is not None and not tolerance > 0:
        raise BadInput(f"The tolerance is {tolerance} pixels; it must be positive.")
    flat = shot.camera.orthographic
    if flat.any() and not flat.all():
        frame = shot.frames[int(np.argmax(flat != flat[0]))]
        raise BadInput(f"The camera changes between perspective and orthographic at frame {frame}: export each alone.")
    return _flat(shot, tolerance, keep) if flat.all() else _deep(shot, tolerance, keep)


def flow(shot: Shot, value: Array, k: int, index: NDArray[np.intp]) -> Array:
    """Backward flow (N, 2) into frame k at pixels (N, 2) that six channels (T, 6) give the metric warp.

    What is endlessly far, depth inf, turns but does not travel.
    """
    depth = depth_at(shot, k, index)
    endless = np.isinf(depth)
    point = unproject(index + 0.5, np.where(endless, 1.0, depth), shot.camera.intrinsics[k])
    back = np.linalg.inv(matrices(value[k : k + 1])[0])
    before = point @ back[:3, :3].T + np.where(endless[:, None], 0.0, back[:3, 3])
    return project(before, shot.camera.intrinsics[k - 1]) - (index + 0.5)


def strays(shot: Shot, value: Array, window: int = WINDOW) -> float:
    """How far channels (T, 6) carry any seen point of the scene from where it belongs within a window: pixels."""
    still = still_frames(shot)
    walked = poses(value)
    index = grid(shot.width, shot.height, *GRID)
    worst = 0.0
    count = len(shot.frames)
    for start in range(count - 1):
        breathe()
        ends = list(range(start + 1, min(start + window, count - 1) + 1))
        cut = next((k for k in ends if k in still), count)
        ends = [k for k in ends if k < cut][window // 2 - 1 :: window // 2] or [k for k in ends if k < cut][-1:]
        for end in ends:
            worst = max(worst, _apart(shot, walked, start, end, index))
    return worst


def _apart(shot: Shot, walked: Array, start: int, end: int, index: NDArray[np.intp]) -> float:
    camera = shot.camera
    depth = depth_at(shot, start, index)
    endless = np.isinf(depth)
    point = unproject(index + 0.5, np.where(endless, 1.0, depth), camera.intrinsics[start])
    places = []
    for pose in (camera.pose, walked):
        move = np.linalg.inv(pose[end]) @ pose[start]
        there = point @ move[:3, :3].T + np.where(endless[:, None], 0.0, move[:3, 3])
        there[there[:, 2] <= 0] = np.nan
        places.append(project(there, camera.intrinsics[end]))
    with np.errstate(invalid="ignore"):
        shown = ((places[0] >= 0) & (places[0] <= (shot.width, shot.height))).all(-1)
        apart = np.linalg.norm(places[0] - places[1], axis=-1)[shown]
    return float(np.max(np.nan_to_num(apart, nan=np.inf), initial=0.0))


def _deep(shot: Shot, tolerance: float | None, keep: Collection[int]) -> dict[str, str]:
    value = motion(shot.camera.pose, 1.0, still_frames(shot))
    keys = _dense(value) if tolerance is None else _few(shot, value, tolerance, keep)
    schedules = {name: writer.schedule(found, DECIMALS) for name, found in zip(CHANNELS_3D, keys, strict=True)}
    return {**schedules, "fov_schedule": writer.schedule(fov_keys(shot), FOV_DECIMALS)}


def _dense(value: Array) -> list[Keys]:
    return [without_repeats(dict(enumerate(map(float, column)))) for column in value.T]


def _few(shot: Shot, value: Array, tolerance: float, keep: Collection[int]) -> list[Keys]:
    """Thinned more and more carefully until no point strays."""
    if shot.depth is None:
        raise BadInput(
            "This Shot has no depth, so a tolerance in pixels means nothing; leave it out for a key a frame."
        )
    unit = _pixels_per_unit(shot, shot.depth)
    share = 2 * tolerance
    for _ in range(TRIES):
        keys = [
            thin(column, Tolerance(share * EACH / size, share / 2 / size), still_frames(shot), DECIMALS, keep)
            for column, size in zip(value.T, unit, strict=True)
        ]
        found = np.stack([evaluate(each, len(value)) for each in keys], axis=-1)
        apart = strays(shot, found)
        if apart <= tolerance:
            return keys
        share *= max(0.3, min(0.9, 0.9 * tolerance / apart))
    return _dense(value)


def _pixels_per_unit(shot: Shot, depth: Array) -> Array:
    """How far one unit of each channel moves what is near, at the picture's edge where that is most: (6,)."""
    some = depth[:: max(1, len(depth) // 8), ::8, ::8].ravel()
    some = some[np.isfinite(some)]
    near = float(np.percentile(some, 5)) if some.size else 1.0
    focal = float(np.abs(shot.camera.intrinsics[:, 0, 0]).max())
    half = np.hypot(shot.width, shot.height) / 2
    step = 1 / 200 / near
    turn = np.radians(1.0)
    bend = focal + half**2 / focal
    return np.array([focal * step, focal * step, half * step, bend * turn, bend * turn, half * turn])


def _flat(shot: Shot, tolerance: float | None, keep: Collection[int]) -> dict[str, str]:
    x, y = (shot.camera.intrinsics[0, :2, 2] - 0.5) / (shot.width, shot.height)
    center = round(float(x), DECIMALS), round(float(y), DECIMALS)
    warp = Warp2D(shot.width, shot.height, grid(shot.width, shot.height, *GRID), center)
    value = similarities(shot, warp)
    half = np.hypot(shot.width, shot.height) / 2
    unit = np.array([1.0, 1.0, half * np.radians(1.0), half])
    keys = _dense(value)
    if tolerance is not None:
        share = tolerance / len(unit)
        keys = [
            thin(column, Tolerance(share / size, share / 2 / size), still_frames(shot), DECIMALS + 2, keep)
            for column, size in zip(value.T, unit, strict=True)
        ]
    schedules = {name: writer.schedule(found, DECIMALS + 2) for name, found in zip(CHANNELS_2D, keys, strict=True)}
    middle = {
        "transform_center_x": writer.schedule({0: center[0]}),
        "transform_center_y": writer.schedule({0: center[1]}),
    }
    return {**schedules, **middle}
