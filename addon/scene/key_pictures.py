"""Which frames beside the first one are key pictures: rendered by the scene's own engine, or files of the artist's."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import bpy
import numpy as np
from numpy.typing import NDArray

from ...backend.motion_bridge import shot as shots
from ...backend.motion_bridge.errors import BadInput
from ...backend.motion_bridge.geometry import key_frames
from ...backend.motion_bridge.media import png
from ..paths import absolute

NAME = re.compile(r"frame_(-?\d{4,})\.png")
EIGHT_OR_SIXTEEN = NDArray[np.generic]  # (H, W, 3) uint8 or uint16, sRGB


@dataclass(frozen=True)
class KeyPictures:
    """The artist's choice; by default the first frame alone."""

    step: int = 0  # every so many frames are rendered; 0: none
    threshold: float | None = None  # a frame that shows more than this share which no other one does is rendered
    folder: str = ""  # of files called frame_0012.png; may start with // for the .blend file's folder

    @property
    def rendered(self) -> bool:
        """Whether frames are chosen once the scene is read, and then rendered."""
        return self.step > 0 or self.threshold is not None


FIRST_ONLY = KeyPictures()


def chosen(
    keys: KeyPictures, shot: shots.Shot, first_is_given: bool, progress: Callable[[int, int], None]
) -> tuple[tuple[int, ...], str]:
    """The frame numbers to render, rising, and what to say of them before. progress may raise to stop it."""
    count = len(shot.frames)
    if keys.threshold is None:
        found = key_frames.KeyFrames(key_frames.every(count, keys.step), np.full(count, np.nan))
    else:
        found = key_frames.choose(shot, keys.threshold, progress=progress)
    frames = tuple(shot.frames[k] for k in found.positions if k or not first_is_given)
    if keys.threshold is not None and len(found.positions) == count > 1:
        return frames, found.sentence(count, keys.threshold)
    return frames, f"{len(frames)} of {count} frame{'s' if count != 1 else ''} will be rendered."


def files(folder: str, frames: tuple[int, ...]) -> dict[int, Path]:
    """The files of a folder that are pictures of some of these frames. BadInput where there are none."""
    if folder.startswith("//") and not bpy.data.filepath:
        raise BadInput(f"The folder of key pictures {folder} starts beside the .blend file; save the file first.")
    place = absolute(folder)
    if not folder.strip() or not place.is_dir():
        raise BadInput(f"The folder of key pictures {folder!r} is not there; choose one with files frame_0001.png …")
    found = {int(match[1]): path for path in place.iterdir() if (match := NAME.fullmatch(path.name))}
    kept = {number: found[number] for number in sorted(found) if number in set(frames)}
    if not kept:
        raise BadInput(
            f"{place} holds no key picture of the frames {frames[0]}-{frames[-1]}; they are called "
            f"frame_{frames[0]:04d}.png and so on. Render some there, or choose another folder."
        )
    return kept


def read(paths: dict[int, Path], width: int, height: int) -> dict[int, EIGHT_OR_SIXTEEN]:
    """The pictures; BadInput names the one that is damaged or of another size than the shot's."""
    pictures = {}
    for number, path in paths.items():
        picture = png.read_deep(path)
        if picture.shape[:2] != (height, width):
            raise BadInput(
                f"The key picture {path} is {picture.shape[1]}×{picture.shape[0]} pixels, the shot {width}×{height}. "
                "Render it at the shot's size, or take it out of the folder."
            )
        pictures[number] = picture
    return pictures
