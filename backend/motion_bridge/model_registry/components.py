"""What a pipeline of diffusers is made of: the classes that each component may have, and the files that they need.

A model_index.json names classes by itself, so whoever wrote it would choose what is run. Only what stands here is.
"""

FLOW_SCHEDULERS = ("FlowMatchEulerDiscreteScheduler",)
SCHEDULERS = (
    "DDIMScheduler",
    "DPMSolverMultistepScheduler",
    "EulerAncestralDiscreteScheduler",
    "EulerDiscreteScheduler",
    "HeunDiscreteScheduler",
    "PNDMScheduler",
    "UniPCMultistepScheduler",
)
CLIP_TOKENIZERS = ("CLIPTokenizer", "CLIPTokenizerFast")
FLUX1 = {
    "scheduler": FLOW_SCHEDULERS,
    "vae": ("AutoencoderKL",),
    "text_encoder": ("CLIPTextModel",),
    "tokenizer": CLIP_TOKENIZERS,
    "text_encoder_2": ("T5EncoderModel",),
    "tokenizer_2": ("T5Tokenizer", "T5TokenizerFast"),
    "transformer": ("FluxTransformer2DModel",),
}
FLUX2 = {
    "scheduler": FLOW_SCHEDULERS,
    "vae": ("AutoencoderKLFlux2",),
    "text_encoder": ("Mistral3ForConditionalGeneration",),
    "tokenizer": ("PixtralProcessor", "PreTrainedTokenizerFast", "TokenizersBackend"),
    "transformer": ("Flux2Transformer2DModel",),
}
SD = {
    "scheduler": SCHEDULERS,
    "vae": ("AutoencoderKL",),
    "text_encoder": ("CLIPTextModel",),
    "tokenizer": CLIP_TOKENIZERS,
    "unet": ("UNet2DConditionModel",),
}
PIPELINES: dict[str, dict[str, tuple[str, ...]]] = {
    "FluxPipeline": FLUX1,
    "FluxControlPipeline": FLUX1,
    "FluxFillPipeline": FLUX1,
    "Flux2Pipeline": FLUX2,
    "Flux2KleinPipeline": FLUX2
    | {"text_encoder": ("Qwen3ForCausalLM",), "tokenizer": ("Qwen2Tokenizer", "Qwen2TokenizerFast")},
    "StableDiffusionPipeline": SD,
    "StableDiffusionXLPipeline": SD
    | {"text_encoder_2": ("CLIPTextModelWithProjection",), "tokenizer_2": CLIP_TOKENIZERS},
    "StableDiffusionInpaintPipeline": SD,
    "StableDiffusionXLInpaintPipeline": SD
    | {"text_encoder_2": ("CLIPTextModelWithProjection",), "tokenizer_2": CLIP_TOKENIZERS},
    "LatentConsistencyModelPipeline": SD | {"scheduler": ("LCMScheduler",)},
}
UNUSED = ("safety_checker", "feature_extractor", "image_encoder")  # parts of old pipelines; they are not loaded
LIBRARY = {
    "scheduler": "diffusers",
    "audio_scheduler": "diffusers",
    "vae": "diffusers",
    "audio_vae": "diffusers",
    "transformer": "diffusers",
    "transformer_2": "diffusers",
    "controlnet": "diffusers",
    "unet": "diffusers",
    "connectors": "ltx2",  # a pipeline's own folder in diffusers
    "vocoder": "ltx2",
}  # or the other

# The files that hold a tokenizer's vocabulary, in any of these sets. Without them it loads, and all prompts are equal.
VOCABULARIES = {
    "CLIPTokenizer": (("tokenizer.json",), ("vocab.json", "merges.txt")),
    "Qwen2Tokenizer": (("tokenizer.json",), ("vocab.json", "merges.txt")),
    "T5Tokenizer": (("tokenizer.json",), ("spiece.model",)),
    "GemmaTokenizer": (("tokenizer.json",), ("tokenizer.model",)),
    "PixtralProcessor": (("tokenizer.json",),),
    "PreTrainedTokenizerFast": (("tokenizer.json",),),
    "TokenizersBackend": (("tokenizer.json",),),
}
ATTENTION = ("eager", "sdpa", "flex_attention")  # those of torch; other names can mean code that is fetched from a hub


def vocabularies(tokenizer: str) -> tuple[tuple[str, ...], ...]:
    """The sets of files of which a tokenizer's class needs one."""
    return VOCABULARIES.get(tokenizer) or VOCABULARIES[tokenizer.removesuffix("Fast")]


def library(component: str) -> str:
    """Where the classes of a component come from."""
    return LIBRARY.get(component, "transformers")
