"""Batches of drawn clips with the tracks a model is given of them.

One first frame appears with several motions; half of the batches have a dense grid of tracks, half a sprinkle of
points. What a model must learn to do without is left out at random: tracks in a stretch of time, all tracks, the text.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from ..motionstream.sketch import SIZE, embed_words
from . import clips

MOTIONS = 4  # of one first frame
NO_MOTION, NO_TEXT, GAP = 0.15, 0.1, 0.2  # chances


@dataclass(frozen=True)
class Batch:
    frames: Tensor  # (B, 3, T, H, W) in -1 … 1
    points: list[Tensor]  # B times (N, T, 2)
    visible: list[Tensor]  # B times (N, T); all False where the motion is left out
    has_motion: Tensor  # (B,) bool
    text: Tensor  # (B, words, width); zeros where the text is left out


def draw_batch(size: int, frames: int, generator: torch.Generator, complete: bool = False) -> Batch:
    """size: clips, a multiple of MOTIONS; complete: nothing is left out."""
    made, points, visible, text = [], [], [], []
    for _ in range(size // MOTIONS):
        look = clips.draw_look(generator)
        for _ in range(MOTIONS):
            motion = clips.draw_motion(len(look.texture), frames, generator)
            clip = clips.render(look, motion, SIZE, _starts(generator))
            made.append(clip.frames)
            points.append(clip.points)
            visible.append(clip.visible)
            text.append(embed_words(clip.words))
    batch = Batch(torch.stack(made), points, visible, torch.ones(size, dtype=torch.bool), torch.stack(text))
    return batch if complete else _leave_out(batch, generator)


def _starts(generator: torch.Generator) -> Tensor:
    """Where tracks begin: a jittered 16×16 grid, or 8 to 64 points anywhere."""
    if torch.rand((), generator=generator) < 0.5:
        cell = torch.stack(torch.meshgrid(torch.arange(16), torch.arange(16), indexing="xy"), -1).view(-1, 2)
        return (cell + torch.rand(cell.shape, generator=generator)) / 16
    return torch.rand(int(torch.randint(8, 65, (), generator=generator)), 2, generator=generator)


def _leave_out(batch: Batch, generator: torch.Generator) -> Batch:
    size, frames = len(batch.points), batch.frames.shape[2]
    chance = torch.rand(size, 3, generator=generator)
    visible = [shown.clone() for shown in batch.visible]
    for k in range(size):
        if chance[k, 0] < NO_MOTION:
            visible[k][:] = False
        elif chance[k, 2] < GAP:
            start = int(torch.randint(1, frames - 8, (), generator=generator))
            visible[k][:, start : start + 8] = False
    text = torch.where((chance[:, 1] < NO_TEXT)[:, None, None], 0.0, batch.text)
    return Batch(batch.frames, batch.points, visible, chance[:, 0] >= NO_MOTION, text)
