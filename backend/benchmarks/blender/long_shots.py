"""Long shots: whether the time grows as the frames do, and the memory does not.

Each piece of work is done for several lengths, each length in a process of its own, so that its greatest memory is its
own too: reading a scene with everything that a Shot can hold, every track format, and Deforum schedules.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from motion_bridge import shot, track_formats
from motion_bridge.errors import BackendFailed, BadInput
from motion_bridge.geometry.camera import pixel_centers
from motion_bridge.schedules.camera import documents

from ..common.synthetic_shots import LENS, distance
from . import report
from .in_blender import addon, command_in, empty_blender, moving_camera, wavy_sheet

WIDTH, HEIGHT, SIDE = 64, 36, 8  # pixels, and points along a side of the grid
PERIOD = 240  # frames in which the drawn camera goes to and fro
LENGTHS = (2500, 5000, 10000)
FORMATS = ("npz", "wantrack", "wan-move", "ati", "comfyui-ati", "comfyui-wan-move", "das")


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--python", metavar="PATH", help="a Python that has bpy, for the scene; left out without one")
    parser.add_argument("--frames", type=int, nargs="+", default=LENGTHS, help="lengths, rising")
    parser.add_argument("--work", nargs="+", choices=tuple(WORK), default=tuple(WORK), help="what is measured")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    parser.add_argument("--once", action="store_true", help=argparse.SUPPRESS)  # in a process of its own


def run(arguments: argparse.Namespace) -> int:
    if arguments.once:
        print(json.dumps(measure(arguments.work[0], arguments.frames[0])))
        return 0
    found: dict[str, list[dict[str, Any]]] = {}
    for work in arguments.work:
        python = arguments.python if work == "scene" else sys.executable
        if python:
            found[work] = [elsewhere(python, work, frames) for frames in arguments.frames]
    if arguments.json:
        print(json.dumps(found))
        return 0
    for work, lengths in found.items():
        print(report.long_shots(f"{work}: {WORK[work].__doc__}", lengths))
    return 0


def elsewhere(python: str, work: str, frames: int) -> dict[str, Any]:
    """One measurement in a process of its own."""
    start = command_in(python, "long", "--once", "--work", work, "--frames", str(frames))
    done = subprocess.run(start, capture_output=True, text=True)
    if done.returncode:
        raise BackendFailed(f"Measuring {work} with {frames} frames failed: {done.stderr.strip()[-500:]}")
    return json.loads(done.stdout.splitlines()[-1])


def measure(work: str, frames: int) -> dict[str, Any]:
    """Seconds of the processor, and the greatest memory beyond what was there before the work began."""
    with tempfile.TemporaryDirectory() as folder:
        start = WORK[work](Path(folder), frames)
        with Greatest() as memory:
            began = time.process_time()
            start()
            seconds = time.process_time() - began
    return {"frames": frames, "seconds": seconds, "megabytes": memory.grown / 2**20}


class Greatest:
    """How far this process's own memory grows meanwhile. What is only a map of a file does not count: the system gives
    it back whenever it likes.
    """

    def __enter__(self) -> "Greatest":
        self._first = self._most = own_memory()
        self._over = threading.Event()
        self._watch = threading.Thread(target=self._look, daemon=True)
        self._watch.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._watch.join()

    @property
    def grown(self) -> int:
        """Bytes."""
        return self._most - self._first

    def _look(self) -> None:
        while not self._over.wait(0.01):
            self._most = max(self._most, own_memory())


def own_memory() -> int:
    """Bytes of this process that stand in no file. BadInput where nobody says."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        raise BadInput("The memory of long shots is measured on Linux alone.") from None
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("RssAnon:"))


