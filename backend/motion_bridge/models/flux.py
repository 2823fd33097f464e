"""FLUX.1 and FLUX.2: flow models, where a mixture (1 - sigma)·picture + sigma·noise is what denoising starts from.

Neither pipeline has the image-to-image that is wanted here (FLUX.2 has none, FLUX.1's starts only at whole steps). So
the text-to-image pipeline is handed mixed latents and the rest of a list of sigmas, written as they are before its
scheduler's shift; num_inference_steps stays as it is, for FLUX.2 derives the shift from it.
"""

import math
from abc import ABC, abstractmethod
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from diffusers.pipelines.flux.pipeline_flux import calculate_shift
from diffusers.pipelines.flux2.pipeline_flux2 import compute_empirical_mu
from torch import Tensor

from ..errors import BadInput
from .image import PROMPTS_KEPT, Wish
from .noise_level import before_shift, levels_from


class FlowModel(ABC):
    """What FLUX.1 and FLUX.2 have in common. `pipeline` is one of diffusers', loaded."""

    def __init__(self, pipeline: Any, steps: int, guidance: float):
        self.pipeline = pipeline
        self.steps = steps
        self.guidance = guidance
        self.multiple = pipeline.vae_scale_factor * 2
        self.encoded = lru_cache(PROMPTS_KEPT)(self._encoded)

    def levels(self, steps: int, width: int, height: int) -> list[float]:
        """The sigmas that the model itself would take in so many steps, falling, without the final 0."""
        shift = self._shift(steps, width, height)
        even = np.linspace(1, 1 / steps, steps)
        return [float(shift * u / (1 + (shift - 1) * u)) for u in even]

    def denoise(self, latent: Tensor, noise: Tensor, sigma: float, wish: Wish, seed: int) -> Tensor:
        """Latents mixed with noise up to sigma and denoised: shape and normalisation as `encode` gives them."""
        height, width = self._size(latent)
        steps = wish.steps or self.steps
        mixed = torch.lerp(latent, noise.to(latent), sigma)
        levels = levels_from(sigma, self.levels(steps, width, height))
        shift = self._shift(steps, width, height)
        return self._run(mixed, [before_shift(level, shift) for level in levels], steps, width, height, wish)

    def _shift(self, steps: int, width: int, height: int) -> float:
        config = self.pipeline.scheduler.config
        if not config.use_dynamic_shifting:
            return float(config.shift)
        tokens = (width // self.multiple) * (height // self.multiple)
        mu = self._mu(tokens, steps)
        return math.exp(mu) if config.time_shift_type == "exponential" else mu

    @abstractmethod
    def _mu(self, tokens: int, steps: int) -> float: ...

    @abstractmethod
    def _encoded(self, text: str) -> tuple[Tensor, ...]: ...

    @abstractmethod
    def _size(self, latent: Tensor) -> tuple[int, int]: ...

    @abstractmethod
    def _run(self, mixed: Tensor, sigmas: list[float], steps: int, width: int, height: int, wish: Wish) -> Tensor: ...


class Flux1(FlowModel):
    """FLUX.1. Latents are (1, 16, H/8, W/8); the pipeline packs them 2×2 into tokens."""

    def encode(self, picture: Tensor) -> Tensor:
        vae = self.pipeline.vae
        mean = vae.encode((picture * 2 - 1).to(vae.device, vae.dtype)).latent_dist.mode()
        return (mean - vae.config.shift_factor) * vae.config.scaling_factor

    def decode(self, latent: Tensor) -> Tensor:
        vae = self.pipeline.vae
        raw = latent.to(vae.dtype) / vae.config.scaling_factor + vae.config.shift_factor
        return vae.decode(raw, return_dict=False)[0] / 2 + 0.5

    def _mu(self, tokens: int, steps: int) -> float:
        config = self.pipeline.scheduler.config
        return calculate_shift(
            tokens, config.base_image_seq_len, config.max_image_seq_len, config.base_shift, config.max_shift
        )

    def _encoded(self, text: str) -> tuple[Tensor, ...]:
        return self.pipeline.encode_prompt(prompt=text, prompt_2=None)[:2]

    def _size(self, latent: Tensor) -> tuple[int, int]:
        return tuple(side * self.pipeline.vae_scale_factor for side in latent.shape[-2:])  # type: ignore[return-value]

    def _run(self, mixed: Tensor, sigmas: list[float], steps: int, width: int, height: int, wish: Wish) -> Tensor:
        pipeline = self.pipeline
        text, pooled = self.encoded(wish.prompt)
        unwanted: dict[str, Any] = {}
        if wish.negative:  # a second pass each step, so only where there is something to avoid
            negative, pooled_negative = self.encoded(wish.negative)
            unwanted = {"negative_prompt_embeds": negative, "negative_pooled_prompt_embeds": pooled_negative}
            unwanted["true_cfg_scale"] = wish.guidance or self.guidance
        tokens = pipeline(
            prompt_embeds=text,
            pooled_prompt_embeds=pooled,
            latents=pipeline._pack_latents(mixed, *mixed.shape),
            sigmas=sigmas,
            num_inference_steps=steps,
            guidance_scale=self.guidance if wish.guidance is None else wish.guidance,
            width=width,
            height=height,
            output_type="latent",
            **unwanted,
        ).images
        return pipeline._unpack_latents(tokens, height, width, pipeline.vae_scale_factor)


class Flux2(FlowModel):
    """FLUX.2 dev and Klein. Latents are (1, 128, H/16, W/16): 32 channels in 2×2 patches, normalised by statistics."""

    def encode(self, picture: Tensor) -> Tensor:
        vae = self.pipeline.vae
        return self._normalised(vae.encode((picture * 2 - 1).to(vae.device, vae.dtype)).latent_dist.mode())

    def decode(self, latent: Tensor) -> Tensor:
        mean, deviation = self._statistics(latent)
        raw = self.pipeline._unpatchify_latents(latent * deviation + mean)
        return self.pipeline.vae.decode(raw.to(self.pipeline.vae.dtype), return_dict=False)[0] / 2 + 0.5

    def _normalised(self, raw: Tensor) -> Tensor:
        mean, deviation = self._statistics(raw)
        return (self.pipeline._patchify_latents(raw) - mean) / deviation

    def _statistics(self, like: Tensor) -> tuple[Tensor, Tensor]:
        vae = self.pipeline.vae
        mean, variance = (each.view(1, -1, 1, 1).to(like) for each in (vae.bn.running_mean, vae.bn.running_var))
        return mean, torch.sqrt(variance + vae.config.batch_norm_eps)

    def _mu(self, tokens: int, steps: int) -> float:
        return compute_empirical_mu(tokens, steps)

    def _encoded(self, text: str) -> tuple[Tensor, ...]:
        return (self.pipeline.encode_prompt(prompt=text)[0],)

    def _size(self, latent: Tensor) -> tuple[int, int]:
        return tuple(side * self.multiple for side in latent.shape[-2:])  # type: ignore[return-value]

    def _run(self, mixed: Tensor, sigmas: list[float], steps: int, width: int, height: int, wish: Wish) -> Tensor:
        pipeline = self.pipeline
        unwanted: dict[str, Any] = {}
        if "is_distilled" in pipeline.config:
            guided = not pipeline.config.is_distilled
            if guided:
                unwanted["negative_prompt_embeds"] = self.encoded(wish.negative)[0]
            elif wish.negative:
                raise BadInput("FLUX.2 Klein is distilled and knows no negative prompt; take the negative out.")
        elif wish.negative:
            raise BadInput("FLUX.2 knows no negative prompt; take the negative out.")
        made = pipeline(
            prompt_embeds=self.encoded(wish.prompt)[0],
            latents=mixed,
            sigmas=sigmas,
            num_inference_steps=steps,
            guidance_scale=self.guidance if wish.guidance is None else wish.guidance,
            width=width,
            height=height,
            output_type="latent",
            **unwanted,
        ).images
        if made.ndim == 3:  # FLUX.2 dev returns its tokens as they are, Klein raw latents
            return made.transpose(1, 2).reshape(mixed.shape)
        return self._normalised(made)
