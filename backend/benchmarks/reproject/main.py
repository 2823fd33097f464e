"""`benchmarks reproject`: frames a second from geometry to PNG files, beside what numpy must do at least.

The limit is 16 gathers a pixel and channel (Catmull-Rom) and one PNG, each measured alone in the same run.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from motion_bridge import shot as shots
from motion_bridge.engines.runner import JobRequest
from motion_bridge.engines.runner import run as run_job
from motion_bridge.geometry.correspondence import follow
from motion_bridge.geometry.scene import scene_of
from motion_bridge.ipc.events import FrameMade
from motion_bridge.media import png

from . import arcade

REPEATS = 3
CORES = 2


@dataclass(frozen=True)
class Result:
    """One size and number of key pictures; seconds a frame, and frames a second for the whole."""

    size: str
    triangles: int
    keys: int
    frames: int
    frames_per_second: float  # of the whole job, after the key pictures' own frames
    processor: float  # seconds of all cores a frame
    first_frame: float  # seconds from the start of the job to the first frame that is made
    rasterize: float  # processor seconds of one core from here on; with silhouettes
    follow: float
    gather_limit: float
    png_limit: float
    bound: float  # frames a second, were these four all there is to do and CORES idle cores shared them evenly
    share_of_bound: float


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--size", default="832x480", metavar="WxH")
    parser.add_argument("--frames", type=int, default=24)
    parser.add_argument("--keys", type=int, nargs="+", default=[1, 6], help="numbers of key pictures")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers there too")


def run(options: argparse.Namespace) -> int:
    """Measure and print."""
    width, height = (int(side) for side in options.size.split("x"))
    results = [measure(width, height, options.frames, keys) for keys in options.keys]
    for result in results:
        print(
            "  ".join(
                f"{name} {value:.3f}" if isinstance(value, float) else f"{name} {value}"
                for name, value in asdict(result).items()
            )
        )
    if options.json:
        options.json.write_text(json.dumps([asdict(result) for result in results], indent=1), encoding="utf-8")
    return 0


def measure(width: int, height: int, frames: int, keys: int) -> Result:
    """One job from a Shot on disk to PNG files, and its parts."""
    with tempfile.TemporaryDirectory(prefix="motion_bridge_") as folder:
        place = Path(folder)
        shot = arcade.make(place / "shot", width, height, frames, keys)
        shots.save(shot, place / "shot")
        order = JobRequest(job=1, shot=place / "shot", output=str(place / "take"), engine="reproject", resume=False)
        start, used, times = time.perf_counter(), 0.0, []
        for event in run_job(order, list, lambda: False):
            if isinstance(event, FrameMade):
                times.append(time.perf_counter() - start)
                used = used or time.process_time()  # the first frame is the first key picture
        used = time.process_time() - used
        assert shot.geometry is not None
        scene = scene_of(shot)
        middle = frames // 2
        rate = (len(times) - 1) / (times[-1] - times[0])
        first, here = scene.surfaces(0), scene.surfaces(middle)
        parts = (
            _best(lambda: scene.surfaces(middle)),
            _best(lambda: follow(scene, middle, 0, here, first)),
            _gather_limit(shot.first_frame),
            _best(lambda: png.encode(shot.first_frame)),
        )
        return Result(
            size=f"{width}x{height}",
            triangles=len(scene.world(middle).layout.triangles),  # type: ignore[attr-defined]
            keys=keys,
            frames=frames,
            frames_per_second=rate,
            processor=used / (frames - 1),
            first_frame=times[1],
            rasterize=parts[0],
            follow=parts[1],
            gather_limit=parts[2],
            png_limit=parts[3],
            bound=CORES / sum(parts),
            share_of_bound=rate * sum(parts) / CORES,
        )


def _gather_limit(pixels: Any) -> float:
    """Sixteen gathers and additions of three channels, a cache's worth at a time."""
    plane, at = np.ascontiguousarray(pixels[..., 0]).ravel(), np.arange(1 << 14)
    total = np.zeros(len(at), np.float32)
    pieces = -(-len(plane) // len(at))

    def gather() -> None:
        for _ in range(48):
            np.add(total, plane.take(at, mode="clip"), out=total)

    return _best(gather) * pieces


def _best(work: Callable[[], Any]) -> float:
    """Processor seconds of the quickest of some runs."""
    best = np.inf
    for _ in range(REPEATS):
        start = time.thread_time()
        work()
        best = min(best, time.thread_time() - start)
    return float(best)
