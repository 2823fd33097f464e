"""torch.compile for the parts that run at every frame.

The denoiser is captured as a CUDA graph where there is CUDA, for a step of a small model is mostly waiting for the
next kernel; the decoder is not, because it runs beside on another stream. The first frames take minutes. Numbers
change in their last digits, so whether a job is compiled is one of its settings.
"""

from typing import Any

from torch import nn

from .image_model import ImageModel


def compile_parts(model: ImageModel, backend: str = "inductor") -> str:
    """Compile what pays; what was done, as a sentence."""
    pipeline: Any = model.parts.pipeline
    denoiser: nn.Module = getattr(pipeline, "transformer", None) or pipeline.unet
    if any(hasattr(module, "_diffusers_hook") for module in denoiser.modules()):
        return "The model is not compiled, for its weights are widened or moved while it runs."
    graphs = model.parts.device == "cuda" and backend == "inductor"
    denoiser.compile(backend=backend, mode="reduce-overhead" if graphs else None, fullgraph=True, dynamic=False)
    pipeline.vae.decoder.compile(backend=backend, dynamic=False)
    return "The model is compiled; the first frames take minutes."
