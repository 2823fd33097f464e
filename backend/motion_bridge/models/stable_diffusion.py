"""Stable Diffusion 1.5, SDXL, SDXL-Turbo and LCM: models whose noise is added to the picture, not mixed with it.

Sigma means the same as everywhere (noise_level.py); their schedulers write it as a deviation. Euler takes any list of
deviations, so the start is continuous; LCM takes training timesteps, of which there are a thousand.
"""

from collections.abc import Callable
from typing import Any

import torch
from diffusers.schedulers.scheduling_euler_discrete import EulerDiscreteScheduler
from diffusers.schedulers.scheduling_lcm import LCMScheduler
from torch import Tensor

from ..errors import BadInput
from .image_model import Wish
from .noise_level import from_variance_exploding, levels_from, to_variance_exploding
from .pipeline_parts import Parts
from .prompt_encoding import Encoding, Prompt, reader

Guess = Callable[[Tensor, Tensor], Tensor]  # scaled latents and a timestep → the noise in them


class StableDiffusion:
    """SD 1.5 and SDXL with Euler steps; latents are (1, 4, H/8, W/8), float32."""

    refers = False

    def __init__(self, parts: Parts):
        self.parts = parts
        self.pipeline = parts.pipeline
        self.steps = parts.steps
        self.guidance = parts.guidance
        self.device = parts.device
        self.multiple = self.pitch = self.pipeline.vae_scale_factor
        self.two_encoders = hasattr(self.pipeline, "text_encoder_2")
        self.encoded = reader(self._encoded)
        self.scheduler: Any = self._scheduler()

    def _scheduler(self) -> Any:
        # spaced by "trailing", it starts from noise of exactly the deviation that was asked for
        return EulerDiscreteScheduler.from_config(
            self.pipeline.scheduler.config, timestep_spacing="trailing", use_karras_sigmas=False
        )

    def levels(self, steps: int, width: int, height: int) -> list[float]:
        """The sigmas that the model itself would take in so many steps, falling, without the final 0."""
        self.scheduler.set_timesteps(steps)
        return [from_variance_exploding(float(each)) for each in self.scheduler.sigmas[:-1]]

    def encode(self, picture: Tensor) -> Tensor:
        """A picture's latents, scaled as the network was taught."""
        vae = self.pipeline.vae
        mean = vae.encode((picture * 2 - 1).to(self.device, vae.dtype)).latent_dist.mode()
        return mean.float() * vae.config.scaling_factor

    def decode(self, latent: Tensor) -> Tensor:
        """The picture of latents, (1, 3, H, W)."""
        vae = self.pipeline.vae
        return vae.decode((latent / vae.config.scaling_factor).to(vae.dtype), return_dict=False)[0] / 2 + 0.5

    def cells(self, latent: Tensor) -> Tensor:
        """Latents, each of which stands where it belongs already: (1, 4, H/8, W/8)."""
        return latent

    def from_cells(self, cells: Tensor) -> Tensor:
        """The inverse of `cells`."""
        return cells

    def denoise(self, latent: Tensor, noise: Tensor, sigma: float, wish: Wish, seed: int) -> Tensor:
        """Latents with noise up to sigma, denoised: shape and normalisation as `encode` gives them."""
        own = self.levels(wish.steps or self.steps, 0, 0)
        deviations = [to_variance_exploding(level) for level in levels_from(min(sigma, own[0]), own)]
        self.scheduler.set_timesteps(sigmas=[*deviations, 0.0])
        return self._walk(latent + deviations[0] * noise.to(latent), wish, seed)

    def _walk(self, latent: Tensor, wish: Wish, seed: int) -> Tensor:
        """Down all levels that the scheduler was given."""
        if self.parts.weigh(wish.lora_weights):
            self.encoded = reader(self._encoded)
        guess = self._guess(wish, latent)
        generator = torch.Generator().manual_seed(seed)
        self.scheduler.set_begin_index(0)
        for time in self.scheduler.timesteps:
            shown = self.scheduler.scale_model_input(latent, time)
            latent = self.scheduler.step(guess(shown, time), time, latent, generator=generator)[0]
        return latent

    def _guess(self, wish: Wish, latent: Tensor) -> Guess:
        """The network as a function of latents and time; whatever stays the same over the steps is made here, once."""
        if wish.reference is not None:
            raise BadInput("Stable Diffusion takes no reference picture; set reference to none, or use FLUX.2.")
        amount = self.guidance if wish.guidance is None else wish.guidance
        fixed, guided = self._words(wish, amount, latent)
        copies = 2 if guided else 1
        structure, control = wish.structure, self.parts.control
        hint = None if structure is None else structure.picture.to(self.device, self.parts.dtype)

        def guess(shown: Tensor, time: Tensor) -> Tensor:
            both = torch.cat([shown.to(self.parts.dtype)] * copies)
            arguments = dict(fixed)
            if structure is not None and hint is not None:
                shared = {name: value for name, value in fixed.items() if name != "timestep_cond"}
                down, middle = control(
                    both,
                    time,
                    controlnet_cond=torch.cat([hint] * copies),
                    conditioning_scale=structure.strength,
                    **shared,
                )
                arguments |= {"down_block_additional_residuals": down, "mid_block_additional_residual": middle}
            found = self.pipeline.unet(both, time, **arguments)[0].float()
            if not guided:
                return found
            avoided, wanted = found.chunk(2)
            return avoided + amount * (wanted - avoided)

        return guess

    def _words(self, wish: Wish, amount: float, latent: Tensor) -> tuple[dict[str, Any], bool]:
        """Arguments that hold the prompts, and whether they are two: what to avoid, what is wanted."""
        guided = amount > 1
        told = [self._negative(wish.negative), self.encoded(wish.prompt)] if guided else [self.encoded(wish.prompt)]
        texts = [torch.cat(parts) for parts in zip(*told, strict=True)]
        fixed: dict[str, Any] = {"encoder_hidden_states": texts[0], "return_dict": False}
        if self.two_encoders:
            height, width = (side * self.multiple for side in latent.shape[-2:])
            size = torch.tensor([[height, width, 0, 0, height, width]] * len(texts[1]), dtype=self.parts.dtype)
            fixed["added_cond_kwargs"] = {"text_embeds": texts[1], "time_ids": size.to(self.device)}
        return fixed, guided

    def _negative(self, text: Prompt) -> Encoding:
        """What is to be avoided; SDXL was taught zeros for nothing in particular."""
        found = self.encoded(text)
        zeros = not text and getattr(self.pipeline.config, "force_zeros_for_empty_prompt", False)
        return tuple(torch.zeros_like(part) for part in found) if zeros else found

    def _encoded(self, text: str) -> tuple[Tensor, ...]:
        with self.parts.guests:
            made = self.pipeline.encode_prompt(
                prompt=text, device=self.device, num_images_per_prompt=1, do_classifier_free_guidance=False
            )
        return (made[0], made[2]) if self.two_encoders else (made[0],)


