"""FLUX.2 dev and Klein, with or without a picture for reference.

Latents are (1, 128, H/16, W/16): 32 channels in 2×2 patches, normalized by statistics. Packed channel = 4·c + 2·y + x.
"""

from functools import lru_cache

import torch
from diffusers.pipelines.flux2.pipeline_flux2 import compute_empirical_mu
from torch import Tensor

from ..errors import BadInput
from .flow_matching import FlowModel, Velocity
from .image_model import Conditioning, refuse_negative
from .pipeline_parts import PipelineParts
from .prompt_encoding import Prompt

LONGEST = 512  # tokens of a prompt, where the model's tokenizer does not say fewer
REFERENCE_TIME = 10  # where a reference stands on the axis of time, the picture itself being at 0


class Flux2(FlowModel):
    """FLUX.2. A reference picture is read along with the picture at every step and keeps who and what is in it."""

    takes_reference = True

    def __init__(self, parts: PipelineParts):
        super().__init__(parts)
        self._referred = lru_cache(1)(self._reference)

    @property
    def pitch(self) -> int:
        return self.multiple

    def pack(self, latent: Tensor) -> Tensor:
        return latent.flatten(2).transpose(1, 2)

    def unpack(self, tokens: Tensor, width: int, height: int) -> Tensor:
        return tokens.transpose(1, 2).unflatten(2, (height // self.pitch, width // self.pitch))

    def velocity(self, conditioning: Conditioning, width: int, height: int) -> Velocity:
        if conditioning.structure is not None:
            raise BadInput("FLUX.2 has no structure control; set control to none, or take another model.")
        transformer = self.pipeline.transformer
        amount = self.guidance if conditioning.guidance is None else conditioning.guidance
        text = self._text_inputs(conditioning.prompt)
        self.check_negative(conditioning)
        negative = self._text_inputs(conditioning.negative) if self._is_base and amount > 1 else None
        guidance = torch.full((1,), amount, device=self.device) if transformer.config.guidance_embeds else None
        position_ids = self._position_ids(width // self.multiple, height // self.multiple)
        seen: list[Tensor] = []
        if conditioning.reference is not None:
            tokens, there = self._referred(conditioning.reference)
            seen, position_ids = [tokens], torch.cat([position_ids, there])

        def velocity(tokens: Tensor, level: float) -> Tensor:
            count = tokens.shape[1]
            fixed = {"timestep": self._level_tensor(level), "guidance": guidance, "img_ids": position_ids}
            whole = torch.cat([tokens.to(self.parts.dtype), *seen], 1)
            found = transformer(hidden_states=whole, **text, **fixed, return_dict=False)[0][:, :count].float()
            if negative is None:
                return found
            avoided = transformer(hidden_states=whole, **negative, **fixed, return_dict=False)[0][:, :count].float()
            return avoided + amount * (found - avoided)

        return velocity

    def check_negative(self, conditioning: Conditioning) -> None:
        if not self._is_base:
            refuse_negative(conditioning, "FLUX.2 is distilled")

    @property
    def _is_base(self) -> bool:
        """Whether it is Klein before distillation, whose steps are taken twice: with the prompt and the negative."""
        return "is_distilled" in self.pipeline.config and not self.pipeline.config.is_distilled

    def _text_inputs(self, text: Prompt) -> dict[str, Tensor]:
        (states,) = self.encode_prompt(text)
        where = torch.zeros(states.shape[1], 4, device=self.device, dtype=torch.long)
        where[:, 3] = torch.arange(states.shape[1], device=self.device)
        return {"encoder_hidden_states": states, "txt_ids": where}

    def _position_ids(self, columns: int, rows: int, time: int = 0) -> Tensor:
        """Where each token stands: (N, 4) of time, row, column and 0."""
        where = torch.zeros(rows, columns, 4, device=self.device, dtype=torch.long)
        where[..., 0] = time
        where[..., 1] += torch.arange(rows, device=self.device)[:, None]
        where[..., 2] += torch.arange(columns, device=self.device)
        return where.view(-1, 4)

    def _reference(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        """A picture's tokens and their position_ids; cropped to whole tokens, whatever its size."""
        height, width = (side // self.multiple * self.multiple for side in picture.shape[-2:])
        latent = self.encode(picture[..., :height, :width])
        position_ids = self._position_ids(width // self.multiple, height // self.multiple, REFERENCE_TIME)
        return self.pack(latent).to(self.parts.dtype), position_ids

    def _mu(self, tokens: int, steps: int) -> float:
        return compute_empirical_mu(tokens, steps)

    def _run_text_encoders(self, text: str) -> tuple[Tensor, ...]:
        longest = min(LONGEST, getattr(self.pipeline.tokenizer, "model_max_length", LONGEST))
        return (self.pipeline.encode_prompt(prompt=text, device=self.device, max_sequence_length=longest)[0],)

    def _normalized(self, raw: Tensor) -> Tensor:
        mean, deviation = self._statistics()
        batch, channels, rows, columns = raw.shape
        patches = raw.view(batch, channels, rows // 2, 2, columns // 2, 2).permute(0, 1, 3, 5, 2, 4)
        return (patches.reshape(batch, channels * 4, rows // 2, columns // 2) - mean) / deviation

    def _raw(self, latent: Tensor) -> Tensor:
        mean, deviation = self._statistics()
        batch, channels, rows, columns = latent.shape
        patches = (latent * deviation + mean).view(batch, channels // 4, 2, 2, rows, columns)
        return patches.permute(0, 1, 4, 2, 5, 3).reshape(batch, channels // 4, rows * 2, columns * 2)

    def _statistics(self) -> tuple[Tensor, Tensor]:
        """Mean and deviation of each packed channel, (1, C, 1, 1)."""
        bn = self.pipeline.vae.bn
        mean, variance = (each.view(1, -1, 1, 1).float() for each in (bn.running_mean, bn.running_var))
        return mean, torch.sqrt(variance + self.pipeline.vae.config.batch_norm_eps)
