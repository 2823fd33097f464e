"""A full-size model's folder with tiny random networks: Wan's autoencoder, UMT5, CLIP, 52 channels."""

import torch
from diffusers.models.autoencoders.autoencoder_kl_wan import AutoencoderKLWan
from motion_bridge.engines.motionstream.checkpoints import checkpoint
from motion_bridge.engines.motionstream.network.student import Student
from motion_bridge.engines.motionstream.network.track_head import TrackHead
from transformers import CLIPVisionConfig, CLIPVisionModel, T5TokenizerFast, UMT5Config, UMT5EncoderModel

SHAPE = dict(
    patch_size=(1, 2, 2),
    num_attention_heads=2,
    attention_head_dim=24,
    in_channels=52,
    out_channels=16,
    text_dim=16,
    freq_dim=32,
    ffn_dim=64,
    num_layers=2,
    rope_max_seq_len=64,
    image_dim=20,
    added_kv_proj_dim=48,
)
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def vae():
    torch.manual_seed(1)
    return AutoencoderKLWan(base_dim=8, z_dim=16, dim_mult=[1, 1, 2, 2], num_res_blocks=1).eval()


def transformer(**more):
    torch.manual_seed(2)
    return Student(**{**SHAPE, **more}).eval()


def save(folder):
    with torch.random.fork_rng():
        vae().save_pretrained(folder / "vae")
        checkpoint.save(transformer(), TrackHead(64, 16), folder / "transformer")
        text = UMT5Config(vocab_size=64, d_model=16, d_ff=16, d_kv=8, num_heads=2, num_layers=1)
        UMT5EncoderModel(text).save_pretrained(folder / "text_encoder")
        pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -2.0), *((each, -3.0) for each in LETTERS)]
        T5TokenizerFast(vocab=pieces).save_pretrained(folder / "tokenizer")
        vision = CLIPVisionConfig(
            hidden_size=20,
            intermediate_size=16,
            num_hidden_layers=3,
            num_attention_heads=2,
            image_size=28,
            patch_size=14,
        )
        CLIPVisionModel(vision).save_pretrained(folder / "image_encoder")
    return folder
