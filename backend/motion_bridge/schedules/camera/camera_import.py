"""Deforum schedules back to a camera, so that a settings file or Parseq document can be keyed in Blender.

3D mode becomes a perspective camera that travels through the depth units of the file. 2D mode becomes an orthographic
one that slides, rolls and widens: the picture's motion is then exactly the file's.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...errors import BadInput
from ...shot import Camera
from .. import settings_files
from . import convention
from .convention import CHANNELS_2D, CHANNELS_3D

Array = NDArray[np.floating]

REST = {"zoom": 1.0, "fov_schedule": 70.0, "transform_center_x": 0.5, "transform_center_y": 0.5}  # all others 0
DEEP = (*CHANNELS_3D[2:], "fov_schedule")  # what only 3D mode has
MODES = ("2D", "3D")


@dataclass(frozen=True)
class Imported:
    """The camera of a file, and what the file says beside it."""

    camera: Camera
    width: int  # pixels; the caller's where the file does not say
    height: int
    notices: tuple[str, ...]


def read(content: str, where: str, size: tuple[int, int], units: float = 1.0) -> Imported:
    """The camera that a file's text describes. where: the file's name. size: the picture, if the file has none.

    units: Deforum depth units per scene unit. BadInput names the file and what is wrong with it.
    """
    found = settings_files.read(content, where)
    series, notices = settings_files.evaluate(found, found.context())
    named = {*CHANNELS_2D, *DEEP} & set(series)
    if not named:
        wanted = ", ".join((*CHANNELS_3D, *CHANNELS_2D[2:]))
        raise BadInput(f"{where} says nothing about motion: it has none of {wanted}.")
    mode = found.values.get("animation_mode") or ("3D" if named & set(DEEP) else "2D")
    if mode not in MODES:
        raise BadInput(f"{where} is for the mode {mode!r}, whose schedules move no camera; set it to 2D or 3D.")
    known = (*CHANNELS_3D, *CHANNELS_2D, *REST)
    motion = {name: np.array(series[name], np.float64) for name in known if name in series}
    width, height = found.width or size[0], found.height or size[1]
    if mode == "2D":
        moved = flat_camera(motion, width, height)
    else:
        moved = camera(motion, width, height, units)
    told = [*found.notices, *notices]
    if found.max_frames is None:
        told.append(f"{where} does not say how long it is; {len(moved.pose)} frames are taken.")
    if mode == "3D" and np.ptp([1.0, *series.get("aspect_ratio_schedule", [1.0])]) > 1e-6:  # type: ignore[list-item]
        told.append("Its aspect ratio is not 1: it was fitted to the webui's warp, and the camera only comes close.")
    if found.values.get("enable_perspective_flip"):
        told.append("Its perspective flip is left out; a camera has none.")
    return Imported(moved, width, height, tuple(told))


def poses(schedules: Mapping[str, Array], width: int, height: int, units: float = 1.0) -> tuple[Array, Array]:
    """Camera-to-world poses (T, 4, 4) of 3D mode, OpenCV axes, from the origin, and horizontal fov (T,) in degrees.

    schedules: values for every frame by the webui's names; a channel that is missing stands still. units: Deforum depth
    units per scene unit.
    BadInput names a channel of another length or with values that are no numbers.
    """
    _check_size(width, height)
    if not (np.isfinite(units) and units > 0):
        raise BadInput(f"The depth units per scene unit are {units}; they must be positive.")
    value = np.stack([_channel(schedules, name) for name in CHANNELS_3D], axis=-1)
    fov = _channel(schedules, "fov_schedule")
    if ((fov <= 0) | (fov >= 180)).any():
        frame = int(np.argmax((fov <= 0) | (fov >= 180)))
        raise BadInput(
            f"fov_schedule is {fov[frame]:g} at frame {frame}; a camera needs more than 0 and less than 180."
        )
    return convention.poses(value, units), fov


def camera(schedules: Mapping[str, Array], width: int, height: int, units: float = 1.0) -> Camera:
    """The camera of 3D mode with its intrinsics in pixels, square."""
    pose, fov = poses(schedules, width, height, units)
    return Camera(pose, _intrinsics(width / 2 / np.tan(np.radians(fov) / 2), width, height), np.zeros(len(pose), bool))


def flat_camera(schedules: Mapping[str, Array], width: int, height: int) -> Camera:
    """The orthographic camera of 2D mode; at frame 0 the picture is one scene unit wide."""
    _check_size(width, height)
    zoom, angle = _channel(schedules, "zoom"), np.radians(_channel(schedules, "angle"))
    if (zoom <= 0).any():
        frame = int(np.argmax(zoom <= 0))
        raise BadInput(f"zoom is {zoom[frame]:g} at frame {frame}; it must be positive.")
    shift = np.stack([_channel(schedules, "translation_x"), _channel(schedules, "translation_y")], axis=-1)
    part = np.stack([_channel(schedules, "transform_center_x"), _channel(schedules, "transform_center_y")], axis=-1)
    turn_about = part * (width, height) + 0.5
    middle = np.array([width, height]) / 2
    pose = np.tile(np.eye(4), (len(zoom), 1, 1))
    focal = np.empty(len(zoom))
    # scene plane to pixels: scale · turn · point + offset
    scale, turn, offset = float(width), np.eye(2), middle
    for k in range(len(zoom)):
        if k > 0:
            spin = np.array([[np.cos(angle[k]), np.sin(angle[k])], [-np.sin(angle[k]), np.cos(angle[k])]])
            offset = zoom[k] * spin @ (offset + shift[k] - turn_about[k]) + turn_about[k]
            scale, turn = scale * zoom[k], spin @ turn
        pose[k, :2, :2] = turn.T
        pose[k, :2, 3] = turn.T @ (middle - offset) / scale
        focal[k] = scale
    return Camera(pose, _intrinsics(focal, width, height), np.ones(len(zoom), bool))


def _intrinsics(focal: Array, width: int, height: int) -> Array:
    matrix = np.zeros((len(focal), 3, 3))
    matrix[:, 0, 0] = matrix[:, 1, 1] = focal
    matrix[:, :, 2] = width / 2, height / 2, 1
    return matrix


def _channel(schedules: Mapping[str, Array], name: str) -> Array:
    if not schedules:
        raise BadInput("There are no schedules to make a camera from.")
    frames = len(next(iter(schedules.values())))
    value = np.asarray(schedules.get(name, np.full(frames, REST.get(name, 0.0))), np.float64)
    if value.shape != (frames,) or frames == 0:
        raise BadInput(f"{name} has {value.size} values where the others have {frames}.")
    if not np.isfinite(value).all():
        raise BadInput(f"{name} at frame {int(np.argmin(np.isfinite(value)))} is not a number.")
    return value


def _check_size(width: int, height: int) -> None:
    if width < 1 or height < 1:
        raise BadInput(f"The picture is {width} × {height} pixels; both sides must be at least 1.")
