"""Stable Diffusion 1.5, SDXL, SDXL-Turbo and LCM: models whose noise is added to the picture, not mixed with it.

Sigma means the same as everywhere (noise_level.py); their schedulers write it as a deviation. Euler takes any list of
deviations, so the start is continuous; LCM takes training timesteps, of which there are a thousand.
"""

import logging
from functools import lru_cache
from typing import Any

import torch
from diffusers.schedulers.scheduling_euler_discrete import EulerDiscreteScheduler
from diffusers.schedulers.scheduling_lcm import LCMScheduler
from torch import Tensor

from ..errors import BadInput
from .image import PROMPTS_KEPT, Wish
from .noise_level import from_variance_exploding, levels_from, to_variance_exploding


class StableDiffusion:
    """SD 1.5 and SDXL with Euler steps; latents are (1, 4, H/8, W/8)."""

    negates = True  # knows negative prompts

    def __init__(self, pipeline: Any, steps: int, guidance: float):
        self.pipeline = pipeline
        self.steps = steps
        self.guidance = guidance
        self.multiple = pipeline.vae_scale_factor
        self.two_encoders = hasattr(pipeline, "text_encoder_2")
        self.encoded = lru_cache(PROMPTS_KEPT)(self._encoded)
        self._take_scheduler()

    def _take_scheduler(self) -> None:
        # spaced by "trailing", it starts from noise of exactly the deviation that was asked for
        self.pipeline.scheduler = EulerDiscreteScheduler.from_config(
            self.pipeline.scheduler.config, timestep_spacing="trailing", use_karras_sigmas=False
        )

    def levels(self, steps: int, width: int, height: int) -> list[float]:
        """The sigmas that the model itself would take in so many steps, falling, without the final 0."""
        scheduler = self.pipeline.scheduler
        scheduler.set_timesteps(steps)
        return [from_variance_exploding(float(each)) for each in scheduler.sigmas[:-1]]

    def encode(self, picture: Tensor) -> Tensor:
        vae = self.pipeline.vae
        mean = vae.encode((picture * 2 - 1).to(vae.device, vae.dtype)).latent_dist.mode()
        return mean * vae.config.scaling_factor

    def decode(self, latent: Tensor) -> Tensor:
        vae = self.pipeline.vae
        return vae.decode(latent.to(vae.dtype) / vae.config.scaling_factor, return_dict=False)[0] / 2 + 0.5

    def denoise(self, latent: Tensor, noise: Tensor, sigma: float, wish: Wish, seed: int) -> Tensor:
        """Latents with noise up to sigma, denoised: shape and normalisation as `encode` gives them."""
        own = self.levels(wish.steps or self.steps, 0, 0)
        deviations = [to_variance_exploding(level) for level in levels_from(min(sigma, own[0]), own)]
        start = latent / deviations[0] + noise.to(latent)  # the pipeline multiplies by the first deviation
        return self._run(start, wish, seed, sigmas=[*deviations, 0.0])

    def _encoded(self, text: str) -> tuple[Tensor, ...]:
        made = self.pipeline.encode_prompt(
            prompt=text,
            device=self.pipeline._execution_device,
            num_images_per_prompt=1,
            do_classifier_free_guidance=False,
        )
        return (made[0], made[2]) if self.two_encoders else (made[0],)

    def _run(self, latent: Tensor, wish: Wish, seed: int, **schedule: Any) -> Tensor:
        scale = self.pipeline.vae_scale_factor
        words: dict[str, Any] = dict(
            zip(("prompt_embeds", "pooled_prompt_embeds"), self.encoded(wish.prompt), strict=False)
        )
        if self.negates:
            names = ("negative_prompt_embeds", "negative_pooled_prompt_embeds")
            words.update(zip(names, self.encoded(wish.negative), strict=False))
        elif wish.negative:
            raise BadInput("An LCM model knows no negative prompt; take the negative out.")
        return self.pipeline(
            **words,
            latents=latent.to(self.pipeline.unet.dtype),
            guidance_scale=self.guidance if wish.guidance is None else wish.guidance,
            generator=torch.Generator().manual_seed(seed),
            width=latent.shape[-1] * scale,
            height=latent.shape[-2] * scale,
            output_type="latent",
            **schedule,
        ).images


class LatentConsistency(StableDiffusion):
    """LCM: few large steps, each of which adds fresh noise (drawn from the frame's seed)."""

    negates = False

    def _take_scheduler(self) -> None:
        self.pipeline.scheduler = LCMScheduler.from_config(self.pipeline.scheduler.config)
        # it would warn at every frame that a start below full noise is unusual; here it is the rule
        logging.getLogger(LCMScheduler.__module__).setLevel(logging.ERROR)

    def levels(self, steps: int, width: int, height: int) -> list[float]:
        self.pipeline.scheduler.set_timesteps(steps)
        return [self._level(int(t)) for t in self.pipeline.scheduler.timesteps]

    def denoise(self, latent: Tensor, noise: Tensor, sigma: float, wish: Wish, seed: int) -> Tensor:
        levels = levels_from(sigma, self.levels(wish.steps or self.steps, 0, 0))
        known = torch.tensor([self._level(t) for t in range(len(self._kept()))])
        steps = [int((known - level).abs().argmin()) for level in levels]
        steps = [t for at, t in enumerate(steps) if at == 0 or t < steps[at - 1]]
        kept = self._kept()[steps[0]]
        start = kept.sqrt() * latent + (1 - kept).sqrt() * noise.to(latent)
        return self._run(start.to(latent.dtype), wish, seed, timesteps=steps)

    def _kept(self) -> Tensor:
        """The share of the picture's variance at each training timestep."""
        return self.pipeline.scheduler.alphas_cumprod

    def _level(self, timestep: int) -> float:
        kept = float(self._kept()[timestep])
        return from_variance_exploding(((1 - kept) / kept) ** 0.5)
