"""Stage 5: self-forcing with distribution matching: the student trains on what it makes itself.

The student rolls out a clip chunk by chunk, its cache rolling as it will for ever (five chunks and more). Two models
say in which direction a noisy version of that clip would become likelier: the teacher under joint guidance (real), and
a critic that is trained all along on the student's own clips (fake). The student follows the difference:

    gradient = (fake − real) / mean |x − real|,   loss = ½ · MSE(x, x − gradient)
"""

import copy
from pathlib import Path

import torch
from torch import Tensor, nn

from ..motionstream.guidance import Coefficients
from ..motionstream.teacher import Teacher, guided
from .batch import Batch, Source
from .loop import train
from .rollout import Reach, Streamer, roll_out
from .student import LEVELS, STEPS
from .teacher import SHIFT, flow_loss

CLIPS, LATENT_FRAMES = 3, 15
EVERY = 2  # critic steps for each step of the student; the paper's is 5
RATES = {"streamer": 2e-5, "critic": 4e-5}
SPAN = (0.02, 0.98)  # of the times at which real and fake are compared


class Match(nn.Module):
    """What is trained here."""

    def __init__(self, streamer: Streamer, critic: Teacher):
        super().__init__()
        self.streamer, self.critic = streamer, critic


def train_dmd(
    folder: Path,
    streamer: Streamer,
    teacher: Teacher,
    source: Source,
    weights: Coefficients | None,
    steps: int,
    minutes: float,
    seed: int = 0,
) -> Streamer:
    teacher.requires_grad_(False)
    critic = copy.deepcopy(teacher)
    critic.transformer.requires_grad_(True)
    match = Match(streamer, critic)

    def loss(step: int, generator: torch.Generator) -> Tensor:
        batch = source.draw(CLIPS, LATENT_FRAMES, generator)
        last = int(torch.randint(STEPS, (), generator=generator))
        teaches = step % EVERY == 0
        with torch.set_grad_enabled(teaches):
            made = roll_out(streamer, batch, LEVELS, last, generator, Reach())
        total = criticise(critic, batch, made.detach(), generator)
        return total + matching(made, teacher, critic, batch, weights, generator) if teaches else total

    train(folder, match, loss, steps=steps, rate=RATES, seed=seed, minutes=minutes)
    return streamer


def criticise(critic: Teacher, batch: Batch, made: Tensor, generator: torch.Generator) -> Tensor:
    """Rectified flow matching on the student's clips."""
    noisy, sigma, noise = _disturb(made, generator)
    velocity = critic(noisy, sigma, batch.first, batch.tracks, batch.text)
    return flow_loss(velocity, noise - made, sigma[:, None, None, None, None])


def matching(
    made: Tensor,
    teacher: Teacher,
    critic: Teacher,
    batch: Batch,
    weights: Coefficients | None,
    generator: torch.Generator,
) -> Tensor:
    """The distribution matching loss; its gradient with respect to made is the difference of the two models."""
    with torch.no_grad():
        noisy, sigma, _ = _disturb(made.detach(), generator)
        level = sigma[:, None, None, None, None]
        real = noisy - level * guided(teacher, noisy, sigma, batch.first, batch.tracks, batch.text, weights)
        fake = noisy - level * critic(noisy, sigma, batch.first, batch.tracks, batch.text)
        apart = (made - real).abs().mean(dim=(1, 2, 3, 4), keepdim=True).clamp(min=1e-4)
        aim = made - (fake - real) / apart
    return 0.5 * (made - aim).square().mean()


def _disturb(clean: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    low, high = SPAN
    time = low + (high - low) * torch.rand(len(clean), generator=generator)
    sigma = SHIFT * time / (1 + (SHIFT - 1) * time)
    noise = torch.randn(clean.shape, generator=generator)
    level = sigma[:, None, None, None, None]
    return (1 - level) * clean + level * noise, sigma, noise
