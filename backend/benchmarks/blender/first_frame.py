"""From Render to the first frame: how long a scene is read, what its Shot weighs, and how both grow with frames."""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from .in_blender import BACKEND, add_python, addon, elsewhere, empty_blender, moving_camera, wavy_sheet

SIZES = {"cube": (1920, 1080), "sheet": (832, 480), "cloth": (832, 480)}
GRID = 50  # points a side, as the panel has it


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_python(parser)
    parser.add_argument("--scene", choices=tuple(SIZES), default="cube", help="cube; sheet of 100,000 faces; cloth")
    parser.add_argument("--frames", type=int, nargs="+", default=[10, 250, 2500], help="lengths, rising")
    parser.add_argument("--grid", type=int, default=GRID, help="points a side of the grid that is tracked")


def run(options: argparse.Namespace) -> int:
    """Measure and print."""
    if options.python:
        words = {"scene": options.scene, "grid": options.grid}
        code = 0
        for frames in options.frames:
            code = code or elsewhere(options, **words, frames=frames) or 0
        return code
    for frames in options.frames:
        found = measure(options.scene, frames, options.grid)
        if options.json:
            print(json.dumps(found))
        else:
            print(
                "  ".join(
                    f"{name} {value:.3f}" if isinstance(value, float) else f"{name} {value}"
                    for name, value in found.items()
                )
            )
    return 0


def measure(kind: str, frames: int, grid: int) -> dict[str, Any]:
    """One job of the engine reproject from the snapshot to its first frame; then the whole Shot's size."""
    build(kind, frames)
    import bpy

    parts = {name: addon(name) for name in ("scene.snapshot", "scene.first_frame", "render.job", "take")}
    events_of = parts["render.job"]  # the add-on's own modules stand apart from this package's
    width, height = SIZES[kind]
    picture = parts["scene.first_frame"].FromPixels(np.full((height, width, 3), 90, np.uint8))
    numbers = tuple(range(1, frames + 1))
    request = parts["scene.snapshot"].Request(numbers, frozenset({"geometry"}), picture, grid=grid)
    with tempfile.TemporaryDirectory(prefix="motion_bridge_", ignore_cleanup_errors=True) as folder:
        take = parts["take"].Take(Path(folder) / "take_001")
        begun = time.perf_counter()
        taken = parts["scene.snapshot"].snapshot(bpy.context, request)
        asked = time.perf_counter()
        job = parts["render.job"].Job(take, "reproject", [sys.executable, "-I", str(BACKEND), "serve"], taken, False)
        written, size = 0.0, 0
        try:
            while True:
                events = job.tick()
                if not written and not job.state.prepares:
                    written = time.perf_counter()
                    size = sum(path.stat().st_size for path in take.shot.iterdir())
                if any(isinstance(event, events_of.FrameMade) for event in events):
                    break
                if failed := next((event for event in events if isinstance(event, events_of.Failed)), None):
                    raise failed.error
                time.sleep(1 / 60)
            first = time.perf_counter()
        finally:
            job.close()
    return {
        "scene": kind,
        "frames": frames,
        "blender": asked - begun,  # seconds that Blender's main thread is busy
        "writing": written - asked,  # geometry and tracks, in a thread
        "first": first - begun,  # from Render to the first frame
        "megabytes": size / 1e6,
    }


def build(kind: str, frames: int) -> None:
    """An empty scene with one thing in it and a moving camera."""
    bpy = empty_blender()
    render = bpy.context.scene.render
    render.resolution_x, render.resolution_y = SIZES[kind]
    if kind == "cube":
        bpy.ops.mesh.primitive_cube_add()
    else:
        wavy_sheet(bpy, kind, 224, 6, waving=kind == "cloth")
    moving_camera(bpy, frames)
