"""A video model's folder to an adapter that draws."""

from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import diffusers
import torch
from diffusers.pipelines.sana_wm.refiner import SanaWMLTX2Refiner
from torch import nn

from ....errors import BackendFailed, BadInput
from ....files import home
from ....model_registry import folder_check, video_memory_plan, video_registry
from ....model_registry.parameter_count import parameters
from ....model_registry.video_components import VIDEO_PIPELINES
from ....model_registry.video_memory_plan import VideoPlan
from ....models import device as machine
from ....models.load import check_whole, load_text_encoder, loading_faults
from .adapter import Adapter
from .cosmos_transfer import CosmosTransfer
from .ltx2 import LTX2
from .sana_wm import SanaWM
from .wan_time_to_move import WanTimeToMove
from .wan_vace import WanVace

ADAPTERS: dict[str, tuple[str, Callable[[Any, list[str]], Adapter]]] = {  # family → class of diffusers, adapter
    "wan-vace": ("WanVACEPipeline", WanVace),
    "wan-i2v": ("WanImageToVideoPipeline", WanTimeToMove),
    "sana-wm": ("SanaWMPipeline", SanaWM),
    "ltx-2": ("LTX2InContextPipeline", LTX2),
    "cosmos-transfer": ("Cosmos2_5_TransferPipeline", CosmosTransfer),
}
EXACT = ("vae",)  # components that stay in 32 bits on every device, in the families below
EXACT_FAMILIES = ("wan-vace", "wan-i2v")
REFINER = "SanaWMLTX2Refiner"
GUARD = "cosmos_guardrail"  # the package of Cosmos's safety checker

_last: list[tuple[Any, Adapter]] = []  # of this process: at most one


def load(settings: Mapping[str, Any], plan: VideoPlan | None = None) -> Adapter:
    """The model that settings name; that of the last job where it is the very same.

    plan: what `plan_for` said.

    Only safetensors are opened and no code comes with them. BadInput for an incomplete folder, a pickle, a component of
    a foreign class; ModelMissing for a name without a folder; OutOfMemory.
    """
    key = _key(settings)
    if not _last or _last[0][0] != key:
        _last.clear()
        machine.release_unused()
        _last.append((key, _load(settings, plan)))
    return _last[0][1]


def plan_for(settings: Mapping[str, Any]) -> VideoPlan | None:
    """Where the model's parts will go, before it is loaded; None where it is loaded already. Raises as `load` does."""
    if _last and _last[0][0] == _key(settings):
        return None
    _last.clear()  # what it holds is free for the next
    machine.release_unused()
    folder, family, device = _checked(settings)
    return _plan(folder, family, settings["model"], device)


def _key(settings: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(settings[name] for name in ("model", "device", "lora", "refiner"))


def _load(settings: Mapping[str, Any], plan: VideoPlan | None) -> Adapter:
    folder, family, device = _checked(settings)
    plan = plan or _plan(folder, family, settings["model"], device)
    too_large = f"{settings['model']} does not fit on {device}; choose a smaller model."
    with loading_faults(settings["model"], folder, family, too_large):
        pipeline = _pipeline(folder, family, device)
        _place(pipeline, plan, device)
    adapter = ADAPTERS[family][1](pipeline, [plan.sentence])
    if isinstance(adapter, LTX2):
        adapter.use_lora(settings["lora"])
    if isinstance(adapter, SanaWM) and settings["refiner"]:
        adapter.refiner = _refiner(home.expand(settings["refiner"], "The refiner"), pipeline, device)
    return adapter


def _checked(settings: Mapping[str, Any]) -> tuple[Path, str, str]:
    """The model's folder, whole and harmless, its family and its device."""
    folder = video_registry.folder_of(settings["model"])
    folder_check.check_video(folder)
    saved_from = folder_check.pipeline_class(folder)
    if saved_from not in video_registry.OF_CLASS:
        raise BadInput(f"{folder} holds a {saved_from}, which refines what another model draws; name it as refiner.")
    family = video_registry.OF_CLASS[saved_from]
    if family == "cosmos-transfer" and find_spec(GUARD) is None:
        raise BackendFailed(
            f"Cosmos Transfer does not run without its safety checker: pip install {GUARD}, and accept its license."
        )
    registered = video_registry.family_of(settings["model"])
    if registered not in (None, family):
        raise BadInput(f"{folder} holds a model of {family}; {settings['model']} is one of {registered}.")
    return folder, family, machine.resolve(settings["device"])


def _refiner(folder: Path, pipeline: Any, device: str) -> Any:
    """SANA-WM's second pipeline, which shares the first one's autoencoder."""
    folder_check.check_video(folder)
    if folder_check.pipeline_class(folder) != REFINER:
        raise BadInput(f"{folder} holds a {folder_check.pipeline_class(folder)}; a {REFINER} is wanted.")
    dtype = pipeline.transformer.dtype
    refiner = SanaWMLTX2Refiner.from_pretrained(
        str(folder),
        text_encoder=load_text_encoder(folder, "text_encoder", dtype),
        vae=pipeline.vae,
        dtype=dtype,
        use_safetensors=True,
        local_files_only=True,
        trust_remote_code=False,
        variant=folder_check.variant(folder),
    )
    refiner.set_progress_bar_config(disable=True)
    if device == "cpu":
        refiner.to(device)
    else:
        refiner.enable_model_cpu_offload(device=device)
    return refiner


def _pipeline(folder: Path, family: str, device: str) -> Any:
    dtype = torch.float32 if device == "cpu" else torch.bfloat16
    names = VIDEO_PIPELINES[folder_check.pipeline_class(folder)]
    dtypes = {"default": dtype}
    if family in EXACT_FAMILIES:
        dtypes |= dict.fromkeys(EXACT, torch.float32)
    pipeline = getattr(diffusers, ADAPTERS[family][0]).from_pretrained(
        str(folder),
        **{name: load_text_encoder(folder, name, dtype) for name in names if name.startswith("text_encoder")},
        dtype=dtypes,
        use_safetensors=True,
        local_files_only=True,
        trust_remote_code=False,
        variant=folder_check.variant(folder),
    )
    pipeline.set_progress_bar_config(disable=True)
    for name, part in pipeline.components.items():
        if isinstance(part, nn.Module):
            part.eval()
            check_whole(f"{folder / name}", [key for key, weight in part.named_parameters() if weight.is_meta])
    return pipeline


def _plan(folder: Path, family: str, name: str, device: str) -> VideoPlan:
    """Where the parts go, from the sizes of their files."""
    each = 4 if device == "cpu" else 2
    sizes = {part.name: float(parameters(part) * each) for part in folder.iterdir() if part.is_dir()}
    return video_memory_plan.plan(Path(name).name, sizes, family, machine.device(device))


def _place(pipeline: Any, plan: VideoPlan, device: str) -> None:
    """Put the parts where the plan says."""
    match plan.placement:
        case video_memory_plan.RESIDENT:
            pipeline.to(device)
        case video_memory_plan.TURNS:
            pipeline.enable_model_cpu_offload(device=device)
        case _:
            pipeline.enable_group_offload(
                onload_device=torch.device(device),
                offload_device=torch.device("cpu"),
                offload_type="block_level",
                num_blocks_per_group=1,
                use_stream=True,
            )
