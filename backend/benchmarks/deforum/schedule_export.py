"""`benchmarks bridge`: our Deforum export beside the known Blender exporter, under the webui's own warp.

Six shots whose motion is known exactly are exported as text, the text is read back as the webui reads it, and its flow
is compared with the true one, in pixels a frame and accumulated over the shot. Depth is what an ideal MiDaS would give.
The guide video is followed with OpenCV's DIS Medium, as the webui does; without OpenCV that column is left out.
"""

import argparse
import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
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

from ..common import synthetic_shots
from . import export_diffusion

Array = NDArray[np.floating]

STEP = 4  # pixels of the measuring grid; finer than, and other than, the one that schedules are fitted on
LIMITS = {"dolly": 0.85, "truck": 0.85, "orbit": 0.60, "handheld": 0.20, "crane": 0.50, "zoom": 0.02}
MEAN_LIMIT, TIMED_LIMIT, GUIDE_LIMIT, GUIDE_SUM_LIMIT = 0.30, 0.50, 1 / 3, 1 / 2
WITHOUT_GUIDE_LIMIT = ("dolly",)


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


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--width", type=int, default=832, help="pixels")
    parser.add_argument("--height", type=int, default=480, help="pixels")
    parser.add_argument("--frames", type=int, default=24)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")


def run(arguments: argparse.Namespace) -> int:
    """Measure and print; 0 when every target is met, 1 when one is missed."""
    rows = []
    for name in synthetic_shots.SHOTS:
        rows.append(measure_shot(name, synthetic_shots.make(name, arguments.width, arguments.height, arguments.frames)))
        if not arguments.json:
            print(f"{name} …", flush=True)
    missed = misses(rows)
    if arguments.json:
        print(json.dumps({"rows": [asdict(row) for row in rows], "missed": missed}))
    else:
        print(table(rows))
        print("\n".join(missed) if missed else "Every target is met.")
    return 1 if missed else 0


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


def misses(rows: list[Row]) -> list[str]:
    """Which targets were missed, in words."""
    found = []

    def check(row: Row, what: str, value: float, reference: float, limit: float) -> None:
        if value > limit * reference + 1e-9:
            found.append(f"{row.shot}: {what} {value:.2f} is above {limit:.2f} × {reference:.2f} pixels")

    for row in rows:
        check(row, "the schedules'", row.ours, row.peer, LIMITS[row.shot])
        check(row, "the schedules'", row.ours, row.closed, 1.0)
        if row.shot == "handheld":
            check(row, "the schedules', peer on time,", row.ours, row.peer_on_time, TIMED_LIMIT)
        if row.guide is not None and row.shot not in WITHOUT_GUIDE_LIMIT:
            check(row, "the guide's", row.guide, row.peer, GUIDE_LIMIT)
        if row.guide_sum is not None:
            check(row, "the guide's sum", row.guide_sum, row.peer_sum, GUIDE_SUM_LIMIT)
    if geometric_mean(rows) > MEAN_LIMIT:
        found.append(f"the geometric mean {geometric_mean(rows):.2f} is above {MEAN_LIMIT:.2f} of the peer")
    return found


def geometric_mean(rows: list[Row]) -> float:
    """Of our error in parts of the peer's; an exact shot counts as a thousandth."""
    return float(np.exp(np.mean([np.log(max(row.ours / row.peer, 1e-3)) for row in rows])))


def table(rows: list[Row]) -> str:
    """Markdown, a shot a column."""
    lines = ["| pixels a frame | " + " | ".join(row.shot for row in rows) + " |", "|---" * (len(rows) + 1) + "|"]

    def line(title: str, cells: list[str]) -> None:
        lines.append(f"| {title} | " + " | ".join(cells) + " |")

    def number(value: float | None) -> str:
        return "skipped" if value is None else f"{value:.2f}"

    def share(value: float | None, reference: float) -> str:
        return "skipped" if value is None else f"{value / reference:.2f}"

    line("size of the true flow", [number(row.size) for row in rows])
    line("peer", [number(row.peer) for row in rows])
    line("peer, its timing corrected", [number(row.peer_on_time) for row in rows])
    line("closed form", [number(row.closed) for row in rows])
    line("**schedules**", [number(row.ours) for row in rows])
    line("**guide video**", [number(row.guide) for row in rows])
    line("schedules / peer", [share(row.ours, row.peer) for row in rows])
    line("target", [f"{LIMITS[row.shot]:.2f}" for row in rows])
    line("guide / peer", [share(row.guide, row.peer) for row in rows])
    line("sum over the shot: peer", [number(row.peer_sum) for row in rows])
    line("sum: schedules", [number(row.ours_sum) for row in rows])
    line("sum: guide", [number(row.guide_sum) for row in rows])
    line("mode", [row.mode for row in rows])
    line("keys of the motion", [str(row.keys) for row in rows])
    line("seconds to export", [f"{row.seconds:.1f}" for row in rows])
    lines.append(f"\nGeometric mean of schedules / peer: {geometric_mean(rows):.3f}; the target is {MEAN_LIMIT:.2f}.")
    return "\n".join(lines)


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
    follower = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    index = grid.index
    flow = np.zeros((len(shot.frames), 2, len(index)))
    before, ahead = None, None
    for k, picture in enumerate(guide_video.pictures(shot)):
        grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
        if before is not None:
            ahead = follower.calc(before, grey, ahead)
            flow[k] = -ahead[index[:, 1], index[:, 0]].T
        before = grey
    return flow
