"""A folder of Shots that Reproject can make in a moment, each another picture."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from backend_processes import a_shot
from motion_bridge import shot as shots
from motion_bridge.engines import runner


def write(folder, number, count=4, width=48, height=32):
    """Writes shot_01, shot_02, …; their folders."""
    folders = [Path(folder) / f"shot_{at:02d}" for at in range(1, number + 1)]
    for at, each in enumerate(folders):
        shot = a_shot(count, width, height)
        depth = np.full((count, height, width), 2.0, np.float32)
        shots.save(replace(shot, first_frame=np.roll(shot.first_frame, at, 1), depth=depth, seed=at), each)
    return folders


def make(shot, output, seed=None):
    """The take of a Shot, made here and now: what every other way must arrive at."""
    if seed is not None:
        folder = Path(output).with_name(f"{Path(output).name}.shot")
        shots.save(replace(shots.load(shot), seed=seed), folder)
        shot = folder
    for _ in runner.run(runner.JobRequest(1, Path(shot), str(output), "reproject", True), list, lambda: False):
        pass


def frames(take):
    """Its frames' bytes by name."""
    return {path.name: path.read_bytes() for path in sorted(Path(take).glob("frame_*.png"))}
