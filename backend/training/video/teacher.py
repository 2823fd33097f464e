"""Stage 2: the teacher, by rectified flow matching.

The paper trains its teacher twice: on real clips, then, with the head frozen and a tenth of the rate, on synthetic ones
of which stretches of tracks are left out (recipe.FULL: `teacher` and `teacher2`). The sketch has drawn clips only, and
stretches are left out of them from the start.
"""

from dataclasses import replace
from pathlib import Path

import torch
from accelerate import Accelerator
from diffusers.models.transformers.transformer_wan import WanTransformer3DModel
from motion_bridge.engines.motionstream.network.teacher import Teacher
from motion_bridge.engines.motionstream.network.track_head import TrackHead
from torch import Tensor

from ..common.loop import train
from .batch import Source
from .recipe import Recipe


def new_teacher(recipe: Recipe) -> Teacher:
    return Teacher(WanTransformer3DModel(**recipe.transformer), TrackHead(64, 16), recipe.carries, recipe.answers)


def train_teacher(
    folder: Path,
    recipe: Recipe,
    teacher: Teacher,
    source: Source,
    steps: int,
    minutes: float,
    seed: int = 0,
    machines: Accelerator | None = None,
    again: bool = False,
) -> Teacher:
    """again: the second time, with the head as it is from here on."""
    stage = recipe.teacher2 if again else recipe.teacher
    teacher.head.requires_grad_(not again)
    source, sizes = replace(source, omissions=stage.omissions), stage.sizes

    def loss(step: int, generator: torch.Generator) -> Tensor:
        clips, latent_frames = sizes[step % len(sizes)]
        batch = source.draw(clips, latent_frames, generator)
        time = torch.rand(clips, generator=generator)
        noisy, sigma, noise = disturbed(batch.clean, time, recipe, generator)
        velocity = teacher(noisy, sigma, batch.first, batch.tracks, batch.text)
        return flow_loss(velocity, noise - batch.clean, sigma, recipe)

    train(folder, teacher, loss, steps=steps, rate=stage.rate, seed=seed, minutes=minutes, machines=machines)
    return teacher


def disturbed(
    clean: Tensor,
    time: Tensor,
    recipe: Recipe,
    generator: torch.Generator,
    span: tuple[float, float] = (0.0, 1.0),
) -> tuple[Tensor, Tensor, Tensor]:
    """Clips (B, C, K, h, w) with noise, its levels (B,) for times (B,) in 0 … 1, and the noise itself.

    span: what the levels are held within, after the shift.
    """
    sigma = (recipe.shift * time / (1 + (recipe.shift - 1) * time)).clamp(*span).to(clean)
    noise = torch.randn(clean.shape, generator=generator).to(clean)
    level = sigma[:, None, None, None, None]
    return (1 - level) * clean + level * noise, sigma, noise


def flow_loss(velocity: Tensor, truth: Tensor, sigma: Tensor, recipe: Recipe) -> Tensor:
    """The squared error of the velocity; where noise is faint, that of the clean clip which the velocity means.

    sigma: (B,), or with the other dimensions of velocity.
    """
    if sigma.dim() == 1:
        sigma = sigma[:, None, None, None, None]
    weight = (sigma / recipe.faint).clamp(max=1).square() if recipe.faint else torch.ones_like(sigma)
    return ((velocity - truth).square() * weight).mean()
