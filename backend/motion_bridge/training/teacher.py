"""Stage 2: the teacher, by rectified flow matching.

Stage 2 of the paper's teacher, training on synthetic clips with stretches of tracks left out, is here the same as stage
1: all clips are synthetic and batch.py always leaves stretches out.
"""

from pathlib import Path

import torch
from diffusers import WanTransformer3DModel
from torch import Tensor

from ..motionstream.answer import REST
from ..motionstream.codec import Encoder
from ..motionstream.guidance import coefficients
from ..motionstream.sketch import SIZE, TRANSFORMER
from ..motionstream.teacher import Teacher
from ..motionstream.track_head import TrackHead
from .batch import Source
from .loop import train

SIZES = ((5, 9), (5, 9), (5, 9), (3, 15))  # clips and latent frames of a batch, in turn: long clips are dear
SHIFT = 3.0  # the paper's 6 suits a latent of 6,240 cells; fewer cells need less noise to be destroyed
RATE = 1e-3
FAINT = 0.4  # noise level
GUIDANCE = coefficients()  # what trajectories and the real score are guided by


def new_teacher() -> Teacher:
    return Teacher(WanTransformer3DModel(**TRANSFORMER), TrackHead(64, 16), carries=True, answers=REST)


def train_teacher(folder: Path, source: Source, steps: int, minutes: float, seed: int = 0) -> Teacher:
    torch.manual_seed(seed)
    teacher = new_teacher()

    def loss(step: int, generator: torch.Generator) -> Tensor:
        clips, latent_frames = SIZES[step % len(SIZES)]
        batch = source.draw(clips, latent_frames, generator)
        sigma = torch.rand(clips, generator=generator)
        sigma = SHIFT * sigma / (1 + (SHIFT - 1) * sigma)
        noise = torch.randn(batch.clean.shape, generator=generator)
        level = sigma[:, None, None, None, None]
        noisy = (1 - level) * batch.clean + level * noise
        velocity = teacher(noisy, sigma, batch.first, batch.tracks, batch.text)
        return flow_loss(velocity, noise - batch.clean, level)

    train(folder, teacher, loss, steps=steps, rate=RATE, seed=seed, minutes=minutes)
    return teacher


def flow_loss(velocity: Tensor, truth: Tensor, level: Tensor) -> Tensor:
    """The squared error of the velocity, where the noise is faint not of it but of the clean clip that it means."""
    return ((velocity - truth).square() * (level / FAINT).clamp(max=1).square()).mean()


def encode_grey(encoder: Encoder) -> Tensor:
    """What the encoder makes of four grey frames: (C, h, w)."""
    with torch.no_grad():
        return encoder(torch.zeros(1, 3, 5, SIZE, SIZE))[0, :, 1]