class LatentConsistency(StableDiffusion):
    """LCM: few large steps, each of which adds fresh noise (drawn from the frame's seed)."""

    def _scheduler(self) -> Any:
        return LCMScheduler.from_config(self.pipeline.scheduler.config)

    def levels(self, steps: int, width: int, height: int) -> list[float]:
        self.scheduler.set_timesteps(steps)
        return [self._level(int(t)) for t in self.scheduler.timesteps]

    def denoise(self, latent: Tensor, noise: Tensor, sigma: float, wish: Wish, seed: int) -> Tensor:
        levels = levels_from(sigma, self.levels(wish.steps or self.steps, 0, 0))
        kept = self.scheduler.alphas_cumprod  # the share of the picture's variance at each training timestep
        deviations = ((1 - kept) / kept) ** 0.5
        known = deviations / (1 + deviations)
        steps = [int((known - level).abs().argmin()) for level in levels]
        steps = [t for at, t in enumerate(steps) if at == 0 or t < steps[at - 1]]
        self.scheduler.set_timesteps(timesteps=steps)
        share = float(kept[steps[0]])
        return self._walk(share**0.5 * latent + (1 - share) ** 0.5 * noise.to(latent), wish, seed)

    def _words(self, wish: Wish, amount: float, latent: Tensor) -> tuple[dict[str, Any], bool]:
        if wish.negative:
            raise BadInput("An LCM model knows no negative prompt; take the negative out.")
        fixed, _ = super()._words(wish, 1.0, latent)
        width = self.pipeline.unet.config.time_cond_proj_dim
        if width is not None:  # guidance is one of its inputs
            told = self.pipeline.get_guidance_scale_embedding(torch.tensor([amount - 1]), embedding_dim=width)
            fixed["timestep_cond"] = told.to(self.device, self.parts.dtype)
        return fixed, False

    def _level(self, timestep: int) -> float:
        kept = float(self.scheduler.alphas_cumprod[timestep])
        return from_variance_exploding(((1 - kept) / kept) ** 0.5)
