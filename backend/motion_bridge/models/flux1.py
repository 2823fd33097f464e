"""FLUX.1 dev and schnell, plain, with a ControlNet, or with control or the area to fill in the weights themselves
(FLUX.1-Depth-dev, FLUX.1-Fill-dev).

Latents are (1, 16, H/8, W/8); a token is 2×2 of them.
"""

import torch
from diffusers.pipelines.flux.pipeline_flux import calculate_shift
from torch import Tensor
from torch.nn import functional

from ..errors import BadInput
from . import flux1_control
from .flow_matching import FlowModel, Velocity
from .flux1_control import Extra
from .image_model import Conditioning, ControlImage, refuse_negative
from .inpainting import surroundings
from .prompt_encoding import Prompt

LONGEST_PROMPT = {True: 512, False: 256}  # tokens that dev and schnell were taught with


class Flux1(FlowModel):
    """FLUX.1."""

    @property
    def pitch(self) -> int:
        return self.pipeline.vae_scale_factor

    def pack(self, latent: Tensor) -> Tensor:
        batch, channels, rows, columns = latent.shape
        patches = latent.view(batch, channels, rows // 2, 2, columns // 2, 2).permute(0, 2, 4, 1, 3, 5)
        return patches.reshape(batch, rows // 2 * (columns // 2), channels * 4)

    def unpack(self, tokens: Tensor, width: int, height: int) -> Tensor:
        rows, columns = height // self.pitch, width // self.pitch
        patches = tokens.view(len(tokens), rows // 2, columns // 2, -1, 2, 2).permute(0, 3, 1, 4, 2, 5)
        return patches.reshape(len(tokens), -1, rows, columns)

    def velocity(self, conditioning: Conditioning, width: int, height: int) -> Velocity:
        transformer = self.pipeline.transformer
        flux1_control.check(conditioning.structure, transformer)
        if conditioning.reference is not None:
            raise BadInput("FLUX.1 takes no reference picture; set reference to none, or use FLUX.2.")
        self.check_negative(conditioning)
        amount = self.guidance if conditioning.guidance is None else conditioning.guidance
        text = self._text_inputs(conditioning.prompt)
        position_ids = self._position_ids(width // self.multiple, height // self.multiple)
        guidance = torch.full((1,), amount, device=self.device) if transformer.config.guidance_embeds else None
        extra, more = self._structured(conditioning.structure, position_ids, amount)
        if self.inpaints:
            more = self._around(conditioning, width, height)

        def velocity(tokens: Tensor, level: float) -> Tensor:
            shown = tokens.to(self.parts.dtype)
            time = self._level_tensor(level)
            fixed = {"timestep": time, "guidance": guidance, "img_ids": position_ids, "return_dict": False}
            fixed |= extra(shown, time, text)
            whole = torch.cat([shown, *more], -1)
            return transformer(hidden_states=whole, **text, **fixed)[0].float()

        return velocity

    @property
    def inpaints(self) -> bool:  # type: ignore[override]
        """Whether it is FLUX.1 Fill: beside each token stands what is around the area, and the area's pixels."""
        config = self.pipeline.transformer.config
        channels = config.out_channels or config.in_channels
        return config.in_channels == 2 * channels + 4 * self.pitch**2

    def _around(self, conditioning: Conditioning, width: int, height: int) -> list[Tensor]:
        mask, around = surroundings(conditioning.area, conditioning.picture, height, width, self.device)
        pixels = functional.pixel_unshuffle(mask, self.pitch)
        return [self.pack(each).to(self.parts.dtype) for each in (self.encode(around), pixels)]

    def check_negative(self, conditioning: Conditioning) -> None:
        refuse_negative(conditioning, "FLUX.1 is distilled")

    def _structured(
        self, structure: ControlImage | None, position_ids: Tensor, amount: float
    ) -> tuple[Extra, list[Tensor]]:
        """What a ControlNet says at each step, and what stands beside the tokens' own channels."""
        control = self.parts.control
        if structure is None:
            return flux1_control.nothing, []
        if control is None:
            return flux1_control.nothing, [self.pack(self.encode(structure.picture)).to(self.parts.dtype)]
        if control.input_hint_block is None:
            hint = self.pack(self.encode(structure.picture))
        else:
            hint = structure.picture * 2 - 1
        guided = control.config.guidance_embeds
        guidance = torch.full((1,), amount, device=self.device) if guided else None
        fixed = {"img_ids": position_ids, "guidance": guidance}
        hint = hint.to(self.device, self.parts.dtype)
        return flux1_control.beside_transformer(control, structure, hint, fixed), []

    def _text_inputs(self, text: Prompt) -> dict[str, Tensor]:
        states, pooled = self.encode_prompt(text)
        where = torch.zeros(states.shape[1], 3, device=self.device, dtype=states.dtype)
        return {"encoder_hidden_states": states, "pooled_projections": pooled, "txt_ids": where}

    def _position_ids(self, columns: int, rows: int) -> Tensor:
        """Where each token stands: (N, 3) of 0, row and column."""
        where = torch.zeros(rows, columns, 3, device=self.device, dtype=self.parts.dtype)
        where[..., 1] += torch.arange(rows, device=self.device)[:, None]
        where[..., 2] += torch.arange(columns, device=self.device)
        return where.view(-1, 3)

    def _mu(self, tokens: int, steps: int) -> float:
        config = self.pipeline.scheduler.config
        return calculate_shift(
            tokens, config.base_image_seq_len, config.max_image_seq_len, config.base_shift, config.max_shift
        )

    def _run_text_encoders(self, text: str) -> tuple[Tensor, ...]:
        longest = LONGEST_PROMPT[self.pipeline.transformer.config.guidance_embeds]
        return self.pipeline.encode_prompt(prompt=text, prompt_2=None, device=self.device, max_sequence_length=longest)[
            :2
        ]

    def _normalized(self, raw: Tensor) -> Tensor:
        config = self.pipeline.vae.config
        return (raw - config.shift_factor) * config.scaling_factor

    def _raw(self, latent: Tensor) -> Tensor:
        config = self.pipeline.vae.config
        return latent / config.scaling_factor + config.shift_factor
