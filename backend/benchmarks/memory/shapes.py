"""The published shapes of models, and the two calls of each that take most memory: a step of denoising, and decoding.

Nothing is read from disk: the configurations are those that diffusers' classes have by themselves, or that their
publishers name. Sizes are pixels.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.autoencoders.autoencoder_kl_flux2 import AutoencoderKLFlux2
from diffusers.models.autoencoders.autoencoder_kl_ltx2 import AutoencoderKLLTX2Video
from diffusers.models.autoencoders.autoencoder_kl_wan import AutoencoderKLWan
from diffusers.models.transformers.transformer_flux import FluxTransformer2DModel
from diffusers.models.transformers.transformer_flux2 import Flux2Transformer2DModel
from diffusers.models.transformers.transformer_sana_wm import SanaWMTransformer3DModel
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from motion_bridge.engines.motionstream.network.student import Student
from torch import nn

from .peak import activations, weights

Call = Callable[[nn.Module, torch.dtype], Callable[[], Any]]  # a network and its precision → what runs it once


@dataclass(frozen=True)
class Shape:
    """A denoiser and its decoder."""

    denoiser: Callable[..., nn.Module]
    decoder: Callable[..., nn.Module]
    step: Call
    decode: Call
    text: int  # parameters of all text encoders
    size: tuple[int, int] = (1024, 1024)
    denoiser_config: Mapping[str, Any] = field(default_factory=dict)
    decoder_config: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Counted:
    """Bytes of one shape in one precision."""

    denoiser: int  # weights
    decoder: int
    denoising: int  # beside the weights, at the worst moment
    decoding: int


def count(shape: Shape, dtype: torch.dtype = torch.bfloat16) -> Counted:
    """What a shape takes. Under FakeTensorMode it is counted; without, the very same calls run."""
    with made_in(dtype):
        denoiser = shape.denoiser(**shape.denoiser_config).eval()
        denoising = activations(shape.step(denoiser, dtype))
        decoder = shape.decoder(**shape.decoder_config).eval()
        decoding = activations(shape.decode(decoder, dtype))
    return Counted(weights(denoiser), weights(decoder), denoising, decoding)


@contextmanager
def made_in(dtype: torch.dtype) -> Iterator[None]:
    """Networks are made in this precision."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def flux_step(height: int, width: int, words: int) -> Call:
    """height, width: in tokens."""

    def call(network: Any, dtype: torch.dtype) -> Callable[[], Any]:
        config, tokens = network.config, height * width
        given = {
            "hidden_states": torch.zeros(1, tokens, config.in_channels, dtype=dtype),
            "encoder_hidden_states": torch.zeros(1, words, config.joint_attention_dim, dtype=dtype),
            "timestep": torch.zeros(1, dtype=dtype),
            "guidance": torch.zeros(1, dtype=dtype) if config.guidance_embeds else None,
        }
        axes = len(config.axes_dims_rope)
        places = {"img_ids": torch.zeros(tokens, axes, dtype=dtype), "txt_ids": torch.zeros(words, axes, dtype=dtype)}
        if "pooled_projection_dim" in config:
            given["pooled_projections"] = torch.zeros(1, config.pooled_projection_dim, dtype=dtype)
        return lambda: network(**given, **places, return_dict=False)

    return call


def unet_step(height: int, width: int, words: int) -> Call:
    """Without guidance a pass of one; with it two are run together, as here. height, width: of the latents."""

    def call(network: Any, dtype: torch.dtype) -> Callable[[], Any]:
        config = network.config
        sample = torch.zeros(2, config.in_channels, height, width, dtype=dtype)
        text = torch.zeros(2, words, config.cross_attention_dim, dtype=dtype)
        pooled = config.projection_class_embeddings_input_dim - 6 * config.addition_time_embed_dim
        added = {"text_embeds": torch.zeros(2, pooled, dtype=dtype), "time_ids": torch.zeros(2, 6, dtype=dtype)}
        step = torch.zeros((), dtype=dtype)
        return lambda: network(sample, step, text, added_cond_kwargs=added, return_dict=False)

    return call


def picture_decode(height: int, width: int) -> Call:
    """height, width: of the latents."""

    def call(network: Any, dtype: torch.dtype) -> Callable[[], Any]:
        latents = torch.zeros(1, network.config.latent_channels, height, width, dtype=dtype)
        return lambda: network.decode(latents, return_dict=False)

    return call


