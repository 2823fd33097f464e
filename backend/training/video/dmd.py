"""Stage 5: self-forcing with distribution matching: the student trains on what it makes itself.

The student rolls out a clip chunk by chunk, its cache rolling as it will for ever (five chunks and more). Two models
say in which direction a noisy version of that clip would become likelier: the teacher under joint guidance (real), and
a critic that is trained all along on the student's own clips (fake). The student follows the difference:

    gradient = (fake − real) / mean |x − real|,   loss = ½ · MSE(x, x − gradient)
"""

import copy
from pathlib import Path

import torch
from accelerate import Accelerator
from motion_bridge.engines.motionstream.network.teacher import Teacher, guided
from torch import Tensor, nn

from ..common.loop import train
from .batch import Batch, Source
from .recipe import Recipe
from .rollout import Reach, Streamer, roll_out
from .teacher import disturbed, flow_loss

SPAN = (0.02, 0.98)  # of the noise levels at which real and fake are compared: shifted first, then held within
ADAM = (
    0.0,
    0.999,
)  # Self-Forcing's and DMD2's: what is learned from changes with every step, so nothing is carried over


class Match(nn.Module):
    """What is trained here."""

    def __init__(self, streamer: Streamer, critic: Teacher):
        super().__init__()
        self.streamer, self.critic = streamer, critic


def train_dmd(
    folder: Path,
    recipe: Recipe,
    streamer: Streamer,
    teacher: Teacher,
    source: Source,
    steps: int,
    minutes: float,
    seed: int = 0,
    machines: Accelerator | None = None,
) -> Streamer:
    teacher.requires_grad_(False)
    critic = copy.deepcopy(teacher)
    critic.transformer.requires_grad_(True)
    match = Match(streamer, critic)
    clips, latent_frames = recipe.dmd.sizes[0]

    def loss(step: int, generator: torch.Generator) -> Tensor:
        batch = source.draw(clips, latent_frames, generator)
        last = int(torch.randint(recipe.steps, (), generator=generator))
        teaches = step % recipe.every == 0
        with torch.set_grad_enabled(teaches):
            made = roll_out(streamer, batch, recipe.levels, last, generator, Reach())
        total = criticise(critic, batch, made.detach(), recipe, generator)
        return total + matching(made, teacher, critic, batch, recipe, generator) if teaches else total

    rate = recipe.dmd.rate
    train(
        folder, match, loss, steps=steps, rate=rate, seed=seed, minutes=minutes, machines=machines,
        betas=ADAM, constant=True,
    )  # fmt: skip
    return streamer


def criticise(critic: Teacher, batch: Batch, made: Tensor, recipe: Recipe, generator: torch.Generator) -> Tensor:
    """Rectified flow matching on the student's clips."""
    noisy, sigma, noise = disturbed(made, torch.rand(len(made), generator=generator), recipe, generator, SPAN)
    velocity = critic(noisy, sigma, batch.first, batch.tracks, batch.text)
    return flow_loss(velocity, noise - made, sigma, recipe)


def matching(
    made: Tensor, teacher: Teacher, critic: Teacher, batch: Batch, recipe: Recipe, generator: torch.Generator
) -> Tensor:
    """The distribution matching loss; its gradient with respect to made is the difference of the two models."""
    with torch.no_grad():
        time = torch.rand(len(made), generator=generator)
        noisy, sigma, _ = disturbed(made.detach(), time, recipe, generator, SPAN)
        level = sigma[:, None, None, None, None]
        real = noisy - level * guided(teacher, noisy, sigma, batch.first, batch.tracks, batch.text, recipe.guidance)
        fake = noisy - level * critic(noisy, sigma, batch.first, batch.tracks, batch.text)
        apart = (made - real).abs().mean(dim=(1, 2, 3, 4), keepdim=True).clamp(min=1e-4)
        aim = made - (fake - real) / apart
    return 0.5 * (made - aim).square().mean()
