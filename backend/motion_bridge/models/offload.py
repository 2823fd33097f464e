"""A loaded pipeline's parts to where a plan wants them."""

from contextlib import AbstractContextManager, nullcontext
from importlib.util import find_spec
from typing import Any

import torch
from torch import nn

from ..model_registry.memory_plan import MemoryPlan
from .device import release_unused

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


class SwappedEncoders(AbstractContextManager[None]):
    """While it is entered, the text encoders are on the device and the denoiser is not."""

    def __init__(self, offloaded_encoders: list[nn.Module], denoisers: list[nn.Module], device: str):
        self.offloaded_encoders, self.denoisers, self.device = offloaded_encoders, denoisers, device

    def __enter__(self) -> None:
        _move(self.denoisers, "cpu")
        _move(self.offloaded_encoders, self.device)

    def __exit__(self, *_: object) -> None:
        _move(self.offloaded_encoders, "cpu")
        _move(self.denoisers, self.device)


def _move(modules: list[nn.Module], device: str) -> None:
    for module in modules:
        module.to(device)
    release_unused()


def quantization(plan: MemoryPlan, denoiser: str) -> dict[str, Any]:
    """Arguments of from_pretrained that store the denoiser in few bits, through diffusers' quantizers.

    denoiser: the component's name. 8 bits need no package (see `place`), but torchao's are scaled by rows.
    """
    from diffusers.quantizers.pipe_quant_config import PipelineQuantizationConfig

    if plan.precision == "4-bit":
        from diffusers.quantizers.quantization_config import BitsAndBytesConfig

        settings = BitsAndBytesConfig(
            load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=DTYPES[plan.arithmetic]
        )
    elif plan.precision == "fp8" and find_spec("torchao"):
        from diffusers.quantizers.quantization_config import TorchAoConfig
        from torchao.quantization import Float8WeightOnlyConfig  # pyright: ignore[reportMissingImports]

        settings = TorchAoConfig(Float8WeightOnlyConfig())
    else:
        return {}
    return {"quantization_config": PipelineQuantizationConfig(quant_mapping={denoiser: settings})}


def place(pipeline: Any, control: nn.Module | None, plan: MemoryPlan, device: str) -> AbstractContextManager[None]:
    """Put everything in its place. What comes back is entered while a prompt is encoded."""
    parts = {name: part for name, part in pipeline.components.items() if isinstance(part, nn.Module)}
    encoders = [part for name, part in parts.items() if name.startswith("text_encoder")]
    denoiser: Any = parts.get("transformer") or parts["unet"]
    denoisers = [denoiser] if control is None else [denoiser, control]
    if plan.precision == "fp8" and not find_spec("torchao"):
        dtype = DTYPES[plan.arithmetic]
        denoiser.enable_layerwise_casting(storage_dtype=torch.float8_e4m3fn, compute_dtype=dtype)
    if plan.blocks == "streamed":
        stream(denoiser, device, "block_level")
    else:
        denoiser.to(device)
    vae: Any = parts["vae"]
    vae.to(device)
    if plan.arithmetic == "fp16" and getattr(vae.config, "force_upcast", False):
        vae.float()  # its numbers grow past what 16 bits can hold
    if control is not None:
        control.to(device)
    if plan.text == "resident":
        _move(encoders, device)
    elif plan.text == "streamed":
        for encoder in encoders:
            stream(encoder, device, "leaf_level")
    elif plan.blocks == "resident":
        return SwappedEncoders(encoders, denoisers, device)
    else:  # a denoiser that streams makes no room by leaving
        return SwappedEncoders(encoders, [] if control is None else [control], device)
    return nullcontext()


def stream(module: nn.Module, device: str, how: str) -> None:
    """Keep a module's weights in the processor's memory and copy them ahead of their use."""
    from diffusers.hooks.group_offloading import apply_group_offloading

    apply_group_offloading(
        module,
        onload_device=torch.device(device),
        offload_device=torch.device("cpu"),
        offload_type=how,
        num_blocks_per_group=1 if how == "block_level" else None,
        use_stream=device == "cuda",
    )
