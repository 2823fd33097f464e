"""Tiny random pipelines of the video families, saved to disk as the real ones are and loaded through the same path."""

import torch
from diffusers.models.autoencoders.autoencoder_kl_ltx2 import AutoencoderKLLTX2Video
from diffusers.models.autoencoders.autoencoder_kl_ltx2_audio import AutoencoderKLLTX2Audio
from diffusers.models.autoencoders.autoencoder_kl_wan import AutoencoderKLWan
from diffusers.models.transformers.transformer_ltx2 import LTX2VideoTransformer3DModel
from diffusers.models.transformers.transformer_sana_wm import SanaWMTransformer3DModel
from diffusers.models.transformers.transformer_wan import WanTransformer3DModel
from diffusers.models.transformers.transformer_wan_vace import WanVACETransformer3DModel
from diffusers.pipelines.ltx2.connectors import LTX2TextConnectors
from diffusers.pipelines.ltx2.pipeline_ltx2_ic_lora import LTX2InContextPipeline
from diffusers.pipelines.ltx2.vocoder import LTX2Vocoder
from diffusers.pipelines.sana_wm.pipeline_sana_wm import SanaWMPipeline
from diffusers.pipelines.wan.pipeline_wan_i2v import WanImageToVideoPipeline
from diffusers.pipelines.wan.pipeline_wan_vace import WanVACEPipeline
from diffusers.schedulers.scheduling_flow_match_euler_discrete import FlowMatchEulerDiscreteScheduler
from diffusers.schedulers.scheduling_unipc_multistep import UniPCMultistepScheduler
from safetensors.torch import save_file
from transformers import (
    Gemma2Config,
    Gemma2ForCausalLM,
    Gemma3Config,
    Gemma3ForConditionalGeneration,
    Gemma3TextConfig,
    GemmaTokenizer,
    SiglipVisionConfig,
    T5TokenizerFast,
    UMT5Config,
    UMT5EncoderModel,
)

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


def wan_i2v():
    transformer = WanTransformer3DModel(
        patch_size=(1, 2, 2),
        num_attention_heads=2,
        attention_head_dim=12,
        in_channels=36,
        out_channels=16,
        text_dim=32,
        freq_dim=256,
        ffn_dim=32,
        num_layers=2,
        rope_max_seq_len=32,
    )
    return WanImageToVideoPipeline(
        T5TokenizerFast(vocab=PIECES), umt5(), wan_vae(), wan_scheduler(), transformer=transformer
    )


def ltx_vae():
    return AutoencoderKLLTX2Video(
        latent_channels=8,
        block_out_channels=(8, 16, 32, 64),
        decoder_block_out_channels=(8, 16, 32),
        layers_per_block=(1, 1, 1, 1, 1),
        decoder_layers_per_block=(1, 1, 1, 1),
        spatial_compression_ratio=32,
        temporal_compression_ratio=8,
    )


def gemma_tokenizer():
    words = {"<pad>": 0, "<eos>": 1, "<bos>": 2, "<unk>": 3, "▁": 4, **{each: at for at, each in enumerate(LETTERS, 5)}}
    return GemmaTokenizer(vocab=words, merges=[])


def sana_wm():
    text = Gemma2ForCausalLM(
        Gemma2Config(
            vocab_size=64,
            hidden_size=16,
            intermediate_size=16,
            num_hidden_layers=1,
            num_attention_heads=2,
            num_key_value_heads=1,
            head_dim=8,
        )
    )
    transformer = SanaWMTransformer3DModel(
        in_channels=8,
        num_layers=4,
        hidden_size=48,
        num_attention_heads=2,
        linear_head_dim=24,
        caption_channels=16,
        chunk_plucker_post_attn_blocks=4,
        mlp_ratio=2,
    )
    for name, weight in transformer.named_parameters():  # real ones have learned what begins as zeros
        if ("plucker" in name or "conv_k" in name) and not weight.any():
            torch.nn.init.normal_(weight, std=0.1)
    return SanaWMPipeline(gemma_tokenizer(), text, ltx_vae(), transformer, FlowMatchEulerDiscreteScheduler(shift=3.0))


def ltx2():
    words = {"vocab_size": 64, "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 2, "head_dim": 8}
    language = Gemma3TextConfig(**words, num_attention_heads=2, num_key_value_heads=1)
    vision = SiglipVisionConfig(
        hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2, image_size=32, patch_size=16
    )
    text = Gemma3ForConditionalGeneration(
        Gemma3Config(text_config=language, vision_config=vision, mm_tokens_per_image=4)
    )
    transformer = LTX2VideoTransformer3DModel(
        in_channels=8,
        out_channels=8,
        num_attention_heads=2,
        attention_head_dim=8,
        cross_attention_dim=16,
        audio_in_channels=4,
        audio_out_channels=4,
        audio_num_attention_heads=2,
        audio_attention_head_dim=4,
        audio_cross_attention_dim=8,
        num_layers=2,
        caption_channels=16,
        rope_type="split",
    )
    connectors = LTX2TextConnectors(
        caption_channels=16,
        text_proj_in_factor=3,
        video_connector_num_attention_heads=2,
        video_connector_attention_head_dim=8,
        video_connector_num_layers=1,
        video_connector_num_learnable_registers=None,
        audio_connector_num_attention_heads=2,
        audio_connector_attention_head_dim=8,
        audio_connector_num_layers=1,
        audio_connector_num_learnable_registers=None,
        rope_type="split",
    )
    audio = AutoencoderKLLTX2Audio(
        base_channels=4,
        output_channels=2,
        ch_mult=(1,),
        num_res_blocks=1,
        in_channels=2,
        latent_channels=2,
        mel_bins=8,
    )
    vocoder = LTX2Vocoder(
        in_channels=16,
        hidden_channels=16,
        upsample_kernel_sizes=[4, 4],
        upsample_factors=[2, 2],
        resnet_kernel_sizes=[3],
        resnet_dilations=[[1, 3, 5]],
    )
    scheduler = FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True)
    return LTX2InContextPipeline(scheduler, ltx_vae(), audio, text, gemma_tokenizer(), connectors, transformer, vocoder)


MAKERS = {"wan-vace": wan_vace, "wan-i2v": wan_i2v, "sana-wm": sana_wm, "ltx-2": ltx2}


def save_lora(file, width=16, **metadata):
    """An IC-LoRA of the tiny LTX-2."""
    name = "transformer.transformer_blocks.0.attn1.to_q.lora_{}.weight"
    state = {name.format("A"): torch.randn(2, width) * 0.1, name.format("B"): torch.randn(width, 2) * 0.1}
    save_file(state, file, metadata=metadata or None)
    return file
