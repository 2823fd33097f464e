"""A video model's folder to an adapter that draws."""

from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import diffusers
import torch
from diffusers.pipelines.sana_wm.refiner import SanaWMLTX2Refiner
from torch import nn

from ....errors import BackendFailed, BadInput, OutOfMemory
from ....files import home
from ....model_registry import folder_check, video_registry
from ....model_registry.parameter_count import parameters
from ....model_registry.video_components import VIDEO_PIPELINES
from ....models import device as machine
from ....models.load import check_whole, load_text_encoder, loading_faults
from .adapter import Adapter
from .cosmos_transfer import CosmosTransfer
from .ltx2 import LTX2
from .sana_wm import SanaWM
from .wan_time_to_move import WanTimeToMove
from .wan_vace import WanVace

GB = 1e9
WORKING = 6 * GB  # what a clip takes beside the weights, about
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


def load(settings: Mapping[str, Any]) -> Adapter:
    """The model that settings name; that of the last job where it is the very same.

    Only safetensors are opened and no code comes with them. BadInput for an incomplete folder, a pickle, a component of
    a foreign class; ModelMissing for a name without a folder; OutOfMemory.
    """
    key = tuple(settings[name] for name in ("model", "device", "lora", "refiner"))
    if not _last or _last[0][0] != key:
        _last.clear()
        machine.release_unused()
        _last.append((key, _load(settings)))
    return _last[0][1]


def _load(settings: Mapping[str, Any]) -> Adapter:
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
    device = machine.resolve(settings["device"])
    too_large = f"{settings['model']} does not fit on {device}; choose a smaller model."
    with loading_faults(settings["model"], folder, family, too_large):
        pipeline = _pipeline(folder, family, device)
        said = [_placed(pipeline, folder, settings["model"], device)]
    adapter = ADAPTERS[family][1](pipeline, said)
    if isinstance(adapter, LTX2):
        adapter.use_lora(settings["lora"])
    if isinstance(adapter, SanaWM) and settings["refiner"]:
        adapter.refiner = _refiner(home.expand(settings["refiner"], "The refiner"), pipeline, device)
    return adapter


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


def _placed(pipeline: Any, folder: Path, name: str, device: str) -> str:
    """Put the parts where they fit best; a sentence that says so."""
    there = machine.device(device)
    sizes = {
        part: parameters(folder / part) * (4 if device == "cpu" else 2)
        for part, network in pipeline.components.items()
        if isinstance(network, nn.Module)
    }
    whole, largest = sum(sizes.values()), max(sizes.values())
    short = Path(name).name
    room = f"{there.free / GB:.1f} GB free"
    if device == "cpu" or whole + WORKING <= there.free:
        if device == "cpu" and whole > there.free:
            raise OutOfMemory(f"{short} needs {whole / GB:.1f} GB, and there are {room}; choose a smaller model.")
        pipeline.to(device)
        return f"{short} runs on {device}; all of it stays there: {whole / GB:.1f} GB, {room}."
    if largest + WORKING <= there.free:
        pipeline.enable_model_cpu_offload(device=device)
        return f"{short} runs on {device}; its parts take turns there, {largest / GB:.1f} GB the largest, {room}."
    if device != "cuda":
        raise OutOfMemory(f"{short} does not fit on {device}: its largest part has {largest / GB:.1f} GB, {room}.")
    pipeline.enable_group_offload(
        onload_device=torch.device(device),
        offload_device=torch.device("cpu"),
        offload_type="block_level",
        num_blocks_per_group=1,
        use_stream=True,
    )
    return f"{short} runs on {device}; its blocks are streamed in at every step: {whole / GB:.1f} GB, {room}."
