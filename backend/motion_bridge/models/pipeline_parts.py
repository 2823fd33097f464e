"""What a loaded model is made of; load.py puts it together, the families use it."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import torch

from ..errors import OutOfMemory
from .lora import Loras


@dataclass(frozen=True)
class PipelineParts:
    """A pipeline of diffusers and how it is to be used."""

    pipeline: Any
    steps: int  # where nobody says otherwise
    guidance: float
    device: str = "cpu"
    dtype: torch.dtype = torch.float32  # of the arithmetic, whatever the weights are stored as
    control: Any = None  # a ControlNet beside the pipeline
    loras: Loras | None = None
    # while it is entered, the text encoders are on the device
    offloaded_encoders: AbstractContextManager[Any] = field(default_factory=nullcontext)
    precision: str = "fp32"  # of memory_plan.BYTES: how the denoiser is stored
    remedy: str = "Make the picture smaller."  # when memory runs out

    def set_lora_weights(self, weights: Sequence[float] | None) -> bool:
        """Set the LoRA files' strengths, where there are any; whether prompts read differently now."""
        return self.loras is not None and weights is not None and self.loras.set_weights(weights)


@contextmanager
def naming_out_of_memory(parts: PipelineParts) -> Iterator[None]:
    """Out of memory as one of errors.py, with what would fit."""
    try:
        yield
    except torch.OutOfMemoryError:
        raise OutOfMemory(f"Memory ran out on {parts.device}. {parts.remedy}") from None
    except RuntimeError as fault:
        if not is_out_of_memory(fault):
            raise
        raise OutOfMemory(f"Memory ran out. {parts.remedy}") from None


def is_out_of_memory(fault: BaseException) -> bool:
    """Whether memory ran out. The processor's allocator and Apple's raise errors without a class of their own."""
    message = str(fault)
    return (
        isinstance(fault, torch.OutOfMemoryError | MemoryError)
        or "can't allocate memory" in message
        or "MPS backend out of memory" in message
    )
