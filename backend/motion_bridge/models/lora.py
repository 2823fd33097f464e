"""LoRA files: small changes of a model's weights, each with a strength that may change from frame to frame."""

import re
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import safetensors
from torch import nn

from ..errors import BackendFailed, BadInput

FACTOR = re.compile(r"\.(lora_[AB]|lora\.(up|down)|lora_(up|down)|lora_linear_layer\.(up|down)|lokr_\w+|alpha)(\.|$)")
NAMED = 4  # keys that an error shows


class Loras:
    """The files in a pipeline; `set_weights` sets how much each counts."""

    def __init__(self, pipeline: Any, names: list[str], weights: Sequence[float]):
        self._pipeline = pipeline
        self._names = names
        self._now: tuple[float, ...] = ()
        self.set_weights(weights)

    def set_weights(self, weights: Sequence[float]) -> bool:
        """Set all strengths; whether the text encoders' answers change by it."""
        if tuple(weights) == self._now:
            return False
        self._now = tuple(weights)
        self._pipeline.set_adapters(self._names, adapter_weights=list(self._now))
        return any(hasattr(part, "peft_config") for part in text_encoders(self._pipeline))


def text_encoders(pipeline: Any) -> list[nn.Module]:
    return [
        part
        for name, part in pipeline.components.items()
        if name.startswith("text_encoder") and isinstance(part, nn.Module)
    ]


def load(pipeline: Any, files: Sequence[Path], weights: Sequence[float]) -> Loras | None:
    """Put LoRA files into a pipeline. None without files.

    BadInput for a file that is not a whole safetensors, or names parts that the model does not have; those are listed.
    """
    if not files:
        return None
    if find_spec("peft") is None:
        raise BackendFailed("LoRA files need the package peft: pip install peft.")
    for at, file in enumerate(files):
        _check(pipeline, file)
        try:
            pipeline.load_lora_weights(
                str(file.parent),
                weight_name=file.name,
                adapter_name=f"lora_{at}",
                local_files_only=True,
                use_safetensors=True,
            )
        except (RuntimeError, ValueError, KeyError, OSError) as fault:
            raise BadInput(f"{file} does not fit this model: {' '.join(str(fault).split())[:300]}") from None
    return Loras(pipeline, [f"lora_{at}" for at in range(len(files))], weights)


def _check(pipeline: Any, file: Path) -> None:
    if file.suffix != ".safetensors":
        raise BadInput(f"{file} is not a safetensors file; others are not opened, for they can run code.")
    if not file.is_file():
        raise BadInput(f"The LoRA file {file} is not there.")
    try:
        with safetensors.safe_open(file, "pt") as opened:
            if not list(opened.keys()):
                raise BadInput(f"{file} is empty.")
        state = pipeline.lora_state_dict(str(file.parent), weight_name=file.name, local_files_only=True)
    except (safetensors.SafetensorError, ValueError, KeyError, RuntimeError) as fault:
        raise BadInput(f"{file} cannot be read as a LoRA: {' '.join(str(fault).split())[:300]}") from None
    keys = list(state[0] if isinstance(state, tuple) else state)
    unknown = sorted(set(_unknown(pipeline, keys)))
    if unknown:
        shown = ", ".join(unknown[:NAMED]) + (f" and {len(unknown) - NAMED} more" if len(unknown) > NAMED else "")
        raise BadInput(f"{file} was made for another model; {len(unknown)} parts of it are not in this one: {shown}.")


def _unknown(pipeline: Any, keys: Sequence[str]) -> Iterator[str]:
    """The modules that keys name and a pipeline does not have."""
    modules = {
        f"{part}.{name}"
        for part, component in pipeline.components.items()
        if isinstance(component, nn.Module)
        for name, _ in component.named_modules()
    }
    for key in keys:
        named = FACTOR.split(key)[0]
        if named.removesuffix(".processor") not in modules and named not in modules:
            yield named
