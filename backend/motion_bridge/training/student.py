"""Stages 3 and 4: the causal student learns by regression, first from clips, then from the teacher's trajectories.

causal: rectified flow matching like the teacher's, but chunk by chunk, each chunk at its own noise level and looking
back at clean chunks (a warm start; the paper goes from the teacher to `ode` at once).
ode: the same chunks at the student's own few noise levels, on the way from noise to clip that the teacher takes; asked
for is the clip where that way ends.
"""

import copy
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import BadInput
from ..motionstream.guidance import Coefficients
from ..motionstream.sampler import sigmas
from ..motionstream.sketch import TRANSFORMER
from ..motionstream.student import Student
from ..motionstream.teacher import Teacher, trajectory
from .batch import Source, join
from .loop import train
from .rollout import CHUNK, Reach, Streamer, forced
from .teacher import SHIFT, flow_loss

STEPS = 3  # of the student
LEVELS = sigmas(STEPS, SHIFT)
WAY = 6  # teacher steps of a trajectory; a multiple of STEPS, so that the student's levels are on it
SIZES = ((6, 9), (6, 9), (4, 15))  # clips and latent frames of a batch, in turn
REACHES = (Reach(1, 1), Reach(1, 1), Reach(1, 1), Reach(0, 1), Reach(1, 2))  # varied, so that none is clung to
WORN = 0.1  # noise on what is looked back at: the student's own chunks will not be perfect either
CAUSAL_RATE, ODE_RATE = 5e-4, 1e-4


def new_streamer(teacher: Teacher) -> Streamer:
    """A student that begins with the teacher's weights; the head stays as it is from here on."""
    student = Student(**TRANSFORMER)
    student.load_state_dict(teacher.transformer.state_dict())
    return Streamer(student, copy.deepcopy(teacher.head).requires_grad_(False), teacher.carries, teacher.answers)


def train_causal(
    folder: Path, streamer: Streamer, source: Source, steps: int, minutes: float, seed: int = 0
) -> Streamer:
    def loss(step: int, generator: torch.Generator) -> Tensor:
        clips, latent_frames = SIZES[step % len(SIZES)]
        batch = source.draw(clips, latent_frames, generator)
        sigma = torch.rand(clips, latent_frames // CHUNK, generator=generator)
        sigma = SHIFT * sigma / (1 + (SHIFT - 1) * sigma)
        noise = torch.randn(batch.clean.shape, generator=generator)
        level = _for_frames(sigma)
        noisy = (1 - level) * batch.clean + level * noise
        velocity = forced(streamer, batch, noisy, sigma, _worn(batch.clean, generator), _reach(generator))
        return flow_loss(velocity, noise - batch.clean, level)

    train(folder, streamer, loss, steps=steps, rate=CAUSAL_RATE, seed=seed, minutes=minutes)
    return streamer


def walk(
    folder: Path, teacher: Teacher, source: Source, count: int, weights: Coefficients | None, latent_frames: int = 9
) -> None:
    """`count` trajectories of the teacher for the bank's first clips, one .npy each; goes on where it broke off.

    weights: of joint guidance; None makes one evaluation a step instead of three.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        path = folder / f"{number:05}.npy"
        if path.exists():
            continue
        drawn = torch.Generator().manual_seed(number)
        batch = source.batch([number], latent_frames, drawn)
        noise = torch.randn(batch.clean[0].shape, generator=drawn)
        way = trajectory(teacher, noise, batch.first[0], batch.tracks[0], batch.text[0], sigmas(WAY, SHIFT), weights)
        part = path.with_suffix(".part")
        with open(part, "wb") as file:
            np.save(file, torch.stack(way[:: WAY // STEPS]).half().numpy())
        part.replace(path)


def read_ways(folder: Path) -> NDArray[np.float16]:
    """(count, STEPS + 1, C, K, h, w), from noise to clip. BadInput where there are none."""
    paths = sorted(folder.glob("*.npy"))
    if not paths:
        raise BadInput(f"{folder} holds no trajectories; run the stage ways first.")
    return np.stack([np.load(path) for path in paths])


def train_ode(
    folder: Path,
    streamer: Streamer,
    source: Source,
    ways: NDArray[np.float16],
    steps: int,
    minutes: float,
    seed: int = 0,
) -> Streamer:
    """ways: read_ways, of the same source."""
    clips, latent_frames = 6, ways.shape[3]

    def loss(step: int, generator: torch.Generator) -> Tensor:
        chosen = torch.randint(len(ways), (clips,), generator=generator).tolist()
        # the same things are left out as when the teacher walked
        each = [source.batch([k], latent_frames, torch.Generator().manual_seed(k)) for k in chosen]
        batch = join(each)
        way = torch.from_numpy(ways[chosen]).float()
        at = torch.randint(STEPS, (clips, latent_frames // CHUNK), generator=generator)
        where = at.repeat_interleave(CHUNK, dim=1)[:, None, None, :, None, None].expand_as(way[:, :1])
        noisy, end = way.gather(1, where)[:, 0], way[:, -1]
        sigma = torch.tensor(LEVELS)[at]
        velocity = forced(streamer, batch, noisy, sigma, _worn(end, generator), _reach(generator))
        return (noisy - _for_frames(sigma) * velocity - end).square().mean()

    train(folder, streamer, loss, steps=steps, rate=ODE_RATE, seed=seed, minutes=minutes)
    return streamer


def _for_frames(sigma: Tensor) -> Tensor:
    """(B, chunks) → (B, 1, K, 1, 1)."""
    return sigma.repeat_interleave(CHUNK, dim=1)[:, None, :, None, None]


def _worn(clean: Tensor, generator: torch.Generator) -> Tensor:
    amount = WORN * torch.rand(len(clean), generator=generator)[:, None, None, None, None]
    return clean + amount * torch.randn(clean.shape, generator=generator)


def _reach(generator: torch.Generator) -> Reach:
    return REACHES[int(torch.randint(len(REACHES), (), generator=generator))]
