"""The camera of a heavy scene at many frames, beside `frame_set` for each of them.

The scene is a camera on a moving parent that looks at a target, beside a sheet of half a million vertices that a Wave
modifier moves. Both ways give the camera's matrix and lens; every number has to be the same.
"""

import argparse
import json
import time
from itertools import chain
from typing import Any

from . import report
from .in_blender import add_python, addon, elsewhere, empty_blender, moving_camera, wavy_sheet


def add(parser: argparse.ArgumentParser) -> None:
    add_python(parser)
    parser.add_argument("--frames", type=int, default=2500)
    parser.add_argument("--side", type=int, default=707, help="faces along a side of the sheet")


def run(arguments: argparse.Namespace) -> int:
    code = elsewhere(arguments, frames=arguments.frames, side=arguments.side)
    if code is not None:
        return code
    found = measure(arguments.frames, arguments.side)
    print(json.dumps(found) if arguments.json else report.camera(found))
    return 0


def measure(frames: int, side: int) -> dict[str, Any]:
    """Seconds for so many frames, both ways."""
    bpy = empty_blender()
    stripped = addon("scene.isolated_camera")
    sheet = wavy_sheet(bpy, "sheet", side, 12, waving=True)
    moving_camera(bpy, frames)
    scene = bpy.context.scene
    numbers = list(range(1, frames + 1))
    stripped.camera_samples(bpy.context, numbers[:20])  # what is loaded once is not counted
    began = time.perf_counter()
    ours = stripped.read_cameras(bpy.context, numbers)
    ours_s = time.perf_counter() - began
    matrices, began = [], time.perf_counter()
    for number in numbers:
        scene.frame_set(number)
        camera = scene.camera.evaluated_get(bpy.context.evaluated_depsgraph_get())
        matrices.append((tuple(row[:] for row in camera.matrix_world), camera.data.lens))
    frame_set_s = time.perf_counter() - began
    samples = stripped.camera_samples(bpy.context, numbers)
    different = 0
    for sample, (matrix, lens) in zip(samples, matrices, strict=True):
        theirs, ours_now = (*chain(*matrix), lens), (*chain(*sample.matrix), sample.lens.focal)
        different += sum(a != b for a, b in zip(theirs, ours_now, strict=True))
    return {
        "blender": bpy.app.version_string,
        "frames": len(ours),
        "vertices": len(sheet.data.vertices),
        "ours_s": ours_s,
        "frame_set_s": frame_set_s,
        "times": frame_set_s / ours_s,
        "different": different,
    }
