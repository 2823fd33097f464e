"""Stable Diffusion 1.5, SDXL, SDXL-Turbo and LCM: models whose noise is added to the picture, not mixed with it.

Sigma means the same as everywhere (noise_level.py); their schedulers write it as a deviation. The scheduler that the
folder names takes the steps (sampler.py).
"""

from typing import Any

import torch
from torch import Tensor

from ..errors import BadInput
from .image_model import Conditioning, refuse_negative
from .inpainting import cells, surroundings
from .pipeline_parts import PipelineParts
from .prompt_encoding import Encoding, Prompt, cached_encoder
from .sampler import ConsistencySampler, Network, Sampler


class StableDiffusion:
    """SD 1.5 and SDXL; latents are (1, 4, H/8, W/8), float32."""

    takes_reference = False

    def __init__(self, parts: PipelineParts):
        self.parts = parts
        self.pipeline = parts.pipeline
        self.steps = parts.steps
        self.guidance = parts.guidance
        self.device = parts.device
        self.multiple = self.pitch = self.pipeline.vae_scale_factor
        self.two_encoders = hasattr(self.pipeline, "text_encoder_2")
        self.encode_prompt = cached_encoder(self._encode_text)
        self.sampler = self._sampler()

    def _sampler(self) -> Sampler:
        return Sampler(self.pipeline.scheduler)

    def levels(self, steps: int, width: int, height: int) -> list[float]:
        """The sigmas that the model's own pipeline takes in so many steps, falling, without the final 0."""
        return self.sampler.levels(steps)

    def encode(self, picture: Tensor) -> Tensor:
        """A picture's latents, scaled as the network was taught."""
        vae = self.pipeline.vae
        mean = vae.encode((picture * 2 - 1).to(self.device, vae.dtype)).latent_dist.mode()
        return mean.float() * vae.config.scaling_factor

    def decode(self, latent: Tensor) -> Tensor:
        """The picture of latents, (1, 3, H, W)."""
        vae = self.pipeline.vae
        return vae.decode((latent / vae.config.scaling_factor).to(vae.dtype), return_dict=False)[0] / 2 + 0.5

    def to_vae_latent(self, latent: Tensor) -> Tensor:
        """Latents, each of which stands where it belongs already: (1, 4, H/8, W/8)."""
        return latent

    def from_vae_latent(self, latent: Tensor) -> Tensor:
        """The inverse of `to_vae_latent`."""
        return latent

    def denoise(self, latent: Tensor, noise: Tensor, sigma: float, conditioning: Conditioning, seed: int) -> Tensor:
        """Latents with noise up to sigma, denoised: shape and normalization as `encode` gives them."""
        if self.parts.set_lora_weights(conditioning.lora_weights):
            self.encode_prompt = cached_encoder(self._encode_text)
        steps, generator = conditioning.steps or self.steps, torch.Generator().manual_seed(seed)
        torch.randn(noise.shape, generator=generator)  # the start's: what steps draw must not repeat it
        network, area = self._network(conditioning, latent), conditioning.area
        begin = None if area is None or self.inpaints else sigma * cells(area, latent)
        return self.sampler.denoise(latent, noise.to(latent), sigma, steps, network, generator, begin)

    def _network(self, conditioning: Conditioning, latent: Tensor) -> Network:
        """The network as a function of latents and time; whatever stays the same over the steps is made here, once."""
        if conditioning.reference is not None:
            raise BadInput("Stable Diffusion takes no reference picture; set reference to none, or use FLUX.2.")
        amount = self.guidance if conditioning.guidance is None else conditioning.guidance
        fixed, guided = self._text_inputs(conditioning, amount, latent)
        copies = 2 if guided else 1
        structure, control = conditioning.structure, self.parts.control
        hint = None if structure is None else structure.picture.to(self.device, self.parts.dtype)
        beside = self._beside(conditioning, latent) if self.inpaints else None

        def network(shown: Tensor, time: Tensor) -> Tensor:
            whole = shown if beside is None else torch.cat([shown, beside], 1)
            both = torch.cat([whole.to(self.parts.dtype)] * copies)
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

        return network

    @property
    def inpaints(self) -> bool:
        """Whether it was taught to inpaint: the area and the masked picture are among its channels."""
        return self.pipeline.unet.config.in_channels == 2 * self.pipeline.unet.config.out_channels + 1

    def _beside(self, conditioning: Conditioning, latent: Tensor) -> Tensor:
        """The area and the latents of what is around it, (1, 5, h, w)."""
        height, width = (side * self.pitch for side in latent.shape[-2:])
        mask, around = surroundings(conditioning.area, conditioning.picture, height, width, self.device)
        return torch.cat([cells(mask, latent)[:, :1], self.encode(around)], 1)

    def _text_inputs(self, conditioning: Conditioning, amount: float, latent: Tensor) -> tuple[dict[str, Any], bool]:
        """Arguments that hold the prompts, and whether they are two: what to avoid, what is wanted."""
        self.check_negative(conditioning)
        guided = amount > 1
        encodings = [self.encode_prompt(conditioning.prompt)]
        if guided:
            encodings.insert(0, self._negative(conditioning.negative))
        texts = [torch.cat(parts) for parts in zip(*encodings, strict=True)]
        fixed: dict[str, Any] = {"encoder_hidden_states": texts[0], "return_dict": False}
        if self.two_encoders:
            height, width = (side * self.multiple for side in latent.shape[-2:])
            size = torch.tensor([[height, width, 0, 0, height, width]] * len(texts[1]), dtype=self.parts.dtype)
            fixed["added_cond_kwargs"] = {"text_embeds": texts[1], "time_ids": size.to(self.device)}
        return fixed, guided

    def check_negative(self, conditioning: Conditioning) -> None:
        if self.guidance <= 1 and conditioning.guidance is None:
            refuse_negative(conditioning, "This model is distilled")

    def _negative(self, text: Prompt) -> Encoding:
        """What is to be avoided; SDXL was taught zeros for nothing in particular."""
        found = self.encode_prompt(text)
        zeros = not text and getattr(self.pipeline.config, "force_zeros_for_empty_prompt", False)
        return tuple(torch.zeros_like(part) for part in found) if zeros else found

    def _encode_text(self, text: str) -> tuple[Tensor, ...]:
        with self.parts.offloaded_encoders:
            made = self.pipeline.encode_prompt(
                prompt=text, device=self.device, num_images_per_prompt=1, do_classifier_free_guidance=False
            )
        return (made[0], made[2]) if self.two_encoders else (made[0],)


class LatentConsistency(StableDiffusion):
    """LCM: few large steps, each of which adds fresh noise (drawn from the frame's seed)."""

    def _sampler(self) -> Sampler:
        return ConsistencySampler(self.pipeline.scheduler)

    def check_negative(self, conditioning: Conditioning) -> None:
        refuse_negative(conditioning, "An LCM model is distilled")

    def _text_inputs(self, conditioning: Conditioning, amount: float, latent: Tensor) -> tuple[dict[str, Any], bool]:
        fixed, _ = super()._text_inputs(conditioning, 1.0, latent)
        width = self.pipeline.unet.config.time_cond_proj_dim
        if width is not None:  # guidance is one of its inputs
            embedding = self.pipeline.get_guidance_scale_embedding(torch.tensor([amount - 1]), embedding_dim=width)
            fixed["timestep_cond"] = embedding.to(self.device, self.parts.dtype)
        return fixed, False
