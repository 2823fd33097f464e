"""The measurements behind `benchmarks bridge`: one Shot exported every way, each flow compared with the true one."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
from motion_bridge.schedules import writer
from motion_bridge.schedules.camera import guide_video, replay
from motion_bridge.schedules.camera.convention import CHANNELS_3D, horizontal_fov, motion
from motion_bridge.schedules.camera.export import export
from motion_bridge.schedules.camera.fit import distances
from motion_bridge.schedules.camera.initial_guess import FINE, LENGTHS, typical_depth
from motion_bridge.schedules.camera.reference_flow import measure, measure_at, pixel_grid
from motion_bridge.schedules.camera.webui_warp import Warp3D, rank_depth
from motion_bridge.shot import Shot
from numpy.typing import NDArray

from . import export_diffusion

Array = NDArray[np.floating]

STEP = 4  # pixels of the measuring grid; finer than, and other than, the one that schedules are fitted on


@dataclass(frozen=True)
class Row:
    """One shot; errors in pixels a frame, sums in pixels over the whole shot."""

    shot: str
    size: float
    peer: float
    peer_on_time: float
    closed: float
    ours: float
    guide: float | None
    peer_sum: float
    ours_sum: float
    guide_sum: float | None
    mode: str
    keys: int
    seconds: float  # the export took


def measure_shot(name: str, shot: Shot) -> Row:
    """One shot exported every way."""
    grid = replay.every(STEP, shot.width, shot.height)
    truth = measure_at(shot, grid.index)
    theirs = {on_time: best_scale(shot, grid, on_time) for on_time in (False, True)}
    plain = best_scale(shot, grid, None)
    start = time.perf_counter()
    made = export(shot)
    seconds = time.perf_counter() - start
    ours = replay.flow(shot, made.settings(), grid.index)
    followed = _follow_guide(shot, grid)
    return Row(
        shot=name,
        size=truth.size(),
        peer=truth.error(theirs[False]).mean,
        peer_on_time=truth.error(theirs[True]).mean,
        closed=truth.error(plain).mean,
        ours=truth.error(ours).mean,
        guide=None if followed is None else truth.error(followed).mean,
        peer_sum=replay.accumulated(shot, theirs[False], grid),
        ours_sum=replay.accumulated(shot, ours, grid),
        guide_sum=None if followed is None else replay.accumulated(shot, followed, grid),
        mode=made.mode if made.mode == "2D" or made.depth_warping else "3D, no depth",
        keys=made.keys,
        seconds=seconds,
    )


def best_scale(shot: Shot, grid: replay.Grid, on_time: bool | None) -> Array:
    """The flow of the peer (None: of the closed form) with the constant scale of depth that suits it best."""
    fov = horizontal_fov(shot.camera.intrinsics, shot.width)
    rough_truth, index = measure(shot), pixel_grid(shot)
    warp = Warp3D(shot.width, shot.height, index, rank_depth(shot, index), fov)

    def value(units: float) -> Array:
        if on_time is None:
            return motion(shot.camera.pose, units, rough_truth.still)
        return export_diffusion.channels(shot.camera.pose, 200 * units, right_timing=on_time)

    def cost(units: float) -> float:
        return rough_truth.error_of(distances(warp, rough_truth, value(units), 1.0)).mean

    rough = min(LENGTHS / typical_depth(shot), key=cost)
    best = value(min(rough * FINE, key=cost))
    schedules = {name: writer.schedule(column, 9) for name, column in zip(CHANNELS_3D, best.T, strict=True)}
    settings: Mapping[str, Any] = {"animation_mode": "3D", **schedules, "fov_schedule": writer.schedule(fov)}
    return replay.flow(shot, settings, grid.index)


def _follow_guide(shot: Shot, grid: replay.Grid) -> Array | None:
    """The flow that the webui takes from our guide video; None where OpenCV is not installed."""
    try:
        cv2 = import_module("cv2")
    except ImportError:
        return None
    follower = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    index = grid.index
    flow = np.zeros((len(shot.frames), 2, len(index)))
    before, ahead = None, None
    for k, picture in enumerate(guide_video.pictures(shot)):
        gray = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
        if before is not None:
            ahead = follower.calc(before, gray, ahead)
            flow[k] = -ahead[index[:, 1], index[:, 0]].T
        before = gray
    return flow
