"""Frames from a backend into a Blender image, beside what the image alone costs.

The backend sends pictures that it has ready, so the pipe and Blender's end of it are all there is to measure. The floor
is the conversion from bytes to the floats of a Blender image, bottom row first, and `pixels.foreach_set`.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from motion_bridge.engines.runner import JobRequest
from motion_bridge.errors import BadInput
from motion_bridge.ipc import server
from motion_bridge.ipc.client import Client, Done, Failed, FrameMade
from motion_bridge.ipc.events import Event, Started
from numpy.typing import NDArray

from . import report
from .in_blender import command_in

BACKEND = Path(__file__).parents[2]
WIDTH, HEIGHT = 832, 480
ROUNDS = 10
WARM_UP = 10  # frames that are not counted
START = f"import sys; sys.path[:0] = [{str(BACKEND)!r}]; from benchmarks.blender.frame_transport import serve; serve()"


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--python", metavar="PATH", help="a Python that has bpy; this one if not given")
    parser.add_argument("--frames", type=int, default=600)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")


def run(arguments: argparse.Namespace) -> int:
    if arguments.python:
        more = ["--frames", str(arguments.frames), *(["--json"] if arguments.json else [])]
        return subprocess.run(command_in(arguments.python, "stream", *more)).returncode
    if arguments.frames < 10 * ROUNDS:
        raise BadInput(f"--frames {arguments.frames} is too few to measure; take at least {10 * ROUNDS}.")
    found = measure(arguments.frames)
    print(json.dumps(found) if arguments.json else report.frame_transport(found))
    return 0


def measure(frames: int) -> dict[str, Any]:
    """Medians in milliseconds a frame, and frames a second; stream and floor take turns, so that both meet the same."""
    try:
        import bpy
    except ImportError:
        raise BadInput(f"{sys.executable} has no bpy; name a Python that has, with --python.") from None
    show = _display().show
    client = Client([sys.executable, "-I", "-c", START])
    seconds, costs, floors = 0.0, [], []
    try:
        for _ in range(ROUNDS):
            took, cost = _stream(client, frames // ROUNDS, show)
            seconds, costs = seconds + took, costs + cost
            floors += _floor(bpy, frames // ROUNDS // 2)
    finally:
        client.close()
        client.join(2)
    cost, floor = float(np.median(costs)) * 1e3, float(np.median(floors)) * 1e3
    return {
        "blender": bpy.app.version_string,
        "size": f"{WIDTH} × {HEIGHT}",
        "frames": frames,
        "frames_per_second": len(costs) / seconds,
        "main_thread_ms": cost,
        "floor_ms": floor,
        "ratio": cost / floor,
    }


def serve() -> int:
    """The backend's end: a worker whose jobs are pictures out of a drawer."""
    return server.serve(_pictures)


def _pictures(request: JobRequest, changes: Callable[[], list], cancelled: Callable[[], bool]) -> Iterator[Event]:
    count = int(request.engine)
    drawer = _drawer()
    yield Started(request.job, count, count)
    for index in range(count):
        yield FrameMade(request.job, index, index, request.shot, drawer[index % len(drawer)])


def _stream(client: Client, frames: int, show: Callable[[NDArray[np.uint8]], Any]) -> tuple[float, list[float]]:
    """Seconds for so many frames, and of the main thread for each; every frame is shown, none skipped."""
    costs: list[float] = []
    shown: list[float] = []
    client.render(Path("none"), Path("none"), str(frames + WARM_UP), resume=False)
    ended = False
    while not ended:
        began = time.perf_counter()
        events = client.poll()
        made = [event for event in events if isinstance(event, FrameMade)]
        for frame in made:
            show(frame.pixels)
        now = time.perf_counter()
        costs += [(now - began) / len(made) for _ in made]
        shown += [now for _ in made]
        for event in events:
            if isinstance(event, Failed):
                raise event.error
            ended = ended or isinstance(event, Done)
        if not made:
            time.sleep(0.0005)
    return shown[-1] - shown[WARM_UP - 1], costs[WARM_UP:]


def _floor(bpy: ModuleType, frames: int) -> list[float]:
    image = bpy.data.images.new("floor", WIDTH, HEIGHT, float_buffer=True)
    srgb = np.arange(256) / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4).astype(np.float32)
    rgba = np.ones((HEIGHT, WIDTH, 4), np.float32)
    drawer = _drawer()
    costs = []
    for index in range(frames + WARM_UP):
        picture = drawer[index % len(drawer)]
        began = time.perf_counter()
        for channel in range(3):
            rgba[..., channel] = linear.take(picture[::-1, :, channel])
        image.pixels.foreach_set(rgba.reshape(-1))
        costs.append(time.perf_counter() - began)
    bpy.data.images.remove(image)
    return costs[WARM_UP:]


@cache
def _drawer() -> list[NDArray[np.uint8]]:
    """Pictures that differ, more of them than a processor's cache holds."""
    return [np.random.default_rng(seed).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8) for seed in range(16)]


def _display() -> ModuleType:
    """The add-on's own display code, from the repository that this file is part of."""
    root = BACKEND.parent
    if not (root / "addon" / "viewer" / "image.py").is_file():
        raise BadInput(f"{root} holds no add-on; run this from the project's repository.")
    for name, folder in (("measured", root), ("measured.addon", root / "addon")):
        package = sys.modules[name] = ModuleType(name)  # in place of their own, which need the whole extension
        package.__path__ = [str(folder)]
    return import_module("measured.addon.viewer.image")
