"""Stage 6: codec, text encoder and student as one folder of diffusers, in 16 bits."""

from pathlib import Path

import torch
from diffusers import AutoencoderKLFlux2, FlowMatchEulerDiscreteScheduler, Flux2KleinPipeline

from .distil import SHIFT
from .flow import Painter
from .latents import Bank
from .text import grown, new_tokenizer


def save_model(folder: Path, codec: AutoencoderKLFlux2, painter: Painter, bank: Bank) -> None:
    """A folder that models/ loads as it loads FLUX.2 Klein."""
    codec.bn.running_mean.copy_(bank.mean)
    codec.bn.running_var.copy_(bank.variance)
    pipeline = Flux2KleinPipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(shift=SHIFT),
        vae=codec,
        text_encoder=grown(painter.text),
        tokenizer=new_tokenizer(),
        transformer=painter.transformer,
        is_distilled=True,
    )
    for part in (pipeline.vae, pipeline.text_encoder, pipeline.transformer):
        part.to(torch.float16)
    pipeline.save_pretrained(folder, safe_serialization=True)
