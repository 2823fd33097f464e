"""What pipelines of video models are made of, as components.py says it of image models."""

UMT5_TOKENIZERS = ("T5Tokenizer", "T5TokenizerFast")
GEMMA_TOKENIZERS = ("GemmaTokenizer", "GemmaTokenizerFast")
FLOW = ("FlowMatchEulerDiscreteScheduler", "UniPCMultistepScheduler")
EULER = ("FlowMatchEulerDiscreteScheduler",)
WAN = {
    "scheduler": FLOW,
    "vae": ("AutoencoderKLWan",),
    "text_encoder": ("UMT5EncoderModel",),
    "tokenizer": UMT5_TOKENIZERS,
}
LTX2 = {
    "scheduler": EULER,
    "vae": ("AutoencoderKLLTX2Video",),
    "audio_vae": ("AutoencoderKLLTX2Audio",),
    "text_encoder": ("Gemma3ForConditionalGeneration",),
    "tokenizer": GEMMA_TOKENIZERS,
    "connectors": ("LTX2TextConnectors",),
    "transformer": ("LTX2VideoTransformer3DModel",),
    "vocoder": ("LTX2Vocoder", "LTX2VocoderWithBWE"),
}
VIDEO_PIPELINES: dict[str, dict[str, tuple[str, ...]]] = {
    "WanVACEPipeline": WAN | {"transformer": ("WanVACETransformer3DModel",)},
    "WanImageToVideoPipeline": WAN | {"transformer": ("WanTransformer3DModel",)},
    "SanaWMPipeline": {
        "scheduler": EULER,
        "vae": ("AutoencoderKLLTX2Video",),
        "text_encoder": ("Gemma2Model", "Gemma2ForCausalLM"),
        "tokenizer": GEMMA_TOKENIZERS,
        "transformer": ("SanaWMTransformer3DModel",),
    },
    "SanaWMLTX2Refiner": {
        "scheduler": EULER,
        "text_encoder": ("Gemma3ForConditionalGeneration",),
        "tokenizer": GEMMA_TOKENIZERS,
        "connectors": ("LTX2TextConnectors",),
        "transformer": ("SanaWMLTX2RefinerTransformer3DModel",),
    },
    "LTX2Pipeline": LTX2,
    "LTX2InContextPipeline": LTX2,
    "Cosmos2_5_TransferPipeline": {
        "scheduler": ("UniPCMultistepScheduler",),
        "vae": ("AutoencoderKLWan",),
        "text_encoder": ("Qwen2_5_VLForConditionalGeneration",),
        "tokenizer": ("Qwen2Tokenizer", "Qwen2TokenizerFast"),
        "transformer": ("CosmosTransformer3DModel",),
        "controlnet": ("CosmosControlNetModel",),
    },
}
OPTIONAL: dict[str, dict[str, tuple[str, ...]]] = {  # components that some models of a class have
    "WanVACEPipeline": {"transformer_2": ("WanVACETransformer3DModel",)},
    "WanImageToVideoPipeline": {
        "transformer_2": ("WanTransformer3DModel",),
        "image_encoder": ("CLIPVisionModel", "CLIPVisionModelWithProjection"),
        "image_processor": ("CLIPImageProcessor", "CLIPImageProcessorFast"),
    },
    "LTX2Pipeline": {"audio_scheduler": EULER},
    "LTX2InContextPipeline": {"audio_scheduler": EULER},
}
IGNORED = ("vae", "safety_checker", "processor", "prompt_enhancer")  # they are not loaded from a model's folder
