"""A Shot whose every frame was rendered: its frames made from a few of those renders, and how far they are off."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from motion_bridge import shot as shots
from motion_bridge.engines.reproject.frame_buffer import Source
from motion_bridge.engines.reproject.frame_maker import Maker, key_pictures
from motion_bridge.errors import BadInput
from motion_bridge.geometry import key_frames
from motion_bridge.geometry.one_ahead import one_ahead
from motion_bridge.geometry.scene import scene_of
from motion_bridge.media import png
from motion_bridge.metrics.similarity import psnr, ssim
from motion_bridge.shot import Shot
from motion_bridge.takes.writer import frame_name
from numpy.typing import NDArray

Picture = NDArray[np.uint8]


@dataclass(frozen=True)
class Found:
    """One set of key pictures; all but `never_seen` are of the frames that are not key pictures themselves."""

    keys: tuple[int, ...]  # frame numbers
    automatic: bool  # chosen with the default threshold
    psnr: float  # mean over frames, all pixels, dB
    psnr_least: float  # of the worst frame
    psnr_seen: float  # mean over frames, of pixels that a key picture shows
    ssim: float
    ssim_seen: float
    never_seen: float  # greatest share of a frame that no key picture shows
    frames: tuple[float, ...]  # PSNR of every frame, inf for key pictures

    def numbers(self) -> dict[str, Any]:
        """For a JSON file; key pictures have no PSNR there."""
        return {**asdict(self), "frames": [None if np.isinf(each) else round(each, 3) for each in self.frames]}


def read(shot: Path, rendered: Path) -> tuple[Shot, list[Picture]]:
    """The Shot in a folder, and the render of each of its frames; BadInput where one is missing or of another size."""
    found = shots.load(shot)
    pictures = []
    for number in found.frames:
        picture = png.read(rendered / frame_name(number))
        if picture.shape[:2] != (found.height, found.width):
            raise BadInput(
                f"{rendered / frame_name(number)} is not {found.width} × {found.height} pixels; render it so."
            )
        pictures.append(picture)
    return found, pictures


def chosen(shot: Shot, most: int) -> list[tuple[tuple[int, ...], bool]]:
    """Positions of 1, 2, … `most` key pictures, each set with one more than the last, and the automatic one."""
    automatic = key_frames.choose(shot).positions
    sets: list[tuple[int, ...]] = [(0,)]
    while len(sets) < most and len(sets[-1]) == len(sets):
        sets.append(key_frames.choose(shot, 0, given=sets[-1], most=len(sets) + 1).positions)
    return [*((each, False) for each in sets if each != automatic), (automatic, True)]


def measure(shot: Shot, rendered: Sequence[Picture], keys: tuple[int, ...], automatic: bool) -> Found:
    """The whole Shot from the renders at some positions, as the engine makes it."""
    given = {shot.frames[k]: rendered[k] for k in keys if k}
    shot = replace(shot, first_frame=rendered[0], key_pictures=given)
    scene = scene_of(shot)
    sources = {k: Source(k, picture, scene.surfaces(k)) for k, picture in sorted(key_pictures(shot).items())}
    maker = Maker(scene, sources)
    buffer = maker.recalled(0, {})  # type: ignore[arg-type]  (a key picture is not looked up)
    all_pixels, seen_pixels, likeness, likeness_seen, unseen = [], [], [], [], []
    for k, here in one_ahead((k, scene.surfaces(k)) for k in range(1, len(shot.frames))):
        known = None if k in sources else maker.known(k, here)
        seen = None if known is None else ~known.unseen.reshape(here.index.shape).copy()
        frame, buffer = maker.made(k, here, buffer, known)
        all_pixels.append(psnr(frame.pixels, rendered[k]))
        if seen is not None:
            unseen.append(1 - seen.mean())
            seen_pixels.append(psnr(frame.pixels, rendered[k], seen))
            likeness.append(ssim(frame.pixels, rendered[k]))
            likeness_seen.append(ssim(frame.pixels, rendered[k], seen))
    decibels = np.array([value for value in all_pixels if np.isfinite(value)])
    return Found(
        keys=tuple(shot.frames[k] for k in keys),
        automatic=automatic,
        psnr=float(decibels.mean()),
        psnr_least=float(decibels.min()),
        psnr_seen=float(np.mean(seen_pixels)),
        ssim=float(np.mean(likeness)),
        ssim_seen=float(np.mean(likeness_seen)),
        never_seen=float(max(unseen)),
        frames=(float("inf"), *all_pixels),
    )
