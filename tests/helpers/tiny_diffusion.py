"""Tiny random pipelines of every family, saved to disk as the real ones are and loaded through the same path."""

import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.autoencoders.autoencoder_kl_flux2 import AutoencoderKLFlux2
from diffusers.models.controlnets.controlnet import ControlNetModel
from diffusers.models.controlnets.controlnet_flux import FluxControlNetModel
from diffusers.models.transformers.transformer_flux import FluxTransformer2DModel
from diffusers.models.transformers.transformer_flux2 import Flux2Transformer2DModel
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from diffusers.pipelines.flux.pipeline_flux import FluxPipeline
from diffusers.pipelines.flux.pipeline_flux_control import FluxControlPipeline
from diffusers.pipelines.flux.pipeline_flux_fill import FluxFillPipeline
from diffusers.pipelines.flux2.pipeline_flux2 import Flux2Pipeline
from diffusers.pipelines.flux2.pipeline_flux2_klein import Flux2KleinPipeline
from diffusers.pipelines.latent_consistency_models.pipeline_latent_consistency_text2img import (
    LatentConsistencyModelPipeline,
)
from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import StableDiffusionPipeline
from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion_inpaint import StableDiffusionInpaintPipeline
from diffusers.pipelines.stable_diffusion_xl.pipeline_stable_diffusion_xl import StableDiffusionXLPipeline
from diffusers.pipelines.stable_diffusion_xl.pipeline_stable_diffusion_xl_inpaint import (
    StableDiffusionXLInpaintPipeline,
)
from diffusers.schedulers.scheduling_euler_discrete import EulerDiscreteScheduler
from diffusers.schedulers.scheduling_flow_match_euler_discrete import FlowMatchEulerDiscreteScheduler
from diffusers.schedulers.scheduling_lcm import LCMScheduler
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    CLIPTokenizer,
    Mistral3Config,
    Mistral3ForConditionalGeneration,
    MistralConfig,
    PixtralVisionConfig,
    PreTrainedTokenizerFast,
    Qwen2Tokenizer,
    Qwen3Config,
    Qwen3ForCausalLM,
    T5Config,
    T5EncoderModel,
    T5TokenizerFast,
)

LETTERS = "abcdefghijklmnopqrstuvwxyz"
CHAT = "{% for message in messages %}{{ message['content'] }}{% endfor %}"


def save(family, folder):
    """A pipeline of that family with random weights, in `folder`."""
    with torch.random.fork_rng():
        torch.manual_seed(7)
        maker = flux1_control if family == "flux-control" else MAKERS[family]
        maker().save_pretrained(folder, safe_serialization=True)
    return folder


def klein():
    text = Qwen3ForCausalLM(
        Qwen3Config(
            vocab_size=64,
            hidden_size=16,
            intermediate_size=16,
            num_hidden_layers=28,
            num_attention_heads=2,
            num_key_value_heads=1,
            head_dim=8,
        )
    )
    tokenizer = Qwen2Tokenizer(vocab=letters("<|endoftext|>"), merges=[])
    tokenizer.chat_template = CHAT
    return Flux2KleinPipeline(
        flow_scheduler(), flux2_vae(), text, tokenizer, flux2_transformer(48, guidance_embeds=False), is_distilled=True
    )


def flux2():
    words = {"<unk>": 0, "<pad>": 1, "[IMG]": 2, "[IMG_BREAK]": 3, "[IMG_END]": 4, "red": 5, "hills": 6, "blue": 7}
    backend = Tokenizer(WordLevel(words, unk_token="<unk>"))
    backend.pre_tokenizer = Whitespace()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend, unk_token="<unk>", pad_token="<pad>")
    chat = "{% for m in messages %}{% for part in m['content'] %}{{ part['text'] }} {% endfor %}{% endfor %}"
    tokenizer.chat_template = chat  # stands in for Pixtral's processor, which needs torchvision
    language = MistralConfig(
        vocab_size=64,
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=31,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=8,
    )
    vision = PixtralVisionConfig(
        hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2, image_size=32, patch_size=16
    )
    text = Mistral3ForConditionalGeneration(Mistral3Config(text_config=language, vision_config=vision))
    return Flux2Pipeline(flow_scheduler(), flux2_vae(), text, tokenizer, flux2_transformer(48))


def flux2_transformer(width, **more):
    return Flux2Transformer2DModel(
        in_channels=32,
        num_layers=1,
        num_single_layers=1,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=width,
        timestep_guidance_channels=16,
        axes_dims_rope=(4, 4, 4, 4),
        **more,
    )


def flux2_vae():
    vae = AutoencoderKLFlux2(
        block_out_channels=(8, 8, 8, 8), layers_per_block=1, latent_channels=8, norm_num_groups=4, sample_size=64
    )
    vae.bn.running_mean.normal_()
    vae.bn.running_var.uniform_(0.5, 2)
    return vae


def flow_scheduler(**more):
    settings = {"use_dynamic_shifting": True, "shift": 3.0, **more}
    return FlowMatchEulerDiscreteScheduler(**settings)


