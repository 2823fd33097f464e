"""Stages 1 and 2: the teacher, by rectified flow matching on drawn clips.

Stage 2 of the paper, training on synthetic clips with stretches of tracks left out, is here the same as stage 1: all
clips are synthetic and batch.py always leaves stretches out.
"""

from pathlib import Path

import torch
from diffusers import WanTransformer3DModel
from torch import Tensor

from ..motionstream.codec import Encoder
from ..motionstream.condition import FirstFrame, Tracks, whole_clip
from ..motionstream.sketch import SIZE, TRANSFORMER
from ..motionstream.teacher import Teacher
from ..motionstream.track_head import TrackHead
from ..motionstream.track_map import draw_ids, embed_ids
from .batch import Batch, draw_batch
from .loop import train

FRAMES, CLIPS = 33, 8
SHIFT = 3.0  # the paper's 6 suits a latent of 6,240 cells; fewer cells need less noise to be destroyed


def new_teacher() -> Teacher:
    return Teacher(WanTransformer3DModel(**TRANSFORMER), TrackHead(64, 16), carries=True)


def train_teacher(folder: Path, encoder: Encoder, steps: int, minutes: float, seed: int = 0) -> Teacher:
    torch.manual_seed(seed)
    teacher = new_teacher()
    grey = encode_grey(encoder)

    def loss(step: int, generator: torch.Generator) -> Tensor:
        batch = draw_batch(CLIPS, FRAMES, generator)
        with torch.no_grad():
            clean = encoder(batch.frames)
        sigma = torch.rand(CLIPS, generator=generator)
        sigma = SHIFT * sigma / (1 + (SHIFT - 1) * sigma)
        noise = torch.randn(clean.shape, generator=generator)
        level = sigma[:, None, None, None, None]
        first = [FirstFrame(latent, grey) for latent in clean[:, :, 0]]
        velocity = teacher((1 - level) * clean + level * noise, sigma, first, tracks_of(batch, generator), batch.text)
        return (velocity - (noise - clean)).square().mean()

    return train(folder, teacher, loss, steps=steps, rate=1e-3, seed=seed, minutes=minutes)


def encode_grey(encoder: Encoder) -> Tensor:
    """What the encoder makes of four grey frames: (C, h, w)."""
    with torch.no_grad():
        return encoder(torch.zeros(1, 3, 5, SIZE, SIZE))[0, :, 1]


def tracks_of(batch: Batch, generator: torch.Generator) -> list[Tracks | None]:
    """The tracks of each clip under freshly drawn identities; None where the motion is left out."""
    return [
        whole_clip(points, visible, embed_ids(draw_ids(len(points), generator))) if told else None
        for points, visible, told in zip(batch.points, batch.visible, batch.has_motion, strict=True)
    ]