def clip_decode(frames: int, height: int, width: int) -> Call:
    """frames, height, width: of the latents."""

    def call(network: Any, dtype: torch.dtype) -> Callable[[], Any]:
        channels = network.config.get("z_dim") or network.config.latent_channels
        latents = torch.zeros(1, channels, frames, height, width, dtype=dtype)
        extra = {"temb": torch.zeros(1, dtype=dtype)} if network.config.get("timestep_conditioning") else {}
        return lambda: network.decode(latents, **extra, return_dict=False)

    return call


def wan_step(frames: int, height: int, width: int, words: int = 512) -> Call:
    """The student's weights under the teacher's pass over as many frames as its window holds."""

    def call(network: Any, dtype: torch.dtype) -> Callable[[], Any]:
        latents = torch.zeros(1, network.config.in_channels, frames, height, width, dtype=dtype)
        text = torch.zeros(1, words, network.config.text_dim, dtype=dtype)
        step = torch.zeros(1, dtype=torch.int64)
        return lambda: network(latents, step, text, return_dict=False)

    return call


def sana_step(frames: int, height: int, width: int, words: int = 300) -> Call:
    """Guided: two passes together, as its pipeline runs them."""

    def call(network: Any, dtype: torch.dtype) -> Callable[[], Any]:
        latents = torch.zeros(2, network.config.in_channels, frames, height, width, dtype=dtype)
        text = torch.zeros(2, 1, words, network.config.caption_channels, dtype=dtype)
        mask = torch.ones(2, words, dtype=torch.int64)
        step = torch.zeros(2, 1, frames, dtype=dtype)
        return lambda: network(latents, step, text, encoder_attention_mask=mask, return_dict=False)

    return call


SDXL_UNET = {
    "sample_size": 128,
    "in_channels": 4,
    "out_channels": 4,
    "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
    "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
    "block_out_channels": (320, 640, 1280),
    "transformer_layers_per_block": (1, 2, 10),
    "attention_head_dim": (5, 10, 20),
    "cross_attention_dim": 2048,
    "addition_embed_type": "text_time",
    "addition_time_embed_dim": 256,
    "projection_class_embeddings_input_dim": 2816,
    "use_linear_projection": True,
}
KL = {
    "down_block_types": ("DownEncoderBlock2D",) * 4,
    "up_block_types": ("UpDecoderBlock2D",) * 4,
    "block_out_channels": (128, 256, 512, 512),
    "layers_per_block": 2,
}
KLEIN = {"num_layers": 5, "num_single_layers": 20, "num_attention_heads": 24, "joint_attention_dim": 7680}
STUDENT = {
    "num_attention_heads": 12,
    "attention_head_dim": 128,
    "in_channels": 52,
    "out_channels": 16,
    "text_dim": 4096,
    "freq_dim": 256,
    "ffn_dim": 8960,
    "num_layers": 30,
    "cross_attn_norm": True,
}

SHAPES = {
    "flux.2-klein-4b": Shape(
        *(Flux2Transformer2DModel, AutoencoderKLFlux2, flux_step(64, 64, 512), picture_decode(128, 128)),
        *(4_022_000_000, (1024, 1024), {**KLEIN, "guidance_embeds": False}),
    ),
    "flux.1-dev": Shape(
        *(FluxTransformer2DModel, AutoencoderKL, flux_step(64, 64, 512), picture_decode(128, 128)),
        *(4_885_000_000, (1024, 1024), {"guidance_embeds": True}, {**KL, "latent_channels": 16}),
    ),
    "sdxl": Shape(
        *(UNet2DConditionModel, AutoencoderKL, unet_step(128, 128, 77), picture_decode(128, 128)),
        *(817_700_000, (1024, 1024), SDXL_UNET, {**KL, "latent_channels": 4}),
    ),
    "sana-wm": Shape(
        *(SanaWMTransformer3DModel, AutoencoderKLLTX2Video, sana_step(11, 22, 40), clip_decode(11, 22, 40)),
        *(2_614_000_000, (1280, 704)),
    ),
    "student-1.3b": Shape(
        *(Student, AutoencoderKLWan, wan_step(9, 60, 104), clip_decode(9, 60, 104)),
        *(5_681_000_000, (832, 480), STUDENT),
    ),
}
