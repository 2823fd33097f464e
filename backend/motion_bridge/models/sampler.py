"""The sampler that a Stable Diffusion folder names, started at any sigma.

diffusers starts a scheduler at one of its own levels: at the first for text to image, at a later one for image to
image. So does this, with the same calls and the same result. From a sigma between two levels, one step of Euler goes to
the lower of the two, and the scheduler goes on from there; so pictures change smoothly with sigma.

    x = picture + deviation·noise        deviation = sigma / (1 - sigma)      Karras et al. 2022, "VE" scaling
    x ← x + (lower - deviation)·noise that the network finds

A scheduler keeps its samples as x (Euler) or scaled to unit variance (DDIM, PNDM, DPM++); what it makes of a picture of
ones tells which.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from diffusers.schedulers.scheduling_euler_discrete import EulerDiscreteScheduler
from numpy.typing import NDArray
from torch import Tensor

from .inpainting import put_back
from .noise_level import from_variance_exploding, levels_from, to_variance_exploding

EXACT = 1e-6  # sigma: this near, a start is one of the scheduler's own levels

Network = Callable[[Tensor, Tensor], Tensor]  # scaled latents and a timestep → what it predicts


@dataclass(frozen=True, eq=False)
class Walk:
    """What stays the same over the steps."""

    latent: Tensor  # the picture's own
    noise: Tensor
    network: Network
    generator: torch.Generator  # of the noise that steps add
    begin: Tensor | None  # the level from which each place is painted

    def put_back(self, sample: Tensor, original: Tensor, level: float) -> Tensor:
        """A sample after the step from a level, with the original where painting has not begun."""
        return sample if self.begin is None else put_back(sample, original, self.begin, level)


class Sampler:
    """A scheduler of diffusers. `levels` are its sigmas, falling, without the final 0."""

    def __init__(self, scheduler: Any):
        if not scheduler.config.get("skip_prk_steps", True):  # Runge-Kutta's steps cannot be begun in the middle
            scheduler = EulerDiscreteScheduler.from_config(scheduler.config)
        self.scheduler = scheduler
        takes = inspect.signature(scheduler.step).parameters
        self._takes_generator = "generator" in takes
        self.levels = lru_cache(16)(self._levels)

    def denoise(
        self,
        latent: Tensor,
        noise: Tensor,
        sigma: float,
        steps: int,
        network: Network,
        generator: torch.Generator,
        begin: Tensor | None = None,
    ) -> Tensor:
        """The latent with noise up to sigma, denoised. At 1 nothing of it is kept.

        begin: the level from which each place is painted, 0 where it stays; None: everything is painted.
        """
        own = self.levels(steps)
        walk = Walk(latent, noise, network, generator, begin)
        self.scheduler.set_timesteps(steps)
        if sigma >= own[0] + EXACT:
            return self._finish(self._nearly_all_noise(latent, noise, sigma, own[0]), 0, walk)
        levels = levels_from(sigma, own)
        below = len(own) - len(levels) + 1  # the first of the scheduler's own levels after the start
        if below and abs(sigma - own[below - 1]) < EXACT:
            at = self._begin_at(below - 1)
            noisy = self.scheduler.add_noise(latent, noise, self.scheduler.timesteps[at : at + 1])
            return self._finish(noisy, at, walk)
        deviations = [to_variance_exploding(level) for level in (*levels, 0.0)]
        sample = latent + deviations[0] * noise
        sample = sample + (deviations[1] - deviations[0]) * self._noise_in(sample, deviations[0], network)
        sample = walk.put_back(sample, latent + deviations[1] * noise, sigma)
        if below == len(own):
            return sample
        at = self._begin_at(below)
        return self._finish(self._share_of_picture(at) * sample, at, walk)

    def _levels(self, steps: int) -> list[float]:
        self.scheduler.set_timesteps(steps)
        times = self.scheduler.timesteps
        if hasattr(self.scheduler, "sigmas"):
            deviations = self.scheduler.sigmas[: len(times)]
        else:
            deviations = self._training_deviations()[times.long().numpy()]
        found = [from_variance_exploding(float(each)) for each in deviations]
        return [level for at, level in enumerate(found) if at == 0 or level < found[at - 1]]  # some are taken twice

    def _finish(self, sample: Tensor, begin: int, walk: "Walk") -> Tensor:
        """Down all levels from the one that stands at `begin` of the scheduler's timesteps."""
        if hasattr(self.scheduler, "set_begin_index"):
            self.scheduler.set_begin_index(begin)
        more = {"generator": walk.generator} if self._takes_generator else {}
        times = self.scheduler.timesteps
        for at in range(begin, len(times)):
            shown = self.scheduler.scale_model_input(sample, times[at])
            found = walk.network(shown, times[at])
            sample = self.scheduler.step(found, times[at], sample, **more, return_dict=False)[0]
            if walk.begin is not None:
                last = at + 1 == len(times)
                next_time = times[at + 1 : at + 2]
                original = walk.latent if last else self.scheduler.add_noise(walk.latent, walk.noise, next_time)
                sample = walk.put_back(sample, original, self._level(at))
        return sample

    def _level(self, at: int) -> float:
        """The share of noise at one of the scheduler's timesteps."""
        if hasattr(self.scheduler, "sigmas"):
            return from_variance_exploding(float(self.scheduler.sigmas[at]))
        return from_variance_exploding(float(self._training_deviations()[int(self.scheduler.timesteps[at])]))

    def _begin_at(self, level: int) -> int:
        """Where image to image begins that starts at one of `levels`: second-order schedulers list a level twice."""
        times = self.scheduler.timesteps
        begin = int((times == times.unique().flip(0)[level]).nonzero()[-1])
        if hasattr(self.scheduler, "set_begin_index"):
            self.scheduler.set_begin_index(begin)
        return begin

    def _share_of_picture(self, begin: int) -> float:
        one = torch.ones(1)
        return float(self.scheduler.add_noise(one, 0 * one, self.scheduler.timesteps[begin : begin + 1]))

    def _nearly_all_noise(self, latent: Tensor, noise: Tensor, sigma: float, highest: float) -> Tensor:
        """A start above the scheduler's highest level: the picture fades, until at 1 there is text to image's noise."""
        self._begin_at(0)
        one, first = torch.ones(1), self.scheduler.timesteps[:1]
        picture = float(self.scheduler.add_noise(one, 0 * one, first))
        there = float(self.scheduler.add_noise(0 * one, one, first))
        kept = min((1 - min(sigma, 1.0)) / (1 - highest), 1.0)
        size = (kept**2 * there**2 + (1 - kept**2) * float(self.scheduler.init_noise_sigma) ** 2) ** 0.5
        return kept * picture * latent + size * noise if kept else size * noise

    def _noise_in(self, sample: Tensor, deviation: float, network: Network) -> Tensor:
        """What the network takes for noise in a sample of that deviation."""
        scale = (deviation**2 + 1) ** 0.5
        time = np.interp(np.log(deviation), np.log(self._training_deviations()), np.arange(self._trained))
        found = network(sample / scale, torch.tensor(float(time)))
        kind = self.scheduler.config.prediction_type
        if kind == "epsilon":
            return found
        if kind == "v_prediction":
            return (found + deviation / scale * sample) / scale
        return (sample - found) / deviation  # "sample": the network finds the picture

    @property
    def _trained(self) -> int:
        return len(self.scheduler.alphas_cumprod)

    def _training_deviations(self) -> NDArray[np.float64]:
        kept = self.scheduler.alphas_cumprod.cpu().numpy().astype(np.float64)
        return ((1 - kept) / kept) ** 0.5


class ConsistencySampler(Sampler):
    """LCM's: few large steps, each of which adds fresh noise. It starts at any of its thousand training timesteps."""

    def denoise(
        self,
        latent: Tensor,
        noise: Tensor,
        sigma: float,
        steps: int,
        network: Network,
        generator: torch.Generator,
        begin: Tensor | None = None,
    ) -> Tensor:
        own = self.levels(steps)
        walk = Walk(latent, noise, network, generator, begin)
        if sigma >= own[0]:
            self.scheduler.set_timesteps(steps)
            return self._finish(self._nearly_all_noise(latent, noise, sigma, own[0]), 0, walk)
        known = self._training_deviations() / (1 + self._training_deviations())
        times = [int(np.abs(known - level).argmin()) for level in levels_from(sigma, own)]
        self.scheduler.set_timesteps(timesteps=[t for at, t in enumerate(times) if at == 0 or t < times[at - 1]])
        noisy = self.scheduler.add_noise(latent, noise, self.scheduler.timesteps[:1])
        return self._finish(noisy, 0, walk)
