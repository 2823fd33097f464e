"""A model's folder to a model that works."""

from pathlib import Path
from typing import Any

import diffusers
import torch
import transformers
from diffusers.pipelines.flux.pipeline_flux import FluxPipeline
from diffusers.pipelines.flux2.pipeline_flux2 import Flux2Pipeline
from diffusers.pipelines.flux2.pipeline_flux2_klein import Flux2KleinPipeline
from diffusers.pipelines.latent_consistency_models.pipeline_latent_consistency_text2img import (
    LatentConsistencyModelPipeline,
)
from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import StableDiffusionPipeline
from diffusers.pipelines.stable_diffusion_xl.pipeline_stable_diffusion_xl import StableDiffusionXLPipeline

from ..errors import BackendFailed, BadInput, OutOfMemory
from . import folder as folders
from .flux1 import Flux1
from .flux2 import Flux2
from .image import ImageModel
from .parts import Parts
from .registry import Model, find, folder_of
from .stable_diffusion import LatentConsistency, StableDiffusion

# family → the pipeline to load with, the model around it, and components that are left out
FAMILIES: dict[str, tuple[Any, Any, dict[str, Any]]] = {
    "flux": (FluxPipeline, Flux1, {}),
    "flux2": (Flux2Pipeline, Flux2, {}),
    "flux2-klein": (Flux2KleinPipeline, Flux2, {}),
    "sd": (StableDiffusionPipeline, StableDiffusion, {"safety_checker": None, "requires_safety_checker": False}),
    "sdxl": (StableDiffusionXLPipeline, StableDiffusion, {"add_watermarker": False}),
    "lcm": (
        LatentConsistencyModelPipeline,
        LatentConsistency,
        {"safety_checker": None, "requires_safety_checker": False},
    ),
}
OF_CLASS = {
    "FluxPipeline": "flux",
    "Flux2Pipeline": "flux2",
    "Flux2KleinPipeline": "flux2-klein",
    "StableDiffusionPipeline": "sd",
    "StableDiffusionXLPipeline": "sdxl",
    "LatentConsistencyModelPipeline": "lcm",
}
# What a folder that is not in the registry gets.
DEFAULTS = {
    "flux": (28, 3.5),
    "flux2": (28, 4.0),
    "flux2-klein": (4, 1.0),
    "sd": (25, 7.0),
    "sdxl": (30, 6.0),
    "lcm": (4, 8.0),
}


def load(name: str, device: str | None = None, dtype: torch.dtype | None = None) -> ImageModel:
    """The model of a registered name, or in a folder. Only safetensors are opened and no code comes with them.

    Without a device the fastest there is; without a dtype bfloat16 on an accelerator and float32 on the CPU.
    BadInput for an incomplete folder or a pickle, ModelMissing for a name without a folder, OutOfMemory.
    """
    folder, family, steps, guidance = _chosen(name)
    folders.check(folder)
    device = device or best_device()
    dtype = dtype or (torch.float32 if device == "cpu" else torch.bfloat16)
    pipeline_class, model_class, without = FAMILIES[family]
    for library in (diffusers, transformers):
        library.utils.logging.disable_progress_bar()
    try:
        pipeline = pipeline_class.from_pretrained(
            str(folder),
            dtype=dtype,
            use_safetensors=True,
            local_files_only=True,
            trust_remote_code=False,
            **without,
        ).to(device)
    except torch.OutOfMemoryError:
        raise OutOfMemory(f"{name} does not fit on {device}; choose a smaller model or a device with more.") from None
    except ImportError as fault:
        raise BackendFailed(f"{name} needs a package that is not installed: {' '.join(str(fault).split())}") from None
    except (OSError, ValueError, KeyError) as fault:
        raise BadInput(f"{folder} cannot be loaded as a {family} model: {fault}") from None
    pipeline.set_progress_bar_config(disable=True)
    return model_class(Parts(pipeline, steps, guidance, device, dtype))


def best_device() -> str:
    """cuda, mps or cpu."""
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _chosen(name: str) -> tuple[Path, str, int, float]:
    """Folder, family, steps and guidance for a name or a path."""
    folder = Path(name).expanduser()
    if not folder.is_dir():
        model: Model = find(name)
        return folder_of(model), model.family, model.steps, model.guidance
    if not (folder / "model_index.json").is_file():
        folders.check(folder)
    saved_from = folders.pipeline_class(folder)
    if saved_from not in OF_CLASS:
        raise BadInput(f"{folder} holds a {saved_from}; this engine runs {', '.join(OF_CLASS)}.")
    family = OF_CLASS[saved_from]
    return folder, family, *DEFAULTS[family]
