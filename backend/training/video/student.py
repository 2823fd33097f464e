"""Stages 3 and 4: the causal student learns by regression, first from clips, then from the teacher's trajectories.

causal: flow matching like the teacher's, but chunk by chunk, each at one of the student's own few noise levels and
looking back at clean chunks (a warm start; the paper goes from the teacher to `ode` at once).
ode: the same, but the noisy chunks lie on the way from noise to clip that the teacher takes; asked for is the clip
where that way ends.
"""

import copy
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from accelerate import Accelerator
from motion_bridge.engines.motionstream.network.sampler import sigmas
from motion_bridge.engines.motionstream.network.student import Student
from motion_bridge.engines.motionstream.network.teacher import Teacher, trajectory
from motion_bridge.errors import BadInput
from torch import Tensor

from ..common.loop import train
from .batch import Source, join
from .recipe import Recipe
from .rollout import CHUNK, Reach, Streamer, forced
from .teacher import flow_loss

REACHES = (Reach(1, 1), Reach(1, 1), Reach(1, 1), Reach(0, 1), Reach(1, 2))  # varied, so that none is clung to
WORN = 0.1  # noise on what is looked back at: the student's own chunks will not be perfect either


def new_streamer(teacher: Teacher) -> Streamer:
    """A student that begins with the teacher's weights; the head stays as it is from here on."""
    student = Student.from_config(teacher.transformer.config)
    assert isinstance(student, Student)
    student.load_state_dict(teacher.transformer.state_dict())
    return Streamer(student, copy.deepcopy(teacher.head).requires_grad_(False), teacher.carries, teacher.answers)


def train_causal(
    folder: Path,
    recipe: Recipe,
    streamer: Streamer,
    source: Source,
    steps: int,
    minutes: float,
    seed: int = 0,
    machines: Accelerator | None = None,
) -> Streamer:
    sizes = recipe.causal.sizes

    def loss(step: int, generator: torch.Generator) -> Tensor:
        clips, latent_frames = sizes[step % len(sizes)]
        batch = source.draw(clips, latent_frames, generator)
        at = torch.randint(recipe.steps, (clips, latent_frames // CHUNK), generator=generator)
        sigma = torch.tensor(recipe.levels)[at].to(batch.clean)
        noise = torch.randn(batch.clean.shape, generator=generator).to(batch.clean)
        level = _for_frames(sigma)
        noisy = (1 - level) * batch.clean + level * noise
        velocity = forced(streamer, batch, noisy, sigma, _worn(batch.clean, generator), _reach(generator))
        return flow_loss(velocity, noise - batch.clean, level, recipe)

    rate = recipe.causal.rate
    train(folder, streamer, loss, steps=steps, rate=rate, seed=seed, minutes=minutes, machines=machines)
    return streamer


def walk(folder: Path, recipe: Recipe, teacher: Teacher, source: Source, count: int) -> None:
    """`count` trajectories of the teacher for the bank's first clips, one .npy each; goes on where it broke off."""
    folder.mkdir(parents=True, exist_ok=True)
    latent_frames = recipe.ode.sizes[0][1]
    for number in range(count):
        path = folder / f"{number:05}.npy"
        if path.exists():
            continue
        drawn = torch.Generator().manual_seed(number)
        batch = source.batch([number], latent_frames, drawn)
        noise = torch.randn(batch.clean[0].shape, generator=drawn).to(batch.clean)
        told = (batch.first[0], batch.tracks[0], batch.text[0])
        way = trajectory(teacher, noise, *told, sigmas(recipe.way, recipe.shift), recipe.guidance)
        part = path.with_suffix(".part")
        with open(part, "wb") as file:
            np.save(file, torch.stack(way[:: recipe.way // recipe.steps]).half().cpu().numpy())
        part.replace(path)


def read_ways(folder: Path) -> list[Path]:
    """One file for each trajectory, (steps + 1, C, K, h, w) from noise to clip. BadInput where there are none."""
    paths = sorted(folder.glob("*.npy"))
    if not paths:
        raise BadInput(f"{folder} holds no trajectories; run the stage ways first.")
    return paths


def train_ode(
    folder: Path,
    recipe: Recipe,
    streamer: Streamer,
    source: Source,
    ways: Sequence[Path],
    steps: int,
    minutes: float,
    seed: int = 0,
    machines: Accelerator | None = None,
) -> Streamer:
    """ways: read_ways, of the same source."""
    clips, latent_frames = recipe.ode.sizes[0]

    def loss(step: int, generator: torch.Generator) -> Tensor:
        chosen = torch.randint(len(ways), (clips,), generator=generator).tolist()
        # the same things are left out as when the teacher walked
        batch = join([source.batch([k], latent_frames, torch.Generator().manual_seed(k)) for k in chosen])
        way = torch.from_numpy(np.stack([np.load(ways[k]) for k in chosen])).to(batch.clean)
        at = torch.randint(recipe.steps, (clips, latent_frames // CHUNK), generator=generator)
        where = at.repeat_interleave(CHUNK, dim=1)[:, None, None, :, None, None].expand(way[:, :1].shape).to(way.device)
        noisy, end = way.gather(1, where)[:, 0], way[:, -1]
        sigma = torch.tensor(recipe.levels)[at].to(way)
        velocity = forced(streamer, batch, noisy, sigma, _worn(end, generator), _reach(generator))
        return (noisy - _for_frames(sigma) * velocity - end).square().mean()

    rate = recipe.ode.rate
    train(folder, streamer, loss, steps=steps, rate=rate, seed=seed, minutes=minutes, machines=machines)
    return streamer


def _for_frames(sigma: Tensor) -> Tensor:
    """(B, chunks) → (B, 1, K, 1, 1)."""
    return sigma.repeat_interleave(CHUNK, dim=1)[:, None, :, None, None]


def _worn(clean: Tensor, generator: torch.Generator) -> Tensor:
    amount = WORN * torch.rand(len(clean), generator=generator)[:, None, None, None, None]
    return clean + (amount * torch.randn(clean.shape, generator=generator)).to(clean)


def _reach(generator: torch.Generator) -> Reach:
    return REACHES[int(torch.randint(len(REACHES), (), generator=generator))]
