"""A bank of clips with tracks: made once, kept as arrays in a folder, read by every stage without loading it whole.

Whatever the clips come from (drawn ones, a Shot with its rendered frames, real videos), a bank looks the same:

    frames.npy    (M, T, H, W, 3) uint8
    points.npy    (M, N, T, 2) float32, fractions of the picture
    visible.npy   (M, N, T) bool
    clips.json    for each clip its words and the number of its first frame's look

Clips of one look share their first frame and differ in motion.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
import torch
from motion_bridge.errors import BadInput
from numpy.typing import NDArray
from torch import Tensor

from .clips import Clip

ARRAYS = ("frames", "points", "visible")


@dataclass(frozen=True)
class Bank:
    frames: NDArray[np.uint8]
    points: NDArray[np.float32]
    visible: NDArray[np.bool_]
    words: Sequence[Sequence[str]]
    look: Sequence[int]

    def __len__(self) -> int:
        return len(self.frames)

    def pictures(self, clips: Sequence[int], span: slice) -> Tensor:
        """Some frames of some clips: (B, 3, T, H, W) in -1 … 1."""
        return as_model_input(np.stack([self.frames[k, span] for k in clips]))


def as_model_input(frames: NDArray[np.uint8]) -> Tensor:
    """(B, T, H, W, 3) uint8 → (B, 3, T, H, W) in -1 … 1."""
    return torch.from_numpy(frames).permute(0, 4, 1, 2, 3).float() / 127.5 - 1


def as_pictures(frames: Tensor) -> NDArray[np.uint8]:
    """(3, T, H, W) in -1 … 1 → (T, H, W, 3) uint8."""
    return ((frames.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).permute(1, 2, 3, 0).numpy()


def write_bank(folder: Path, clips: Iterable[tuple[int, Clip]], count: int, fewer: bool = False) -> Bank:
    """Write `count` clips, each with the number of its look; the bank is there when all of it is there.

    fewer: count is only the most there can be. BadInput when clips differ in shape, or there are too few.
    """
    folder.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, np.memmap] = {}
    listed = []
    for look, clip in clips:
        made = {
            "frames": as_pictures(clip.frames),
            "points": clip.points.numpy().astype(np.float32),
            "visible": clip.visible.numpy(),
        }
        for name, value in made.items():
            if name not in arrays:
                shape = (count, *value.shape)
                arrays[name] = np.lib.format.open_memmap(folder / f"{name}.npy", "w+", value.dtype, shape)
            if arrays[name].shape[1:] != value.shape:
                raise BadInput(
                    f"Clip {len(listed)} has {name} of shape {value.shape}, the bank {arrays[name].shape[1:]}; "
                    "give all clips the same length, size and number of tracks."
                )
            arrays[name][len(listed)] = value
        listed.append({"words": list(clip.words), "look": look})
        if len(listed) == count:
            break
    if len(listed) < (1 if fewer else count):
        raise BadInput(f"There are {len(listed)} clips for a bank of {count}; ask for fewer or give more.")
    for array in arrays.values():
        array.flush()
    (folder / "clips.json").write_text(json.dumps(listed), encoding="utf-8")
    return read_bank(folder)


def read_bank(folder: Path) -> Bank:
    """BadInput when the folder holds no finished bank."""
    if not (folder / "clips.json").exists():
        raise BadInput(f"{folder} holds no finished bank of clips; run the stage clips first.")
    listed = json.loads((folder / "clips.json").read_text(encoding="utf-8"))
    frames, points, visible = (np.load(folder / f"{name}.npy", mmap_mode="r")[: len(listed)] for name in ARRAYS)
    return Bank(frames, points, visible, [clip["words"] for clip in listed], [clip["look"] for clip in listed])


@torch.no_grad()
def encode_bank(
    folder: Path, bank: Bank, encode: Callable[[Tensor], Tensor], name: str = "latents.npy"
) -> NDArray[np.float16]:
    """The latents of all clips, (M, C, 1 + (T-1)/4, h, w), encoded once and kept beside the clips.

    encode: (B, 3, T, H, W) in -1 … 1 → latents.
    """
    path = folder / name
    if not path.exists():
        part = path.with_suffix(".part")
        latents = (encode(bank.pictures([k], slice(None)))[0].numpy().astype(np.float16) for k in range(len(bank)))
        first = next(latents)
        kept = np.lib.format.open_memmap(part, "w+", np.float16, (len(bank), *first.shape))
        for k, latent in enumerate(chain([first], latents)):
            kept[k] = latent
        kept.flush()
        part.replace(path)
    return np.load(path, mmap_mode="r")
