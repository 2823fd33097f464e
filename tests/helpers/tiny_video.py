"""Tiny random pipelines of the video families, saved to disk as the real ones are and loaded through the same path."""

import torch
from diffusers import (
    AutoencoderKLWan,
    UniPCMultistepScheduler,
    WanVACEPipeline,
    WanVACETransformer3DModel,
)
from transformers import T5TokenizerFast, UMT5Config, UMT5EncoderModel

LETTERS = "abcdefghijklmnopqrstuvwxyz"
PIECES = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -2.0), *((each, -3.0) for each in LETTERS)]


def save(family, folder):
    """A pipeline of that family with random weights, in `folder`."""
    with torch.random.fork_rng():
        torch.manual_seed(7)
        MAKERS[family]().save_pretrained(folder, safe_serialization=True)
    return folder


def wan_vae():
    return AutoencoderKLWan(base_dim=3, z_dim=16, dim_mult=[1, 1, 1, 1], num_res_blocks=1)


def umt5():
    return UMT5EncoderModel(UMT5Config(vocab_size=64, d_model=32, d_ff=16, d_kv=8, num_heads=2, num_layers=1))


def wan_scheduler():
    return UniPCMultistepScheduler(prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=3.0)


def wan_vace():
    transformer = WanVACETransformer3DModel(
        num_attention_heads=2,
        attention_head_dim=12,
        in_channels=16,
        out_channels=16,
        text_dim=32,
        freq_dim=256,
        ffn_dim=32,
        num_layers=3,
        vace_layers=[0, 2],
        vace_in_channels=96,
        rope_max_seq_len=32,
    )
    return WanVACEPipeline(T5TokenizerFast(vocab=PIECES), umt5(), wan_vae(), wan_scheduler(), transformer)


MAKERS = {"wan-vace": wan_vace}
