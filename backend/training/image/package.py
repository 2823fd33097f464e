"""Stage 6: codec, text encoder and student as one folder of diffusers, in 16 bits."""

from pathlib import Path

import torch
from diffusers.models.autoencoders.autoencoder_kl_flux2 import AutoencoderKLFlux2
from diffusers.pipelines.flux2.pipeline_flux2_klein import Flux2KleinPipeline
from diffusers.schedulers.scheduling_flow_match_euler_discrete import FlowMatchEulerDiscreteScheduler

from .distil import SHIFT
from .flow import Painter
from .latents import Bank
from .text import grown, new_tokenizer


def save_model(folder: Path, codec: AutoencoderKLFlux2, painter: Painter, bank: Bank) -> None:
    """A folder that models/ loads as it loads FLUX.2 Klein."""
    assert codec.bn.running_mean is not None and codec.bn.running_var is not None
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
