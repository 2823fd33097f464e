"""What a loaded model is made of; load.py puts it together, the families use it."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import torch


@dataclass(frozen=True)
class Parts:
    """A pipeline of diffusers and how it is to be used."""

    pipeline: Any
    steps: int  # where nobody says otherwise
    guidance: float
    device: str = "cpu"
    dtype: torch.dtype = torch.float32  # of the arithmetic, whatever the weights are stored as
    control: Any = None  # a ControlNet beside the pipeline
    guests: AbstractContextManager[Any] = field(default_factory=nullcontext)  # the text encoders are here meanwhile
