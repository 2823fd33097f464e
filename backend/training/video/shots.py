"""Clips from this project's own Shots: a Shot's folder with its rendered frames becomes a clip with exact tracks."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from motion_bridge.errors import BadInput
from motion_bridge.media import png
from motion_bridge.shot import Shot, load
from motion_bridge.takes.writer import frame_name
from torch.nn import functional

from .bank import as_model_input
from .clips import Clip


def shot_clips(folders: Sequence[Path], frames: int, size: tuple[int, int], tracks: int) -> Iterator[tuple[int, Clip]]:
    """One clip for each folder, which holds frame_0001.png … and the Shot beside them in `shot/`, as a take does.

    frames: how many from the first on; size: (height, width) of the clip; tracks: how many of the Shot's. Folders whose
    Shots begin with the same picture are of one look. BadInput names the folder that does not fit.
    """
    looks: dict[bytes, int] = {}
    for folder in folders:
        shot = load(folder / "shot")
        clip = _clip(folder, shot, frames, size, tracks)
        look = looks.setdefault(clip.frames[:, 0].numpy().tobytes(), len(looks))
        yield look, clip


def _clip(folder: Path, shot: Shot, frames: int, size: tuple[int, int], tracks: int) -> Clip:
    if len(shot.frames) < frames:
        raise BadInput(f"{folder} has {len(shot.frames)} frames; clips of {frames} were asked for.")
    if shot.tracks is None or not len(shot.tracks.xy):
        raise BadInput(f"The Shot in {folder} has no tracks; read the scene with them.")
    pictures = np.stack([png.read(folder / frame_name(number))[..., :3] for number in shot.frames[:frames]])
    shown = as_model_input(pictures[None])[0].transpose(0, 1)  # (T, 3, H, W)
    shown = functional.interpolate(shown, size, mode="bicubic", align_corners=False, antialias=True).clamp(-1, 1)
    chosen = thinned(len(shot.tracks.xy), tracks, np.array(shot.tracks.visible[:, 0]))
    points = np.array(shot.tracks.xy[chosen, :frames], np.float32) / np.array([shot.width, shot.height], np.float32)
    visible = np.array(shot.tracks.visible[chosen, :frames])
    words = tuple(shot.prompt(shot.frames[0]).split())
    return Clip(shown.transpose(0, 1).contiguous(), torch.from_numpy(points), torch.from_numpy(visible), words)


def thinned(there: int, wanted: int, preferred: np.ndarray) -> np.ndarray:
    """Which `wanted` of `there` tracks: evenly among the preferred ones first; fewer are filled up by repeating."""
    order = np.concatenate([np.flatnonzero(preferred), np.flatnonzero(~preferred)])
    if there <= wanted:
        return np.resize(order, wanted)
    pool = order[: max(wanted, int(preferred.sum()))]
    return np.sort(pool[np.linspace(0, len(pool) - 1, wanted).round().astype(int)])
