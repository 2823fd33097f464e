"""Flow models, FLUX.1 and FLUX.2: what they have in common.

Such a model was taught the direction from picture to noise at every mixture (1 - sigma)·picture + sigma·noise. To
denoise is to walk that line backwards in a few straight pieces:

    x ← x + (lower - level)·velocity(x, level)        level: from sigma down to 0

The pipelines of diffusers only start at whole steps, and FLUX.2's not at a picture at all, so the walk is here; their
transformers, encoders and schedulers' settings are used as they are. Nothing in it waits for the device.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from .image_model import Conditioning
from .inpainting import cells, put_back
from .noise_level import levels_from
from .pipeline_parts import PipelineParts
from .prompt_encoding import cached_encoder

Velocity = Callable[[Tensor, float], Tensor]  # tokens (1, N, C) float32 and their level → which way noise lies


class FlowModel(ABC):
    """A loaded pipeline of diffusers, used in parts. Latents are float32, whatever the weights are."""

    takes_reference = False
    inpaints = False  # whether it was taught to: the area and what is around it are among its channels

    def __init__(self, parts: PipelineParts):
        self.parts = parts
        self.pipeline = parts.pipeline
        self.steps = parts.steps
        self.guidance = parts.guidance
        self.device = parts.device
        self.multiple = self.pipeline.vae_scale_factor * 2
        self.encode_prompt = cached_encoder(self._encode_text)

    def levels(self, steps: int, width: int, height: int) -> list[float]:
        """The sigmas that the model's own pipeline takes in so many steps, falling, without the final 0."""
        scheduler = self.pipeline.scheduler
        even = None if scheduler.config.get("use_flow_sigmas") else np.linspace(1, 1 / steps, steps)
        tokens = (width // self.multiple) * (height // self.multiple)
        scheduler.set_timesteps(steps, sigmas=even, mu=self._mu(tokens, steps))
        return scheduler.sigmas[:-1].tolist()

    def denoise(self, latent: Tensor, noise: Tensor, sigma: float, conditioning: Conditioning, seed: int) -> Tensor:
        """Latents mixed with noise up to sigma and denoised: shape and normalization as `encode` gives them."""
        if self.parts.set_lora_weights(conditioning.lora_weights):
            self.encode_prompt = cached_encoder(self._encode_text)
        height, width = (side * self.pitch for side in latent.shape[-2:])
        levels = levels_from(sigma, self.levels(conditioning.steps or self.steps, width, height))
        velocity = self.velocity(conditioning, width, height)
        noise, area = noise.to(latent), conditioning.area
        begin = None if area is None or self.inpaints else self.pack(sigma * cells(area, latent))
        tokens = self.pack(torch.lerp(latent, noise, sigma))
        for level, lower in pairwise([*levels, 0.0]):
            torch.compiler.cudagraph_mark_step_begin()  # a captured step may reuse what the one before it answered
            tokens = tokens + (lower - level) * velocity(tokens, level)
            if begin is not None:
                tokens = put_back(tokens, self.pack(torch.lerp(latent, noise, lower)), begin, level)
        return self.unpack(tokens, width, height)

    def encode(self, picture: Tensor) -> Tensor:
        """A picture's latents, normalized as the transformer was taught."""
        vae = self.pipeline.vae
        return self._normalized(vae.encode((picture * 2 - 1).to(self.device, vae.dtype)).latent_dist.mode().float())

    def decode(self, latent: Tensor) -> Tensor:
        """The picture of latents, (1, 3, H, W)."""
        vae = self.pipeline.vae
        return vae.decode(self._raw(latent).to(vae.dtype), return_dict=False)[0] / 2 + 0.5

    def to_vae_latent(self, latent: Tensor) -> Tensor:
        """Latents as the autoencoder has them, (1, C, H/8, W/8): unpacked, so that each stands where it belongs."""
        return self._raw(latent)

    def from_vae_latent(self, latent: Tensor) -> Tensor:
        """The inverse of `to_vae_latent`."""
        return self._normalized(latent)

    def _level_tensor(self, level: float) -> Tensor:
        """The level as the pipelines hand it on: rounded as one of a thousand timesteps."""
        return torch.full((1,), level * 1000, device=self.device).to(self.parts.dtype) / 1000

    @property
    @abstractmethod
    def pitch(self) -> int:
        """Pixels along the side of one latent."""

    @abstractmethod
    def velocity(self, conditioning: Conditioning, width: int, height: int) -> Velocity:
        """The model as a function of tokens and level; whatever stays the same over the steps is made here, once."""

    @abstractmethod
    def pack(self, latent: Tensor) -> Tensor: ...

    @abstractmethod
    def unpack(self, tokens: Tensor, width: int, height: int) -> Tensor: ...

    @abstractmethod
    def _normalized(self, raw: Tensor) -> Tensor: ...

    @abstractmethod
    def _raw(self, latent: Tensor) -> Tensor: ...

    @abstractmethod
    def _mu(self, tokens: int, steps: int) -> float: ...

    def _encode_text(self, text: str) -> tuple[Tensor, ...]:
        with self.parts.offloaded_encoders:
            return self._run_text_encoders(text)

    @abstractmethod
    def _run_text_encoders(self, text: str) -> tuple[Tensor, ...]: ...
