"""A model's folder to a model that works, where and how a plan says."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import diffusers
import torch
import transformers
from diffusers.models.controlnets.controlnet import ControlNetModel
from diffusers.models.controlnets.controlnet_flux import FluxControlNetModel
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
from torch import nn

from ..errors import BackendFailed, BadInput, MotionBridgeError, OutOfMemory
from ..files import home
from ..model_registry import controlnets, memory_plan, parameter_count
from ..model_registry import folder_check as folders
from ..model_registry.components import PIPELINES
from ..model_registry.memory_plan import MemoryPlan
from ..model_registry.registry import AUTO, find, folder_of, resolve
from . import device as machine
from . import lora, offload
from .device import best_device
from .flux1 import Flux1
from .flux2 import Flux2
from .image_model import ImageModel
from .pipeline_parts import PipelineParts, is_out_of_memory
from .stable_diffusion import LatentConsistency, StableDiffusion

UNUSED = {"image_encoder": None, "feature_extractor": None}
SAFE = {**UNUSED, "safety_checker": None, "requires_safety_checker": False}


@dataclass(frozen=True)
class Family:
    """What is the same for all models of a kind."""

    pipeline: Any  # the class of diffusers to load with
    model: Any  # the class around it
    denoiser: str  # its component
    steps: int  # of a folder that is not in the registry
    guidance: float
    without: dict[str, Any]  # components that are left out
    control: Any = None  # the class of its ControlNets
    follows: bool = False  # structure is among its own channels


FAMILIES = {
    "flux": Family(FluxPipeline, Flux1, "transformer", 28, 3.5, UNUSED, FluxControlNetModel),
    "flux-control": Family(FluxControlPipeline, Flux1, "transformer", 30, 10.0, {}, follows=True),
    "flux-fill": Family(FluxFillPipeline, Flux1, "transformer", 50, 30.0, {}),
    "flux2": Family(Flux2Pipeline, Flux2, "transformer", 28, 4.0, {}),
    "flux2-klein": Family(Flux2KleinPipeline, Flux2, "transformer", 4, 1.0, {}),
    "sd": Family(StableDiffusionPipeline, StableDiffusion, "unet", 25, 7.0, SAFE, ControlNetModel),
    "sdxl": Family(
        StableDiffusionXLPipeline,
        StableDiffusion,
        "unet",
        30,
        6.0,
        {**UNUSED, "add_watermarker": False},
        ControlNetModel,
    ),
    "sd-inpaint": Family(StableDiffusionInpaintPipeline, StableDiffusion, "unet", 25, 7.5, SAFE, ControlNetModel),
    "sdxl-inpaint": Family(
        StableDiffusionXLInpaintPipeline,
        StableDiffusion,
        "unet",
        30,
        7.5,
        {**UNUSED, "add_watermarker": False},
        ControlNetModel,
    ),
    "lcm": Family(LatentConsistencyModelPipeline, LatentConsistency, "unet", 4, 8.0, SAFE, ControlNetModel),
}
EAGER = "Gemma2"  # its attention has a soft cap that torch's own lacks
LONGEST_FAULT = 300  # characters of what a library says
OF_CLASS = {family.pipeline.__name__: name for name, family in FAMILIES.items()}


@dataclass(frozen=True)
class ModelSelection:
    """Which model, and how somebody wants it."""

    name: str  # a registered name, a folder, or auto
    device: str = ""  # cuda, mps or cpu; empty: the fastest there is
    size: tuple[int, int] = (1024, 1024)  # width and height of the pictures, pixels
    precision: str = "auto"  # one of memory_plan.PRECISIONS
    control: str = "none"  # one of controlnets.KINDS: the structure it is to follow
    control_model: str = ""  # a registered name or a folder; empty: the one for this model
    loras: tuple[tuple[Path, float], ...] = ()  # files and their first weights


def load(name: str, device: str | None = None) -> ImageModel:
    """The model of a registered name, or in a folder, as is best on this machine."""
    return load_model(ModelSelection(name, device or ""))


def load_model(selection: ModelSelection, say: Callable[[str], None] = lambda sentence: None) -> ImageModel:
    """A loaded model. Only safetensors are opened and no code comes with them.

    say: is told in a sentence how the model runs. BadInput for an incomplete folder, a pickle, a control that the
    model does not take; ModelMissing for a name without a folder; OutOfMemory with what would fit.
    """
    if selection.name == AUTO:
        selection = replace(selection, name=resolve(AUTO))
    folder, family_name, steps, guidance = _found(selection.name)
    family = FAMILIES[family_name]
    folders.check(folder)
    saved_from = folders.pipeline_class(folder)
    if saved_from != family.pipeline.__name__:
        raise BadInput(f"{folder} holds a {saved_from}; {selection.name} is a {family.pipeline.__name__}.")
    control_folder = _control_folder(selection, family_name, family)
    there = machine.device(selection.device or best_device())
    facts = parameter_count.count_parameters(folder, control_folder)
    plan = memory_plan.plan(selection.name, facts, there, selection.size, selection.precision)
    say(plan.sentence(selection.name, there))

    remedy = memory_plan.remedy(facts, plan, selection.size)
    too_large = f"{selection.name} does not fit on {there.name} after all. {remedy}"
    with loading_faults(selection.name, folder, family_name, too_large):
        pipeline = _pipeline(folder, family, plan)
        control = _control(control_folder, family, plan) if control_folder else None
        loras = lora.load(pipeline, [file for file, _ in selection.loras], [weight for _, weight in selection.loras])
        offloaded_encoders = offload.place(pipeline, control, plan, there.name)
    dtype = offload.DTYPES[plan.arithmetic]
    return family.model(
        PipelineParts(
            pipeline, steps, guidance, there.name, dtype, control, loras, offloaded_encoders, plan.precision, remedy
        )
    )


@contextmanager
def loading_faults(name: str, folder: Path, family: str, too_large: str) -> Iterator[None]:
    """Turn what the libraries raise for a folder's content into errors of ours.

    too_large: the sentence for memory that runs out. Raises BackendFailed, BadInput, OutOfMemory.
    """
    for library in (diffusers, transformers):
        library.utils.logging.disable_progress_bar()
    try:
        yield
    except ImportError as fault:
        missing = " ".join(str(fault).split())
        raise BackendFailed(f"{name} needs a package that is not installed: {missing}") from None
    except MotionBridgeError:
        raise
    except Exception as fault:  # it has no common class
        if is_out_of_memory(fault):
            raise OutOfMemory(too_large) from None
        said = " ".join(str(fault).split())[:LONGEST_FAULT]
        raise BadInput(f"{folder} cannot be loaded as a {family} model: {said}") from fault


_last: list[tuple[ModelSelection, ImageModel]] = []  # of this process: at most one


def load_cached(selection: ModelSelection, say: Callable[[str], None]) -> ImageModel:
    """The model of the last job where it was the very same, else `load_model`: a program makes many animations."""
    if not _last or _last[0][0] != selection:
        _last.clear()
        machine.release_unused()
        _last.append((selection, load_model(selection, say)))
    return _last[0][1]


def _pipeline(folder: Path, family: Family, plan: MemoryPlan) -> Any:
    encoders = [name for name in PIPELINES[family.pipeline.__name__] if name.startswith("text_encoder")]
    pipeline = family.pipeline.from_pretrained(
        str(folder),
        **{name: load_text_encoder(folder, name, offload.DTYPES[plan.arithmetic]) for name in encoders},
        dtype=offload.DTYPES[plan.arithmetic],
        use_safetensors=True,
        local_files_only=True,
        trust_remote_code=False,
        variant=folders.variant(folder),
        **family.without,
        **offload.quantization(plan, family.denoiser),
    )
    pipeline.set_progress_bar_config(disable=True)
    for name, part in pipeline.components.items():
        if isinstance(part, nn.Module):
            check_whole(f"{folder / name}", [key for key, weight in part.named_parameters() if weight.is_meta])
    for name in ("scaling_factor", "shift_factor"):  # read at every frame, and by nothing before
        float(pipeline.vae.config.get(name) or 0)
    return pipeline


def load_text_encoder(folder: Path, name: str, dtype: torch.dtype) -> Any:
    """One by one, because a pipeline fills what is missing from their files with random numbers and says nothing."""
    _, kind = folders.component_entry(folder, name)
    encoder, about = getattr(transformers, kind).from_pretrained(
        str(folder / name),
        dtype=dtype,
        use_safetensors=True,
        local_files_only=True,
        trust_remote_code=False,
        attn_implementation="eager" if kind.startswith(EAGER) else "sdpa",
        variant=folders.variant(folder / name),
        output_loading_info=True,
    )
    check_whole(f"{folder / name}", sorted(about["missing_keys"]))
    return encoder.eval()


def check_whole(where: str, missing: list[str]) -> None:
    """BadInput where files lack weights, by their names."""
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise BadInput(f"{where} cannot be loaded: its files lack {missing[0]}{more}; download it again.")


def _control(folder: Path, family: Family, plan: MemoryPlan) -> Any:
    return family.control.from_pretrained(
        str(folder),
        torch_dtype=offload.DTYPES[plan.arithmetic],
        use_safetensors=True,
        local_files_only=True,
        variant=folders.variant(folder),
    ).eval()


def _control_folder(selection: ModelSelection, family_name: str, family: Family) -> Path | None:
    """The folder of the ControlNet that is wanted; None where none is, or the model needs none."""
    if selection.control not in controlnets.KINDS:
        raise BadInput(f"control is {selection.control!r}; choose one of {', '.join(controlnets.KINDS)}.")
    if selection.control == "none":
        if family.follows:
            raise BadInput(f"{selection.name} was made to follow structure; set control to what it follows, as depth.")
        return None
    if family.follows:
        return None
    if family.control is None:
        able = ", ".join(name for name, each in FAMILIES.items() if each.control or each.follows)
        raise BadInput(f"{selection.name} follows no structure; set control to none, or take a model of {able}.")
    folder = controlnets.folder_of(selection.control_model, family_name, selection.control)
    faults = list(folders.weight_faults(folder, ""))
    wanted = family.control.__name__
    if not faults and folders.component_class(folder) != wanted:
        faults = [f"config.json is of {folders.component_class(folder)[:80]!r}; a {wanted} belongs there."]
    if faults:
        raise BadInput(f"{folder} cannot be loaded as a ControlNet: {' '.join(faults)}")
    return folder


def _found(name: str) -> tuple[Path, str, int, float]:
    """Folder, family, steps and guidance for a name or a path."""
    folder = home.expand(name, "The model")
    if not folder.is_dir():
        model = find(name)
        return folder_of(model), model.family, model.steps, model.guidance
    folders.check(folder)
    family = OF_CLASS[folders.pipeline_class(folder)]
    return folder, family, FAMILIES[family].steps, FAMILIES[family].guidance