def _scene(folder: Path, frames: int) -> Callable[[], None]:
    """a scene with a grid of tracks, depth, objects and flow, from Blender to a Shot"""
    bpy = empty_blender()
    read, first_frame = addon("scene.snapshot"), addon("scene.first_frame")
    render = bpy.context.scene.render
    render.resolution_x, render.resolution_y, render.resolution_percentage = WIDTH, HEIGHT, 100
    wavy_sheet(bpy, "floor", 20, 9, waving=False)
    mover = wavy_sheet(bpy, "mover", 4, 1.5, waving=False)
    for frame, height in ((1, 0.5), (frames, 1.5)):
        mover.location.z = height
        mover.keyframe_insert("location", frame=frame)
    moving_camera(bpy, frames)
    picture = first_frame.FromPixels(np.zeros((HEIGHT, WIDTH, 3), np.uint8))
    needs = frozenset({"tracks", "depth", "objects", "flow"})
    request = read.Request(tuple(range(1, frames + 1)), needs, picture, grid=SIDE)

    def work() -> None:
        snapshot = read.snapshot(bpy.context, request)
        read.complete(snapshot, folder / "shot", lambda done, total: None, lambda: False)

    return work


def _formats(folder: Path, frames: int) -> Callable[[], None]:
    """a Shot with tracks and depth into every track format"""
    drawn(folder / "shot", frames)

    def work() -> None:
        scene = shot.load(folder / "shot")
        for name in FORMATS:
            track_formats.write(scene, name, folder / (name + (".npy" if name == "das" else "")))

    return work


def _schedules(folder: Path, frames: int) -> Callable[[], None]:
    """a Shot with depth as schedules for other people's Deforum, fitted and thinned"""
    drawn(folder / "shot", frames)
    return lambda: _kept(folder, documents.for_webui(shot.load(folder / "shot"), 0.1))


def _metric(folder: Path, frames: int) -> Callable[[], None]:
    """a Shot with depth as schedules for this project's own Deforum, thinned to a quarter of a pixel"""
    drawn(folder / "shot", frames)
    return lambda: _kept(folder, documents.for_metric(shot.load(folder / "shot"), 0.25))


def _kept(folder: Path, made: documents.Written) -> None:
    (folder / "schedules.txt").write_text(documents.fields(made), encoding="utf-8")


def drawn(folder: Path, frames: int) -> None:
    """A Shot of so many frames through a drawn scene, to and fro every few seconds: depth, and SIDE² tracks."""
    turn = 2 * np.pi * np.arange(frames) / PERIOD
    pose = np.tile(np.eye(4), (frames, 1, 1))
    pose[:, :3, 3] = np.stack([1.8 * np.sin(turn), 0.4 * np.cos(turn) - 0.4, 0.8 * np.sin(2 * turn)], axis=-1)
    pan = 0.15 * np.sin(turn)
    pose[:, 0, 0] = pose[:, 2, 2] = np.cos(pan)
    pose[:, 0, 2] = np.sin(pan)
    pose[:, 2, 0] = -pose[:, 0, 2]
    focal = LENS * WIDTH
    intrinsics = np.tile(np.array([[focal, 0, WIDTH / 2], [0, focal, HEIGHT / 2], [0, 0, 1]]), (frames, 1, 1))
    rays = np.concatenate(
        [(pixel_centers(WIDTH, HEIGHT) - (WIDTH / 2, HEIGHT / 2)) / focal, np.ones((HEIGHT, WIDTH, 1))], -1
    )
    depth = shot.map_array(folder, "depth", (frames, HEIGHT, WIDTH), np.float32)
    for k in range(frames):
        depth[k] = distance(pose[k, :3, 3], rays @ pose[k, :3, :3].T)
    places = np.random.default_rng(3).uniform((0, 0), (WIDTH, HEIGHT), (SIDE**2, 2))
    xy = places[:, None] + 2 * np.stack([np.sin(turn), np.cos(turn)], axis=-1)
    inside = (xy >= 0) & (xy < (WIDTH, HEIGHT))
    visible = inside[..., 0] & inside[..., 1]
    tracks = shot.Tracks(xy.astype(np.float32), visible, ("point",) * len(xy), ("grid",) * len(xy))
    camera = shot.Camera(pose, intrinsics, np.zeros(frames, bool))
    picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    numbers = tuple(range(1, frames + 1))
    shot.save(shot.Shot(numbers, 24.0, WIDTH, HEIGHT, camera, picture, depth=depth, tracks=tracks), folder)


WORK = {"scene": _scene, "tracks": _formats, "schedules": _schedules, "metric": _metric}
