"""A settings file or Parseq document as the camera that it moves."""

from dataclasses import dataclass

import numpy as np

from ...errors import BadInput
from ...shot import Camera
from ..schedule import settings
from . import camera_import
from .convention import CHANNELS_2D, CHANNELS_3D

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
    found = settings.read(content, where)
    series, notices = settings.evaluate(found, found.context())
    named = {*CHANNELS_2D, *DEEP} & set(series)
    if not named:
        wanted = ", ".join((*CHANNELS_3D, *CHANNELS_2D[2:]))
        raise BadInput(f"{where} says nothing about motion: it has none of {wanted}.")
    mode = found.values.get("animation_mode") or ("3D" if named & set(DEEP) else "2D")
    if mode not in MODES:
        raise BadInput(f"{where} is for the mode {mode!r}, whose schedules move no camera; set it to 2D or 3D.")
    known = (*CHANNELS_3D, *CHANNELS_2D, *camera_import.REST)
    motion = {name: np.array(series[name], np.float64) for name in known if name in series}
    width, height = found.width or size[0], found.height or size[1]
    if mode == "2D":
        camera = camera_import.flat_camera(motion, width, height)
    else:
        camera = camera_import.camera(motion, width, height, units)
    told = [*found.notices, *notices]
    if found.max_frames is None:
        told.append(f"{where} does not say how long it is; {len(camera.pose)} frames are taken.")
    if mode == "3D" and np.ptp([1.0, *series.get("aspect_ratio_schedule", [1.0])]) > 1e-6:  # type: ignore[list-item]
        told.append("Its aspect ratio is not 1: it was fitted to the webui's warp, and the camera only comes close.")
    if found.values.get("enable_perspective_flip"):
        told.append("Its perspective flip is left out; a camera has none.")
    return Imported(camera, width, height, tuple(told))
