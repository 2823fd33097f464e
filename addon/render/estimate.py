"""What a take would cost, before it is made: frames, disk and time, from two frames that are read and one timed."""

import os
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ...backend.motion_bridge import shot as shots
from ...backend.motion_bridge.engines import base as engines
from ...backend.motion_bridge.errors import MotionBridgeError
from ...backend.motion_bridge.files.temporary import temporary_folder
from ...backend.motion_bridge.geometry.key_frames import every
from ...backend.motion_bridge.media import png
from .. import take
from ..scene.camera import picture_of
from ..scene.first_frame import FromPixels, FromRender
from ..scene.isolated_camera import read_cameras
from ..scene.key_picture import percentage
from ..scene.key_pictures import FIRST_ONLY
from ..scene.restore_state import changed
from ..scene.snapshot import Request, complete, snapshot
from ..take_summary import engine_of

CAMERA, TRACK, PLACEMENT, VERTEX = 225, 9, 140, 6  # bytes of each a frame; vertices of surfaces that deform
STILL = 1e-6  # scene units and radians: a camera that moves by less stands still
PATIENT = 90  # seconds; above it minutes are said


@dataclass(frozen=True)
class Estimate:
    """What is known before Render is pressed."""

    frames: int
    disk: int  # bytes of the Shot and the frames
    seconds: float | None  # None where nobody can know before a frame is made
    camera_moves: bool
    rendered: int | None  # frames that the scene's own engine renders; None where that is found out while reading

    def sentence(self) -> str:
        """In one line."""
        parts = [f"{self.frames} frame{'s' if self.frames != 1 else ''}", size_text(self.disk)]
        if self.seconds is not None:
            parts.append(f"about {time_text(self.seconds)}")
        said = " \N{MIDDLE DOT} ".join(parts)
        if self.rendered is None:
            said += ", plus the renders that are chosen once the scene is read"
        if self.rendered:
            said += f", plus {self.rendered} render{'s' if self.rendered != 1 else ''}"
        return said if self.camera_moves else f"{said}; the camera does not move"


def estimate(context: Any, request: Request, engine: str, pace: float | None = None) -> Estimate:
    """The cost of a request. Main thread; leaves the scene as it was. BadInput as `snapshot` says.

    pace: seconds that a frame takes with this engine, where that is known; else a frame is made and timed, if the
    engine needs nothing but what Blender has.
    """
    frames = request.frames
    some = tuple(sorted({frames[0], frames[len(frames) // 2]}))
    with temporary_folder() as folder:
        begun = time.monotonic()
        read = _read(context, request, some, folder / "shot")
        reading = (time.monotonic() - begun) / len(some)
        whole, a_frame = _bytes(folder / "shot", read)
        if pace is None:
            pace = _timed(read, engine)
        picture = len(png.encode(read.first_frame))
    disk = whole + a_frame * (len(frames) - len(some)) + picture * (len(frames) + 1)
    seconds = None if pace is None else (pace + reading) * len(frames)
    return Estimate(len(frames), disk, seconds, _moves(context, request), _rendered(request))


def pace_of(output: str, engine: str, pixels: int) -> float | None:
    """Seconds a frame by the last take that this engine made, for so many pixels; None where there is none."""
    try:
        last = take.last(take.output_folder(output))
    except MotionBridgeError:
        return None
    made = [path for path in last.frames().values() if path.is_file()]
    if len(made) < 3 or engine_of(last) != engine:
        return None
    times = sorted(path.stat().st_mtime for path in made)
    shown = png.read(made[0])
    return float(np.median(np.diff(times))) * pixels / (shown.shape[0] * shown.shape[1])


def size_text(count: float) -> str:
    """Bytes as people say them."""
    for unit in ("kB", "MB", "GB"):
        count /= 1000
        if count < 1000 or unit == "GB":
            return f"{count:.0f} {unit}" if count >= 10 or unit == "kB" else f"{count:.1f} {unit}"
    raise AssertionError


def time_text(seconds: float) -> str:
    """A stretch of time, roughly."""
    if seconds < PATIENT:
        return f"{max(1, round(seconds))} s"
    minutes = seconds / 60
    return f"{round(minutes)} min" if minutes < PATIENT else f"{minutes / 60:.1f} h"


def _read(context: Any, request: Request, frames: tuple[int, ...], folder: Path) -> shots.Shot:
    """A Shot of a few of the request's frames, with a picture that is hard to compress."""
    with changed(context.scene.render, resolution_percentage=percentage(context.scene, request.options.size)):
        size = picture_of(context.scene.render)
    first = FromPixels(_busy(size.height, size.width))
    part = replace(request, frames=frames, first_frame=first, keys=FIRST_ONLY)
    complete(snapshot(context, part), folder, lambda *_: None, lambda: False)
    return shots.load(folder)


def _busy(height: int, width: int) -> Any:
    """A picture with about as much in it as a render."""
    random = np.random.default_rng(0)
    coarse = random.integers(40, 216, (-(-height // 8), -(-width // 8), 3))
    fine = random.integers(-3, 4, (height, width, 3))
    return np.clip(coarse.repeat(8, 0).repeat(8, 1)[:height, :width] + fine, 0, 255).astype(np.uint8)


def _bytes(folder: Path, read: shots.Shot) -> tuple[int, int]:
    """The size of a Shot of a few frames, and what each frame more takes."""
    whole = sum(entry.stat().st_size for entry in os.scandir(folder) if entry.name != "first_frame.png")
    frame = CAMERA + (0 if read.tracks is None else TRACK * len(read.tracks.xy))
    if read.geometry is not None:
        placed, table = read.geometry.placements, read.geometry.meshes.table
        later = np.unique(np.asarray(placed.mesh)[np.asarray(placed.frame) > 0])
        deformed = later[~np.isin(later, np.asarray(placed.mesh)[np.asarray(placed.frame) == 0]) & (later >= 0)]
        frame += PLACEMENT * int((np.asarray(placed.frame) > 0).sum()) + VERTEX * int(table[deformed, 1].sum())
    return whole, frame


def _timed(read: shots.Shot, engine: str) -> float | None:
    """Seconds that a frame takes, by making the last one; None where the engine needs more than Blender has."""
    made_by = engines.find(engine)
    if made_by.packages:
        return None
    begun, pace = time.monotonic(), None
    for frame in engines.frames_alone(made_by.frames(read, _Nothing(), list)):
        png.encode(frame.pixels)
        pace, begun = time.monotonic() - begun, time.monotonic()
    return pace


class _Nothing:
    """No frame is finished."""

    def __contains__(self, index: object) -> bool:
        return False

    def __len__(self) -> int:
        return 0

    def pixels(self, index: int) -> Any:
        raise KeyError(index)

    def notes(self, index: int) -> Any:
        raise KeyError(index)

    def state(self, index: int) -> None:
        return None


def _moves(context: Any, request: Request) -> bool:
    frames = request.frames
    some = sorted({frames[at] for at in np.linspace(0, len(frames) - 1, min(len(frames), 24)).astype(int)})
    cameras = read_cameras(context, some)
    poses = np.stack([camera.pose for camera in cameras])
    lenses = np.stack([camera.intrinsics for camera in cameras])
    return bool(np.ptp(poses, axis=0).max() > STILL or np.ptp(lenses, axis=0).max() > STILL)


def _rendered(request: Request) -> int | None:
    if request.keys.step:
        return len(every(len(request.frames), request.keys.step))
    if request.keys.threshold is not None:
        return None
    return int(isinstance(request.first_frame, FromRender))