FLUX1 = {
    "in_channels": 16,
    "num_layers": 1,
    "num_single_layers": 1,
    "attention_head_dim": 16,
    "num_attention_heads": 2,
    "joint_attention_dim": 16,
    "pooled_projection_dim": 16,
    "guidance_embeds": True,
    "axes_dims_rope": (4, 4, 8),
}


def flux1(pipeline=FluxPipeline, **more):
    transformer = FluxTransformer2DModel(**{**FLUX1, **more})
    t5 = T5EncoderModel(T5Config(vocab_size=256, d_model=16, d_ff=16, d_kv=8, num_heads=2, num_layers=1))
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -2.0), *((each, -3.0) for each in LETTERS)]
    tokenizer = T5TokenizerFast(vocab=pieces)
    return pipeline(flow_scheduler(), vae(4, shift=0.1), clip(), clip_tokenizer(), t5, tokenizer, transformer)


def flux1_control():
    return flux1(FluxControlPipeline, in_channels=32, out_channels=16)


def flux1_fill():
    return flux1(FluxFillPipeline, in_channels=16 + 16 + 256, out_channels=16)


def sd(pipeline=StableDiffusionPipeline, **more):
    return pipeline(
        vae(4), clip(), clip_tokenizer(), unet(16, **more), euler(), None, None, requires_safety_checker=False
    )


def sd_inpaint():
    return sd(StableDiffusionInpaintPipeline, in_channels=9)


def lcm():
    scheduler = LCMScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", steps_offset=1)
    return LatentConsistencyModelPipeline(
        vae(4),
        clip(),
        clip_tokenizer(),
        unet(16, time_cond_proj_dim=16),
        scheduler,
        None,
        None,
        requires_safety_checker=False,
    )


SIZED = {
    "addition_embed_type": "text_time",
    "addition_time_embed_dim": 4,
    "projection_class_embeddings_input_dim": 16 + 6 * 4,
}


def sdxl(pipeline=StableDiffusionXLPipeline, **more):
    large = CLIPTextModelWithProjection(clip_config())
    net = unet(32, **SIZED, **more)
    return pipeline(vae(4), clip(), large, clip_tokenizer(), clip_tokenizer(), net, euler())


def sdxl_inpaint():
    return sdxl(StableDiffusionXLInpaintPipeline, in_channels=9)


def euler():
    return EulerDiscreteScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", steps_offset=1)


def unet(context, **more):
    return UNet2DConditionModel(
        sample_size=8,
        block_out_channels=(8, 16),
        layers_per_block=1,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=context,
        attention_head_dim=4,
        norm_num_groups=4,
        **more,
    )


def vae(channels, shift=None):
    return AutoencoderKL(
        block_out_channels=(8, 8, 8, 8),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        layers_per_block=1,
        latent_channels=channels,
        norm_num_groups=4,
        sample_size=64,
        scaling_factor=0.18215,
        shift_factor=shift,
    )


def clip_config():
    return CLIPTextConfig(
        vocab_size=64,
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        projection_dim=16,
        bos_token_id=0,
        eos_token_id=1,
    )


def clip():
    return CLIPTextModel(clip_config())


def clip_tokenizer():
    return CLIPTokenizer(vocab=letters("<|startoftext|>", "<|endoftext|>"), merges=[], model_max_length=77)


def letters(*special):
    return {piece: at for at, piece in enumerate([*special, *LETTERS, *(f"{each}</w>" for each in LETTERS)])}


def save_control(family, folder):
    """A ControlNet for that family with random weights, in `folder`; real ones end in zeros, which would do nothing."""
    with torch.random.fork_rng():
        torch.manual_seed(8)
        net = CONTROL_MAKERS[family]()
        for name, weight in net.named_parameters():
            if "controlnet_" in name or "hint_block.conv_out" in name:
                torch.nn.init.normal_(weight, std=0.3)
        net.save_pretrained(folder, safe_serialization=True)
    return folder


def unet_control(context, **more):
    return ControlNetModel(
        block_out_channels=(8, 16),
        layers_per_block=1,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        cross_attention_dim=context,
        attention_head_dim=4,
        norm_num_groups=4,
        conditioning_embedding_out_channels=(4, 8, 8, 8),
        **more,
    )


CONTROL_MAKERS = {
    "sd": lambda: unet_control(16),
    "lcm": lambda: unet_control(16),
    "sdxl": lambda: unet_control(32, **SIZED),
    "flux": lambda: FluxControlNetModel(**FLUX1),
    "flux-union": lambda: FluxControlNetModel(**{**FLUX1, "guidance_embeds": False}, num_mode=7),
    "flux-hint": lambda: FluxControlNetModel(**FLUX1, conditioning_embedding_channels=4, patch_size=2),
}
MAKERS = {
    "flux2-klein": klein,
    "flux2": flux2,
    "flux": flux1,
    "sd": sd,
    "sdxl": sdxl,
    "lcm": lcm,
    "flux-fill": flux1_fill,
    "sd-inpaint": sd_inpaint,
    "sdxl-inpaint": sdxl_inpaint,
}
