"""Stage 4: four steps and no guidance, from a teacher that needs many and two passes each.

The engine starts anywhere between noise and picture and goes on through the model's own levels below that. So the
student learns, from every level, to reach the next own one in a single straight step: where the guided teacher arrives
in several. What it starts from are mixtures of real latents and noise, as in image-to-image.
"""

import copy
from pathlib import Path

import torch
from motion_bridge.models.noise_level import levels_from
from torch import Tensor

from ..common.loop import train
from .flow import BATCH, Painter
from .latents import Bank

SHIFT = 3.0  # of the scheduler that the model is packed with
OWN = tuple(SHIFT * u / (1 + (SHIFT - 1) * u) for u in (1.0, 0.75, 0.5, 0.25))
GUIDANCE = 2.0
SUBSTEPS = 1  # of the teacher between two levels, each by the midpoint rule
AT_OWN = 0.6  # share of the examples that start at one of the own levels; the others start anywhere
LEAST = 0.05


def train_student(folder: Path, teacher: Painter, bank: Bank, steps: int, minutes: float, seed: int = 0) -> Painter:
    student = copy.deepcopy(teacher)
    student.text.requires_grad_(False)  # the student is told what the teacher is told
    teacher.requires_grad_(False)

    def loss(step: int, generator: torch.Generator) -> Tensor:
        latent, identities, mask = bank.batch(BATCH, generator)
        start = starts(len(latent), generator)
        goal = torch.tensor([next_level(float(each)) for each in start])
        noise = torch.randn(latent.shape, generator=generator)
        mixed = torch.lerp(latent, noise, start[:, None, None, None])
        with torch.no_grad():
            words = teacher.text(identities, mask)
            nothing = teacher.text(*bank.nothing).expand(len(latent), -1, -1)
            arrived = follow(teacher, mixed, start, goal, words, nothing)
            straight = (mixed - arrived) / (start - goal)[:, None, None, None]
        return (bank.weight * (student(mixed, start, words) - straight).square()).mean()

    train(folder, student, loss, steps=steps, rate=7e-4, seed=seed, minutes=minutes)
    return student


def starts(count: int, generator: torch.Generator) -> Tensor:
    """The levels that examples start from: (B,)."""
    own = torch.tensor(OWN)[torch.randint(len(OWN), (count,), generator=generator)]
    anywhere = LEAST + (1 - LEAST) * torch.rand(count, generator=generator)
    return torch.where(torch.rand(count, generator=generator) < AT_OWN, own, anywhere)


def next_level(start: float) -> float:
    """Where the engine's step from a level ends."""
    return [*levels_from(start, OWN), 0.0][1]


def follow(teacher: Painter, mixed: Tensor, start: Tensor, goal: Tensor, words: Tensor, nothing: Tensor) -> Tensor:
    """The guided teacher's way from `start` to `goal`, each (B,)."""
    step = (goal - start) / SUBSTEPS
    wide = step[:, None, None, None]
    for k in range(SUBSTEPS):
        level = start + k * step
        half = mixed + wide / 2 * guided(teacher, mixed, level, words, nothing)
        mixed = mixed + wide * guided(teacher, half, level + step / 2, words, nothing)
    return mixed


def guided(teacher: Painter, mixed: Tensor, level: Tensor, words: Tensor, nothing: Tensor) -> Tensor:
    """The teacher's velocity, driven away from what it would paint unasked."""
    both = teacher(mixed.repeat(2, 1, 1, 1), level.repeat(2), torch.cat([words, nothing]))
    told, unasked = both.chunk(2)
    return unasked + GUIDANCE * (told - unasked)
